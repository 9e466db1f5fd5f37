"""Each of SWF's 54 event types, and each documented cause, by its name: what the decider sees of it.

A test is called by its event type; where the type tells causes (or kinds of timeouts), the test has one case
for each. Those of refused decisions stand in `test_refusals.py`. `test_all_are_here` holds both against
botocore's model of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from pyswf_fast import (
    WorkflowCanceled,
    decision_task,
    workflow,
)
from pyswf_fast.workflow import Marker, Timer, sleep, wait_all

from . import test_refusals
from .scenes import (
    CHILD_ID,
    calls,
    canceling,
    canceling_a_timer,
    cancels_out,
    child,
    of_type,
    replayed,
    signals_out,
    twice,
    waits_for,
    work,
)
from .stage import Stage
from .wire import RUN_ID, attributes

causes = pytest.mark.parametrize


# ── the execution


def test_workflow_execution_started() -> None:
    """The decider gets the input as its arguments, and knows who started it and how."""

    @decision_task
    def decider(a: Any, b: Any = None) -> Any:
        info = workflow.info
        return [a, b, info.type, info.version, info.parent, info.tags, info.run_id == RUN_ID]

    stage = Stage(decider, '[[1], {"b": [null, ""]}]')
    its = attributes(stage.world.events[0])
    its["parentWorkflowExecution"] = {"workflowId": "p", "runId": "r"}
    its["parentInitiatedEventId"] = 5
    its["tagList"] = ["x", "y"]

    assert stage.result() == [1, [None, ""], "decider", "1.0", ["p", "r"], ["x", "y"], True]


@causes("cause", ["CHILD_POLICY_APPLIED", None])
def test_workflow_execution_cancel_requested(cause: str | None) -> None:
    """A cancel request, also by a parent's end, raises WorkflowCanceled and cancels what is open."""

    @decision_task
    def decider() -> Any:
        return wait_all(work(), Timer.get(60))

    stage = Stage(decider)
    stage.decide()
    stage.world.append("WorkflowExecutionCancelRequested", cause=cause, externalInitiatedEventId=0)
    stage.world.schedule()

    assert sorted(stage.decide(), key=str) == [
        ("CancelTimer", "1"),
        ("CancelWorkflowExecution", None),
        ("RequestCancelActivityTask", "1"),
    ]
    assert stage.world.is_closed


def test_workflow_execution_cancel_requested_before_the_first_decision() -> None:
    """A request that is there from the beginning meets the first wait; nothing is scheduled in vain."""

    @decision_task
    def decider() -> Any:
        assert workflow.cancel_requested
        return work().result

    stage = Stage(decider)
    stage.cancel()

    assert stage.decide() == [("CancelWorkflowExecution", None)]


@causes("cause", ["OPERATOR_INITIATED", "CHILD_POLICY_APPLIED", "EVENT_LIMIT_EXCEEDED"])
def test_workflow_execution_terminated(cause: str) -> None:
    """A terminated execution replays to its end and decides nothing; no code sees the end."""
    check_end("WorkflowExecutionTerminated", cause=cause, childPolicy="TERMINATE")


@causes("timeout", ["START_TO_CLOSE"])
def test_workflow_execution_timed_out(timeout: str) -> None:
    """One that timed out likewise."""
    check_end("WorkflowExecutionTimedOut", timeoutType=timeout, childPolicy="TERMINATE")


def check_end(event_type: str, **its: Any) -> None:
    """An end from outside, right behind the start, behind a decision, and while the next one is made."""
    ends = []

    @decision_task
    def decider() -> Any:
        try:
            return work().result
        except BaseException as error:
            ends.append(type(error).__name__)
            raise

    for decisions in range(3):
        stage = Stage(decider)
        for number in range(decisions):
            if number == 1:
                stage.completes("1", 7)
                stage.world.poll()
            else:
                stage.decide()
        stage.world.append(event_type, **its)
        run = replayed(stage)
        assert run.decisions == []
        assert not run.is_closing
    assert set(ends) <= {"GreenletExit"}


