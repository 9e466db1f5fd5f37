"""Rules of what goes to other executions, of continuing as new, and of what may be open at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyswf_fast import Canceled, Marker, Timer, activity_task, decision_task, sleep, wait_all, workflow
from pyswf_fast.exceptions import ExternalWorkflowException, UsageError

from .records import decision_attributes
from .stage import Stage
from .test_results import work
from .wire import attributes


def test_signal_external() -> None:
    """A signal to another execution is resolved by its delivery or fails; `control` is its number."""

    @decision_task
    def decider() -> Any:
        sent = [workflow.signal_external("other-1", "go", {"n": 0}), workflow.signal_external("gone", "go")]
        with pytest.raises(ExternalWorkflowException) as caught:
            wait_all(*sent)
        return [sent[0].result, caught.value.failure_reason]

    stage = Stage(decider)
    run = stage.ask()
    assert [decision_attributes(one) for one in run.decisions] == [
        {"control": "1", "input": '{"n":0}', "signalName": "go", "workflowId": "other-1"},
        {"control": "2", "signalName": "go", "workflowId": "gone"},
    ]
    world = stage.world
    world.do_SignalExternalWorkflowExecution = lambda **its: bool(  # type: ignore[attr-defined]
        world.append("SignalExternalWorkflowExecutionInitiated", **its)
    )
    stage.decide()
    first, second = (one for one in world.events if one["eventType"].endswith("ExecutionInitiated"))
    world.append(
        "SignalExternalWorkflowExecutionFailed",
        **{name: value for name, value in attributes(second).items() if name in ("control", "workflowId")},
        cause="UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        decisionTaskCompletedEventId=attributes(second)["decisionTaskCompletedEventId"],
        initiatedEventId=second["eventId"],
    )
    execution = {"runId": "r", "workflowId": "other-1"}
    world.append(
        "ExternalWorkflowExecutionSignaled", initiatedEventId=first["eventId"], workflowExecution=execution
    )
    world.schedule()

    assert stage.result() == [None, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"]


@pytest.mark.parametrize("found", [True, False])
def test_cancel_external(found: bool) -> None:
    """So is a cancel request to another execution."""

    @decision_task
    def decider() -> Any:
        try:
            return workflow.cancel_external("other-1").result
        except ExternalWorkflowException as error:
            return error.failure_reason

    stage = Stage(decider)
    assert stage.decide() == [("RequestCancelExternalWorkflowExecution", "other-1")]
    (place,) = stage.world.open
    if found:
        del stage.world.open[place]
        execution = {"runId": "r", "workflowId": "other-1"}
        stage.world.append(
            "ExternalWorkflowExecutionCancelRequested", initiatedEventId=place, workflowExecution=execution
        )
        stage.world.schedule()
    else:
        stage.world.step_request(place, stage.world.open[place])

    assert (None if found else "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION") == stage.result()


def test_continue_as_new() -> None:
    """continue_as_new ends the run where it is called; the run's own configuration goes on."""
    reached: list[str] = []

    @decision_task
    def decider(n: int, key: str = "") -> Any:
        work().result
        try:
            workflow.continue_as_new(n + 1, key="☃")
        except Exception:  # noqa: BLE001 - as users write it
            reached.append("swallowed")
        reached.append("went on")

    stage = Stage(decider, "[[1], {}]")
    stage.decide()
    stage.completes("1")
    run = stage.ask()

    (one,) = run.decisions
    its = decision_attributes(one)
    started = attributes(stage.world.events[0])
    assert one["decisionType"] == "ContinueAsNewWorkflowExecution"
    assert json.loads(its["input"]) == [[2], {"key": "☃"}]
    for member in ("childPolicy", "executionStartToCloseTimeout", "taskList", "taskStartToCloseTimeout"):
        assert started[member] == its[member]
    assert reached == []
    assert run.is_closing


def test_continues_indefinitely() -> None:
    """A decider that continues indefinitely begins again with the same input when it returns."""

    @decision_task(continues_indefinitely=True)
    def decider(n: int) -> Any:
        return work(n).result

    stage = Stage(decider, "[[7], {}]")
    stage.decide()
    stage.completes("1")

    (one,) = stage.ask().decisions
    assert one["decisionType"] == "ContinueAsNewWorkflowExecution"
    assert json.loads(decision_attributes(one)["input"]) == [[7], {}]


def test_continue_with() -> None:
    """A decider that continues indefinitely says with which arguments; they are taken as they are then."""

    @decision_task(continues_indefinitely=True)
    def decider(seen: list[int], more: object = "") -> Any:
        workflow.continue_with("not these")
        seen.append(work().result)
        workflow.continue_with(seen, more=None)
        seen.append(0)

    stage = Stage(decider, "[[[]], {}]")
    stage.decide()
    stage.completes("1", 1)

    (one,) = stage.ask().decisions
    assert json.loads(decision_attributes(one)["input"]) == [[[1]], {"more": None}]


