"""What an execution's history says of its state, found by looking through all of it again and again."""

from __future__ import annotations

from typing import Any

from service_conformance import CLOSING, member_of

# What calls for a decision.
NEWS = {
    *("WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested", "TimerFired", "DecisionTaskTimedOut"),
    *(f"ActivityTask{how}" for how in ("Completed", "Failed", "TimedOut", "Canceled")),
    *(f"LambdaFunction{how}" for how in ("Completed", "Failed", "TimedOut")),
    *(
        f"ChildWorkflowExecution{how}"
        for how in ("Started", "Completed", "Failed", "Canceled", "Terminated", "TimedOut")
    ),
    *("ExternalWorkflowExecutionSignaled", "ExternalWorkflowExecutionCancelRequested"),
}
CLOSE_STATUS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
}


def is_news(event_type: str) -> bool:
    """Whether an event calls for a decision: all refusals of decisions do, too."""
    refused = event_type.endswith("Failed") and event_type not in ("WorkflowExecutionFailed",)
    return event_type in NEWS or refused


class Fold:
    """The state after all `events` of a history."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events

    def all(self, *event_types: str) -> list[tuple[int, dict[str, Any]]]:
        """Ids and attributes of all events of these types."""
        return [
            (event["eventId"], event[member_of(event["eventType"])])
            for event in self.events
            if event["eventType"] in event_types
        ]

    def open(self, begin: str, member: str, *ends: str) -> dict[int, dict[str, Any]]:
        """What began and has not ended: ends name in `member` what began."""
        ended = {attributes[member] for _, attributes in self.all(*ends)}
        return {began: attributes for began, attributes in self.all(begin) if began not in ended}

    @property
    def activities(self) -> dict[int, dict[str, Any]]:
        ends = (f"ActivityTask{how}" for how in ("Completed", "Failed", "TimedOut", "Canceled"))
        return self.open("ActivityTaskScheduled", "scheduledEventId", *ends)

    @property
    def waiting_activities(self) -> dict[int, dict[str, Any]]:
        started = {attributes["scheduledEventId"] for _, attributes in self.all("ActivityTaskStarted")}
        return {n: attributes for n, attributes in self.activities.items() if n not in started}

    @property
    def decision_tasks(self) -> dict[int, dict[str, Any]]:
        ends = ("DecisionTaskCompleted", "DecisionTaskTimedOut")
        return self.open("DecisionTaskScheduled", "scheduledEventId", *ends)

    @property
    def running_decision(self) -> int | None:
        """Id of the DecisionTaskStarted of the task that somebody has."""
        for started, attributes in self.all("DecisionTaskStarted"):
            if attributes["scheduledEventId"] in self.decision_tasks:
                return started
        return None

    @property
    def close_status(self) -> str | None:
        return CLOSE_STATUS.get(self.events[-1]["eventType"])

    def counts(self) -> dict[str, int]:
        """`openCounts` of DescribeWorkflowExecution."""
        child_ends = ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
        children = self.open(
            "StartChildWorkflowExecutionInitiated",
            "initiatedEventId",
            *(f"ChildWorkflowExecution{how}" for how in child_ends),
            "StartChildWorkflowExecutionFailed",
        )
        timers = self.open("TimerStarted", "startedEventId", "TimerFired", "TimerCanceled")
        lambda_ends = (*(f"LambdaFunction{how}" for how in ("Completed", "Failed", "TimedOut")),)
        lambdas = self.open(
            "LambdaFunctionScheduled", "scheduledEventId", *lambda_ends, "StartLambdaFunctionFailed"
        )
        return {
            "openActivityTasks": len(self.activities),
            "openDecisionTasks": min(1, len(self.decision_tasks)),
            "openTimers": len(timers),
            "openChildWorkflowExecutions": len(children),
            "openLambdaFunctions": len(lambdas),
        }

    def check_nothing_is_overlooked(self) -> None:
        """What calls for a decision and was not shown to a decider has a decision task waiting for it."""
        if self.events[-1]["eventType"] in CLOSING:
            return
        shown = max([started for started, _ in self.all("DecisionTaskStarted")], default=0)
        news = [event["eventId"] for event in self.events if is_news(event["eventType"])]
        waiting = [scheduled for scheduled in self.decision_tasks if scheduled > shown]
        if max(news, default=1) > shown:
            assert waiting, f"nobody is to decide upon event {max(news, default=1)}"
