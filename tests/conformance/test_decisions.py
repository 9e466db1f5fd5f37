"""Each decision with all of its members, and the events that it leads to."""

from __future__ import annotations

from typing import Any

from service_driver import (
    ACTIVITY_TYPE,
    DOMAIN,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    activity,
    attributes,
    child,
    d,
    timer,
)

from .conftest import Client
from .test_registration import ROLE

COMPLETED = {"decisionTaskCompletedEventId": 4}


def test_an_activity_scheduled_started_and_completed(swf: Client) -> None:
    given: dict[str, Any] = {
        "activityType": ACTIVITY_TYPE,
        "activityId": "a",
        "control": "mine",
        "input": "in",
        "scheduleToCloseTimeout": "100",
        "taskList": {"name": "special"},
        "taskPriority": "7",
        "scheduleToStartTimeout": "50",
        "startToCloseTimeout": "60",
        "heartbeatTimeout": "10",
    }
    swf.start()
    swf.decide(d("ScheduleActivityTask", **given))
    assert swf.last("ActivityTaskScheduled") == {**given, **COMPLETED}
    task = swf.work("special", identity="worker")
    token = task.pop("taskToken")
    assert task == {
        "activityId": "a",
        "activityType": ACTIVITY_TYPE,
        "input": "in",
        "startedEventId": 6,
        "workflowExecution": swf.execution(),
    }
    assert swf("RecordActivityTaskHeartbeat", taskToken=token, details="half") == {"cancelRequested": False}
    swf("RespondActivityTaskCompleted", taskToken=token, result="out")
    assert swf.last("ActivityTaskStarted") == {"identity": "worker", "scheduledEventId": 5}
    assert swf.last("ActivityTaskCompleted") == {"result": "out", "scheduledEventId": 5, "startedEventId": 6}


def test_an_activity_that_fails(swf: Client) -> None:
    swf.start()
    swf.decide(activity())
    swf("RespondActivityTaskFailed", taskToken=swf.work()["taskToken"], reason="why", details="more")
    ends = {"scheduledEventId": 5, "startedEventId": 6}
    assert swf.last("ActivityTaskFailed") == {"reason": "why", "details": "more", **ends}


def test_a_running_activity_is_canceled(swf: Client) -> None:
    swf.start()
    swf.decide(activity())
    token = swf.work()["taskToken"]
    swf.signal()
    swf.decide(d("RequestCancelActivityTask", activityId="a"))
    requested = {"activityId": "a", "decisionTaskCompletedEventId": 10}
    assert swf.last("ActivityTaskCancelRequested") == requested
    assert swf("RecordActivityTaskHeartbeat", taskToken=token) == {"cancelRequested": True}
    swf("RespondActivityTaskCanceled", taskToken=token, details="bye")
    canceled = {
        "details": "bye",
        "scheduledEventId": 5,
        "startedEventId": 6,
        "latestCancelRequestedEventId": 11,
    }
    assert swf.last("ActivityTaskCanceled") == canceled


def test_a_waiting_activity_is_canceled_at_once(swf: Client) -> None:
    swf.start()
    swf.decide(activity(), d("RequestCancelActivityTask", activityId="a"))
    canceled = {"scheduledEventId": 5, "startedEventId": 0, "latestCancelRequestedEventId": 6}
    assert swf.last("ActivityTaskCanceled") == canceled
    assert swf.work() == {"taskToken": "", "startedEventId": 0}


def test_a_timer_fires_and_another_is_canceled(swf: Client) -> None:
    swf.start()
    swf.decide(timer("t", 5, control="mine"), timer("u", 5), d("CancelTimer", timerId="u"))
    given = {"timerId": "t", "startToFireTimeout": "5", "control": "mine"}
    assert attributes(swf.history()[4]) == {**given, **COMPLETED}
    assert swf.last("TimerCanceled") == {"timerId": "u", "startedEventId": 6, **COMPLETED}
    swf.advance(5)
    assert swf.last("TimerFired") == {"timerId": "t", "startedEventId": 5}


def test_a_marker(swf: Client) -> None:
    swf.start()
    swf.decide(d("RecordMarker", markerName="m", details="more"))
    assert swf.last("MarkerRecorded") == {"markerName": "m", "details": "more", **COMPLETED}


def test_a_decision_task_answered_with_all_that_can_be_given(swf: Client) -> None:
    swf.start()
    given = {"executionContext": "ctx", "taskList": {"name": "sticky"}, "taskListScheduleToStartTimeout": "9"}
    task = swf.poll(identity="decider")
    swf.respond(task, **given)
    assert swf.last("DecisionTaskStarted") == {"identity": "decider", "scheduledEventId": 2}
    assert swf.last("DecisionTaskCompleted") == {**given, "scheduledEventId": 2, "startedEventId": 3}
    swf.signal()
    scheduled = swf.last("DecisionTaskScheduled")
    assert (scheduled["taskList"], scheduled["scheduleToStartTimeout"]) == ({"name": "sticky"}, "9")
    again = swf.poll("sticky")
    assert (again["previousStartedEventId"], again["startedEventId"]) == (3, 7)


def test_closing_decisions(swf: Client) -> None:
    for decision, event, given in (
        ("CompleteWorkflowExecution", "WorkflowExecutionCompleted", {"result": "r"}),
        ("FailWorkflowExecution", "WorkflowExecutionFailed", {"reason": "why", "details": "more"}),
        ("CancelWorkflowExecution", "WorkflowExecutionCanceled", {"details": "bye"}),
    ):
        swf.start()
        swf.decide(d(decision, **given))
        assert swf.last(event) == {**given, **COMPLETED}


