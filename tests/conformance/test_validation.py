"""What the model says of a member's values, in its constraints and in its prose, holds for each member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.validation import check

from .model import DECISIONS, OPERATIONS, SHAPES, decision_attributes, decision_member, input_shape
from .test_faults import REQUESTS
from .test_members import ATTRIBUTES

YEAR = 31_536_000
PRIORITIES = {
    "-2147483648": True,
    "2147483647": True,
    "2147483648": False,
    "1.5": False,
    "": False,
    "+1": False,
}
UNLIMITED = {
    "NONE": True,
    "0": True,
    str(YEAR): True,
    str(YEAR + 1): False,
    "-1": False,
    "": False,
    "1.0": False,
}
LIMITED = {**UNLIMITED, "NONE": False}
RETENTIONS = {"NONE": True, "0": True, "90": True, "91": False, "-1": False, "one": False}
FUNCTIONS = {"1": True, "900": True, "901": False, "0": False}
TAGS = {"a_b.c:d/e=f+g-h@i j1ü": True, "a,b": False, "a#b": False, "a\\b": False}
NAMES = {"barn": True, "arn": False, **{f"a{c}b": False for c in ":/|\x00\x1f\x7f\x9f"}, "a\xa0b": True}

Place = tuple[str, str, str, str]  # operation, decision type or "", path of the member, its shape


def places(shape_name: str, path: str = "") -> Iterator[tuple[str, str, str]]:
    """The members of a structure that hold texts: path, shape and the prose about it."""
    for name, reference in SHAPES[shape_name]["members"].items():
        shape, inner = SHAPES[reference["shape"]], reference["shape"]
        here = f"{path}{name}"
        if shape["type"] == "list":
            inner, here = shape["member"]["shape"], f"{here}.1.member"
            shape = SHAPES[inner]
        if shape["type"] == "structure" and inner != "Decision":
            prose = reference.get("documentation", "")
            for deeper, of_shape, more in places(inner, f"{here}."):
                yield deeper, of_shape, prose + more
        elif shape["type"] == "string":
            yield here, inner, reference.get("documentation", "")


def everywhere() -> Iterator[tuple[str, str, str, str]]:
    """All members of all requests and decisions that hold texts: whose, path, shape, prose."""
    for operation in OPERATIONS:
        yield from ((operation, *place) for place in places(input_shape(operation)))
    for decision in DECISIONS:
        yield from ((decision, *place) for place in places(decision_attributes(decision)))


def complaint(owner: str, path: str, value: str) -> str:
    """What is said of a request that is good but for one member; nothing if it is taken."""
    changed = placed(path.split("."), value, REQUESTS.get(owner) or ATTRIBUTES[owner])
    if owner in DECISIONS:
        decision = {"decisionType": owner, decision_member(owner): changed}
        owner, changed = "RespondDecisionTaskCompleted", {"taskToken": "t", "decisions": [decision]}
    try:
        check(owner, changed)
    except ServiceFault as fault:
        return str(fault)
    return ""


def placed(path: list[str], value: str, into: Any) -> Any:
    """`into` with `value` at `path`."""
    if not path:
        return value
    if path[0] == "1":
        return [placed(path[2:], value, into[0] if into else {})]
    inner = into.get(path[0]) if isinstance(into, dict) else None
    return {**(into or {}), path[0]: placed(path[1:], value, {} if inner is None else inner)}


def whole(owner: str, path: str) -> str:
    """The path as faults write it."""
    return f"decisions.1.member.{decision_member(owner)}.{path}" if owner in DECISIONS else path


def refused(owner: str, path: str, value: str, must: str) -> bool:
    """Whether exactly this is said of the value."""
    said = f"Value '{value}' at '{whole(owner, path)}' failed to satisfy constraint: {must}"
    return said in complaint(owner, path, value)


def taken(owner: str, path: str, value: str) -> bool:
    """Whether nothing is said of the value."""
    return f"at '{whole(owner, path)}' failed" not in complaint(owner, path, value)


def test_lengths() -> None:
    """Counted in Unicode characters: one outside the basic plane is one."""
    for owner, path, shape_name, _ in everywhere():
        shape = SHAPES[shape_name]
        if "enum" in shape:
            continue
        if shape.get("min", 0) == 1:
            must = "Member must have length greater than or equal to 1"
            assert refused(owner, path, "", must), (owner, path)
        if "max" not in shape:
            continue
        for character in "1😀":
            must = f"Member must have length less than or equal to {shape['max']}"
            assert refused(owner, path, character * (shape["max"] + 1), must), (owner, path)
            assert must not in complaint(owner, path, character * shape["max"]), (owner, path)


def test_enumerations() -> None:
    for owner, path, shape_name, _ in everywhere():
        allowed = SHAPES[shape_name].get("enum")
        if allowed and path != "decisionType":
            must = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            assert refused(owner, path, allowed[0].lower(), must), (owner, path)
            assert all(taken(owner, path, value) for value in allowed), (owner, path)


def values_of(owner: str, path: str, shape: str, prose: str) -> dict[str, bool]:
    """Values, and whether they are taken, for a member with rules that the model tells in prose."""
    if shape == "DurationInDays":
        return RETENTIONS
    if shape == "TaskPriority":
        return PRIORITIES
    if shape == "DurationInSeconds":
        return LIMITED
    if shape == "DurationInSecondsOptional":
        if owner == "ScheduleLambdaFunction":
            return FUNCTIONS
        return LIMITED if "cannot specify a value of" in prose else UNLIMITED
    if shape in ("ResourceTagKey", "ResourceTagValue") and owner in ("RegisterDomain", "TagResource"):
        return TAGS
    if shape == "Tag" and "Filter" in path:
        return TAGS
    if "must not contain a" not in prose:
        return {}
    return NAMES if "must not start or end" not in prose else {**NAMES, " a": False, "a ": False, "a b": True}


def test_texts_that_mean_numbers_names_and_tags() -> None:
    found = set()
    for owner, path, shape, prose in everywhere():
        values = values_of(owner, path, shape, prose)
        for value, is_good in values.items():
            assert taken(owner, path, value) == is_good, (owner, path, value)
            found.add(shape)
    durations = {"DurationInSeconds", "DurationInSecondsOptional", "DurationInDays"}
    tags = {"ResourceTagKey", "ResourceTagValue", "Tag"}
    names = {"DomainName", "WorkflowId", "Name", "Version", "ActivityId", "TimerId"}
    assert found == {"TaskPriority", *durations, *tags, *names}


def test_attributes_of_other_types_are_measured_too_and_otherwise_ignored() -> None:
    for decision in DECISIONS:
        asked = {
            "taskToken": "t",
            "decisions": [
                {"decisionType": "StartTimer", "startTimerDecisionAttributes": ATTRIBUTES["StartTimer"]}
            ],
        }
        asked["decisions"][0][decision_member(decision)] = ATTRIBUTES[decision]
        check("RespondDecisionTaskCompleted", asked)
        name = next(iter(ATTRIBUTES[decision]))
        asked["decisions"][0][decision_member(decision)] = {name: "x" * 40_000}
        with pytest.raises(ServiceFault, match=r"Value '?x*'? at|Value null|can not be converted"):
            check("RespondDecisionTaskCompleted", asked)


def test_each_required_member_is_missed_by_name() -> None:
    for operation in OPERATIONS:
        required = SHAPES[input_shape(operation)].get("required", ())
        if not required:
            continue
        with pytest.raises(ServiceFault) as caught:
            check(operation, {})
        said = [
            f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
            for name in required
        ]
        count = "1 validation error" if len(said) == 1 else f"{len(said)} validation errors"
        assert caught.value.message == f"{count} detected: {'; '.join(said)}"


def test_a_list_that_is_too_long_is_told_as_java_writes_it() -> None:
    with pytest.raises(
        ServiceFault, match=r"Value '\[1, 2, 3, 4, 5, 6\]' at 'tagList' failed .* equal to 5$"
    ):
        check("StartWorkflowExecution", {**REQUESTS["StartWorkflowExecution"], "tagList": list("123456")})
