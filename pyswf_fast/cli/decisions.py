"""Decisions for people: one line each, their payloads decoded and shortened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyswf_fast._replay import Bound, Task
from pyswf_fast.exceptions import SwfError
from pyswf_fast.registration import task_of

__all__ = ["in_words"]

LONGEST = 120
IDS = ("activityId", "timerId", "workflowId", "markerName", "signalName", "id")
PAYLOADS = ("input", "result", "details", "reason")


def in_words(
    decision: Mapping[str, Any],
    decider: Task[Any, Any] | Bound,
    calls: Mapping[tuple[str, str], tuple[Task[Any, Any], Any]],
) -> str:
    """One decision on one line.

    Parameters:
        decision: As it would be sent.
        decider: Who decided it.
        calls: Role and id of what it calls -> (decorated function, its object), as `Run.calls`.
    """
    kind = decision["decisionType"]
    its = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
    words = [kind]
    words += [repr(its[key]) for key in IDS if key in its]
    role, id_ = (
        ("activity", its["activityId"]) if "activityId" in its else ("decider", its.get("workflowId", ""))
    )
    called = calls.get((role, id_))
    task: Task[Any, Any] | None = called[0] if called else None
    if kind.startswith(("Continue", "Complete")):
        task, _ = task_of(decider, "decider")
    if "startToFireTimeout" in its:
        words.append(f"{its['startToFireTimeout']} s")
    if kind in ("ScheduleActivityTask", "StartChildWorkflowExecution"):
        named = its.get("activityType") or its["workflowType"]
        words.append(f"{named['name']} {named['version']}")
    for key in PAYLOADS:
        if its.get(key):
            words.append(_shortened(_value(key, its[key], task)))
    return "  ".join(words)


def _value(key: str, text: str, task: Task[Any, Any] | None) -> str:
    """A payload as Python would write it; what lies in a store, or is not ours, as it is."""
    if task is None or text.startswith("~"):
        return text
    try:
        if key == "input":
            args, kwargs = task.codec.decode_input(text)
            return (
                f"({', '.join([*map(repr, args), *(f'{name}={value!r}' for name, value in kwargs.items())])})"
            )
        return repr(task.codec.decode_result(text)) if key == "result" else text
    except SwfError:
        return text


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
