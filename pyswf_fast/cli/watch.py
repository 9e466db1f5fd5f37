"""How far a run is, from its histories alone: only events that are new are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Watch"]

PAGE_EVENTS = 200

Call = Callable[..., dict[str, Any]]


class Watch:
    """Counts what an execution and its children have done.

    Parameters:
        call: One operation of SWF, as `Session.call`.
        workflow_id: The execution's name.
        run_id: Its run.
    """

    def __init__(self, call: Call, workflow_id: str, run_id: str) -> None:
        self.call = call
        self.runs = {run_id: Run(workflow_id, run_id)}

    @property
    def activities(self) -> int:
        """Activities that completed so far."""
        return sum(run.completed for run in self.runs.values())

    @property
    def failures(self) -> int:
        """Attempts that failed or timed out so far."""
        return sum(run.failed for run in self.runs.values())

    @property
    def events(self) -> int:
        """Events of all histories so far."""
        return sum(run.last for run in self.runs.values())

    @property
    def children(self) -> int:
        """Children that closed so far."""
        return sum(run.is_closed for run in self.runs.values()) - next(iter(self.runs.values())).is_closed

    @property
    def is_closed(self) -> bool:
        """Whether the execution itself has closed."""
        return next(iter(self.runs.values())).is_closed

    def look(self) -> None:
        """Read what is new."""
        for run in list(self.runs.values()):
            if run.is_closed:
                continue
            for event in self.new_events(run):
                run.count(event)
                if event["eventType"] == "ChildWorkflowExecutionStarted":
                    child = event["childWorkflowExecutionStartedEventAttributes"]["workflowExecution"]
                    self.runs[child["runId"]] = Run(child["workflowId"], child["runId"])

    def new_events(self, run: Run) -> list[dict[str, Any]]:
        """The events of a run that were not there last time, in order."""
        found: list[dict[str, Any]] = []
        token = None
        while True:
            page = self.call(
                "GetWorkflowExecutionHistory",
                execution={"workflowId": run.workflow_id, "runId": run.run_id},
                reverseOrder=True,
                maximumPageSize=PAGE_EVENTS,
                nextPageToken=token,
            )
            fresh = [event for event in page["events"] if event["eventId"] > run.last]
            found += fresh
            token = page.get("nextPageToken")
            if token is None or len(fresh) < len(page["events"]):
                return found[::-1]


class Run:
    """The counts of one run."""

    CLOSING = frozenset(
        f"WorkflowExecution{how}"
        for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated", "ContinuedAsNew")
    )

    def __init__(self, workflow_id: str, run_id: str) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.last = 0
        self.completed = 0
        self.failed = 0
        self.is_closed = False

    def count(self, event: dict[str, Any]) -> None:
        """Take one event into account."""
        self.last = event["eventId"]
        kind = event["eventType"]
        self.completed += kind == "ActivityTaskCompleted"
        self.failed += kind in {"ActivityTaskFailed", "ActivityTaskTimedOut"}
        self.is_closed = self.is_closed or kind in self.CLOSING
