"""Every timeout, through the clock: when it strikes, what it records, what it leaves."""

from __future__ import annotations

import pytest
from service_driver import DOMAIN, Driver, activity, attributes, d, timer


@pytest.mark.parametrize(
    ("timeout", "started", "kind"),
    [
        ("scheduleToStartTimeout", False, "SCHEDULE_TO_START"),
        ("scheduleToCloseTimeout", False, "SCHEDULE_TO_CLOSE"),
        ("scheduleToCloseTimeout", True, "SCHEDULE_TO_CLOSE"),
        ("startToCloseTimeout", True, "START_TO_CLOSE"),
        ("heartbeatTimeout", True, "HEARTBEAT"),
    ],
)
def test_an_activity_times_out(swf: Driver, timeout: str, started: bool, kind: str) -> None:
    swf.start()
    swf.decide(activity(**{timeout: "10"}))
    token = swf.work()["taskToken"] if started else None
    swf.advance(9.999)
    assert "ActivityTaskTimedOut" not in swf.kinds()
    swf.advance(60)
    history = swf.history()
    assert attributes(history[-2]) == {
        "scheduledEventId": 5,
        "startedEventId": 6 if started else 0,
        "timeoutType": kind,
    }
    assert history[-2]["eventTimestamp"] == history[4]["eventTimestamp"] + 10, "stamped when it struck"
    assert history[-1]["eventType"] == "DecisionTaskScheduled"
    if token is None:
        assert swf.work()["taskToken"] == ""
    else:
        fault = swf.fault("RespondActivityTaskCompleted", taskToken=token)
        assert fault.type == "UnknownResourceFault"
        assert fault.message == "Unknown activity, scheduledEventId = 5"


@pytest.mark.parametrize("timeout", ["scheduleToStartTimeout", "heartbeatTimeout"])
def test_timeouts_that_do_not_run_in_this_state(swf: Driver, timeout: str) -> None:
    swf.start()
    swf.decide(activity(**{timeout: "10"}))
    if timeout == "scheduleToStartTimeout":
        swf.work()
    swf.advance(50)
    assert "ActivityTaskTimedOut" not in swf.kinds()


def test_heartbeats_put_the_heartbeat_timeout_off_and_leave_their_details(swf: Driver) -> None:
    swf.start()
    swf.decide(activity(heartbeatTimeout="10"))
    token = swf.work()["taskToken"]
    for step in range(5):
        swf.advance(9)
        swf("RecordActivityTaskHeartbeat", taskToken=token, details=f"step {step}")
    assert swf.kinds()[-1] == "ActivityTaskStarted", "a heartbeat is no event"
    swf.advance(9.9)
    assert swf.kinds()[-1] == "ActivityTaskStarted"
    swf.advance(0.1)
    assert swf.last("ActivityTaskTimedOut") == {
        "details": "step 4",
        "scheduledEventId": 5,
        "startedEventId": 6,
        "timeoutType": "HEARTBEAT",
    }


def test_heartbeats_do_not_put_start_to_close_off(swf: Driver) -> None:
    swf.start()
    swf.decide(activity(heartbeatTimeout="10", startToCloseTimeout="15"))
    token = swf.work()["taskToken"]
    swf.advance(8)
    swf("RecordActivityTaskHeartbeat", taskToken=token)
    swf.advance(7)
    assert swf.last("ActivityTaskTimedOut")["timeoutType"] == "START_TO_CLOSE"


def test_a_decision_task_that_times_out_comes_back(swf: Driver) -> None:
    swf.start()
    old = swf.poll()
    swf.advance(30)
    assert swf.last("DecisionTaskTimedOut") == {
        "scheduledEventId": 2,
        "startedEventId": 3,
        "timeoutType": "START_TO_CLOSE",
    }
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=old["taskToken"])
    assert (fault.type, fault.message) == (
        "UnknownResourceFault",
        "Unknown decision task, scheduledEventId = 2",
    )
    again = swf.poll()
    assert (again["startedEventId"], again["previousStartedEventId"]) == (6, 0)


def test_a_decision_task_queued_behind_one_that_times_out_takes_its_place(swf: Driver) -> None:
    swf.start()
    swf.poll()
    swf.signal()
    swf.advance(30)
    assert swf.kinds()[3:] == ["WorkflowExecutionSignaled", "DecisionTaskScheduled", "DecisionTaskTimedOut"]
    assert swf.poll()["startedEventId"] == 7


def test_an_execution_times_out_and_nothing_follows(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout="100")
    swf.decide(activity(startToCloseTimeout="100"), timer("t", 100))
    token = swf.work()["taskToken"]
    swf.advance(1000)
    history = swf.history()
    assert history[-1]["eventType"] == "WorkflowExecutionTimedOut"
    assert history[-1]["eventTimestamp"] == history[0]["eventTimestamp"] + 100
    assert swf.describe()["executionInfo"]["closeStatus"] == "TIMED_OUT"
    fault = swf.fault("RecordActivityTaskHeartbeat", taskToken=token)
    expected = f"Unknown execution: WorkflowExecution=[workflowId=w, runId={swf.runs['w']}]"
    assert (fault.type, fault.message) == ("UnknownResourceFault", expected)


