"""What the model knows of SWF: batches, records, identities, and how decisions are written.

Inputs and results stand in decisions as values, not as text: how they are serialized is judged elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .wire import Event, attributes

Key = tuple[Any, ...]
Command = tuple[Key, dict[str, Any]]

CLOSES = {
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "WorkflowExecutionContinuedAsNew": "ContinueAsNewWorkflowExecution",
}


@dataclass
class Batch:
    """What a decision task showed for the first time, and what became of its decision.

    Parameters:
        events: Its own records of the decision before first, then the others by id.
        started: The DecisionTaskStarted that ends it.
        record: What its decision was recorded as; None for the task in hand.
        held: How many commands that decision said it had left over.
    """

    events: list[Event]
    started: Event
    record: list[Event] | None
    held: int = 0


def own_records(events: Sequence[Event], completed: Event) -> list[Event]:
    """The events that a decision was recorded as: they name it, and no Initiated event."""
    return [
        one
        for one in events
        if attributes(one).get("decisionTaskCompletedEventId") == completed["eventId"]
        and not (one["eventType"].endswith("Failed") and attributes(one).get("initiatedEventId"))
    ]


def held_of(completed: Event) -> int:
    """The `held` that a decision's executionContext says."""
    last = attributes(completed).get("executionContext", "").split("\n")[-1]
    return int(json.loads(last).get("held", 0)) if last.startswith('{"pyswf"') else 0


def is_pause(record: Sequence[Event]) -> bool:
    return len(record) == 1 and attributes(record[0]).get("timerId", "").startswith("pause-")


def split(events: Sequence[Event], task_in_hand: int | None) -> list[Batch]:
    """The batches of section 4.1; without a task in hand all of them have a record."""
    batches: list[Batch] = []
    seen, previous = 0, []
    for completed in events:
        if completed["eventType"] != "DecisionTaskCompleted":
            continue
        record = own_records(events, completed)
        if is_pause(record):
            continue
        started = events[attributes(completed)["startedEventId"] - 1]
        rest = [one for one in events[seen : started["eventId"]] if one not in previous]
        batches.append(Batch(previous + rest, started, record, held_of(completed)))
        seen, previous = started["eventId"], record
    if task_in_hand is not None:
        rest = [one for one in events[seen:task_in_hand] if one not in previous]
        batches.append(Batch(previous + rest, events[task_in_hand - 1], None))
    return batches


def nth_marker(events: Sequence[Event], marker: Event) -> int:
    """How manieth marker of its name this is."""
    name = attributes(marker)["markerName"]
    return 1 + sum(
        one["eventType"] in ("MarkerRecorded", "RecordMarkerFailed")
        and one["eventId"] < marker["eventId"]
        and attributes(one)["markerName"] == name
        for one in events
    )


def record_key(events: Sequence[Event], one: Event) -> Key:
    """What identifies the command that an event is the record of."""
    type_, its = one["eventType"], attributes(one)
    match type_:
        case "ActivityTaskScheduled" | "ScheduleActivityTaskFailed":
            return ("activity", its["activityId"])
        case "ActivityTaskCancelRequested" | "RequestCancelActivityTaskFailed":
            return ("cancel activity", its["activityId"])
        case "TimerStarted" | "StartTimerFailed":
            return ("timer", its["timerId"])
        case "TimerCanceled" | "CancelTimerFailed":
            return ("cancel timer", its["timerId"])
        case "StartChildWorkflowExecutionInitiated" | "StartChildWorkflowExecutionFailed":
            return ("child", its["control"])
        case "RequestCancelExternalWorkflowExecutionInitiated":
            return ("cancel external", its["control"])
        case "MarkerRecorded" | "RecordMarkerFailed":
            return ("marker", its["markerName"], nth_marker(events, one))
    return ("close", CLOSES.get(type_, type_.removesuffix("Failed")))


def record_type(one: Event) -> Any:
    """Name and version of the type that a record names, where it names one."""
    its = attributes(one)
    return its.get("activityType") or its.get("workflowType")


def command_type(decision: dict[str, Any]) -> Any:
    """Name and version of the type that a decision names, where it names one."""
    its = decision_attributes(decision)
    return its.get("activityType") or its.get("workflowType")


def decision_key(decision_type: str) -> str:
    """The member of a decision that holds its attributes."""
    return f"{decision_type[0].lower()}{decision_type[1:]}DecisionAttributes"


def decision_attributes(decision: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a decision, whatever its type."""
    its: dict[str, Any] = decision.get(decision_key(decision["decisionType"]), {})
    return its


def decision(decision_type: str, **its: Any) -> dict[str, Any]:
    """A decision as RespondDecisionTaskCompleted takes it."""
    return {"decisionType": decision_type, decision_key(decision_type): its}


def start_timer(timer_id: str, seconds: int) -> dict[str, Any]:
    return decision("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds))


def cancel_timer(timer_id: str) -> Command:
    return ("cancel timer", timer_id), decision("CancelTimer", timerId=timer_id)


def child_prefix(run_id: str) -> str:
    """What the workflowIds of a run's children begin with."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:20]
