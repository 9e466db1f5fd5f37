"""Requests checked against botocore's service model of SWF, before anything else looks at them.

Lengths, ranges, enumerations, required members and types come from the model's shapes; what the model says
only in prose (names, durations, priorities) is a rule attached to a shape or to one of its members.
What comes out holds only members that the model knows, without nulls, and may be copied into events;
instants are in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.faults import validation

__all__ = ["CLOSING_DECISIONS", "DECISIONS", "OPERATIONS", "check", "decision_member", "failure_causes"]

Errors = list[str]
Check = Callable[[Any, str, Errors], Any]
Rule = Callable[[str], str | None]  # what a text must be, if it is not

ONE_YEAR_SECONDS = 31_536_000
LONGEST_RETENTION_DAYS = 90
LONGEST_LAMBDA_SECONDS = 900
END_OF_TIME_SECONDS = 10**12  # a filter may name any instant, as far away as floats go
CLOSING_DECISIONS = frozenset(
    {
        "CancelWorkflowExecution",
        "CompleteWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
        "FailWorkflowExecution",
    }
)

_FORBIDDEN_IN_NAMES = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]")
_RESOURCE_TAG = re.compile(r"[\w\s.:/=+\-@]*")
_model: dict[str, Any] = Loader().load_service_model("swf", "service-2", "2012-01-25")
_shapes: dict[str, dict[str, Any]] = _model["shapes"]
OPERATIONS: Mapping[str, Any] = _model["operations"]
DECISIONS: Sequence[str] = _shapes["DecisionType"]["enum"]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _duration(text: str) -> str | None:
    if text == "NONE":
        return None
    return _seconds(text) and f"Member must be NONE or an integer between 0 and {ONE_YEAR_SECONDS}"


def _seconds(text: str) -> str | None:
    seconds = _number(text)
    if seconds is not None and seconds <= ONE_YEAR_SECONDS:
        return None
    return f"Member must be an integer between 0 and {ONE_YEAR_SECONDS}"


def _lambda_seconds(text: str) -> str | None:
    seconds = _number(text)
    if text == "NONE" or (seconds is not None and 1 <= seconds <= LONGEST_LAMBDA_SECONDS):
        return None
    return f"Member must be an integer between 1 and {LONGEST_LAMBDA_SECONDS}"


def _retention(text: str) -> str | None:
    days = _number(text)
    if text == "NONE" or (days is not None and days <= LONGEST_RETENTION_DAYS):
        return None
    return f"Member must be NONE or an integer between 0 and {LONGEST_RETENTION_DAYS}"


def _priority(text: str) -> str | None:
    if re.fullmatch(r"-?[0-9]{1,10}", text) and -(2**31) <= int(text) < 2**31:
        return None
    return f"Member must be an integer between {-(2**31)} and {2**31 - 1}"


def _name(text: str) -> str | None:
    if text != "arn" and not _FORBIDDEN_IN_NAMES.search(text):
        return None
    return "Member must not contain ':', '/', '|' or control characters, nor be 'arn'"


def _trimmed_name(text: str) -> str | None:
    return _name(text) or (None if text == text.strip() else "Member must not begin or end with white space")


def _tag(text: str) -> str | None:
    if _RESOURCE_TAG.fullmatch(text):
        return None
    return "Member must consist of letters, digits, white space and _ . : / = + - @"


# Rules that hold wherever the shape stands.
SHAPE_RULES: dict[str, Rule] = {
    "DurationInDays": _retention,
    "DurationInSeconds": _seconds,
    "DurationInSecondsOptional": _duration,
    "ResourceTagKey": _tag,
    "ResourceTagValue": _tag,
    "TaskPriority": _priority,
}
# Rules for one member of one structure; they take precedence.
MEMBER_RULES: dict[tuple[str, str], Rule] = {
    ("RegisterDomainInput", "name"): _trimmed_name,
    ("RegisterWorkflowTypeInput", "name"): _name,
    ("RegisterWorkflowTypeInput", "version"): _name,
    ("RegisterWorkflowTypeInput", "defaultExecutionStartToCloseTimeout"): _seconds,
    ("RegisterActivityTypeInput", "name"): _name,
    ("RegisterActivityTypeInput", "version"): _name,
    ("StartWorkflowExecutionInput", "domain"): _name,
    ("StartWorkflowExecutionInput", "workflowId"): _name,
    ("StartWorkflowExecutionInput", "executionStartToCloseTimeout"): _seconds,
    ("StartChildWorkflowExecutionDecisionAttributes", "workflowId"): _name,
    ("ScheduleActivityTaskDecisionAttributes", "activityId"): _name,
    ("ScheduleLambdaFunctionDecisionAttributes", "startToCloseTimeout"): _lambda_seconds,
    ("StartTimerDecisionAttributes", "timerId"): _name,
    ("TagFilter", "tag"): _tag,
    ("TaskList", "name"): _trimmed_name,
}
_JSON_NAMES: dict[type, str] = {
    bool: "BOOLEAN_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
    str: "STRING_VALUE",
}


def decision_member(decision_type: str) -> str:
    """The member of a decision that holds the attributes of `decision_type`."""
    return f"{decision_type[0].lower()}{decision_type[1:]}DecisionAttributes"


def failure_causes(decision_type: str) -> Sequence[str]:
    """The causes that the failure event of `decision_type` can name."""
    causes: Sequence[str] = _shapes[f"{decision_type}FailedCause"]["enum"]
    return causes


def check(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that the model knows; raises the fault that the service would give."""
    if operation not in OPERATIONS:
        raise ServiceFault("UnknownOperationException", f"Unknown operation: {operation}")
    errors: Errors = []
    clean: dict[str, Any] = _request_check(operation)(params, "", errors)
    if errors:
        count = "1 validation error" if len(errors) == 1 else f"{len(errors)} validation errors"
        raise validation(f"{count} detected: {'; '.join(errors)}")
    if operation == "RespondDecisionTaskCompleted" and "decisions" in clean:
        for decision in clean["decisions"][:-1]:
            if decision["decisionType"] in CLOSING_DECISIONS:
                raise validation("Close must be last decision in list")
    return clean


