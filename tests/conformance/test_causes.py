"""Every cause for which a decision fails; each failure is an event, and calls for another decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import (
    ACTIVITIES,
    ACTIVITY_TYPE,
    DECISIONS,
    DOMAIN,
    WORKFLOW_TYPE,
    activity,
    attributes,
    child,
    d,
    timer,
)

from pyswf_fast.service import Limits

from .conftest import Client
from .model import SHAPES

OLD, BARE, NONE = ({"name": name, "version": "1"} for name in ("old", "bare", "none"))
EXTERNAL = {"workflowId": "nobody", "runId": "r", "control": "mine"}
# A decision of each kind that nothing stands in the way of.
GOOD: dict[str, dict[str, Any]] = {
    "ScheduleActivityTask": {"activityId": "a", "activityType": ACTIVITY_TYPE},
    "RequestCancelActivityTask": {"activityId": "running"},
    "CompleteWorkflowExecution": {},
    "FailWorkflowExecution": {},
    "CancelWorkflowExecution": {},
    "ContinueAsNewWorkflowExecution": {},
    "RecordMarker": {"markerName": "m"},
    "StartTimer": {"timerId": "t", "startToFireTimeout": "5"},
    "CancelTimer": {"timerId": "running"},
    "SignalExternalWorkflowExecution": {**EXTERNAL, "signalName": "s"},
    "RequestCancelExternalWorkflowExecution": EXTERNAL,
    "StartChildWorkflowExecution": {"workflowId": "c", "workflowType": WORKFLOW_TYPE, "control": "mine"},
    "ScheduleLambdaFunction": {"id": "1", "name": "f"},
}


def refused(swf: Client, kind: str, cause: str, *before: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Make a decision that fails for `cause`; returns what its failure event says beside that."""
    task = swf.poll(maximumPageSize=1)
    assert task["taskToken"]
    swf.respond(task, *before, d(kind, **given))
    latest = {
        "domain": DOMAIN,
        "execution": task["workflowExecution"],
        "reverseOrder": True,
        "maximumPageSize": 2,
    }
    scheduled, failed = swf("GetWorkflowExecutionHistory", **latest)["events"]
    assert (failed["eventType"], scheduled["eventType"]) == (f"{kind}Failed", "DecisionTaskScheduled")
    said = attributes(failed)
    assert said.pop("cause") == cause
    assert said.pop("decisionTaskCompletedEventId") == task["startedEventId"] + 1
    return said


def with_bare_types(swf: Client) -> None:
    """Types without any default, one of which is deprecated."""
    for kind in ("Activity", "Workflow"):
        for name in ("old", "bare"):
            swf(f"Register{kind}Type", domain=DOMAIN, name=name, version="1")
        swf(f"Deprecate{kind}Type", domain=DOMAIN, **{f"{kind.lower()}Type": OLD})


def test_an_activity(swf: Client) -> None:
    with_bare_types(swf)
    swf.start()
    kind = "ScheduleActivityTask"
    for activity_type, cause in ((NONE, "ACTIVITY_TYPE_DOES_NOT_EXIST"), (OLD, "ACTIVITY_TYPE_DEPRECATED")):
        said = refused(swf, kind, cause, activityId="a", activityType=activity_type)
        assert said == {"activityId": "a", "activityType": activity_type}
    taken = {"activityId": "a", "activityType": ACTIVITY_TYPE}
    assert refused(swf, kind, "ACTIVITY_ID_ALREADY_IN_USE", activity(), **taken) == taken
    given: dict[str, Any] = {}
    for member, cause in (
        ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE_TIMEOUT"),
        ("taskList", "TASK_LIST"),
        ("scheduleToStartTimeout", "SCHEDULE_TO_START_TIMEOUT"),
        ("startToCloseTimeout", "START_TO_CLOSE_TIMEOUT"),
        ("heartbeatTimeout", "HEARTBEAT_TIMEOUT"),
    ):
        refused(swf, kind, f"DEFAULT_{cause}_UNDEFINED", activityId="b", activityType=BARE, **given)
        given[member] = ACTIVITIES if member == "taskList" else "NONE"
    swf.decide(d(kind, activityId="b", activityType=BARE, **given))
    assert swf.kinds()[-1] == "ActivityTaskScheduled"


def configured(swf: Client, kind: str, **given: Any) -> dict[str, Any]:
    """Fail for each missing default in turn; returns the configuration that has all of them."""
    config: dict[str, Any] = {}
    for member, value, cause in (
        ("executionStartToCloseTimeout", "60", "EXECUTION_START_TO_CLOSE_TIMEOUT"),
        ("taskList", DECISIONS, "TASK_LIST"),
        ("taskStartToCloseTimeout", "60", "TASK_START_TO_CLOSE_TIMEOUT"),
        ("childPolicy", "ABANDON", "CHILD_POLICY"),
    ):
        refused(swf, kind, f"DEFAULT_{cause}_UNDEFINED", **given, **config)
        config[member] = value
    return config


