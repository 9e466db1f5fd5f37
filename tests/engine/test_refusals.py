"""Each decision that SWF can refuse, and each documented cause: what is tried again, and what code is told.

The tests are called by the event type of the refusal; `test_event_types.py` holds them against SWF's model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    ContinueAsNewException,
    UsageError,
    WorkflowCanceled,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast.workflow import Marker, Timer, sleep, spawn

from .records import decision_attributes
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
    work,
)
from .stage import Stage

causes = pytest.mark.parametrize
PASSING = re.compile("_RATE_EXCEEDED$|^OPEN_.*_LIMIT_EXCEEDED$")


def refused(begin: Callable[[], Any], key: str, cause: str) -> Stage:
    """The same, where SWF refuses what is asked for."""

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


def keyword_of(cause: str) -> str:
    """The keyword that a DEFAULT_…_UNDEFINED cause asks for."""
    name = cause.removeprefix("DEFAULT_").removesuffix("_UNDEFINED").lower()
    return {"task_list": "swf_task_list"}.get(name, name)


def check_refusal(text: str, cause: str) -> None:
    """What an exception says names the cause, and what to do where there is something to do."""
    assert cause in text
    if cause.startswith("DEFAULT_"):
        assert f"set {keyword_of(cause)}" in text


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
    def decider(n: int = 0) -> Any:
        try:
            workflow.continue_as_new(n + 1)
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
    """Nothing says any more what it came to, and it may not run twice: the decision fails, and says why."""

    @cached
    def look() -> int:
        return 7

    @decision_task
    def decider() -> Any:
        return [look(), sleep(1)]

    stage = Stage(decider)
    stage.world.refusals["RecordMarker"] = cause
    assert stage.decide() == [("RecordMarker", "cache"), ("StartTimer", "1")]
    with pytest.raises(UsageError, match="swf:RecordMarker"):
        stage.ask()


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
