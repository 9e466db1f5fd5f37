"""What must be true of every history: the model's shapes, gapless ids, references of the right kind."""

from __future__ import annotations

import json
from typing import Any

from botocore.loaders import Loader

SHAPES = Loader().load_service_model("swf", "service-2", "2012-01-25")["shapes"]

CLOSING = {
    "WorkflowExecutionCompleted",
    "WorkflowExecutionFailed",
    "WorkflowExecutionCanceled",
    "WorkflowExecutionTerminated",
    "WorkflowExecutionTimedOut",
    "WorkflowExecutionContinuedAsNew",
}
# (event type, member) -> the types of the event that the member may name; 0 stands for "none".
REFERENCES: dict[tuple[str, str], set[Any]] = {
    ("DecisionTaskStarted", "scheduledEventId"): {"DecisionTaskScheduled"},
    ("DecisionTaskCompleted", "scheduledEventId"): {"DecisionTaskScheduled"},
    ("DecisionTaskCompleted", "startedEventId"): {"DecisionTaskStarted"},
    ("DecisionTaskTimedOut", "scheduledEventId"): {"DecisionTaskScheduled"},
    ("DecisionTaskTimedOut", "startedEventId"): {"DecisionTaskStarted", 0},
    ("ActivityTaskStarted", "scheduledEventId"): {"ActivityTaskScheduled"},
    ("ActivityTaskCanceled", "latestCancelRequestedEventId"): {"ActivityTaskCancelRequested"},
    ("TimerFired", "startedEventId"): {"TimerStarted"},
    ("TimerCanceled", "startedEventId"): {"TimerStarted"},
    ("StartChildWorkflowExecutionFailed", "initiatedEventId"): {"StartChildWorkflowExecutionInitiated", 0},
    ("ChildWorkflowExecutionStarted", "initiatedEventId"): {"StartChildWorkflowExecutionInitiated"},
    ("ExternalWorkflowExecutionSignaled", "initiatedEventId"): {"SignalExternalWorkflowExecutionInitiated"},
    ("SignalExternalWorkflowExecutionFailed", "initiatedEventId"): {
        "SignalExternalWorkflowExecutionInitiated"
    },
    ("ExternalWorkflowExecutionCancelRequested", "initiatedEventId"): {
        "RequestCancelExternalWorkflowExecutionInitiated"
    },
    ("RequestCancelExternalWorkflowExecutionFailed", "initiatedEventId"): {
        "RequestCancelExternalWorkflowExecutionInitiated"
    },
    ("StartLambdaFunctionFailed", "scheduledEventId"): {"LambdaFunctionScheduled"},
    ("LambdaFunctionStarted", "scheduledEventId"): {"LambdaFunctionScheduled"},
}
for outcome in ("Completed", "Failed", "TimedOut"):
    REFERENCES[f"LambdaFunction{outcome}", "scheduledEventId"] = {"LambdaFunctionScheduled"}
    REFERENCES[f"LambdaFunction{outcome}", "startedEventId"] = {"LambdaFunctionStarted"}
for outcome in ("Completed", "Failed", "TimedOut", "Canceled"):
    REFERENCES[f"ActivityTask{outcome}", "scheduledEventId"] = {"ActivityTaskScheduled"}
    REFERENCES[f"ActivityTask{outcome}", "startedEventId"] = {"ActivityTaskStarted", 0}
for outcome in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated"):
    REFERENCES[f"ChildWorkflowExecution{outcome}", "initiatedEventId"] = {
        "StartChildWorkflowExecutionInitiated"
    }
    REFERENCES[f"ChildWorkflowExecution{outcome}", "startedEventId"] = {"ChildWorkflowExecutionStarted"}

FOREIGN = {"externalInitiatedEventId", "parentInitiatedEventId"}  # name events of other histories


def member_of(event_type: str) -> str:
    return event_type[0].lower() + event_type[1:] + "EventAttributes"


def check_history(events: list[dict[str, Any]]) -> None:
    """Raise AssertionError where `events`, the whole of a history, break a rule that holds for all."""
    by_id = {event["eventId"]: event for event in events}
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["eventType"] == "WorkflowExecutionStarted"
    previous = 0.0
    for event in events:
        kind, attributes = event["eventType"], event[member_of(event["eventType"])]
        assert list(event) == sorted(event), "keys are sent in alphabetical order"
        assert set(event) == {"eventId", "eventTimestamp", "eventType", member_of(kind)}
        assert event["eventTimestamp"] >= previous
        previous = event["eventTimestamp"]
        assert event["eventId"] == len(events) or kind not in CLOSING, f"events follow {kind}"
        shape = SHAPES[f"{kind}EventAttributes"]
        unknown = set(attributes) - set(shape["members"])
        assert not unknown, f"{kind} has no members {unknown}"
        missing = set(shape.get("required", ())) - set(attributes)
        assert not missing, f"{kind} lacks {missing}"
        for member, reference in attributes.items():
            if not member.endswith("EventId") or member in FOREIGN:
                continue
            assert reference < event["eventId"], f"{kind}.{member} names a later event"
            allowed = REFERENCES.get((kind, member), {"DecisionTaskCompleted"})
            named = by_id[reference]["eventType"] if reference else 0
            assert named in allowed, f"{kind}.{member} names {named}"
    _check_decision_tasks(events)


def _check_decision_tasks(events: list[dict[str, Any]]) -> None:
    """At most one decision task runs, and at most one waits."""
    waiting = running = 0
    for event in events:
        kind = event["eventType"]
        attributes = event[member_of(kind)]
        if kind == "DecisionTaskScheduled":
            assert not waiting, "a second decision task waits"
            waiting = event["eventId"]
        elif kind == "DecisionTaskStarted":
            assert attributes["scheduledEventId"] == waiting
            assert not running, "a second decision task runs"
            waiting, running = 0, event["eventId"]
        elif kind == "DecisionTaskCompleted":
            assert attributes["startedEventId"] == running
            running = 0
        elif kind == "DecisionTaskTimedOut":
            if attributes["startedEventId"]:
                running = 0
            else:
                waiting = 0


def loads(body: bytes) -> Any:
    return json.loads(body) if body else None
