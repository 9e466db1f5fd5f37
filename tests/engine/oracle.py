"""What a History is to say about events, worked out from json.loads alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .wire import Event, attributes


@dataclass
class Item:
    """One thing that was asked for and accepted, and the members of its events."""

    id: str
    state: str
    members: dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How the events of one kind of work are called."""

    begins: str
    id: str
    starts: str
    reference: str
    closes: dict[str, str]
    first_state: str = "SCHEDULED"


ACTIVITY = Kind(
    "ActivityTaskScheduled",
    "activityId",
    "ActivityTaskStarted",
    "scheduledEventId",
    {
        "ActivityTaskCompleted": "COMPLETED",
        "ActivityTaskFailed": "FAILED",
        "ActivityTaskTimedOut": "TIMED_OUT",
        "ActivityTaskCanceled": "CANCELED",
    },
)
TIMER = Kind(
    "TimerStarted",
    "timerId",
    "",
    "startedEventId",
    {"TimerFired": "COMPLETED", "TimerCanceled": "CANCELED"},
    "STARTED",
)
CHILD = Kind(
    "StartChildWorkflowExecutionInitiated",
    "workflowId",
    "ChildWorkflowExecutionStarted",
    "initiatedEventId",
    {
        "StartChildWorkflowExecutionFailed": "FAILED_TO_SCHEDULE",
        "ChildWorkflowExecutionCompleted": "COMPLETED",
        "ChildWorkflowExecutionFailed": "FAILED",
        "ChildWorkflowExecutionTimedOut": "TIMED_OUT",
        "ChildWorkflowExecutionCanceled": "CANCELED",
        "ChildWorkflowExecutionTerminated": "TERMINATED",
    },
)
LAMBDA = Kind(
    "LambdaFunctionScheduled",
    "id",
    "LambdaFunctionStarted",
    "scheduledEventId",
    {
        "StartLambdaFunctionFailed": "FAILED_TO_SCHEDULE",
        "LambdaFunctionCompleted": "COMPLETED",
        "LambdaFunctionFailed": "FAILED",
        "LambdaFunctionTimedOut": "TIMED_OUT",
    },
)


def items(events: Sequence[Event], kind: Kind) -> list[Item]:
    """One item for each accepted schedule, in event order."""
    found: dict[int, Item] = {}
    for one in events:
        its = attributes(one)
        if one["eventType"] == kind.begins:
            found[one["eventId"]] = Item(its[kind.id], kind.first_state, dict(its))
            continue
        item = found.get(its.get(kind.reference, 0))
        if item is None:
            continue
        if one["eventType"] == kind.starts:
            item.state = "STARTED"
        elif one["eventType"] in kind.closes:
            item.state = kind.closes[one["eventType"]]
        else:
            continue
        item.members.update(its)
    return list(found.values())


def snake(member: str) -> str:
    """The name of a JSON member in Python."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", member).lower()