def test_workflow_execution_completed() -> None:
    """The decider's result closes the execution; replayed, its history agrees and decides nothing."""
    stage = waits_for(work)
    stage.completes("1", 7)
    assert stage.decide() == [("CompleteWorkflowExecution", None)]

    (its,) = of_type(stage, "WorkflowExecutionCompleted")
    assert json.loads(its["result"]) == ["result", 7]
    assert replayed(stage).decisions == []


def test_workflow_execution_failed() -> None:
    """The decider's exception closes it with the type and message as reason."""

    @decision_task
    def decider() -> Any:
        raise ValueError("no such order")

    stage = Stage(decider)
    assert stage.decide() == [("FailWorkflowExecution", None)]

    (its,) = of_type(stage, "WorkflowExecutionFailed")
    assert its["reason"] == "ValueError: no such order"
    assert replayed(stage).decisions == []


def test_workflow_execution_canceled() -> None:
    """WorkflowCanceled that leaves the decider closes it as canceled."""

    @decision_task
    def decider() -> Any:
        raise WorkflowCanceled

    stage = Stage(decider)
    assert stage.decide() == [("CancelWorkflowExecution", None)]

    assert of_type(stage, "WorkflowExecutionCanceled")
    assert replayed(stage).decisions == []


def test_workflow_execution_continued_as_new() -> None:
    """The run ends where it says so; the next one gets the arguments and this run's settings."""
    seen = []

    @decision_task
    def decider(n: int = 0) -> Any:
        try:
            workflow.continue_as_new(n + 1)
        except Exception:  # noqa: BLE001 - whatever it were
            seen.append("except")

    stage = Stage(decider)
    assert stage.decide() == [("ContinueAsNewWorkflowExecution", None)]

    (its,) = of_type(stage, "WorkflowExecutionContinuedAsNew")
    assert json.loads(its["input"]) == [[1], {}]
    assert its["taskList"] == {"name": "default"}
    assert its["executionStartToCloseTimeout"] == "3600"
    assert replayed(stage).decisions == []
    assert seen == []


# ── decision tasks


def test_decision_task_scheduled() -> None:
    """A decision task that waits changes nothing; the batch ends where it starts."""
    stage = waits_for(work)
    stage.completes("1", 1)
    stage.signal("s")
    assert len(of_type(stage, "DecisionTaskScheduled")) == 2
    assert stage.result() == ["result", 1]


def test_decision_task_started() -> None:
    """The clock shows when the decision task started, at every replay."""

    @decision_task
    def decider() -> Any:
        before = workflow.now()
        work().result
        return [before.timestamp(), workflow.now().timestamp()]

    stage = Stage(decider)
    stage.decide()
    stage.world.now_ms += 90_000
    stage.completes("1")
    first, second = stage.result()

    times = [one["eventTimestamp"] for one in stage.world.events if one["eventType"] == "DecisionTaskStarted"]
    assert [first, second] == times


def test_decision_task_completed() -> None:
    """Events that came while a decision was made stand before its records, and belong to the next batch."""

    @decision_task
    def decider() -> Any:
        first = work(1)
        workflow.signals("s").get()
        second = work(2)
        return [first.is_ready, second.result]

    stage = Stage(decider)
    stage.ask()
    stage.signal("s")
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.ask()
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2", 2)
    assert stage.result() == [False, 2]


