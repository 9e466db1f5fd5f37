"""A short way to drive the service in tests; each history that it hands out has been checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_conformance import check_history, loads, member_of

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock

DOMAIN = "test"
DECISIONS, ACTIVITIES = {"name": "decisions"}, {"name": "activities"}
WORKFLOW_TYPE, ACTIVITY_TYPE = {"name": "flow", "version": "1"}, {"name": "act", "version": "1"}
WORKFLOW_DEFAULTS = {
    "defaultTaskList": DECISIONS,
    "defaultTaskStartToCloseTimeout": "30",
    "defaultExecutionStartToCloseTimeout": "100000",
    "defaultChildPolicy": "TERMINATE",
}
ACTIVITY_DEFAULTS = {
    "defaultTaskList": ACTIVITIES,
    "defaultTaskStartToCloseTimeout": "NONE",
    "defaultTaskScheduleToStartTimeout": "NONE",
    "defaultTaskScheduleToCloseTimeout": "NONE",
    "defaultTaskHeartbeatTimeout": "NONE",
}


def d(kind: str, **attributes: Any) -> dict[str, Any]:
    """A decision."""
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def activity(activity_id: str = "a", **attributes: Any) -> dict[str, Any]:
    return d("ScheduleActivityTask", activityId=activity_id, activityType=ACTIVITY_TYPE, **attributes)


def timer(timer_id: str = "t", seconds: int = 5, **attributes: Any) -> dict[str, Any]:
    return d("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds), **attributes)


def child(workflow_id: str = "child", **attributes: Any) -> dict[str, Any]:
    return d("StartChildWorkflowExecution", workflowId=workflow_id, workflowType=WORKFLOW_TYPE, **attributes)


def attributes(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event[member_of(event["eventType"])]
    return found


class Driver:
    """A service with one domain and one type of each kind; `restarts` reopens it before every call."""

    def __init__(self, make: Callable[[], EmbeddedSwf], clock: VirtualClock, restarts: bool) -> None:
        self._make = make
        self.clock = clock
        self.restarts = restarts
        self.swf = make()
        self.runs: dict[str, str] = {}
        self("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        self("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
        self("RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)

    def __call__(self, operation: str, /, **params: Any) -> Any:
        if self.restarts:
            self.restart()
        return loads(self.swf.call(operation, params))

    def restart(self) -> None:
        self.swf.close()
        self.swf = self._make()

    def fault(self, operation: str, /, **params: Any) -> ServiceFault:
        with pytest.raises(ServiceFault) as caught:
            self(operation, **params)
        return caught.value

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.restarts:
            self.restart()
        self.swf.run_due()

    def start(self, workflow_id: str = "w", **params: Any) -> str:
        params = {"workflowType": WORKFLOW_TYPE, **params}
        run_id: str = self("StartWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, **params)["runId"]
        self.runs[workflow_id] = run_id
        return run_id

    def poll(self, task_list: str = "decisions", **params: Any) -> dict[str, Any]:
        task: dict[str, Any] = self(
            "PollForDecisionTask", domain=DOMAIN, taskList={"name": task_list}, **params
        )
        return task

    def work(self, task_list: str = "activities", **params: Any) -> dict[str, Any]:
        task: dict[str, Any] = self(
            "PollForActivityTask", domain=DOMAIN, taskList={"name": task_list}, **params
        )
        return task

    def respond(self, task: dict[str, Any], *decisions: dict[str, Any], **params: Any) -> None:
        self("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=list(decisions), **params)

    def decide(
        self, *decisions: dict[str, Any], task_list: str = "decisions", **params: Any
    ) -> dict[str, Any]:
        """Take the next decision task, which must be there, and answer it."""
        task = self.poll(task_list)
        assert task["taskToken"]
        self.respond(task, *decisions, **params)
        return task

    def complete(self, result: str | None = None) -> dict[str, Any]:
        """Take the next activity task, which must be there, and complete it."""
        task = self.work()
        assert task["taskToken"]
        given = {} if result is None else {"result": result}
        self("RespondActivityTaskCompleted", taskToken=task["taskToken"], **given)
        return task

    def signal(self, workflow_id: str = "w", name: str = "s", **params: Any) -> None:
        self("SignalWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, signalName=name, **params)

    def execution(self, workflow_id: str = "w", run_id: str | None = None) -> dict[str, str]:
        return {"workflowId": workflow_id, "runId": run_id or self.runs[workflow_id]}

    def open_run(self, workflow_id: str) -> str:
        """Learn the run id of an execution that somebody else started."""
        found = self(
            "ListOpenWorkflowExecutions",
            domain=DOMAIN,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": workflow_id},
        )
        run_id: str = found["executionInfos"][0]["execution"]["runId"]
        self.runs[workflow_id] = run_id
        return run_id

    def describe(self, workflow_id: str = "w", run_id: str | None = None) -> dict[str, Any]:
        execution = self.execution(workflow_id, run_id)
        found: dict[str, Any] = self("DescribeWorkflowExecution", domain=DOMAIN, execution=execution)
        return found

    def history(self, workflow_id: str = "w", run_id: str | None = None) -> list[dict[str, Any]]:
        """The whole history, checked."""
        params: dict[str, Any] = {"domain": DOMAIN, "execution": self.execution(workflow_id, run_id)}
        page = self("GetWorkflowExecutionHistory", **params)
        events: list[dict[str, Any]] = page["events"]
        while "nextPageToken" in page:
            page = self("GetWorkflowExecutionHistory", nextPageToken=page["nextPageToken"], **params)
            events += page["events"]
        check_history(events)
        return events

    def kinds(self, workflow_id: str = "w", run_id: str | None = None) -> list[str]:
        return [event["eventType"] for event in self.history(workflow_id, run_id)]

    def last(self, kind: str, workflow_id: str = "w", run_id: str | None = None) -> dict[str, Any]:
        """Attributes of the last event of that type."""
        return attributes([e for e in self.history(workflow_id, run_id) if e["eventType"] == kind][-1])