def test_continue_with_elsewhere() -> None:
    """In a decider that completes when it returns nobody would take the arguments: it is told so."""

    @decision_task
    def decider(n: int = 0) -> Any:
        with pytest.raises(UsageError, match="does not continue indefinitely"):
            workflow.continue_with(1)
        return "fine"

    assert Stage(decider).result() == "fine"


@pytest.mark.parametrize("end", [workflow.continue_as_new, workflow.continue_with])
def test_continue_with_what_nobody_takes(end: Any) -> None:
    """Arguments that the decider does not take are refused where they are given, not in the next run."""

    class Shop:
        @decision_task(continues_indefinitely=True)
        def opens(self, day: int, *, late: bool = False) -> Any:
            for args, kwargs in (((), {}), ((1, 2), {}), ((1,), {"lat": True})):
                with pytest.raises(
                    UsageError, match=r"continue_\w+\(\): .*opens\(self, day: .*\)"
                ) as refused:
                    end(*args, **kwargs)
            assert "did you mean late=?" in str(refused.value)
            end(day + 1, late=True)

    (one,) = Stage(Shop().opens, "[[1], {}]").ask().decisions
    assert json.loads(decision_attributes(one)["input"]) == [[2], {"late": True}]


def test_work_of_another_domain() -> None:
    """SWF schedules work in the execution's own domain only: a call for another is refused at once."""

    @activity_task(swf_domain="elsewhere")
    def foreign(value: Any = None) -> Any: ...

    @decision_task(swf_domain="elsewhere")
    def foreign_child(value: Any = None) -> Any: ...

    @activity_task(swf_domain="here")
    def own() -> Any: ...

    @decision_task
    def decider() -> Any:
        for call in (foreign, foreign_child, lambda: foreign.map([1])):
            with pytest.raises(UsageError, match=r"domain 'elsewhere'.* runs in 'here'"):
                call()
        late = foreign(own())
        try:
            return late.result
        except UsageError as error:
            return str(error)

    stage = Stage(decider, domain="here")
    assert stage.decide() == [("ScheduleActivityTask", "3")]
    stage.completes("3")
    assert "elsewhere" in stage.result()


def open_now(stage: Stage, kind: str) -> int:
    return sum(one["kind"] == kind and not one["id"].startswith("wake-") for one in stage.world.open.values())


def settle(stage: Stage) -> None:
    """Decide until no decision wakes the next."""
    while stage.world.scheduled:
        stage.decide()
        for one in [one["id"] for one in stage.world.open.values() if one["id"].startswith("wake-")]:
            stage.fires(one)


def test_open_activities() -> None:
    """More activities than SWF allows to be open wait for others to end; other kinds may pass them."""

    @decision_task
    def decider() -> Any:
        promises = [work(number) for number in range(1010)]
        Timer.get(60)
        return len(wait_all(*promises))

    stage = Stage(decider)
    settle(stage)
    assert open_now(stage, "activity") == 1000
    assert open_now(stage, "timer") == 1
    for number in range(1, 8):
        stage.completes(str(number))
    settle(stage)
    assert open_now(stage, "activity") == 1000
    for number in range(8, 20):
        stage.completes(str(number))
    settle(stage)
    assert open_now(stage, "activity") == 991


def test_open_timers() -> None:
    """Of timers one is kept free, for the timer that brings the rest of a response."""

    @decision_task
    def decider() -> Any:
        timers = [Timer.get(60) for _ in range(1010)]
        return len(wait_all(*timers))

    stage = Stage(decider)
    settle(stage)
    assert open_now(stage, "timer") == 999
    stage.fires("1")
    settle(stage)
    assert open_now(stage, "timer") == 999


def test_hundreds_of_markers_and_then_a_wait() -> None:
    """They leave in as many decisions as it takes, and the wait behind them ends."""

    @decision_task
    def decider() -> Any:
        for number in range(250):
            Marker("m", str(number))
        return work().result

    stage = Stage(decider)
    settle(stage)
    markers = [
        attributes(one)["details"] for one in stage.world.events if one["eventType"] == "MarkerRecorded"
    ]
    assert markers == [str(number) for number in range(250)]
    stage.completes("1", 7)
    assert stage.result() == 7


def test_cancel_behind_the_1001st_activity() -> None:
    """What waits for room can be canceled, and so can what is open; nobody waits for ever."""

    @decision_task
    def decider() -> Any:
        promises = work.map(range(1002))
        sleep(60)
        promises[1001].cancel()  # has not left
        promises[0].cancel()  # is open
        promises[1000].cancel()
        return [type(promises[n].exception).__name__ for n in (1001, 1000)] + [ended(promises[0])]

    def ended(promise: Any) -> str:
        try:
            return str(promise.result)
        except Canceled:
            return "canceled"

    stage = Stage(decider)
    settle(stage)
    assert open_now(stage, "activity") == 1000
    stage.fires("1")
    settle(stage)
    assert not stage.world.find("activity", "1")
    assert [one["eventType"] for one in stage.world.events].count("ActivityTaskScheduled") == 1000
    assert stage.world.is_closed
    result = attributes(stage.world.events[-1])["result"]
    assert json.loads(result) == ["Canceled", "Canceled", "canceled"]