@causes("timeout", ["START_TO_CLOSE", "SCHEDULE_TO_START"])
@causes("place", range(4))
def test_decision_task_timed_out(timeout: str, place: int) -> None:
    """Wherever a decision task times out, the decider sees one batch with all that happened."""

    def lose(number: int) -> None:
        if number != place:
            return
        for _ in range(2):
            stage.ask() if timeout == "START_TO_CLOSE" else None
            if timeout == "START_TO_CLOSE":
                stage.world.time_out()
                continue
            stage.world.append(
                "DecisionTaskTimedOut",
                scheduledEventId=stage.world.scheduled,
                startedEventId=0,
                timeoutType=timeout,
            )
            stage.world.scheduled = None
            stage.world.schedule()

    @decision_task
    def decider() -> Any:
        calls = [work(n) for n in range(3)]
        return [[call.result, *[one.is_ready for one in calls]] for call in calls]

    stage = Stage(decider)
    lose(0)
    stage.decide()
    for number in range(3):
        stage.completes(str(number + 1), number)
        lose(number + 1)
        stage.decide()

    assert stage.world.is_closed
    (its,) = of_type(stage, "WorkflowExecutionCompleted")
    assert json.loads(its["result"]) == [
        [0, True, False, False],
        [1, True, True, False],
        [2, True, True, True],
    ]
    assert replayed(stage).decisions == []


# ── activities


def test_activity_task_scheduled() -> None:
    """A scheduled activity is pending, and its arguments are not asked for again."""

    @decision_task
    def decider(seen: list[Any]) -> Any:
        promise = work(len(seen))
        workflow.signals("s").get()
        return [promise.is_ready, promise.exception]

    stage = Stage(decider, "[[[]], {}]")
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.signal("s")
    assert stage.result() == [False, None]


def test_activity_task_started() -> None:
    """That an activity has started shows nothing and asks for nothing."""
    stage = waits_for(work)
    stage.starts("1")
    stage.signal("unasked")
    assert stage.decide() == []


def test_activity_task_completed() -> None:
    """Its result is the Promise's."""
    stage = waits_for(work)
    stage.completes("1", {"a": [0, None, ""]})
    assert stage.result() == ["result", {"a": [0, None, ""]}]


def test_activity_task_failed() -> None:
    """Without attempts left, the failure is raised with its reason."""
    stage = waits_for(work)
    stage.fails("1", "IOError: disk")
    assert stage.result() == ["ActivityTaskException", "work", "1", "FAILED", "IOError: disk"]


def test_activity_task_failed_with_attempts_left() -> None:
    """With attempts left the next one is scheduled at once."""
    stage = waits_for(twice)
    stage.fails("1")
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]


@causes("timeout", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"])
def test_activity_task_timed_out(timeout: str) -> None:
    """A timeout of each kind is retried like a failure, and then raised with its kind as reason."""
    stage = waits_for(twice)
    if timeout != "SCHEDULE_TO_START":
        stage.starts("1")
    stage.times_out("1", timeout)
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]
    stage.times_out("1-2", timeout)
    assert stage.result() == ["ActivityTaskException", "twice", "1-2", "TIMED_OUT", timeout]


def test_activity_task_cancel_requested() -> None:
    """After the request the activity goes on: its Promise is pending until its worker answers."""
    stage = canceling()
    assert stage.decide() == [("RequestCancelActivityTask", "1")]
    stage.signal("unasked")
    assert stage.decide() == []
    stage.completes("1", "finished all the same")
    assert stage.result() == "finished all the same"


def test_activity_task_canceled() -> None:
    """The worker's answer raises Canceled, with its details; there is no further attempt."""
    stage = canceling()
    stage.decide()
    asked = stage.world.open[stage.place("activity", "1")]["asked"]
    stage.world.end_activity(
        stage.place("activity", "1"), "Canceled", details="half", latestCancelRequestedEventId=asked
    )
    assert stage.result() == ["Canceled", "half"]


def test_activity_task_canceled_by_itself() -> None:
    """An activity may say that it was canceled though nobody asked: the decider goes on with Canceled."""
    stage = waits_for(work)
    stage.starts("1")
    stage.world.end_activity(stage.place("activity", "1"), "Canceled", details="by hand")
    assert stage.result() == ["Canceled", "by hand"]


# ── signals, markers


def test_workflow_execution_signaled() -> None:
    """Signals are there by name and in order, those before the first decision, too."""

    @decision_task
    def decider() -> Any:
        return [workflow.signals(name).get() for name in ("a", "b", "a")]

    stage = Stage(decider)
    stage.signal("a", "0")
    stage.signal("other", "9")
    stage.signal("a", '""')
    assert stage.decide() == []
    stage.signal("b")
    assert stage.result() == [0, None, ""]