def test_a_child(swf: Client) -> None:
    with_bare_types(swf)
    swf.start()
    kind = "StartChildWorkflowExecution"
    for workflow_type, cause in (
        (NONE, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        (OLD, "WORKFLOW_TYPE_DEPRECATED"),
    ):
        given = {"workflowId": "c", "workflowType": workflow_type, "control": "mine"}
        assert refused(swf, kind, cause, **given) == {**given, "initiatedEventId": 0}
    running = {"workflowId": "w", "workflowType": WORKFLOW_TYPE, "control": "mine"}
    said = refused(swf, kind, "WORKFLOW_ALREADY_RUNNING", **running)
    initiated_id = said.pop("initiatedEventId")
    assert swf.history()[initiated_id - 1]["eventType"] == "StartChildWorkflowExecutionInitiated"
    assert said == running
    config = configured(swf, kind, workflowId="c", workflowType=BARE)
    swf.decide(d(kind, workflowId="c", workflowType=BARE, **config))
    assert swf.kinds()[-2] == "ChildWorkflowExecutionStarted"


def test_a_run_that_is_to_continue_as_new(swf: Client) -> None:
    kind = "ContinueAsNewWorkflowExecution"
    config = {"taskList": DECISIONS, "childPolicy": "ABANDON"}
    times = dict.fromkeys(("executionStartToCloseTimeout", "taskStartToCloseTimeout"), "60")
    for version in ("1", "old"):
        swf("RegisterWorkflowType", domain=DOMAIN, name="bare", version=version)
    swf("DeprecateWorkflowType", domain=DOMAIN, workflowType={"name": "bare", "version": "old"})
    swf.start(workflowType=BARE, **config, **times)
    refused(swf, kind, "WORKFLOW_TYPE_DOES_NOT_EXIST", workflowTypeVersion="none")
    refused(swf, kind, "WORKFLOW_TYPE_DEPRECATED", workflowTypeVersion="old")
    swf.decide(d(kind, **configured(swf, kind)))
    assert swf.kinds()[-1] == "WorkflowExecutionContinuedAsNew"


def test_timers_and_cancel_requests(swf: Client) -> None:
    swf.start()
    said = refused(swf, "StartTimer", "TIMER_ID_ALREADY_IN_USE", timer(), **GOOD["StartTimer"])
    assert said == {"timerId": "t"}
    assert refused(swf, "CancelTimer", "TIMER_ID_UNKNOWN", timerId="x") == {"timerId": "x"}
    said = refused(swf, "RequestCancelActivityTask", "ACTIVITY_ID_UNKNOWN", activityId="x")
    assert said == {"activityId": "x"}


@pytest.mark.parametrize(
    "kind", ["SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution"]
)
def test_an_execution_that_cannot_be_reached(swf: Client, kind: str) -> None:
    swf.start()
    said = refused(swf, kind, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", **GOOD[kind])
    assert said == {**EXTERNAL, "initiatedEventId": 5}


@pytest.mark.parametrize("kind", ["Complete", "Fail", "Cancel", "ContinueAsNew"])
def test_a_close_that_comes_too_early(swf: Client, kind: str) -> None:
    decision = f"{kind}WorkflowExecution"
    swf.start()
    task = swf.poll()
    swf.signal()
    swf.respond(task, d(decision))
    failed = swf.last(f"{decision}Failed")
    assert failed == {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 6}
    swf.decide(d(decision))
    assert swf.describe()["executionInfo"]["executionStatus"] == "CLOSED"


def test_quotas(make_swf: Callable[..., Client]) -> None:
    swf = make_swf(limits=Limits(open_activities=1, open_timers=1, open_children=1))
    swf.start()
    refused(
        swf,
        "ScheduleActivityTask",
        "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
        activity("1"),
        **GOOD["ScheduleActivityTask"],
    )
    refused(swf, "StartTimer", "OPEN_TIMERS_LIMIT_EXCEEDED", timer("1"), **GOOD["StartTimer"])
    kind = "StartChildWorkflowExecution"
    swf.decide(child("1", taskList={"name": "children"}))
    refused(swf, kind, "OPEN_CHILDREN_LIMIT_EXCEEDED", **GOOD[kind])
    swf = make_swf(limits=Limits(open_executions=1))
    swf.start()
    refused(swf, kind, "OPEN_WORKFLOWS_LIMIT_EXCEEDED", **GOOD[kind])


def test_any_cause_of_the_model_on_demand(swf: Client) -> None:
    swf.start()
    for kind, given in GOOD.items():
        for cause in SHAPES[f"{kind}FailedCause"]["enum"]:
            swf.swf.deny(kind, cause=cause)
            refused(swf, kind, cause, **given)
        swf.swf.allow(kind)


def test_decisions_that_come_too_often(swf: Client) -> None:
    for kind, given in GOOD.items():
        causes = [cause for cause in SHAPES[f"{kind}FailedCause"]["enum"] if cause.endswith("RATE_EXCEEDED")]
        for cause in causes:
            names = [kind] if kind != "ContinueAsNewWorkflowExecution" else ["first", "second"]
            tasks = []
            for name in names:
                swf.start(name, taskList={"name": name}, taskStartToCloseTimeout="NONE")
                tasks.append(swf.poll(name))
            swf.swf.throttle(0.0001)  # each bucket holds one token
            for task in tasks:
                swf.respond(task, *[d(kind, **given)] * (3 - len(tasks)))
                swf.advance(60)  # so that a second answer is let in, though not the decision in it
            swf.swf.throttle(None)
            assert swf.last(f"{kind}Failed", names[-1])["cause"] == cause
