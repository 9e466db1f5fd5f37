"""Timers that SWF does not start: those of users, and each of the library's own."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast import Timer, as_completed, decision_task, wait_any, workflow
from pyswf_fast.exceptions import TimerException, WaitTimeout

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


def test_back_off() -> None:
    """An attempt whose back-off timer is refused for good is made without it."""
    stage = backing_off("OPERATION_NOT_PERMITTED")
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", 7)

    assert stage.result() == 7


def backing_off(cause: str) -> Stage:
    """A decider whose activity is throttled, and the timer before its next schedule refused."""

    @decision_task
    def decider() -> Any:
        return once().result

    stage = Stage(decider)
    stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
    stage.decide()
    stage.world.refusals["a1-1"] = cause
    assert stage.decide() == [("StartTimer", "a1-1")]
    return stage


def test_throttled_back_off() -> None:
    """A back-off timer that is throttled is asked for again; for 1 s, doubling, whatever it was first."""
    stage = backing_off("TIMER_CREATION_RATE_EXCEEDED")
    assert stage.decide() == [("StartTimer", "a1-1")]
    stage.fires("a1-1")
    assert stage.decide() == [("ScheduleActivityTask", "1")]


def test_throttled_back_off_canceled() -> None:
    """Canceled while its back-off timer waits to be asked for again, an activity is over, and so is that."""

    @decision_task
    def decider() -> Any:
        promise = once()
        workflow.signals("stop").get()
        promise.cancel()
        return type(promise.exception).__name__

    stage = Stage(decider)
    stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
    stage.decide()
    stage.world.refusals["a1-1"] = "TIMER_CREATION_RATE_EXCEEDED"
    stage.decide()
    stage.signal("stop")

    assert stage.result() == "Canceled"
    assert stage.decide() == [("CompleteWorkflowExecution", None)]


@pytest.mark.parametrize("kind", ["user", "timeout"])
def test_throttled_again_and_again(kind: str) -> None:
    """A throttled timer is asked for again at once, five times; then with what something else brings."""

    @decision_task
    def decider() -> Any:
        if kind == "user":
            Timer.get(50)
            return Timer.get(5).result
        try:
            wait_any(work(), timeout=5)
        except WaitTimeout:
            return None

    timer = "2" if kind == "user" else "w1"
    stage = Stage(decider)
    sent = []
    for _ in range(8):
        stage.world.refusals[timer] = "TIMER_CREATION_RATE_EXCEEDED"
        if stage.world.scheduled is None:
            break
        sent.append(("StartTimer", timer) in stage.decide())
    assert sent == [True] * 6 + [False]

    stage.signal("anything")
    assert stage.decide() == [("StartTimer", timer)]  # refused once more
    assert stage.decide() == []
    stage.world.refusals.clear()
    stage.signal("anything")
    assert stage.decide() == [("StartTimer", timer)]
    stage.fires(timer)

    assert stage.result() is None


def test_throttled_with_nothing_open() -> None:
    """Where nothing open could bring another decision, a throttled timer is asked for again at once."""

    @decision_task
    def decider() -> Any:
        return Timer.get(5).result

    stage = Stage(decider)
    for _ in range(9):
        stage.world.refusals["1"] = "TIMER_CREATION_RATE_EXCEEDED"
        assert stage.decide() == [("StartTimer", "1")]
    assert stage.decide() == [("StartTimer", "1")]


def test_open_limit() -> None:
    """Timers refused because too many are open wait, each until another has closed."""

    @decision_task
    def decider() -> Any:
        timers = [Timer.get(seconds) for seconds in (50, 60, 1, 2)]
        return [timer.result for timer in timers]

    stage = Stage(decider)
    stage.world.refusals.update({"3": "OPEN_TIMERS_LIMIT_EXCEEDED", "4": "OPEN_TIMERS_LIMIT_EXCEEDED"})
    assert len(stage.decide()) == 4
    assert stage.decide() == []
    stage.signal("anything")
    assert stage.decide() == []
    stage.fires("1")
    assert stage.decide() == [("StartTimer", "3")]
    stage.fires("3")
    assert stage.decide() == [("StartTimer", "4")]
    stage.fires("2")
    assert stage.decide() == []
    stage.fires("4")

    assert stage.result() == [None] * 4


def test_refused_timer_canceled() -> None:
    """A timer canceled while it waits to be asked for again is not asked for any more."""

    @decision_task
    def decider() -> Any:
        Timer.get(50)
        timer = Timer.get(1)
        workflow.signals("stop").get()
        timer.cancel()
        return type(timer.exception).__name__

    stage = Stage(decider)
    stage.world.refusals["2"] = "OPEN_TIMERS_LIMIT_EXCEEDED"
    stage.decide()
    assert stage.decide() == []
    stage.signal("stop")

    assert stage.result() == "Canceled"
    assert stage.decide() == [("CompleteWorkflowExecution", None)]


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


def test_canceled_back_off() -> None:
    """A back-off timer that is refused after its work was canceled is not asked for again."""

    @decision_task
    def decider() -> Any:
        promise = once()
        workflow.signals("stop").get()
        promise.cancel()
        Timer.get(1).result
        return promise.is_ready

    stage = Stage(decider)
    stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
    stage.decide()
    stage.signal("stop")
    stage.world.refusals["a1-1"] = "OPEN_TIMERS_LIMIT_EXCEEDED"
    assert stage.decide() == [("StartTimer", "a1-1"), ("CancelTimer", "a1-1"), ("StartTimer", "1")]
    assert stage.decide() == []
    stage.fires("1")

    assert stage.result() is True
