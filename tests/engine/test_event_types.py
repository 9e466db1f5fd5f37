"""Each of SWF's 54 event types, and each documented cause, by its name: what the decider sees of it.

A test is called by its event type; where the type tells causes (or kinds of timeouts), the test has one case
for each. `test_all_are_here` holds that against botocore's model of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    ContinueAsNewException,
    History,
    WorkflowCanceled,
    activity_task,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast._replay import Run
from pyswf_fast.lambdas import lambda_task
from pyswf_fast.workflow import Marker, Timer, sleep, spawn, wait_all

from .records import child_prefix, decision_attributes
from .stage import Stage
from .wire import RUN_ID, attributes, history_body

CHILD_ID = f"{child_prefix(RUN_ID)}-1"
PASSING = re.compile("_RATE_EXCEEDED$|^OPEN_.*_LIMIT_EXCEEDED$")
causes = pytest.mark.parametrize


@activity_task(max_attempts=1)
def work(x: Any = None) -> Any: ...


@activity_task(max_attempts=2)
def twice() -> Any: ...


@decision_task(swf_workflow_type="child")
def child(x: Any = None) -> Any: ...


def waits_for(begin: Callable[[], Any]) -> Stage:
    """A decider that gives the result of what it asks for, or how that failed; it has decided once."""

    @decision_task
    def decider() -> Any:
        try:
            return ["result", begin().result]
        except ActivityTaskException as error:
            return [
                type(error).__name__,
                error.task_name,
                error.task_id,
                error.failure_status,
                error.failure_reason,
            ]
        except Canceled as error:
            return ["Canceled", error.details]

    stage = Stage(decider)
    stage.decide()
    return stage


def refused(begin: Callable[[], Any], key: str, cause: str) -> Stage:
    """The same, where SWF refuses what is asked for."""
    stage = waits_for(lambda: None)
    stage.evict()

    @decision_task
    def decider() -> Any:
        try:
            return ["result", begin().result]
        except ActivityTaskException as error:
            return [
                type(error).__name__,
                error.task_id,
                error.failure_status,
                error.failure_reason,
                str(error),
            ]

    stage = Stage(decider)
    stage.world.refusals[key] = cause
    stage.decide()
    return stage


def of_type(stage: Stage, event_type: str) -> list[dict[str, Any]]:
    """The attributes of all events of a type that the history has."""
    return [attributes(one) for one in stage.world.events if one["eventType"] == event_type]


def replayed(stage: Stage) -> Run:
    """A run over the whole history as it is, however it ends."""
    run = Run(stage.decider, History.from_pages([history_body(stage.world.events)]), run_id=RUN_ID, scope="s")
    run.close()
    return run


def keyword_of(cause: str) -> str:
    """The keyword that a DEFAULT_…_UNDEFINED cause asks for."""
    name = cause.removeprefix("DEFAULT_").removesuffix("_UNDEFINED").lower()
    return {"task_list": "swf_task_list"}.get(name, name)


def check_refusal(text: str, cause: str) -> None:
    """What an exception says names the cause, and what to do where there is something to do."""
    assert cause in text
    if cause.startswith("DEFAULT_"):
        assert f"set {keyword_of(cause)}" in text


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


def closing(decision: str) -> Stage:
    """A decider that closes with this decision at once, whatever happens meanwhile."""

    @decision_task
    def decider() -> Any:
        spawn(lambda: list(workflow.signals("s")))
        if decision == "FailWorkflowExecution":
            raise ValueError("no")
        if decision == "CancelWorkflowExecution":
            raise WorkflowCanceled
        if decision == "ContinueAsNewWorkflowExecution":
            workflow.continue_as_new()
        return "done"

    return Stage(decider)


def check_unhandled(decision: str) -> None:
    """A close that came too late is issued again with the news, and once it is taken the history replays."""
    stage = closing(decision)
    for _ in range(3):
        stage.ask()
        stage.signal("s", "1")
        assert stage.decide()[-1] == (decision, None)
        assert not stage.world.is_closed
    assert stage.decide() == [(decision, None)]
    assert stage.world.is_closed
    assert replayed(stage).decisions == []


def check_not_permitted(decision: str, cause: str = "OPERATION_NOT_PERMITTED") -> None:
    """A close that is refused for another cause waits for a timer, twice as long each time."""
    stage = closing(decision)
    for number, seconds in enumerate(["10", "20", "40", "80", "160", "320", "600", "600"], 1):
        stage.world.refusals[decision] = cause
        assert stage.decide() == [(decision, None)]
        assert not stage.world.is_closed
        (timer,) = stage.ask().decisions
        assert decision_attributes(timer) == {"timerId": f"close-{number}", "startToFireTimeout": seconds}
        stage.decide()
        stage.fires(f"close-{number}")
    assert stage.decide() == [(decision, None)]
    assert stage.world.is_closed
    assert replayed(stage).decisions == []


CLOSE_CAUSES = ["UNHANDLED_DECISION", "OPERATION_NOT_PERMITTED"]


def check_refused_close(decision: str, cause: str) -> None:
    check_unhandled(decision) if cause == "UNHANDLED_DECISION" else check_not_permitted(decision, cause)


@causes("cause", CLOSE_CAUSES)
def test_complete_workflow_execution_failed(cause: str) -> None:
    """The close is issued again: in the next batch if it came too late, else after a while."""
    check_refused_close("CompleteWorkflowExecution", cause)


@causes("cause", CLOSE_CAUSES)
def test_fail_workflow_execution_failed(cause: str) -> None:
    """The close is issued again: in the next batch if it came too late, else after a while."""
    check_refused_close("FailWorkflowExecution", cause)


@causes("cause", CLOSE_CAUSES)
def test_cancel_workflow_execution_failed(cause: str) -> None:
    """The close is issued again: in the next batch if it came too late, else after a while."""
    check_refused_close("CancelWorkflowExecution", cause)


@causes("cause", [*CLOSE_CAUSES, "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"])
def test_continue_as_new_workflow_execution_failed(cause: str) -> None:
    """What may pass is waited for, at the call, which does not return."""
    check_refused_close("ContinueAsNewWorkflowExecution", cause)


LASTING = [
    "WORKFLOW_TYPE_DEPRECATED",
    "WORKFLOW_TYPE_DOES_NOT_EXIST",
    "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_TASK_LIST_UNDEFINED",
    "DEFAULT_CHILD_POLICY_UNDEFINED",
]


@causes("cause", LASTING)
def test_continue_as_new_workflow_execution_failed_for_good(cause: str) -> None:
    """What cannot pass raises at the call, where code may go on."""

    @decision_task
    def decider() -> Any:
        try:
            workflow.continue_as_new(1)
        except ContinueAsNewException as error:
            return [error.task_name, error.failure_status, error.failure_reason, str(error), work().result]

    stage = Stage(decider)
    stage.world.refusals["ContinueAsNewWorkflowExecution"] = cause
    assert stage.decide() == [("ContinueAsNewWorkflowExecution", None)]
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", 7)
    name, status, reason, text, result = stage.result()

    assert (status, reason, result) == ("FAILED_TO_SCHEDULE", cause, 7)
    assert name in text
    check_refusal(text, cause)
    stage.decide()
    assert replayed(stage).decisions == []


@causes("cause", LASTING)
def test_continue_as_new_workflow_execution_failed_behind_the_end(cause: str) -> None:
    """Where the function has returned, nothing is left to raise in: it is tried again after a while."""

    @decision_task(continues_indefinitely=True)
    def decider() -> Any: ...

    stage = Stage(decider)
    stage.world.refusals["ContinueAsNewWorkflowExecution"] = cause
    assert stage.decide() == [("ContinueAsNewWorkflowExecution", None)]
    assert stage.decide() == [("StartTimer", "close-1")]
    stage.fires("close-1")
    assert stage.decide() == [("ContinueAsNewWorkflowExecution", None)]
    assert stage.world.is_closed


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


def canceling() -> Stage:
    """A decider that cancels its activity on a signal and waits for what becomes of it."""

    @decision_task
    def decider() -> Any:
        promise = twice()
        workflow.signals("stop").get()
        promise.cancel()
        promise.cancel()
        try:
            return promise.result
        except Canceled as error:
            return ["Canceled", error.details]
        except ActivityTaskException as error:
            return [error.failure_status, error.failure_reason]

    stage = Stage(decider)
    stage.decide()
    stage.starts("1")
    stage.signal("stop")
    return stage


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


ACTIVITY_CAUSES = [
    "ACTIVITY_TYPE_DEPRECATED",
    "ACTIVITY_TYPE_DOES_NOT_EXIST",
    "ACTIVITY_ID_ALREADY_IN_USE",
    "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
    "ACTIVITY_CREATION_RATE_EXCEEDED",
    "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_TASK_LIST_UNDEFINED",
    "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    "OPERATION_NOT_PERMITTED",
]


@causes("cause", ACTIVITY_CAUSES)
def test_schedule_activity_task_failed(cause: str) -> None:
    """What may pass backs off and uses up no attempt; else it fails when all attempts are used up."""
    stage = refused(twice, "1", cause)
    if PASSING.search(cause):
        for _ in range(4):
            assert stage.decide() == [("StartTimer", "a1-1")]
            stage.fires("a1-1")
            stage.world.refusals["1"] = cause
            assert stage.decide() == [("ScheduleActivityTask", "1")]
        stage.decide()
        stage.fires("a1-1")
        assert stage.decide() == [("ScheduleActivityTask", "1")]
        stage.completes("1", 7)
        assert stage.result() == ["result", 7]
        return
    assert stage.decide() == [("StartTimer", "a1-2")]
    stage.fires("a1-2")
    stage.world.refusals["1-2"] = cause
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]
    *fields, text = stage.result()
    assert fields == ["ActivityTaskException", "1-2", "FAILED_TO_SCHEDULE", cause]
    check_refusal(text, cause)


@causes("cause", ["ACTIVITY_ID_UNKNOWN", "OPERATION_NOT_PERMITTED"])
def test_request_cancel_activity_task_failed(cause: str) -> None:
    """A cancel request that was refused leaves the activity as it is; its end is still seen."""
    stage = canceling()
    stage.ask()
    if cause == "ACTIVITY_ID_UNKNOWN":  # it ended while the decision was made
        stage.fails("1", "late")
        assert stage.decide() == [("RequestCancelActivityTask", "1")]
    else:
        stage.world.refusals["RequestCancelActivityTask"] = cause
        assert stage.decide() == [("RequestCancelActivityTask", "1")]
        assert stage.decide() == []
        stage.fails("1", "late")
    assert [its["cause"] for its in of_type(stage, "RequestCancelActivityTaskFailed")] == [cause]
    assert stage.result() == ["FAILED", "late"]


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


@causes("cause", ["OPERATION_NOT_PERMITTED"])
def test_record_marker_failed(cause: str) -> None:
    """To the code a refused marker is as good as a recorded one; the next of its name is its own."""

    @decision_task
    def decider() -> Any:
        first = Marker("m", "one").result.details
        sleep(1)
        second = Marker("m", "two").result.details
        sleep(1)
        return [first, second]

    stage = Stage(decider)
    stage.world.refusals["RecordMarker"] = cause
    stage.decide()
    assert stage.decide() == []
    stage.fires("1")
    assert stage.decide() == [("RecordMarker", "m"), ("StartTimer", "2")]
    stage.fires("2")
    assert stage.result() == ["one", "two"]


@causes("cause", ["OPERATION_NOT_PERMITTED"])
def test_record_marker_failed_of_a_cached_function(cause: str) -> None:
    """A result that could not be recorded is found out again, and the code goes on from that."""
    runs = []

    @cached
    def look() -> int:
        runs.append(1)
        return 7

    @decision_task
    def decider() -> Any:
        return [look(), sleep(1), look(), sleep(1)]

    stage = Stage(decider)
    stage.world.refusals["RecordMarker"] = cause
    assert stage.decide() == [("RecordMarker", "cache"), ("StartTimer", "1")]
    assert stage.decide() == []
    stage.fires("1")
    runs.clear()
    assert stage.decide() == [("RecordMarker", "cache"), ("StartTimer", "2")]
    assert len(runs) == 3  # the first call in the cold run, the second in both
    stage.fires("2")
    assert stage.result() == [7, None, 7, None]


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


def canceling_a_timer() -> Stage:
    @decision_task
    def decider() -> Any:
        timer = Timer.get(60)
        workflow.signals("stop").get()
        timer.cancel()
        state = type(timer.exception).__name__
        workflow.signals("go on").get()
        return [state, type(timer.exception).__name__]

    stage = Stage(decider)
    stage.decide()
    stage.signal("stop")
    stage.ask()
    return stage


def test_timer_canceled() -> None:
    """A canceled timer raises Canceled at once, and its event changes nothing more."""
    stage = canceling_a_timer()
    assert stage.decide() == [("CancelTimer", "1")]
    assert of_type(stage, "TimerCanceled")
    stage.signal("go on")
    assert stage.result() == ["Canceled", "Canceled"]


@causes("cause", ["TIMER_ID_UNKNOWN", "OPERATION_NOT_PERMITTED"])
def test_cancel_timer_failed(cause: str) -> None:
    """Where the cancel is refused the timer stays canceled to the code, though it fires."""
    stage = canceling_a_timer()
    if cause == "TIMER_ID_UNKNOWN":
        stage.fires("1")
    else:
        stage.world.refusals["CancelTimer"] = cause
    assert stage.decide() == [("CancelTimer", "1")]
    assert [its["cause"] for its in of_type(stage, "CancelTimerFailed")] == [cause]
    assert stage.decide() == []
    if cause != "TIMER_ID_UNKNOWN":
        stage.fires("1")
        assert stage.decide() == []
    stage.signal("go on")
    assert stage.result() == ["Canceled", "Canceled"]


@causes(
    "cause",
    [
        "TIMER_ID_ALREADY_IN_USE",
        "OPEN_TIMERS_LIMIT_EXCEEDED",
        "TIMER_CREATION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ],
)
def test_start_timer_failed(cause: str) -> None:
    """What may pass is asked for again; else the Promise fails with TimerException."""
    stage = refused(lambda: Timer.get(5), "1", cause)
    if PASSING.search(cause):
        assert stage.decide() == [("StartTimer", "1")]
        stage.fires("1")
        assert stage.result() == ["result", None]
        return
    *fields, text = stage.result()
    assert fields == ["TimerException", "1", "FAILED_TO_SCHEDULE", cause]
    check_refusal(text, cause)


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


CHILD_CAUSES = [
    "WORKFLOW_TYPE_DOES_NOT_EXIST",
    "WORKFLOW_TYPE_DEPRECATED",
    "OPEN_CHILDREN_LIMIT_EXCEEDED",
    "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
    "CHILD_CREATION_RATE_EXCEEDED",
    "WORKFLOW_ALREADY_RUNNING",
    "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_TASK_LIST_UNDEFINED",
    "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_CHILD_POLICY_UNDEFINED",
    "OPERATION_NOT_PERMITTED",
]


@causes("cause", CHILD_CAUSES)
def test_start_child_workflow_execution_failed(cause: str) -> None:
    """What may pass backs off, also where no attempts are given; else the Promise fails."""
    stage = refused(child, CHILD_ID, cause)
    if PASSING.search(cause):
        for _ in range(3):
            assert stage.decide() == [("StartTimer", "c1-1")]
            stage.fires("c1-1")
            stage.world.refusals[CHILD_ID] = cause
            assert stage.decide() == [("StartChildWorkflowExecution", CHILD_ID)]
        stage.decide()
        stage.fires("c1-1")
        stage.decide()
        stage.child(CHILD_ID)
        stage.child(CHILD_ID, "Completed", result="7")
        assert stage.result() == ["result", 7]
        return
    *fields, text = stage.result()
    assert fields == ["ChildWorkflowException", CHILD_ID, "FAILED_TO_SCHEDULE", cause]
    check_refusal(text, cause)


# ── other executions


def signals_out() -> Any:
    return workflow.signal_external("other-1", "s", {"a": 1})


def cancels_out() -> Any:
    return workflow.cancel_external("other-1")


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


def check_not_delivered(begin: Callable[[], Any], decision: str, cause: str, letter: str) -> None:
    """Refused behind the Initiated event, and without one."""
    for at_once in (False, True):
        if at_once:
            stage = refused(begin, decision, cause)
        else:
            stage = refused(begin, "nothing", cause)
            stage.request("other-1", cause)
        if PASSING.search(cause):
            (timer,) = stage.decide()
            assert timer == ("StartTimer", f"{letter}1-1")
            stage.fires(f"{letter}1-1")
            assert stage.decide() == [(decision, "other-1")]
            stage.request("other-1")
            assert stage.result() == ["result", None]
            continue
        *fields, text = stage.result()
        assert fields == ["ExternalWorkflowException", "other-1", "FAILED_TO_SCHEDULE", cause]
        check_refusal(text, cause)


@causes(
    "cause",
    [
        "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ],
)
def test_signal_external_workflow_execution_failed(cause: str) -> None:
    """A throttled signal is sent again after a while; else its Promise fails."""
    check_not_delivered(signals_out, "SignalExternalWorkflowExecution", cause, "s")


@causes(
    "cause",
    [
        "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ],
)
def test_request_cancel_external_workflow_execution_failed(cause: str) -> None:
    """A throttled cancel request is sent again after a while; else its Promise fails."""
    check_not_delivered(cancels_out, "RequestCancelExternalWorkflowExecution", cause, "x")


# ── Lambda functions


def calls() -> Any:
    return lambda_task("f", {"a": 1}, max_attempts=1)


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


@causes(
    "cause",
    [
        "ID_ALREADY_IN_USE",
        "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
        "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
        "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
    ],
)
def test_schedule_lambda_function_failed(cause: str) -> None:
    """What may pass backs off, also where no attempts are left; else the Promise fails."""
    stage = refused(calls, "lambda 1", cause)
    if PASSING.search(cause):
        for _ in range(3):
            assert stage.decide() == [("StartTimer", "l1-1")]
            stage.fires("l1-1")
            stage.world.refusals["lambda 1"] = cause
            assert stage.decide() == [("ScheduleLambdaFunction", "1")]
        stage.decide()
        stage.fires("l1-1")
        stage.decide()
        stage.function("1", result="7")
        assert stage.result() == ["result", 7]
        return
    *fields, text = stage.result()
    assert fields == ["LambdaTaskException", "1", "FAILED_TO_SCHEDULE", cause]
    check_refusal(text, cause)


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
        tests = [value for key, value in globals().items() if key.startswith(f"test_{snake}")]
        tested = {
            value for test in tests for mark in getattr(test, "pytestmark", []) for value in mark.args[1]
        }
        if not tests or not documented <= tested:
            missing.append((name, documented - tested))
    assert missing == []
