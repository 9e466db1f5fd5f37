"""What kind of change a mismatch looks like, in words: no more than the evidence supports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyswf_fast.nondeterminism.alignment import Facts, Row, fits, label, name_of, neighbour
from pyswf_fast.nondeterminism.evidence import tasks_named_in

__all__ = ["comes_later", "is_named", "likely"]


def likely(
    facts: Facts, kind: str, rows: list[Row], recorded: dict[str, Any] | None, produced: dict[str, Any] | None
) -> str:
    """Name the change.

    Parameters:
        facts: What the engine knows.
        kind: The report's kind.
        rows: Records and commands, aligned.
        recorded: The record that does not fit, or None.
        produced: The command in its place, or None.
    """
    if facts["failure"] is not None and kind in ("missing", "changed"):
        then = (
            "before it asks for what was recorded" if kind == "missing" else "which it did not when recorded"
        )
        return f"the decider fails here with {type(facts['failure']).__name__}, {then}"
    if kind == "reordered":
        return _reordered(facts, rows)
    if kind == "changed":
        return _changed(facts, recorded, produced)
    if kind == "renamed" and recorded and produced:
        return _shifted(rows) or _renamed(facts, recorded, produced)
    if kind == "extra":
        return _extra(facts, rows, produced)
    return _missing(facts, rows, recorded, produced)


def _reordered(facts: Facts, rows: list[Row]) -> str:
    moved = [name_of(left) for left, right in rows if left is not None and not fits((left, right))]
    if len(moved) == 2:
        return f"{moved[0]} and {moved[1]} changed places"
    if facts["kind"] == "renamed" and comes_later(facts, facts["produced"]):
        return (
            f"{moved[0]} and {name_of(facts['produced'])} changed places, or the former is passed over here"
        )
    return f"the same things are asked for in another order, from {moved[0]} on"


def _changed(facts: Facts, recorded: dict[str, Any] | None, produced: dict[str, Any] | None) -> str:
    if recorded and produced and recorded["what"] != produced["what"]:
        return f"the run ends otherwise: {produced['what']} where it was {recorded['what']}"
    what = ", ".join(facts["differences"])
    return f"{name_of(produced or recorded or {})} is asked for as before, but with other values: {what}"


def _shifted(rows: list[Row]) -> str:
    """Tell of calls that were only added, or only removed: those behind them have other numbers now."""
    added = [right for left, right in rows if left is None and right is not None]
    gone = [left for left, right in rows if right is None and left is not None]
    if bool(added) == bool(gone) or any(left and right and not fits((left, right)) for left, right in rows):
        return ""
    names = ", ".join(name_of(one) for one in (added or gone)[:3])
    return f"{names} was {'added' if added else 'removed'}{neighbour(rows, (added or gone)[0])}"


def _renamed(facts: Facts, recorded: dict[str, Any], produced: dict[str, Any]) -> str:
    if recorded.get("name") == produced.get("name"):
        return (
            f"the version of {recorded.get('name')!r} changed from {recorded.get('version')} to "
            f"{produced.get('version')}"
        )
    if comes_later(facts, produced):
        return f"{name_of(recorded)} was removed: {name_of(produced)} is what the history has next"
    if is_named(facts, recorded):
        return (
            f"a call of {produced.get('name')!r} was put before {recorded.get('name')!r}, which the code "
            "still has, or a condition came out otherwise"
        )
    return (
        f"{recorded.get('name')!r} was renamed to {produced.get('name')!r}, or replaced by it: the code does "
        f"not name {recorded.get('name')!r} any more"
    )


def _extra(facts: Facts, rows: list[Row], produced: dict[str, Any] | None) -> str:
    if produced is None:
        return "the code asks for more here than when this was recorded"
    if produced["what"].endswith("WorkflowExecution"):
        return "the code ends here, where it went on when this was recorded"
    same = _count_text(rows, produced)
    if same:
        return same
    if any(label(one) == label(produced) for one in facts["next_records"]):
        return (
            f"{name_of(produced)} is asked for earlier than it was: the history has it in a later decision, "
            "so something was waited for in between"
        )
    behind = neighbour(rows, produced)
    return f"{name_of(produced)} was added{behind}"


def _missing(
    facts: Facts, rows: list[Row], recorded: dict[str, Any] | None, produced: dict[str, Any] | None
) -> str:
    if recorded is None:
        return f"the code asks for fewer things than the {facts['held']} that this decision held back"
    if produced is not None and produced["what"] != recorded["what"]:
        if produced["what"].endswith("WorkflowExecution"):
            return f"the code ends here, before it asks for {name_of(recorded)}"
        return f"{name_of(produced)} stands where {name_of(recorded)} was"
    if produced is not None and produced["what"] == recorded["what"] and label(produced) != label(recorded):
        return _renamed(facts, recorded, produced)
    same = _count_text(rows, recorded)
    if same:
        return same
    behind = neighbour(rows, recorded)
    return f"{name_of(recorded)} was removed{behind}, or is asked for later than it was"


def _count_text(rows: list[Row], one: dict[str, Any]) -> str:
    """Where several of the same are asked for, how many there were and are."""
    same = label(one)
    then = sum(left is not None and label(left) == same for left, _ in rows)
    now = sum(right is not None and label(right) == same for _, right in rows)
    if min(then, now) < 2 or then == now:
        return ""
    loop = "longer" if now > then else "shorter"
    return f"{name_of(one)} is asked for {now} times here where it was {then} times: a loop got {loop}"


def comes_later(facts: Facts, command: Mapping[str, Any]) -> bool:
    """Tell whether the next decision recorded such a command."""
    return any(label(one) == label(command) for one in facts["next_records"])


def is_named(facts: Facts, record: Mapping[str, Any]) -> bool:
    """Tell whether the code still names the function that a record is of."""
    return record.get("name") in tasks_named_in(*facts["code"])
