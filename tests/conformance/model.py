"""What botocore's service model says that there is: the measure of what the tests must show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.loaders import Loader

_MODEL = Loader().load_service_model("swf", "service-2", "2012-01-25")
SHAPES: dict[str, Any] = _MODEL["shapes"]
OPERATIONS: dict[str, Any] = _MODEL["operations"]
DECISIONS: list[str] = SHAPES["DecisionType"]["enum"]
EVENTS: list[str] = SHAPES["EventType"]["enum"]
PAGED = [
    name
    for name, operation in OPERATIONS.items()
    if "nextPageToken" in SHAPES[operation["input"]["shape"]]["members"]
]

# What any operation may answer beside the faults that its model names.
COMMON_FAULTS = {"SerializationException", "ThrottlingException", "ValidationException"}


def first_small(name: str) -> str:
    return name[0].lower() + name[1:]


def decision_member(decision: str) -> str:
    return f"{first_small(decision)}DecisionAttributes"


def event_member(event: str) -> str:
    return f"{first_small(event)}EventAttributes"


def decision_attributes(decision: str) -> str:
    return f"{decision}DecisionAttributes"


def event_attributes(event: str) -> str:
    return f"{event}EventAttributes"


def members(shape_name: str) -> Iterator[str]:
    """Every member of a structure, those of structures inside it with their path: `taskList.name`."""
    for name, reference in SHAPES[shape_name]["members"].items():
        shape = SHAPES[reference["shape"]]
        while shape["type"] == "list":
            reference = shape["member"]
            shape = SHAPES[reference["shape"]]
        if shape["type"] != "structure":
            yield name
        elif reference["shape"] not in ("Decision", "HistoryEvent"):  # these are measured by themselves
            yield from (f"{name}.{inner}" for inner in members(reference["shape"]))


def given(value: dict[str, Any], skip: tuple[str, ...] = ("decisions", "events")) -> Iterator[str]:
    """The members that a request or an answer holds, named as `members` names them."""
    for name, inner in value.items():
        if name in skip:
            continue
        items = inner if isinstance(inner, list) else [inner]
        for item in items:
            if isinstance(item, dict):
                yield from (f"{name}.{member}" for member in given(item))
            else:
                yield name


def input_shape(operation: str) -> str:
    name: str = OPERATIONS[operation]["input"]["shape"]
    return name


def output_shape(operation: str) -> str | None:
    output = OPERATIONS[operation].get("output")
    return output["shape"] if output else None


def faults(operation: str) -> list[str]:
    """The faults that the model names for an operation."""
    return [error["shape"] for error in OPERATIONS[operation].get("errors", ())]


def enumerations(shape_name: str) -> Iterator[tuple[str, list[str]]]:
    """The members of a structure that hold one of a few values, and these values."""
    for name, reference in SHAPES[shape_name]["members"].items():
        values = SHAPES[reference["shape"]].get("enum")
        if values and name not in ("decisionType", "eventType"):
            yield name, values


def check_shape(value: Any, shape_name: str, path: str) -> None:
    """Raise AssertionError where `value`, as read from the wire, is not of that shape."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if kind == "structure":
        assert isinstance(value, dict), f"{path} is {value!r}"
        unknown, missing = set(value) - set(shape["members"]), set(shape.get("required", ())) - set(value)
        assert not unknown, f"{path} has {unknown}"
        assert not missing, f"{path} lacks {missing}"
        for name, member in value.items():
            check_shape(member, shape["members"][name]["shape"], f"{path}.{name}")
    elif kind == "list":
        assert isinstance(value, list), f"{path} is {value!r}"
        for item in value:
            check_shape(item, shape["member"]["shape"], f"{path}[]")
    elif kind == "string":
        assert isinstance(value, str), f"{path} is {value!r}"
        assert value in shape.get("enum", [value]), f"{path} is {value!r}"
        assert len(value) <= shape.get("max", len(value)), f"{path} is too long"
        if path.rpartition(".")[2] != "taskToken":  # empty where a poll found nothing
            assert len(value) >= shape.get("min", 0), f"{path} is too short"
    elif kind in ("integer", "long"):
        assert type(value) is int, f"{path} is {value!r}"
        assert shape.get("min", value) <= value <= shape.get("max", value), f"{path} is {value}"
    elif kind == "timestamp":
        assert type(value) in (int, float), f"{path} is {value!r}"
    else:
        assert type(value) is bool, f"{path} is {value!r}"
