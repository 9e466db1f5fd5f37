"""The faults of the service in its own words, and how a fault looks on the wire."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from pyswf_fast.exceptions import ServiceFault

__all__ = [
    "body",
    "invalid_token",
    "status",
    "too_many_polls",
    "type_text",
    "unknown_activity",
    "unknown_decision",
    "unknown_domain",
    "unknown_execution",
    "unknown_type",
    "validation",
]

_CORAL_SERVICE = frozenset(
    {
        "InternalFailure",
        "RequestEntityTooLargeException",
        "SerializationException",
        "UnknownOperationException",
    }
)
_STATUS = {"InternalFailure": 500, "RequestEntityTooLargeException": 413}


def status(fault: ServiceFault) -> int:
    """The HTTP status that `fault` is answered with."""
    return _STATUS.get(fault.type, 400)


def body(fault: ServiceFault) -> bytes:
    """The body that `fault` is answered with."""
    if fault.type == "ValidationException":
        namespace = "com.amazon.coral.validate"
    elif fault.type == "ThrottlingException":
        namespace = "com.amazon.coral.availability"
    elif fault.type in _CORAL_SERVICE:
        namespace = "com.amazon.coral.service"
    else:
        namespace = "com.amazonaws.swf.base.model"
    text = fault.message.encode("utf-8", "replace").decode()  # a refused request may hold lone surrogates
    return orjson.dumps({"__type": f"{namespace}#{fault.type}", "message": text})


def validation(message: str) -> ServiceFault:
    """A request that breaks a rule of its own."""
    return ServiceFault("ValidationException", message)


def invalid_token() -> ServiceFault:
    """A task or page token that this service never made, or not for this request."""
    return validation("Invalid token")


def unknown_domain(name: str, region: str, elsewhere: Sequence[str]) -> ServiceFault:
    """No domain has that name in `region`; that some have it `elsewhere` is worth a word of our own."""
    text = f"Unknown domain: {name}"
    if elsewhere:
        text += f" (the request is for region {region}, a domain of that name is in {', '.join(elsewhere)})"
    return ServiceFault("UnknownResourceFault", text)


def type_text(kind: str, name: str, version: str) -> str:
    """A type as faults name it; `kind` is `WorkflowType` or `ActivityType`."""
    return f"{kind}=[name={name}, version={version}]"


def unknown_type(kind: str, name: str, version: str) -> ServiceFault:
    """No such type in the domain."""
    return ServiceFault("UnknownResourceFault", f"Unknown type: {type_text(kind, name, version)}")


def unknown_execution(workflow_id: str, run_id: str | None = None) -> ServiceFault:
    """No such execution, or none that is open."""
    if run_id:
        text = f"Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    else:
        text = f"Unknown execution, workflowId = {workflow_id}"
    return ServiceFault("UnknownResourceFault", text)


def too_many_polls(waiting: int) -> ServiceFault:
    """A task list at which as many polls wait as may."""
    return ServiceFault("LimitExceededFault", f"{waiting} polls wait at this task list")


def unknown_activity(scheduled_id: int) -> ServiceFault:
    """The activity task has ended."""
    return ServiceFault("UnknownResourceFault", f"Unknown activity, scheduledEventId = {scheduled_id}")


def unknown_decision(scheduled_id: int) -> ServiceFault:
    """The decision task has ended."""
    return ServiceFault("UnknownResourceFault", f"Unknown decision task, scheduledEventId = {scheduled_id}")
