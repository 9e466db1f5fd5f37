"""Executions from outside: started, described, signaled, asked to cancel, terminated, read."""

from __future__ import annotations

import pytest
from service_driver import DOMAIN, WORKFLOW_TYPE, Driver, activity, attributes, child, d, timer

from .conftest import Client
from .test_registration import EPOCH, ROLE

EVERYTHING = {
    "taskList": {"name": "special"},
    "taskPriority": "5",
    "input": "in",
    "executionStartToCloseTimeout": "1000",
    "tagList": ["a", "b"],
    "taskStartToCloseTimeout": "20",
    "childPolicy": "REQUEST_CANCEL",
    "lambdaRole": ROLE,
}


def test_a_start_records_all_that_it_was_given(swf: Client) -> None:
    run_id = swf.start("w", **EVERYTHING)
    started, scheduled = swf.history()
    assert attributes(started) == {**EVERYTHING, "workflowType": WORKFLOW_TYPE, "parentInitiatedEventId": 0}
    assert attributes(scheduled) == {
        "taskList": {"name": "special"},
        "taskPriority": "5",
        "startToCloseTimeout": "20",
        "scheduleToStartTimeout": "NONE",
    }
    shown = (
        "taskStartToCloseTimeout",
        "executionStartToCloseTimeout",
        "taskList",
        "taskPriority",
        "childPolicy",
    )
    described = swf.describe()
    assert described["executionConfiguration"] == {name: EVERYTHING[name] for name in (*shown, "lambdaRole")}
    assert described["executionInfo"] == {
        "execution": {"workflowId": "w", "runId": run_id},
        "workflowType": WORKFLOW_TYPE,
        "startTimestamp": EPOCH,
        "executionStatus": "OPEN",
        "tagList": ["a", "b"],
        "cancelRequested": False,
    }


def test_a_description_counts_what_is_open_and_keeps_the_counts_after_the_close(swf: Client) -> None:
    swf.start()
    swf.decide(activity("1"), activity("2"), timer(), child(), executionContext="first")
    described = swf.describe()
    assert described["openCounts"] == {
        "openActivityTasks": 2,
        "openTimers": 1,
        "openChildWorkflowExecutions": 1,
        "openDecisionTasks": 1,
        "openLambdaFunctions": 0,
    }
    assert described["latestActivityTaskTimestamp"] == EPOCH
    assert described["latestExecutionContext"] == "first"
    swf.open_run("child")
    assert swf.describe("child")["executionInfo"]["parent"] == swf.execution()
    swf.advance(1)
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    closed = swf.describe()
    assert closed["openCounts"] == {**described["openCounts"], "openChildWorkflowExecutions": 1}
    assert closed["executionInfo"]["closeTimestamp"] == EPOCH + 1
    assert closed["executionInfo"]["closeStatus"] == "TERMINATED"


def test_a_signal_from_outside(swf: Client) -> None:
    run_id = swf.start()
    swf("SignalWorkflowExecution", domain=DOMAIN, workflowId="w", runId=run_id, signalName="s", input="in")
    signaled = {"signalName": "s", "input": "in", "externalInitiatedEventId": 0}
    assert swf.last("WorkflowExecutionSignaled") == signaled
    swf.signal("w", "bare", runId="")
    assert swf.last("WorkflowExecutionSignaled") == {"signalName": "bare", "externalInitiatedEventId": 0}


def test_a_cancel_request_from_outside_only_informs(swf: Client) -> None:
    run_id = swf.start()
    swf("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId="w", runId=run_id)
    assert swf.last("WorkflowExecutionCancelRequested") == {"externalInitiatedEventId": 0}
    assert swf.describe()["executionInfo"]["cancelRequested"] is True
    swf.decide(d("CancelWorkflowExecution", details="bye"))
    assert swf.describe()["executionInfo"]["closeStatus"] == "CANCELED"


def test_a_termination_says_why(swf: Client) -> None:
    run_id = swf.start()
    given = {"reason": "why", "details": "more", "childPolicy": "ABANDON"}
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w", runId=run_id, **given)
    assert swf.last("WorkflowExecutionTerminated") == {**given, "cause": "OPERATOR_INITIATED"}


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_what_a_terminated_parent_does_to_its_children(swf: Client, policy: str) -> None:
    swf.start(childPolicy=policy)
    swf.decide(child(childPolicy=policy))
    swf.open_run("child")
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    assert swf.last("StartChildWorkflowExecutionInitiated")["childPolicy"] == policy
    last = swf.history("child")[2:]
    if policy == "TERMINATE":
        assert attributes(last[0]) == {"cause": "CHILD_POLICY_APPLIED", "childPolicy": policy}
    elif policy == "REQUEST_CANCEL":
        assert attributes(last[0]) == {"cause": "CHILD_POLICY_APPLIED", "externalInitiatedEventId": 0}
    else:
        assert last == []


def close_statuses(swf: Driver) -> list[str]:
    listed = swf(
        "ListClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0}, reverseOrder=True
    )
    return [info["closeStatus"] for info in listed["executionInfos"]]


def test_the_six_ways_to_end(swf: Client) -> None:
    for decision in ("Complete", "Fail", "Cancel", "ContinueAsNew"):
        swf.start(decision)
        swf.decide(d(f"{decision}WorkflowExecution"))
        swf.advance(1)
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="ContinueAsNew")
    swf.advance(1)
    swf.start("late", executionStartToCloseTimeout="10")
    swf.advance(11)
    assert close_statuses(swf) == [
        "COMPLETED",
        "FAILED",
        "CANCELED",
        "CONTINUED_AS_NEW",
        "TERMINATED",
        "TIMED_OUT",
    ]


def test_a_full_history_ends_the_execution(make_swf: type[Client]) -> None:
    from pyswf_fast.service import Limits

    swf = make_swf(limits=Limits(history_events=7))
    swf.start()
    swf.decide(*[d("RecordMarker", markerName="m")] * 5)
    assert swf.last("WorkflowExecutionTerminated")["cause"] == "EVENT_LIMIT_EXCEEDED"