def test_a_child_without_a_limit_ends_after_a_year(swf: Driver) -> None:
    swf.start(taskList={"name": "parents"})
    swf.decide(
        d(
            "StartChildWorkflowExecution",
            workflowId="c",
            workflowType={"name": "flow", "version": "1"},
            executionStartToCloseTimeout="NONE",
        ),
        d("CompleteWorkflowExecution"),
        task_list="parents",
    )
    run = swf.open_run("c")
    swf.advance(31_536_000)
    assert swf.kinds("c", run)[-1] == "WorkflowExecutionTimedOut"


def test_things_happen_in_the_order_in_which_they_are_due(swf: Driver) -> None:
    swf.start()
    swf.decide(timer("late", 30), timer("early", 10), activity(scheduleToStartTimeout="20"))
    swf.advance(3600)
    kinds = [kind for kind in swf.kinds()[7:] if kind != "DecisionTaskScheduled"]
    assert kinds == ["TimerFired", "ActivityTaskTimedOut", "TimerFired"]


def test_a_month_passes_in_steps_that_next_due_names(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout="31536000")
    for _ in range(3):
        swf.decide(timer("month", 30 * 86_400))
        due = swf.swf.next_due()
        assert due is not None
        swf.clock.advance_to(due)
        swf.swf.run_due()
    assert swf.kinds().count("TimerFired") == 3
    assert swf.history()[-1]["eventTimestamp"] - swf.history()[0]["eventTimestamp"] == 90 * 86_400


def test_a_temporary_task_list_falls_back_when_nobody_starts_the_task(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="10")
    completed = swf.last("DecisionTaskCompleted")
    assert completed["taskList"] == {"name": "sticky"}
    assert completed["taskListScheduleToStartTimeout"] == "10"
    swf.signal()
    scheduled = swf.last("DecisionTaskScheduled")
    assert (scheduled["taskList"], scheduled["scheduleToStartTimeout"]) == ({"name": "sticky"}, "10")
    assert swf.poll()["taskToken"] == ""
    swf.advance(10)
    assert swf.last("DecisionTaskTimedOut") == {
        "scheduledEventId": 6,
        "startedEventId": 0,
        "timeoutType": "SCHEDULE_TO_START",
    }
    assert swf.poll("sticky")["taskToken"] == ""
    assert swf.poll()["startedEventId"] == 9
    assert swf.last("DecisionTaskScheduled")["scheduleToStartTimeout"] == "NONE"


def test_a_temporary_task_list_falls_back_when_the_task_is_not_completed(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="10")
    swf.signal()
    assert swf.poll("sticky")["taskToken"]
    swf.advance(30)
    assert swf.last("DecisionTaskTimedOut")["timeoutType"] == "START_TO_CLOSE"
    assert swf.last("DecisionTaskScheduled")["taskList"] == {"name": "decisions"}
    assert swf.poll()["taskToken"]


def test_a_task_list_without_a_timeout_is_taken_for_good(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "new"})
    swf.signal()
    assert swf.poll("new")["taskToken"]
    swf.advance(30)
    assert swf.last("DecisionTaskScheduled")["taskList"] == {"name": "new"}
    swf.decide(task_list="new", taskList={"name": "sticky"}, taskListScheduleToStartTimeout="5")
    swf.signal()
    swf.advance(5)
    assert swf.poll("new")["taskToken"], "a later override falls back to it"


def test_a_withheld_task_cannot_time_out_before_it_is_free(swf: Driver) -> None:
    swf.start()
    swf.decide(taskList={"name": "sticky"}, taskListScheduleToStartTimeout="10")
    swf.signal()
    running = swf.poll("sticky")
    swf.signal()
    swf.advance(20)
    assert "DecisionTaskTimedOut" not in swf.kinds()
    swf.respond(running)
    swf.advance(9)
    assert "DecisionTaskTimedOut" not in swf.kinds()
    swf.advance(1)
    assert swf.last("DecisionTaskTimedOut")["timeoutType"] == "SCHEDULE_TO_START"


def test_a_schedule_to_start_timeout_needs_its_list(swf: Driver) -> None:
    swf.start()
    task = swf.poll()
    token = task["taskToken"]
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=token, taskListScheduleToStartTimeout="5")
    assert fault.type == "ValidationException"
    swf.respond(task)


def test_closed_executions_are_forgotten_after_the_retention(swf: Driver) -> None:
    swf.start()
    swf.decide(d("CompleteWorkflowExecution"))
    swf.advance(7 * 86_400 - 1)
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"
    swf.advance(1)
    for operation in ("DescribeWorkflowExecution", "GetWorkflowExecutionHistory"):
        fault = swf.fault(operation, domain=DOMAIN, execution=swf.execution())
        assert fault.type == "UnknownResourceFault"


@pytest.mark.parametrize("retention", ["NONE", "0"])
def test_without_retention_nothing_is_kept_of_a_closed_execution(swf: Driver, retention: str) -> None:
    swf("RegisterDomain", name="brief", workflowExecutionRetentionPeriodInDays=retention)
    given = {"defaultChildPolicy": "ABANDON", "defaultTaskList": {"name": "l"}}
    times = {"defaultTaskStartToCloseTimeout": "9", "defaultExecutionStartToCloseTimeout": "9"}
    swf("RegisterWorkflowType", domain="brief", name="f", version="1", **given, **times)
    run = swf(
        "StartWorkflowExecution", domain="brief", workflowId="w", workflowType={"name": "f", "version": "1"}
    )
    swf("TerminateWorkflowExecution", domain="brief", workflowId="w")
    fault = swf.fault("DescribeWorkflowExecution", domain="brief", execution={"workflowId": "w", **run})
    assert fault.type == "UnknownResourceFault"