def test_marker_recorded() -> None:
    """A marker is there at once, with what was recorded."""

    @decision_task
    def decider() -> Any:
        first = Marker("m", "recorded").result
        sleep(1)
        return [first.name, first.details]

    stage = Stage(decider)
    assert stage.decide() == [("RecordMarker", "m"), ("StartTimer", "1")]
    stage.fires("1")
    assert stage.result() == ["m", "recorded"]


# ── timers


def test_timer_started() -> None:
    """A started timer is pending."""
    stage = waits_for(lambda: Timer.get(1.5))
    assert of_type(stage, "TimerStarted")[0]["startToFireTimeout"] == "2"
    stage.signal("unasked")
    assert stage.decide() == []


def test_timer_fired() -> None:
    """A timer that fires resolves its Promise with None."""
    stage = waits_for(lambda: Timer.get(1))
    stage.fires("1")
    assert stage.result() == ["result", None]


def test_timer_canceled() -> None:
    """A canceled timer raises Canceled at once, and its event changes nothing more."""
    stage = canceling_a_timer()
    assert stage.decide() == [("CancelTimer", "1")]
    assert of_type(stage, "TimerCanceled")
    stage.signal("go on")
    assert stage.result() == ["Canceled", "Canceled"]


# ── children


def test_start_child_workflow_execution_initiated() -> None:
    """An initiated child is pending."""
    stage = waits_for(child)
    assert [its["workflowId"] for its in of_type(stage, "StartChildWorkflowExecutionInitiated")] == [CHILD_ID]
    stage.signal("unasked")
    assert stage.decide() == []


def test_child_workflow_execution_started() -> None:
    """That a child has started brings a decision task, in which nothing is to be decided."""
    stage = waits_for(child)
    stage.child(CHILD_ID)
    assert stage.decide() == []


def ended_child(how: str, **its: Any) -> Any:
    """What a decider sees of a child that ended so, also where start and end come with one batch."""
    results = []
    for together in (True, False):
        stage = waits_for(child)
        stage.child(CHILD_ID)
        if not together:
            assert stage.decide() == []
        stage.child(CHILD_ID, how, **its)
        results.append(stage.result())
    assert results[0] == results[1]
    return results[0]


def test_child_workflow_execution_completed() -> None:
    """Its result is the Promise's."""
    assert ended_child("Completed", result="[0]") == ["result", [0]]


def test_child_workflow_execution_failed() -> None:
    """A child that failed raises ChildWorkflowException with its reason."""
    expected = ["ChildWorkflowException", "child", CHILD_ID, "FAILED", "ValueError: no"]
    assert ended_child("Failed", reason="ValueError: no", details="d") == expected


@causes("timeout", ["START_TO_CLOSE"])
def test_child_workflow_execution_timed_out(timeout: str) -> None:
    """One that timed out raises it with the kind of timeout."""
    expected = ["ChildWorkflowException", "child", CHILD_ID, "TIMED_OUT", timeout]
    assert ended_child("TimedOut", timeoutType=timeout) == expected


def test_child_workflow_execution_canceled() -> None:
    """One that was canceled raises Canceled, with its details, whoever asked for it."""
    assert ended_child("Canceled", details="by hand") == ["Canceled", "by hand"]


def test_child_workflow_execution_terminated() -> None:
    """One that was terminated raises ChildWorkflowException."""
    assert ended_child("Terminated") == ["ChildWorkflowException", "child", CHILD_ID, "TERMINATED", None]


# ── other executions


def check_initiated(begin: Callable[[], Any], event_type: str) -> None:
    stage = waits_for(begin)
    (its,) = of_type(stage, event_type)
    assert (its["workflowId"], its["control"]) == ("other-1", "1")
    stage.signal("unasked")
    assert stage.decide() == []


def test_signal_external_workflow_execution_initiated() -> None:
    """A signal on its way is pending, and is not sent a second time."""
    check_initiated(signals_out, "SignalExternalWorkflowExecutionInitiated")


