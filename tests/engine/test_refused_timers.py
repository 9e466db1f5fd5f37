"""Timers that SWF does not start: those of users, and each of the library's own."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast import Timer, as_completed, decision_task, wait_any, workflow
from pyswf_fast.exceptions import TimerException

from .stage import Stage
from .test_results import once, work


@pytest.mark.parametrize(
    "wait",
    [
        lambda promise: wait_any(promise, timeout=5),
        lambda promise: workflow.signals("s").get(timeout=5),
        lambda promise: list(as_completed([promise], timeout=5)),
    ],
)
def test_timeout(wait: Any) -> None:
    """A wait whose timeout cannot be had says so, and does not pretend that the time is over."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(TimerException) as caught:
            wait(work())
        return [caught.value.task_id, caught.value.failure_reason]

    stage = Stage(decider)
    stage.world.refusals["w1"] = "OPERATION_NOT_PERMITTED"
    stage.decide()

    assert stage.result() == ["w1", "OPERATION_NOT_PERMITTED"]


@pytest.mark.parametrize("cause", ["OPERATION_NOT_PERMITTED", "TIMER_CREATION_RATE_EXCEEDED"])
def test_back_off(cause: str) -> None:
    """An attempt whose back-off timer is refused is made without it."""

    @decision_task
    def decider() -> Any:
        return once().result

    stage = Stage(decider)
    stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
    stage.decide()
    stage.world.refusals["a1-1"] = cause
    assert stage.decide() == [("StartTimer", "a1-1")]
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", 7)

    assert stage.result() == 7


def test_close() -> None:
    """Nor does a refused close wait for a timer that was refused as well."""

    @decision_task
    def decider() -> Any:
        return "done"

    stage = Stage(decider)
    stage.world.refusals["CompleteWorkflowExecution"] = "OPERATION_NOT_PERMITTED"
    stage.decide()
    stage.world.refusals["close-1"] = "OPERATION_NOT_PERMITTED"
    assert stage.decide() == [("StartTimer", "close-1")]
    assert stage.decide() == [("CompleteWorkflowExecution", None)]

    assert stage.world.is_closed


def test_wake() -> None:
    """Where the timer that brings the next decision is refused, the refusal brings it."""

    @decision_task
    def decider() -> Any:
        for number in range(150):
            work(number)
        return "done"

    stage = Stage(decider)
    stage.world.refusals[f"wake-{stage.world.poll()}"] = "TIMER_CREATION_RATE_EXCEEDED"
    assert len(stage.decide()) == 100
    assert len(stage.decide()) == 52

    assert stage.world.is_closed


def test_pause() -> None:
    """A decision whose only record is a pause that was refused decided nothing, either."""

    @decision_task
    def decider() -> Any:
        return [work().result, Timer.get(3).result]

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", "first")
    stage.ask()
    pause = {"timerId": f"pause-{stage.world.started}", "startToFireTimeout": "10"}
    stage.world.refusals[pause["timerId"]] = "OPERATION_NOT_PERMITTED"
    stage.world.complete([{"decisionType": "StartTimer", "startTimerDecisionAttributes": pause}], "paused")
    assert stage.decide() == [("StartTimer", "1")]
    stage.fires("1")

    assert stage.result() == ["first", None]
