"""Every timeout over HTTP; the clock is the test's."""

from __future__ import annotations

import pytest
from service_driver import activity, child, d

from .conftest import Client


@pytest.mark.parametrize(
    ("timeout", "member", "is_started"),
    [
        ("SCHEDULE_TO_START", "scheduleToStartTimeout", False),
        ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", False),
        ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", True),
        ("START_TO_CLOSE", "startToCloseTimeout", True),
        ("HEARTBEAT", "heartbeatTimeout", True),
    ],
)
def test_an_activity_times_out(swf: Client, timeout: str, member: str, is_started: bool) -> None:
    swf.start()
    swf.decide(activity(**{member: "10"}))
    given = {}
    if is_started:
        token = swf.work()["taskToken"]
        swf("RecordActivityTaskHeartbeat", taskToken=token, details="half")
        given = {"details": "half"}
    swf.advance(9.999)
    assert swf.kinds()[-1] in ("ActivityTaskScheduled", "ActivityTaskStarted")
    swf.advance(60)
    *_, timed_out, scheduled = swf.history()
    assert timed_out["eventTimestamp"] == 1.7e9 + 10, "it is stamped when it struck"
    expected = {
        **given,
        "timeoutType": timeout,
        "scheduledEventId": 5,
        "startedEventId": 6 if is_started else 0,
    }
    assert timed_out["activityTaskTimedOutEventAttributes"] == expected
    assert scheduled["eventType"] == "DecisionTaskScheduled"
    if is_started:
        fault = swf.fault("RespondActivityTaskCompleted", taskToken=token)
        assert fault.message == "Unknown activity, scheduledEventId = 5"


def test_a_decision_task_times_out_and_comes_back(swf: Client) -> None:
    swf.start()
    old = swf.poll()
    swf.advance(30)
    timed_out = {"timeoutType": "START_TO_CLOSE", "scheduledEventId": 2, "startedEventId": 3}
    assert swf.last("DecisionTaskTimedOut") == timed_out
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=old["taskToken"])
    assert fault.message == "Unknown decision task, scheduledEventId = 2"
    assert swf.poll()["startedEventId"] == 6


def test_a_decision_task_that_nobody_starts_at_its_temporary_list_goes_home(swf: Client) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="10")
    swf.signal()
    swf.advance(10)
    timed_out = {"timeoutType": "SCHEDULE_TO_START", "scheduledEventId": 6, "startedEventId": 0}
    assert swf.last("DecisionTaskTimedOut") == timed_out
    assert swf.poll()["startedEventId"] == 9


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_an_execution_times_out_and_its_children_with_it(swf: Client, policy: str) -> None:
    swf.start(executionStartToCloseTimeout="100", childPolicy=policy)
    swf.decide(child())
    swf.open_run("child")
    swf.advance(1000)
    assert swf.last("WorkflowExecutionTimedOut") == {"timeoutType": "START_TO_CLOSE", "childPolicy": policy}
    told = {"TERMINATE": "WorkflowExecutionTerminated", "REQUEST_CANCEL": "WorkflowExecutionCancelRequested"}
    if policy in told:
        assert swf.last(told[policy], "child")["cause"] == "CHILD_POLICY_APPLIED"
    assert [event["eventTimestamp"] for event in swf.history("child")[2:]] == [1.7e9 + 100] * (policy in told)


def test_a_poll_that_finds_nothing_says_so(swf: Client) -> None:
    assert swf.poll() == {"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}
    assert swf.work() == {"taskToken": "", "startedEventId": 0}


def test_records_of_closed_executions_go_after_the_retention(swf: Client) -> None:
    swf.start()
    swf.decide(d("CompleteWorkflowExecution"))
    swf.advance(7 * 86_400 - 1)
    assert swf.kinds()[-1] == "WorkflowExecutionCompleted"
    swf.advance(1)
    listed = swf("ListClosedWorkflowExecutions", domain="test", startTimeFilter={"oldestDate": 0})
    assert listed == {"executionInfos": []}