def test_external_workflow_execution_signaled() -> None:
    """A delivered signal resolves the Promise with None."""
    stage = waits_for(signals_out)
    stage.request("other-1")
    assert stage.result() == ["result", None]


def test_request_cancel_external_workflow_execution_initiated() -> None:
    """A cancel request on its way is pending, and is not sent a second time."""
    check_initiated(cancels_out, "RequestCancelExternalWorkflowExecutionInitiated")


def test_external_workflow_execution_cancel_requested() -> None:
    """A delivered cancel request resolves the Promise with None."""
    stage = waits_for(cancels_out)
    stage.request("other-1")
    assert stage.result() == ["result", None]


# ── Lambda functions


def test_lambda_function_scheduled() -> None:
    """A scheduled Lambda function is pending."""
    stage = waits_for(calls)
    assert [(its["id"], its["name"]) for its in of_type(stage, "LambdaFunctionScheduled")] == [("1", "f")]
    stage.signal("unasked")
    assert stage.decide() == []


def test_lambda_function_started() -> None:
    """That it has started shows nothing."""
    stage = waits_for(calls)
    stage.world.append("LambdaFunctionStarted", scheduledEventId=stage.place("lambda", "1"))
    stage.signal("unasked")
    assert stage.decide() == []


def ended_lambda(how: str, **its: Any) -> Any:
    stage = waits_for(calls)
    stage.function("1", how, **its)
    return stage.result()


def test_lambda_function_completed() -> None:
    """Its result is the Promise's."""
    assert ended_lambda("Completed", result='{"b": ""}') == ["result", {"b": ""}]


def test_lambda_function_failed() -> None:
    """Its failure is raised as LambdaTaskException."""
    expected = ["LambdaTaskException", "f", "1", "FAILED", "ValueError"]
    assert ended_lambda("Failed", reason="ValueError", details="no") == expected


@causes("timeout", ["START_TO_CLOSE", None])
def test_lambda_function_timed_out(timeout: str | None) -> None:
    """A timeout is raised with its kind; SWF knows one kind, and need not tell it."""
    expected = ["LambdaTaskException", "f", "1", "TIMED_OUT", "START_TO_CLOSE"]
    assert ended_lambda("TimedOut", timeoutType=timeout) == expected


@causes("cause", ["ASSUME_ROLE_FAILED"])
def test_start_lambda_function_failed(cause: str) -> None:
    """One that could not start fails with the cause."""
    expected = ["LambdaTaskException", "f", "1", "FAILED_TO_SCHEDULE", cause]
    assert ended_lambda("StartFailed", cause=cause, message="no role") == expected


# ── what there may be one day


def test_unknown_event_types() -> None:
    """Event types that are not invented yet change nothing, wherever they stand."""
    stage = waits_for(work)
    stage.world.append("ActivityTaskPaused", scheduledEventId=5, decisionTaskCompletedEventId=4)
    stage.completes("1", 7)
    stage.world.append("WorkflowExecutionPraised", by="all")
    assert stage.result() == ["result", 7]


def test_all_are_here() -> None:
    """Each event type of SWF's model has its test, and each cause and kind of timeout its case."""
    service = botocore.session.get_session().get_service_model("swf")
    event = service.shape_for("HistoryEvent")
    names = service.shape_for("EventType").enum
    assert len(names) == 54
    everything = {**vars(test_refusals), **globals()}
    missing = []
    for name in names:
        members = event.members[f"{name[0].lower()}{name[1:]}EventAttributes"].members
        documented = {
            value
            for member in ("cause", "timeoutType")
            if member in members
            for value in members[member].enum
        }
        snake = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
        tests = [value for key, value in everything.items() if key.startswith(f"test_{snake}")]
        tested = {
            value for test in tests for mark in getattr(test, "pytestmark", []) for value in mark.args[1]
        }
        if not tests or not documented <= tested:
            missing.append((name, documented - tested))
    assert missing == []