def test_a_run_that_continues_as_new(swf: Client) -> None:
    swf("RegisterWorkflowType", domain=DOMAIN, name="flow", version="2")
    given: dict[str, Any] = {
        "input": "in",
        "executionStartToCloseTimeout": "500",
        "taskList": {"name": "special"},
        "taskPriority": "7",
        "taskStartToCloseTimeout": "50",
        "childPolicy": "ABANDON",
        "tagList": ["t"],
        "lambdaRole": ROLE,
    }
    first = swf.start()
    swf.decide(d("ContinueAsNewWorkflowExecution", workflowTypeVersion="2", **given))
    second = swf.open_run("w")
    version_2 = {"workflowType": {"name": "flow", "version": "2"}}
    closed = {**given, **version_2, "newExecutionRunId": second, **COMPLETED}
    assert swf.last("WorkflowExecutionContinuedAsNew", run_id=first) == closed
    started = attributes(swf.history()[0])
    assert started == {**given, **version_2, "continuedExecutionRunId": first, "parentInitiatedEventId": 0}


def test_a_run_that_continues_as_new_without_more_takes_the_defaults_of_its_type(swf: Client) -> None:
    for policy in ("TERMINATE", "REQUEST_CANCEL"):
        of_policy = {"name": policy, "version": "1"}
        defaults = {**WORKFLOW_DEFAULTS, "defaultChildPolicy": policy}
        swf("RegisterWorkflowType", domain=DOMAIN, **of_policy, **defaults)
        run_id = swf.start(policy, workflowType=of_policy, childPolicy="ABANDON", input="in", tagList=["t"])
        swf.decide(d("ContinueAsNewWorkflowExecution"))
        closed = swf.last("WorkflowExecutionContinuedAsNew", policy, run_id)
        assert closed["childPolicy"] == policy
        assert not {"input", "tagList"} & set(closed)
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId=policy)


def test_a_child_and_each_way_in_which_it_ends(swf: Client) -> None:
    given: dict[str, Any] = {
        "control": "mine",
        "input": "in",
        "executionStartToCloseTimeout": "500",
        "taskList": {"name": "children"},
        "taskPriority": "7",
        "taskStartToCloseTimeout": "50",
        "childPolicy": "ABANDON",
        "tagList": ["t"],
        "lambdaRole": ROLE,
    }
    ends: dict[str, dict[str, Any]] = {
        "Completed": d("CompleteWorkflowExecution", result="r"),
        "Failed": d("FailWorkflowExecution", reason="why", details="more"),
        "Canceled": d("CancelWorkflowExecution", details="bye"),
    }
    swf.start()
    swf.decide(child("c", **given))
    initiated = {**given, "workflowId": "c", "workflowType": WORKFLOW_TYPE, **COMPLETED}
    assert swf.last("StartChildWorkflowExecutionInitiated") == initiated
    run = swf.open_run("c")
    of_child = {"workflowExecution": {"workflowId": "c", "runId": run}, "workflowType": WORKFLOW_TYPE}
    assert swf.last("ChildWorkflowExecutionStarted") == {**of_child, "initiatedEventId": 5}
    started = attributes(swf.history("c")[0])
    del given["control"]
    links = {"parentWorkflowExecution": swf.execution(), "parentInitiatedEventId": 5}
    assert started == {**given, "workflowType": WORKFLOW_TYPE, **links}
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="c")
    reference = {"initiatedEventId": 5, "startedEventId": 6}
    assert swf.last("ChildWorkflowExecutionTerminated") == {**of_child, **reference}
    for outcome, decision in ends.items():
        swf.start(outcome, taskList={"name": outcome})
        swf.decide(child(f"c-{outcome}", taskList={"name": f"of {outcome}"}), task_list=outcome)
        swf.decide(decision, task_list=f"of {outcome}")
        told = swf.last(f"ChildWorkflowExecution{outcome}", outcome)
        (carried,) = [value for name, value in decision.items() if name != "decisionType"]
        assert {name: told[name] for name in carried} == carried
    swf.start("late", taskList={"name": "late"})
    swf.decide(child("c", executionStartToCloseTimeout="10"), task_list="late")
    swf.advance(11)
    assert swf.last("ChildWorkflowExecutionTimedOut", "late")["timeoutType"] == "START_TO_CLOSE"


def test_a_signal_from_one_execution_to_another(swf: Client) -> None:
    swf.start("target", taskList={"name": "other"})
    swf.start()
    given = {
        "workflowId": "target",
        "runId": swf.runs["target"],
        "signalName": "s",
        "input": "in",
        "control": "mine",
    }
    swf.decide(d("SignalExternalWorkflowExecution", **given))
    assert swf.last("SignalExternalWorkflowExecutionInitiated") == {**given, **COMPLETED}
    arrived = {"workflowExecution": swf.execution("target"), "initiatedEventId": 5}
    assert swf.last("ExternalWorkflowExecutionSignaled") == arrived
    assert swf.last("WorkflowExecutionSignaled", "target") == {
        "signalName": "s",
        "input": "in",
        "externalWorkflowExecution": swf.execution(),
        "externalInitiatedEventId": 5,
    }


def test_a_cancel_request_from_one_execution_to_another(swf: Client) -> None:
    swf.start("target", taskList={"name": "other"})
    swf.start()
    given = {"workflowId": "target", "runId": swf.runs["target"], "control": "mine"}
    swf.decide(d("RequestCancelExternalWorkflowExecution", **given))
    assert swf.last("RequestCancelExternalWorkflowExecutionInitiated") == {**given, **COMPLETED}
    arrived = {"workflowExecution": swf.execution("target"), "initiatedEventId": 5}
    assert swf.last("ExternalWorkflowExecutionCancelRequested") == arrived
    assert swf.last("WorkflowExecutionCancelRequested", "target") == {
        "externalWorkflowExecution": swf.execution(),
        "externalInitiatedEventId": 5,
    }
