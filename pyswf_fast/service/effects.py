"""What a step of one execution asks of the world around it; carried out when the step is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "ACTIVITY",
    "DECISION",
    "EXPIRY",
    "LAMBDA",
    "RETENTION",
    "TIMER",
    "Alarm",
    "CancelExternal",
    "Closed",
    "ContinueAsNew",
    "Effect",
    "Invocation",
    "SignalExternal",
    "StartChild",
    "TaskReady",
]

ACTIVITY, DECISION = "activity", "decision"  # the two kinds of task, and of task list
LAMBDA = "lambda"  # functions have no list: they are called
EXPIRY, TIMER, RETENTION = "execution", "timer", "retention"  # what else alarms are set for


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is due at `due_ms`, unless it is over or was put off by then."""

    due_ms: int
    kind: str
    reference: int


@dataclass(frozen=True, slots=True)
class TaskReady:
    """A task waits to be handed out."""

    kind: str
    task_list: str
    priority: int
    scheduled_id: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Invocation:
    """A Lambda function is to be called."""

    scheduled_id: int


@dataclass(frozen=True, slots=True)
class StartChild:
    """A child is to be started as StartChildWorkflowExecutionInitiated says."""

    initiated_id: int
    completed_id: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignalExternal:
    """Another execution is to be signaled, unless that is refused for `cause`."""

    initiated_id: int
    completed_id: int
    attributes: dict[str, Any]
    cause: str | None


@dataclass(frozen=True, slots=True)
class CancelExternal:
    """Another execution is to be asked to cancel, unless that is refused for `cause`."""

    initiated_id: int
    completed_id: int
    attributes: dict[str, Any]
    cause: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The execution closed; `child_policy` is set where it is applied to the open children."""

    event_type: str
    attributes: dict[str, Any]
    child_policy: str | None


@dataclass(frozen=True, slots=True)
class ContinueAsNew:
    """A new run follows the one that closed."""

    run_id: str
    attributes: dict[str, Any]


Effect = (
    Alarm | TaskReady | Invocation | StartChild | SignalExternal | CancelExternal | Closed | ContinueAsNew
)
