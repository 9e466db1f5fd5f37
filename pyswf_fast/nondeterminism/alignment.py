"""Records and commands of a decision, side by side."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

__all__ = ["Facts", "Row", "align", "fits", "label", "name_of", "neighbour"]

Facts = Mapping[str, Any]
Row = tuple[dict[str, Any] | None, dict[str, Any] | None]


def label(command: Mapping[str, Any]) -> tuple[Any, ...]:
    """What one would recognize it by, without its number."""
    return command["what"], command.get("name"), command.get("version"), command.get("target")


def align(records: list[dict[str, Any]], made: list[dict[str, Any]], in_order: bool) -> list[Row]:
    """Put records beside commands: the same beside the same, or simply one by one, `in_order`."""
    if in_order:
        width = max(len(records), len(made))
        return list(zip(_padded(records, width), _padded(made, width), strict=True))
    rows: list[Row] = []
    left, right = [label(one) for one in records], [label(one) for one in made]
    for what, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if what in ("equal", "replace"):
            width = max(b - a, d - c)
            rows += zip(_padded(records[a:b], width), _padded(made[c:d], width), strict=True)
        elif what == "delete":
            rows += [(one, None) for one in records[a:b]]
        else:
            rows += [(None, one) for one in made[c:d]]
    return rows


def _padded(commands: list[dict[str, Any]], width: int) -> list[dict[str, Any] | None]:
    return [*commands, *[None] * (width - len(commands))]


def fits(row: Row) -> bool:
    """Tell whether both sides of a row are the same."""
    return row[0] is not None and row[1] is not None and label(row[0]) == label(row[1])


def neighbour(rows: list[Row], one: dict[str, Any]) -> str:
    """Between what it stands, as far as both sides have it."""
    place = next((i for i, row in enumerate(rows) if one is row[0] or one is row[1]), None)
    if place is None:
        return ""
    before = next((row[0] for row in rows[place::-1] if fits(row)), None)
    behind = next((row[0] for row in rows[place:] if fits(row)), None)
    if before is not None:
        return f" behind {name_of(before)}"
    return f" before {name_of(behind)}" if behind is not None else ""


def name_of(command: Mapping[str, Any]) -> str:
    """Call a record or command by its kind and name."""
    what, name, target = command.get("what", ""), command.get("name"), command.get("target")
    if what.endswith("WorkflowExecution"):
        return str(what)
    if what == "signal to a workflow":
        return f"signal {name!r} to {target!r}"
    if what == "cancel request to a workflow":
        return f"cancel request to {target!r}"
    return f"{what} {name!r}" if name else f"{what} {command.get('id')!r}"
