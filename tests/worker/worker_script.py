"""A raw decider: it asks for activities, and what it gets stands in its history."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf


class Script:
    """An execution that asks for activities as it is told.

    Parameters:
        swf: The service.
        domain: Its domain, which is made.
    """

    def __init__(self, swf: EmbeddedSwf, domain: str) -> None:
        self.swf = swf
        self.domain = domain
        self._ask("RegisterDomain", name=domain, workflowExecutionRetentionPeriodInDays="1")
        defaults = {
            "defaultTaskList": {"name": "script"},
            "defaultTaskStartToCloseTimeout": "30",
            "defaultExecutionStartToCloseTimeout": "300",
            "defaultChildPolicy": "TERMINATE",
        }
        self._ask("RegisterWorkflowType", domain=domain, name="script", version="1", **defaults)
        kind = {"name": "script", "version": "1"}
        started = self._ask("StartWorkflowExecution", domain=domain, workflowId="script", workflowType=kind)
        self.run_id = started["runId"]

    def _ask(self, operation: str, **params: Any) -> dict[str, Any]:
        return json.loads(self.swf.call(operation, params) or b"{}")

    def decide(self, *decisions: dict[str, Any]) -> None:
        """Answer the decision task that is there."""
        task = self._ask("PollForDecisionTask", domain=self.domain, taskList={"name": "script"})
        assert task["taskToken"], "there is no decision to make"
        self._ask("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)

    def schedule(self, *calls: tuple[str, str, str | None], **more: Any) -> None:
        """Ask for activities: (activityId, name of the type, input)."""
        for _, name, _ in calls:
            with contextlib.suppress(ServiceFault):  # it is there already
                self._ask("RegisterActivityType", domain=self.domain, name=name, version="1.0")
        self.decide(
            *(
                {
                    "decisionType": "ScheduleActivityTask",
                    "scheduleActivityTaskDecisionAttributes": {
                        "activityId": activity_id,
                        "activityType": {"name": name, "version": "1.0"},
                        "taskList": {"name": "work"},
                        **({} if text is None else {"input": text}),
                        "startToCloseTimeout": "NONE",
                        "scheduleToStartTimeout": "NONE",
                        "scheduleToCloseTimeout": "NONE",
                        "heartbeatTimeout": "NONE",
                        **more,
                    },
                }
                for activity_id, name, text in calls
            )
        )

    def cancel(self, id: str) -> None:
        """Ask to cancel an activity."""
        attributes = {"activityId": id}
        self.decide(
            {
                "decisionType": "RequestCancelActivityTask",
                "requestCancelActivityTaskDecisionAttributes": attributes,
            }
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        """The history."""
        execution = {"workflowId": "script", "runId": self.run_id}
        return self._ask("GetWorkflowExecutionHistory", domain=self.domain, execution=execution)["events"]

    def outcomes(self, count: int, *, within: float = 15) -> dict[str, tuple[str, dict[str, Any]]]:
        """Wait for so many activities to end; activityId -> (type of the closing event, its attributes)."""
        until = time.monotonic() + within
        while True:
            events = self.events
            ids: dict[int, str] = {}
            found: dict[str, tuple[str, dict[str, Any]]] = {}
            for event in events:
                kind = event["eventType"]
                attributes = event[kind[0].lower() + kind[1:] + "EventAttributes"]
                if kind == "ActivityTaskScheduled":
                    ids[event["eventId"]] = attributes["activityId"]
                elif kind.startswith("ActivityTask") and kind.endswith(
                    ("Completed", "Failed", "TimedOut", "Canceled")
                ):
                    found[ids[attributes["scheduledEventId"]]] = kind.removeprefix("ActivityTask"), attributes
            if len(found) >= count:
                return found
            assert time.monotonic() < until, f"only {found} of {count} ended"
            time.sleep(0.01)