@cache
def _request_check(operation: str) -> Check:
    return _check_for(OPERATIONS[operation]["input"]["shape"], None)


@cache
def _check_for(shape_name: str, rule: Rule | None) -> Check:
    shape = _shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(shape_name, shape)
    if kind == "list":
        return _list(shape)
    if kind == "string":
        return _string(shape, rule or SHAPE_RULES.get(shape_name))
    if kind in ("integer", "long"):
        return _integer(shape)
    return _timestamp if kind == "timestamp" else _boolean


def _unsatisfied(value: object, path: str, must: str) -> str:
    if isinstance(value, list):
        value = f"[{', '.join(map(str, value))}]"
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {must}"


def _not_convertible(value: object, wanted: str) -> ServiceFault:
    name = _JSON_NAMES.get(type(value))
    if name is None:
        container = "list" if isinstance(value, Sequence) else "structure or map"
        return ServiceFault("SerializationException", f"Start of {container} found where not expected.")
    return ServiceFault("SerializationException", f"{name} can not be converted to {wanted}")


def _structure(shape_name: str, shape: dict[str, Any]) -> Check:
    members = {
        name: _check_for(reference["shape"], MEMBER_RULES.get((shape_name, name)))
        for name, reference in shape["members"].items()
    }
    required = tuple(shape.get("required", ()))

    def structure(value: Any, path: str, errors: Errors) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _not_convertible(value, "a structure")
        prefix = f"{path}." if path else ""
        clean = {
            name: members[name](member, prefix + name, errors)
            for name, member in value.items()
            if member is not None and name in members
        }
        for name in required:
            if name not in clean:
                errors.append(_unsatisfied(None, prefix + name, "Member must not be null"))
        return clean

    if shape_name != "Decision":
        return structure
    demanding = {
        kind: decision_member(kind)
        for kind in DECISIONS
        if _shapes[f"{kind}DecisionAttributes"].get("required")
    }

    def decision(value: Any, path: str, errors: Errors) -> dict[str, Any]:
        clean = structure(value, path, errors)
        needed = demanding.get(clean.get("decisionType", ""))
        if needed is not None and needed not in clean:
            errors.append(_unsatisfied(None, f"{path}.{needed}", "Member must not be null"))
        return clean

    return decision


def _list(shape: dict[str, Any]) -> Check:
    item_check = _check_for(shape["member"]["shape"], None)
    longest = shape.get("max")

    def items(value: Any, path: str, errors: Errors) -> list[Any]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
            raise _not_convertible(value, "a list")
        if longest is not None and len(value) > longest:
            errors.append(
                _unsatisfied(value, path, f"Member must have length less than or equal to {longest}")
            )
        return [item_check(item, f"{path}.{n}.member", errors) for n, item in enumerate(value, 1)]

    return items


def _string(shape: dict[str, Any], rule: Rule | None) -> Check:
    shortest, longest = shape.get("min", 0), shape.get("max", float("inf"))
    allowed = shape.get("enum")

    def string(value: Any, path: str, errors: Errors) -> str:
        if not isinstance(value, str):
            raise _not_convertible(value, "a String")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ServiceFault("SerializationException", f"'{path}' is no Unicode text") from None
        must = None
        if len(value) > longest:
            must = f"Member must have length less than or equal to {longest}"
        elif len(value) < shortest:
            must = f"Member must have length greater than or equal to {shortest}"
        elif allowed is not None and value not in allowed:
            must = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        elif rule is not None:
            must = rule(value)
        if must is not None:
            errors.append(_unsatisfied(value, path, must))
        return value

    return string


def _integer(shape: dict[str, Any]) -> Check:
    least, most = shape.get("min", float("-inf")), shape.get("max", float("inf"))

    def integer(value: Any, path: str, errors: Errors) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _not_convertible(value, "an Integer")
        if value > most:
            errors.append(_unsatisfied(value, path, f"Member must have value less than or equal to {most}"))
        elif value < least:
            errors.append(
                _unsatisfied(value, path, f"Member must have value greater than or equal to {least}")
            )
        return value

    return integer


def _boolean(value: Any, *_: object) -> bool:
    if not isinstance(value, bool):
        raise _not_convertible(value, "a Boolean")
    return value


def _timestamp(value: Any, *_: object) -> int:
    """In the milliseconds that the service counts in."""
    if isinstance(value, datetime):  # from a caller in process; the wire has numbers
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _not_convertible(value, "a Timestamp")
    return round(min(max(value, -END_OF_TIME_SECONDS), END_OF_TIME_SECONDS) * 1000)
