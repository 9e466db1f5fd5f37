"""Each decision: what it records, when it is refused, what it makes happen elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import (
    ACTIVITIES,
    ACTIVITY_TYPE,
    DOMAIN,
    WORKFLOW_TYPE,
    Driver,
    activity,
    attributes,
    child,
    d,
    timer,
)

from pyswf_fast.service import Limits

COMPLETED_ID = 4  # of the first DecisionTaskCompleted


def test_a_start_records_itself_and_a_decision_task_at_one_instant(swf: Driver) -> None:
    swf.start(input="", tagList=["x"], taskPriority="3")
    started, scheduled = swf.history()
    assert attributes(started) == {
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "100000",
        "input": "",
        "parentInitiatedEventId": 0,
        "tagList": ["x"],
        "taskList": {"name": "decisions"},
        "taskPriority": "3",
        "taskStartToCloseTimeout": "30",
        "workflowType": WORKFLOW_TYPE,
    }
    assert attributes(scheduled) == {
        "scheduleToStartTimeout": "NONE",
        "startToCloseTimeout": "30",
        "taskList": {"name": "decisions"},
        "taskPriority": "3",
    }
    assert started["eventTimestamp"] == scheduled["eventTimestamp"]


def test_a_decision_task_shows_the_history_up_to_its_start(swf: Driver) -> None:
    run_id = swf.start()
    task = swf.poll(identity="me")
    assert task["workflowExecution"] == {"workflowId": "w", "runId": run_id}
    assert task["workflowType"] == WORKFLOW_TYPE
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert task["events"] == swf.history()
    assert attributes(task["events"][2]) == {"identity": "me", "scheduledEventId": 2}
    assert swf.poll() == {"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}


def test_an_activity_is_scheduled_with_resolved_values_and_completed(swf: Driver) -> None:
    swf.start()
    swf.decide(activity(input="in", control="mine", startToCloseTimeout="60"), executionContext="ctx")
    assert swf.last("ActivityTaskScheduled") == {
        "activityId": "a",
        "activityType": ACTIVITY_TYPE,
        "control": "mine",
        "decisionTaskCompletedEventId": COMPLETED_ID,
        "heartbeatTimeout": "NONE",
        "input": "in",
        "scheduleToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
        "startToCloseTimeout": "60",
        "taskList": ACTIVITIES,
    }
    task = swf.complete("out")
    assert {name: task[name] for name in ("activityId", "activityType", "input", "startedEventId")} == {
        "activityId": "a",
        "activityType": ACTIVITY_TYPE,
        "input": "in",
        "startedEventId": 6,
    }
    assert "control" not in task
    assert swf.last("ActivityTaskCompleted") == {"result": "out", "scheduledEventId": 5, "startedEventId": 6}
    assert swf.kinds()[-2:] == ["ActivityTaskCompleted", "DecisionTaskScheduled"]
    described = swf.describe()
    assert described["latestExecutionContext"] == "ctx"
    assert described["openCounts"]["openActivityTasks"] == 0


def test_failed_and_canceled_activities_say_what_the_worker_said(swf: Driver) -> None:
    swf.start()
    swf.decide(activity("1"), activity("2"))
    swf("RespondActivityTaskFailed", taskToken=swf.work()["taskToken"], reason="why", details="")
    swf("RespondActivityTaskCanceled", taskToken=swf.work()["taskToken"], details="bye")
    assert swf.last("ActivityTaskFailed") == {
        "details": "",
        "reason": "why",
        "scheduledEventId": 5,
        "startedEventId": 7,
    }
    assert swf.last("ActivityTaskCanceled")["details"] == "bye"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"activityType": {"name": "none", "version": "1"}}, "ACTIVITY_TYPE_DOES_NOT_EXIST"),
        ({"activityType": {"name": "old", "version": "1"}}, "ACTIVITY_TYPE_DEPRECATED"),
        ({"activityType": {"name": "bare", "version": "1"}}, "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ({"activityId": "taken"}, "ACTIVITY_ID_ALREADY_IN_USE"),
    ],
)
def test_a_refused_activity_is_an_event_and_calls_for_a_decision(
    swf: Driver, given: dict[str, Any], cause: str
) -> None:
    for name in ("old", "bare"):
        swf("RegisterActivityType", domain=DOMAIN, name=name, version="1")
    swf("DeprecateActivityType", domain=DOMAIN, activityType={"name": "old", "version": "1"})
    swf.start()
    asked = {"activityId": "new", "activityType": ACTIVITY_TYPE, **given}
    swf.decide(activity("taken"), d("ScheduleActivityTask", **asked))
    assert swf.last("ScheduleActivityTaskFailed") == {
        "activityId": asked["activityId"],
        "activityType": asked["activityType"],
        "cause": cause,
        "decisionTaskCompletedEventId": COMPLETED_ID,
    }
    assert swf.kinds()[-1] == "DecisionTaskScheduled"


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("taskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("scheduleToStartTimeout", "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED"),
        ("startToCloseTimeout", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("heartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ],
)
def test_each_default_that_an_activity_lacks_has_its_cause(swf: Driver, missing: str, cause: str) -> None:
    swf("RegisterActivityType", domain=DOMAIN, name="bare", version="1")
    swf.start()
    names = ("scheduleToCloseTimeout", "scheduleToStartTimeout", "startToCloseTimeout", "heartbeatTimeout")
    given: dict[str, Any] = {"taskList": ACTIVITIES, **dict.fromkeys(names, "NONE")}
    del given[missing]
    bare = {"name": "bare", "version": "1"}
    swf.decide(d("ScheduleActivityTask", activityId="a", activityType=bare, **given))
    assert swf.last("ScheduleActivityTaskFailed")["cause"] == cause


def test_an_activity_id_is_free_again_after_the_end(swf: Driver) -> None:
    swf.start()
    swf.decide(activity())
    swf.complete()
    swf.decide(activity())
    assert swf.kinds().count("ActivityTaskScheduled") == 2


def test_a_waiting_activity_is_canceled_at_once_and_never_handed_out(swf: Driver) -> None:
    swf.start()
    swf.decide(activity())
    swf.signal()
    swf.decide(d("RequestCancelActivityTask", activityId="a"))
    assert swf.kinds()[-3:] == [
        "ActivityTaskCancelRequested",
        "ActivityTaskCanceled",
        "DecisionTaskScheduled",
    ]
    assert swf.last("ActivityTaskCanceled") == {
        "latestCancelRequestedEventId": 10,
        "scheduledEventId": 5,
        "startedEventId": 0,
    }
    assert swf.work() == {"taskToken": "", "startedEventId": 0}


def test_a_running_activity_hears_of_the_cancel_request_by_its_heartbeat(swf: Driver) -> None:
    swf.start()
    swf.decide(activity())
    task = swf.work()
    token = task["taskToken"]
    assert swf("RecordActivityTaskHeartbeat", taskToken=token) == {"cancelRequested": False}
    swf.signal()
    swf.decide(d("RequestCancelActivityTask", activityId="a"))
    assert swf.kinds()[-1] == "ActivityTaskCancelRequested"
    assert swf("RecordActivityTaskHeartbeat", taskToken=token, details="d") == {"cancelRequested": True}
    swf("RespondActivityTaskCanceled", taskToken=token)
    assert swf.last("ActivityTaskCanceled")["latestCancelRequestedEventId"] == 11


def test_cancel_requests_for_unknown_activities_and_timers_fail(swf: Driver) -> None:
    swf.start()
    swf.decide(d("RequestCancelActivityTask", activityId="x"), d("CancelTimer", timerId="y"))
    assert swf.last("RequestCancelActivityTaskFailed")["cause"] == "ACTIVITY_ID_UNKNOWN"
    assert swf.last("CancelTimerFailed")["cause"] == "TIMER_ID_UNKNOWN"
    assert swf.kinds()[-1] == "DecisionTaskScheduled"
    assert swf.kinds().count("DecisionTaskScheduled") == 2


def test_a_timer_fires_when_its_time_has_come(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 5, control="c"))
    swf.advance(4.999)
    assert swf.kinds()[-1] == "TimerStarted"
    swf.advance(0.001)
    history = swf.history()
    assert attributes(history[-2]) == {"startedEventId": 5, "timerId": "t"}
    assert history[-2]["eventTimestamp"] == history[4]["eventTimestamp"] + 5
    assert history[-1]["eventType"] == "DecisionTaskScheduled"


def test_a_timer_of_no_seconds_fires_outside_the_batch(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 0), d("RecordMarker", markerName="m"))
    swf.swf.run_due()
    assert swf.kinds()[4:] == ["TimerStarted", "MarkerRecorded", "TimerFired", "DecisionTaskScheduled"]


def test_canceling_and_starting_a_timer_in_one_answer_works_in_order(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("t", 5))
    swf.signal()
    swf.decide(timer("t", 9), d("CancelTimer", timerId="t"), timer("t", 7))
    assert swf.last("StartTimerFailed")["cause"] == "TIMER_ID_ALREADY_IN_USE"
    swf.advance(6)
    assert "TimerFired" not in swf.kinds()
    swf.advance(1)
    assert swf.last("TimerFired")["startedEventId"] == 12
    assert swf.last("TimerCanceled")["startedEventId"] == 5


def test_markers_may_repeat_and_keep_empty_details(swf: Driver) -> None:
    swf.start()
    swf.decide(d("RecordMarker", markerName="m", details=""), d("RecordMarker", markerName="m"))
    assert swf.kinds()[-2:] == ["MarkerRecorded", "MarkerRecorded"]
    assert attributes(swf.history()[4]) == {
        "decisionTaskCompletedEventId": 4,
        "details": "",
        "markerName": "m",
    }


@pytest.mark.parametrize(
    ("decision", "kind", "status", "carried"),
    [
        (
            d("CompleteWorkflowExecution", result="r"),
            "WorkflowExecutionCompleted",
            "COMPLETED",
            {"result": "r"},
        ),
        (
            d("FailWorkflowExecution", reason="r", details="d"),
            "WorkflowExecutionFailed",
            "FAILED",
            {"reason": "r", "details": "d"},
        ),
        (
            d("CancelWorkflowExecution", details="d"),
            "WorkflowExecutionCanceled",
            "CANCELED",
            {"details": "d"},
        ),
    ],
)
def test_closing_decisions_end_the_history_with_work_still_open(
    swf: Driver, decision: dict[str, Any], kind: str, status: str, carried: dict[str, str]
) -> None:
    swf.start()
    swf.decide(activity(), timer(), decision)
    assert swf.kinds()[-1] == kind
    assert swf.last(kind) == {**carried, "decisionTaskCompletedEventId": COMPLETED_ID}
    described = swf.describe()
    assert described["executionInfo"]["closeStatus"] == status
    assert described["executionInfo"]["executionStatus"] == "CLOSED"
    assert described["openCounts"]["openActivityTasks"] == 1
    assert described["openCounts"]["openTimers"] == 1
    assert swf.work()["taskToken"] == ""
    swf.advance(1000)
    assert swf.kinds()[-1] == kind


@pytest.mark.parametrize(
    "kind",
    [
        "CompleteWorkflowExecution",
        "FailWorkflowExecution",
        "CancelWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
    ],
)
def test_a_close_with_a_queued_decision_task_is_refused_by_an_event(swf: Driver, kind: str) -> None:
    swf.start()
    task = swf.poll()
    swf.signal()
    assert swf.kinds()[-3:] == ["DecisionTaskStarted", "WorkflowExecutionSignaled", "DecisionTaskScheduled"]
    assert swf.poll()["taskToken"] == "", "it is withheld while the other runs"
    swf.signal()
    swf.respond(task, d("RecordMarker", markerName="m"), d(kind))
    assert swf.kinds()[-4:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskCompleted",
        "MarkerRecorded",
        f"{kind}Failed",
    ]
    assert swf.last(f"{kind}Failed")["cause"] == "UNHANDLED_DECISION"
    following = swf.poll()
    assert (following["previousStartedEventId"], following["startedEventId"]) == (3, 10)
    swf.respond(following, d(kind))
    assert swf.describe()["executionInfo"]["executionStatus"] == "CLOSED"


def test_a_child_runs_and_its_result_reaches_the_parent(swf: Driver) -> None:
    parent = swf.start()
    swf.decide(child("c", input="i", control="k", tagList=["t"]))
    assert swf.kinds()[4:] == [
        "StartChildWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
    ]
    run = swf.open_run("c")
    started = attributes(swf.history("c")[0])
    assert started["parentWorkflowExecution"] == {"workflowId": "w", "runId": parent}
    assert started["parentInitiatedEventId"] == 5
    assert (started["input"], started["tagList"]) == ("i", ["t"])
    assert "control" not in started
    assert swf.describe("c")["executionInfo"]["parent"]["workflowId"] == "w"
    tasks = [swf.poll(), swf.poll()]
    (of_child,) = [task for task in tasks if task["workflowExecution"]["workflowId"] == "c"]
    swf.respond(of_child, d("CompleteWorkflowExecution", result="5"))
    assert swf.last("ChildWorkflowExecutionCompleted") == {
        "initiatedEventId": 5,
        "result": "5",
        "startedEventId": 6,
        "workflowExecution": {"runId": run, "workflowId": "c"},
        "workflowType": WORKFLOW_TYPE,
    }


@pytest.mark.parametrize(
    ("end", "kind", "carried"),
    [
        (d("FailWorkflowExecution", reason="r", details="d"), "Failed", {"reason": "r", "details": "d"}),
        (d("CancelWorkflowExecution", details="d"), "Canceled", {"details": "d"}),
    ],
)
def test_how_a_child_ends_is_told_to_the_parent(
    swf: Driver, end: dict[str, Any], kind: str, carried: dict[str, str]
) -> None:
    swf.start(taskList={"name": "parents"})
    swf.decide(child("c"), task_list="parents")
    swf.decide(end)
    told = swf.last(f"ChildWorkflowExecution{kind}")
    assert {name: told[name] for name in carried} == carried
    assert (told["initiatedEventId"], told["startedEventId"]) == (5, 6)


def test_a_child_that_times_out_or_is_terminated_is_told_to_the_parent(swf: Driver) -> None:
    swf.start(taskList={"name": "parents"})
    swf.decide(child("c", executionStartToCloseTimeout="10"), child("e"), task_list="parents")
    swf.advance(10)
    assert swf.last("ChildWorkflowExecutionTimedOut")["timeoutType"] == "START_TO_CLOSE"
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="e")
    assert swf.last("ChildWorkflowExecutionTerminated")["workflowExecution"]["workflowId"] == "e"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"workflowType": {"name": "none", "version": "1"}}, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        ({"workflowType": {"name": "old", "version": "1"}}, "WORKFLOW_TYPE_DEPRECATED"),
        (
            {"workflowType": {"name": "bare", "version": "1"}},
            "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        ),
    ],
)
def test_a_child_that_was_never_initiated_names_no_event(
    swf: Driver, given: dict[str, Any], cause: str
) -> None:
    for name in ("old", "bare"):
        swf("RegisterWorkflowType", domain=DOMAIN, name=name, version="1")
    swf("DeprecateWorkflowType", domain=DOMAIN, workflowType={"name": "old", "version": "1"})
    swf.start()
    swf.decide(d("StartChildWorkflowExecution", workflowId="c", control="k", **given))
    assert swf.last("StartChildWorkflowExecutionFailed") == {
        "cause": cause,
        "control": "k",
        "decisionTaskCompletedEventId": COMPLETED_ID,
        "initiatedEventId": 0,
        "workflowId": "c",
        **given,
    }
    assert swf.kinds()[-2:] == ["StartChildWorkflowExecutionFailed", "DecisionTaskScheduled"]


def test_a_child_whose_id_is_taken_was_initiated(swf: Driver) -> None:
    swf.start("other")
    swf.start(taskList={"name": "parents"})
    swf.decide(child("other", control="k"), task_list="parents")
    failed = swf.last("StartChildWorkflowExecutionFailed")
    assert (failed["cause"], failed["initiatedEventId"]) == ("WORKFLOW_ALREADY_RUNNING", 5)
    assert failed["control"] == "k"
    assert swf.kinds()[-1] == "DecisionTaskScheduled"
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 0


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
@pytest.mark.parametrize("how", ["terminated", "timed out"])
def test_the_child_policy_applies_when_the_parent_is_ended_from_outside(
    swf: Driver, policy: str, how: str
) -> None:
    swf.start(childPolicy=policy, executionStartToCloseTimeout="10", taskList={"name": "parents"})
    swf.decide(child("c"), task_list="parents")
    swf.open_run("c")
    if how == "terminated":
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w", reason="r", details="d")
        assert swf.last("WorkflowExecutionTerminated") == {
            "cause": "OPERATOR_INITIATED",
            "childPolicy": policy,
            "details": "d",
            "reason": "r",
        }
    else:
        swf.advance(10)
        assert swf.last("WorkflowExecutionTimedOut") == {
            "childPolicy": policy,
            "timeoutType": "START_TO_CLOSE",
        }
    kinds = swf.kinds("c")
    if policy == "TERMINATE":
        assert swf.last("WorkflowExecutionTerminated", "c")["cause"] == "CHILD_POLICY_APPLIED"
    elif policy == "REQUEST_CANCEL":
        assert swf.last("WorkflowExecutionCancelRequested", "c")["cause"] == "CHILD_POLICY_APPLIED"
    else:
        assert kinds == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_a_child_outlives_a_parent_that_completes_and_a_terminate_may_override_the_policy(
    swf: Driver,
) -> None:
    swf.start(taskList={"name": "parents"})
    swf.decide(child("c"), d("CompleteWorkflowExecution"), task_list="parents")
    swf.open_run("c")
    assert swf.kinds("c") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    swf.decide(child("grandchild", taskList={"name": "never"}))
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="c", childPolicy="ABANDON")
    assert swf.open_run("grandchild")


def test_a_signal_to_another_execution_arrives_and_is_confirmed(swf: Driver) -> None:
    swf.start("target", taskList={"name": "targets"})
    source = swf.start()
    swf.decide(
        d("SignalExternalWorkflowExecution", workflowId="target", signalName="s", input="i", control="c"),
        d("RequestCancelExternalWorkflowExecution", workflowId="target", control="c"),
    )
    assert swf.kinds()[4:] == [
        "SignalExternalWorkflowExecutionInitiated",
        "RequestCancelExternalWorkflowExecutionInitiated",
        "ExternalWorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionCancelRequested",
    ]
    assert swf.last("WorkflowExecutionSignaled", "target") == {
        "externalInitiatedEventId": 5,
        "externalWorkflowExecution": {"runId": source, "workflowId": "w"},
        "input": "i",
        "signalName": "s",
    }
    asked = swf.last("WorkflowExecutionCancelRequested", "target")
    assert asked["externalInitiatedEventId"] == 6
    assert swf.describe("target")["executionInfo"]["cancelRequested"] is True
    assert swf.last("ExternalWorkflowExecutionSignaled")["workflowExecution"] == swf.execution("target")


def test_signals_and_cancel_requests_to_nobody_fail_after_they_were_initiated(swf: Driver) -> None:
    swf.start()
    swf.decide(
        d("SignalExternalWorkflowExecution", workflowId="no", signalName="s", control="c"),
        d("RequestCancelExternalWorkflowExecution", workflowId="w", runId="other", control="c"),
    )
    expected = {
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "control": "c",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.last("SignalExternalWorkflowExecutionFailed") == {
        **expected,
        "initiatedEventId": 5,
        "workflowId": "no",
    }
    assert swf.last("RequestCancelExternalWorkflowExecutionFailed") == {
        **expected,
        "initiatedEventId": 6,
        "runId": "other",
        "workflowId": "w",
    }
    assert swf.kinds().count("DecisionTaskScheduled") == 2


def test_an_execution_may_signal_itself(swf: Driver) -> None:
    swf.start()
    swf.decide(d("SignalExternalWorkflowExecution", workflowId="w", signalName="s"))
    assert {"WorkflowExecutionSignaled", "ExternalWorkflowExecutionSignaled"} < set(swf.kinds())


def test_continue_as_new_takes_the_types_defaults_and_a_fresh_run(swf: Driver) -> None:
    first = swf.start(input="old", tagList=["t"], taskList={"name": "mine"})
    swf.decide(
        d("ContinueAsNewWorkflowExecution", input="new", taskStartToCloseTimeout="77"), task_list="mine"
    )
    closed = swf.last("WorkflowExecutionContinuedAsNew", run_id=first)
    second = swf.open_run("w")
    assert closed["newExecutionRunId"] == second
    assert swf.describe(run_id=first)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
    started = attributes(swf.history()[0])
    assert started["continuedExecutionRunId"] == first
    assert started["input"] == "new"
    assert started["taskStartToCloseTimeout"] == "77"
    assert started["taskList"] == {"name": "decisions"}
    assert "tagList" not in started
    assert swf.poll()["workflowExecution"]["runId"] == second


def test_continue_as_new_without_the_defaults_fails_and_the_run_goes_on(swf: Driver) -> None:
    swf("RegisterWorkflowType", domain=DOMAIN, name="bare", version="1")
    config: dict[str, Any] = {
        "taskList": {"name": "decisions"},
        "taskStartToCloseTimeout": "30",
        "executionStartToCloseTimeout": "60",
        "childPolicy": "ABANDON",
    }
    swf.start(workflowType={"name": "bare", "version": "1"}, **config)
    swf.decide(d("ContinueAsNewWorkflowExecution"))
    causes = []
    given: dict[str, Any] = {}
    for member in ("executionStartToCloseTimeout", "taskList", "taskStartToCloseTimeout", "childPolicy"):
        causes.append(swf.last("ContinueAsNewWorkflowExecutionFailed")["cause"])
        given[member] = config[member]
        swf.decide(d("ContinueAsNewWorkflowExecution", **given))
    assert causes == [
        "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        "DEFAULT_TASK_LIST_UNDEFINED",
        "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        "DEFAULT_CHILD_POLICY_UNDEFINED",
    ]
    assert swf.kinds()[-1] == "WorkflowExecutionContinuedAsNew"


def test_a_child_that_continues_as_new_stays_the_parents_child(swf: Driver) -> None:
    parent = swf.start(taskList={"name": "parents"})
    swf.decide(child("c"), task_list="parents")
    swf.decide(d("ContinueAsNewWorkflowExecution"))
    assert swf.kinds()[-2:] == ["ChildWorkflowExecutionStarted", "DecisionTaskScheduled"]
    swf.open_run("c")
    assert attributes(swf.history("c")[0])["parentWorkflowExecution"]["runId"] == parent
    swf.decide(d("CompleteWorkflowExecution"))
    assert swf.last("ChildWorkflowExecutionCompleted")["initiatedEventId"] == 5


def test_a_lambda_function_is_scheduled_and_fails_to_start(swf: Driver) -> None:
    swf.start()
    swf.decide(d("ScheduleLambdaFunction", id="1", name="f", input="i"), d("RecordMarker", markerName="m"))
    assert swf.kinds()[4:] == [
        "LambdaFunctionScheduled",
        "MarkerRecorded",
        "StartLambdaFunctionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.last("LambdaFunctionScheduled")["startToCloseTimeout"] == "900"
    assert swf.last("StartLambdaFunctionFailed") == {
        "cause": "ASSUME_ROLE_FAILED",
        "message": "No IAM role is attached to the current workflow execution.",
        "scheduledEventId": 5,
    }


def test_open_limits_refuse_what_is_too_much(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(limits=Limits(open_activities=1, open_timers=1, open_children=1, open_executions=3))
    swf.start(taskList={"name": "parents"})
    swf.decide(
        activity("1"), activity("2"), timer("1"), timer("2"), child("c1"), child("c2"), task_list="parents"
    )
    assert swf.last("ScheduleActivityTaskFailed")["cause"] == "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    assert swf.last("StartTimerFailed")["cause"] == "OPEN_TIMERS_LIMIT_EXCEEDED"
    assert swf.last("StartChildWorkflowExecutionFailed")["cause"] == "OPEN_CHILDREN_LIMIT_EXCEEDED"
    swf.start("third")
    assert swf.fault(
        "StartWorkflowExecution", domain=DOMAIN, workflowId="4", workflowType=WORKFLOW_TYPE
    ).type == ("LimitExceededFault")
    swf.decide(child("c3"))
    assert swf.last("StartChildWorkflowExecutionFailed", "c1", swf.open_run("c1"))["cause"] == (
        "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
    )


def test_a_history_that_is_full_ends_the_execution(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(limits=Limits(history_events=12))
    swf.start()
    swf.decide(*(d("RecordMarker", markerName=str(n)) for n in range(20)))
    history = swf.history()
    assert len(history) == 12
    assert attributes(history[-1]) == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}
    assert swf.describe()["executionInfo"]["closeStatus"] == "TERMINATED"


def test_a_full_history_hands_no_task_out(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(limits=Limits(history_events=6))
    swf.start()
    swf.decide(activity())
    assert swf.work() == {"taskToken": "", "startedEventId": 0}
    assert swf.kinds()[-1] == "WorkflowExecutionTerminated"
