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
        completed: The id of its DecisionTaskCompleted.
        retries: Which of these were further attempts; None if it does not say.
    """

    events: list[Event]
    started: Event
    record: list[Event] | None
    held: int = 0
    completed: int = 0
    retries: dict[str, Any] | None = None


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
    return int(split_context(attributes(completed).get("executionContext", ""))[1].get("held", 0))


def retries_of(completed: Event) -> dict[str, Any] | None:
    """Of what was left over, the further attempts and their back-off timers, with their seconds."""
    line = split_context(attributes(completed).get("executionContext", ""))[1]
    retries: dict[str, Any] | None = line.get("retries")
    return retries


def split_context(context: str) -> tuple[str, dict[str, Any]]:
    """A user's text, and what the library says in the last line."""
    text, _, last = context.rpartition("\n")
    return (text, json.loads(last)) if last.startswith('{"pyswf"') else (context, {})


def is_pause(record: Sequence[Event]) -> bool:
    return len(record) == 1 and attributes(record[0]).get("timerId", "").startswith("pause-")


def is_librarys_own(record: Event) -> bool:
    """Whether this is a timer that no code asked for."""
    return attributes(record).get("timerId", "").startswith("wake-")


_ENDS = {
    "ActivityTaskScheduled": ("activity", "scheduledEventId"),
    "TimerStarted": ("timer", "startedEventId"),
    "StartChildWorkflowExecutionInitiated": ("child", "initiatedEventId"),
    "LambdaFunctionScheduled": ("lambda", "scheduledEventId"),
    "SignalExternalWorkflowExecutionInitiated": ("signal out", "initiatedEventId"),
    "RequestCancelExternalWorkflowExecutionInitiated": ("cancel out", "initiatedEventId"),
}


def open_works(events: Sequence[Event]) -> dict[str, int]:
    """How much of each kind is open: begun, and named by no event that ends it."""
    count = {kind: 0 for kind, _ in _ENDS.values()}
    ended = {
        (member, attributes(one)[member])
        for one in events
        if not one["eventType"].endswith(("Started", "Scheduled"))
        for _, member in _ENDS.values()
        if member in attributes(one)
    }
    for one in events:
        if one["eventType"] in _ENDS:
            kind, member = _ENDS[one["eventType"]]
            count[kind] += (member, one["eventId"]) not in ended
    return count


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
        batches.append(
            Batch(
                previous + rest,
                started,
                record,
                held_of(completed),
                completed["eventId"],
                retries_of(completed),
            )
        )
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
        case "LambdaFunctionScheduled" | "ScheduleLambdaFunctionFailed":
            return ("lambda", its["id"])
        case "TimerStarted" | "StartTimerFailed":
            return ("timer", its["timerId"])
        case "TimerCanceled" | "CancelTimerFailed":
            return ("cancel timer", its["timerId"])
        case "StartChildWorkflowExecutionInitiated" | "StartChildWorkflowExecutionFailed":
            return ("child", its["control"])
        case "SignalExternalWorkflowExecutionInitiated" | "SignalExternalWorkflowExecutionFailed":
            return ("signal out", its["control"])
        case (
            "RequestCancelExternalWorkflowExecutionInitiated" | "RequestCancelExternalWorkflowExecutionFailed"
        ):
            return ("cancel out", its["control"])
        case "MarkerRecorded" if its["markerName"] == "pyswf-patch":
            return ("patch", json.loads(its["details"])["id"])
        case "MarkerRecorded" | "RecordMarkerFailed":
            return ("marker", its["markerName"], nth_marker(events, one))
    return ("close", CLOSES.get(type_, type_.removesuffix("Failed")))


def record_type(one: Event) -> Any:
    """Name and version of the type that a record names, or its function, where it names one."""
    return named_in(one["eventType"], attributes(one))


def command_type(decision: dict[str, Any]) -> Any:
    """Name and version of the type that a decision names, or its function, where it names one."""
    return named_in(decision["decisionType"], decision_attributes(decision))


def named_in(type_: str, its: dict[str, Any]) -> Any:
    """A type, a function, or whom a request to another execution is for, and the signal's name."""
    if "ExternalWorkflowExecution" in type_:
        return None if type_.endswith("Failed") else (its["workflowId"], its.get("signalName"))
    return its.get("activityType") or its.get("workflowType") or its.get("name")


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


def context_of(outcome: Any) -> str | None:
    """The executionContext of a decision of the model's."""
    told = {"pyswf": 1, "held": outcome.held, "retries": outcome.retries}
    line = json.dumps(told, separators=(",", ":")) if outcome.held else None
    lines = [text for text in (outcome.status, line) if text is not None]
    return "\n".join(lines) if lines else None


def cached_details(text: str) -> dict[str, Any]:
    """What a marker of a cached function says, its result as a value, its exception as the message."""
    details = json.loads(text)
    if "r" in details:
        return {**details, "r": json.loads(details["r"])}
    return {**details, "x": details["x"][0].removeprefix("ValueError: ")}


def as_sent(one: dict[str, Any]) -> dict[str, Any]:
    """A decision of the model's with its values as text."""
    its = dict(decision_attributes(one))
    for name in ("input", "result"):
        if name in its:
            its[name] = json.dumps(its[name])
    if its.get("markerName") == "cache":
        details = dict(its["details"])
        if "r" in details:
            details["r"] = json.dumps(details["r"])
        else:
            told = {"pyswf": 1, "type": "builtins.ValueError", "message": details["x"], "traceback": ""}
            details["x"] = [f"ValueError: {details['x']}", json.dumps(told)]
        its["details"] = json.dumps(details)
    return {"decisionType": one["decisionType"], decision_key(one["decisionType"]): its}
