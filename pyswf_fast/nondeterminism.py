"""Nondeterminism explained: from the engine's facts to a report for people, and the same as data.

    facts ── align ──► what kind of change it looks like ──► the report

The engine (`_replay/report.pyx`) says what a decision recorded and what the code asks for in its place. Here
the two are aligned, the likely change is named, and both are shown beside the line of code that asks.
"""

from __future__ import annotations

import difflib
import linecache
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyswf_fast.evidence import tasks_named_in
from pyswf_fast.exceptions import NondeterminismError

__all__ = ["explain", "unstable"]

Facts = Mapping[str, Any]

#: Rows of the comparison, and characters of a value, that a report shows.
MOST_ROWS = 12
MOST_CHARACTERS = 160
COLUMN = 44

_OURS = __name__.partition(".")[0]


def explain(facts: Facts) -> NondeterminismError:
    """Make the error of a mismatch.

    Parameters:
        facts: What the engine knows; see `mismatch` in ``_replay/report.pyx``.
    """
    kind = _kind(facts)
    rows = _align(facts["records"], facts["made"], in_order=kind == "reordered")
    produced = facts["produced"] or _first_produced(facts, rows)
    recorded = facts["recorded"] or _first_recorded(rows)
    report = {
        "kind": kind,
        "workflow_id": facts["workflow_id"],
        "run_id": facts["run_id"],
        "workflow_type": dict(facts["workflow_type"]),
        "event_id": facts["event_id"],
        "batch": facts["batch"],
        "batches": facts["batches"],
        "recorded": recorded and _clean(recorded),
        "produced": produced and _clean(produced),
        "differences": {name: list(pair) for name, pair in facts["differences"].items()},
        "comparison": [[side and _clean(side) for side in row] for row in rows],
        "agreed": [_clean(command) for command in facts["agreed"]],
        "held": facts["held"],
        "failure": _failure(facts["failure"]),
        "likely": _likely(facts, kind, rows, recorded, produced),
        "fix": FIX,
        "reproduce": _reproduce(facts),
    }
    return NondeterminismError(_text(report), report)


def unstable(first: NondeterminismError, again: BaseException | None) -> NondeterminismError:
    """Say that a second replay of the same history did not come to the same mismatch.

    Parameters:
        first: What the first replay did not fit.
        again: What came of the second, None if it fitted.
    """
    if again is None:
        other = "fitted"
    elif isinstance(again, NondeterminismError):
        other = f"did not fit elsewhere (event {again.report.get('event_id')})"
    else:
        other = f"raised {type(again).__name__}: {again}"
    likely = (
        f"a second replay of the same history {other}: the code reads something that is not in the history, "
        "such as a clock, random numbers, the order of a set, a global variable"
    )
    fix = "use workflow.now(), workflow.random or @cached; sort sets; keep state within the run"
    report = {**first.report, "likely": likely, "fix": fix, "is_unstable": True}
    return NondeterminismError(_text(report), report)


# ── records and commands, aligned

Row = tuple[dict[str, Any] | None, dict[str, Any] | None]


def _label(command: Mapping[str, Any]) -> tuple[Any, ...]:
    """What one would recognize it by, without its number."""
    return command["what"], command.get("name"), command.get("version"), command.get("target")


def _align(records: list[dict[str, Any]], made: list[dict[str, Any]], in_order: bool) -> list[Row]:
    """Put records beside commands: the same beside the same, or simply one by one, `in_order`."""
    if in_order:
        width = max(len(records), len(made))
        return list(zip(_padded(records, width), _padded(made, width), strict=True))
    rows: list[Row] = []
    left, right = [_label(one) for one in records], [_label(one) for one in made]
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


def _fits(row: Row) -> bool:
    return row[0] is not None and row[1] is not None and _label(row[0]) == _label(row[1])


def _kind(facts: Facts) -> str:
    """The engine's kind; reordered where the same things are asked for in another order."""
    kind: str = facts["kind"]
    left, right = ([_label(one) for one in facts[side]] for side in ("records", "made"))
    if kind in ("missing", "renamed") and left != right and Counter(left) == Counter(right):
        return "reordered"
    recorded, produced = facts["recorded"], facts["produced"]
    if kind == "renamed" and produced and _comes_later(facts, produced) and _is_named(facts, recorded):
        return "reordered"
    return kind


def _comes_later(facts: Facts, command: Mapping[str, Any]) -> bool:
    """Tell whether the next decision recorded such a command."""
    return any(_label(one) == _label(command) for one in facts["next_records"])


def _is_named(facts: Facts, record: Mapping[str, Any]) -> bool:
    """Tell whether the code still names the function that a record is of."""
    return record.get("name") in tasks_named_in(*facts["code"])


def _first_produced(facts: Facts, rows: list[Row]) -> dict[str, Any] | None:
    """The command to show: beside the record that does not fit, else the first without a record."""
    recorded = facts["recorded"]
    if recorded is not None:
        for left, right in rows:
            if left is not None and left["event_id"] == recorded["event_id"]:
                return right
        return None
    return next((right for left, right in rows if left is None), None) or next(
        (one for one in facts["made"] if one["is_open"]), None
    )


def _first_recorded(rows: list[Row]) -> dict[str, Any] | None:
    return next((left for left, right in rows if left is not None and right is None), None)


# ── what it looks like


def _likely(
    facts: Facts, kind: str, rows: list[Row], recorded: dict[str, Any] | None, produced: dict[str, Any] | None
) -> str:
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
    moved = [_name(left) for left, right in rows if left is not None and not _fits((left, right))]
    if len(moved) == 2:
        return f"{moved[0]} and {moved[1]} changed places"
    if facts["kind"] == "renamed" and _comes_later(facts, facts["produced"]):
        return f"{moved[0]} and {_name(facts['produced'])} changed places, or the former is passed over here"
    return f"the same things are asked for in another order, from {moved[0]} on"


def _changed(facts: Facts, recorded: dict[str, Any] | None, produced: dict[str, Any] | None) -> str:
    if recorded and produced and recorded["what"] != produced["what"]:
        return f"the run ends otherwise: {produced['what']} where it was {recorded['what']}"
    what = ", ".join(facts["differences"])
    return f"{_name(produced or recorded or {})} is asked for as before, but with other values: {what}"


def _shifted(rows: list[Row]) -> str:
    """Tell of calls that were only added, or only removed: those behind them have other numbers now."""
    added = [right for left, right in rows if left is None and right is not None]
    gone = [left for left, right in rows if right is None and left is not None]
    if bool(added) == bool(gone) or any(left and right and not _fits((left, right)) for left, right in rows):
        return ""
    names = ", ".join(_name(one) for one in (added or gone)[:3])
    return f"{names} was {'added' if added else 'removed'}{_neighbour(rows, (added or gone)[0])}"


def _renamed(facts: Facts, recorded: dict[str, Any], produced: dict[str, Any]) -> str:
    if recorded.get("name") == produced.get("name"):
        return (
            f"the version of {recorded.get('name')!r} changed from {recorded.get('version')} to "
            f"{produced.get('version')}"
        )
    if _comes_later(facts, produced):
        return f"{_name(recorded)} was removed: {_name(produced)} is what the history has next"
    if _is_named(facts, recorded):
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
    if any(_label(one) == _label(produced) for one in facts["next_records"]):
        return (
            f"{_name(produced)} is asked for earlier than it was: the history has it in a later decision, so "
            "something was waited for in between"
        )
    behind = _neighbour(rows, produced)
    return f"{_name(produced)} was added{behind}"


def _missing(
    facts: Facts, rows: list[Row], recorded: dict[str, Any] | None, produced: dict[str, Any] | None
) -> str:
    if recorded is None:
        return f"the code asks for fewer things than the {facts['held']} that this decision held back"
    if produced is not None and produced["what"] != recorded["what"]:
        if produced["what"].endswith("WorkflowExecution"):
            return f"the code ends here, before it asks for {_name(recorded)}"
        return f"{_name(produced)} stands where {_name(recorded)} was"
    if produced is not None and produced["what"] == recorded["what"] and _label(produced) != _label(recorded):
        return _renamed(facts, recorded, produced)
    same = _count_text(rows, recorded)
    if same:
        return same
    behind = _neighbour(rows, recorded)
    return f"{_name(recorded)} was removed{behind}, or is asked for later than it was"


def _count_text(rows: list[Row], one: dict[str, Any]) -> str:
    """Where several of the same are asked for, how many there were and are."""
    label = _label(one)
    then = sum(left is not None and _label(left) == label for left, _ in rows)
    now = sum(right is not None and _label(right) == label for _, right in rows)
    if min(then, now) < 2 or then == now:
        return ""
    loop = "longer" if now > then else "shorter"
    return f"{_name(one)} is asked for {now} times here where it was {then} times: a loop got {loop}"


def _neighbour(rows: list[Row], one: dict[str, Any]) -> str:
    """Between what it stands, as far as both sides have it."""
    place = next((i for i, row in enumerate(rows) if one is row[0] or one is row[1]), None)
    if place is None:
        return ""
    before = next((row[0] for row in rows[place::-1] if _fits(row)), None)
    behind = next((row[0] for row in rows[place:] if _fits(row)), None)
    if before is not None:
        return f" behind {_name(before)}"
    return f" before {_name(behind)}" if behind is not None else ""


def _name(command: Mapping[str, Any]) -> str:
    what, name, target = command.get("what", ""), command.get("name"), command.get("target")
    if what.endswith("WorkflowExecution"):
        return str(what)
    if what == "signal to a workflow":
        return f"signal {name!r} to {target!r}"
    if what == "cancel request to a workflow":
        return f"cancel request to {target!r}"
    return f"{what} {name!r}" if name else f"{what} {command.get('id')!r}"


def _failure(exception: BaseException | None) -> dict[str, Any] | None:
    """What the decider raised in the batch, and where: often it is the cause of all."""
    if exception is None:
        return None
    frames = [
        (frame.f_globals.get("__name__"), frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(exception.__traceback__)
    ]
    return {
        "type": f"{type(exception).__module__}.{type(exception).__qualname__}",
        "message": str(exception)[:MOST_CHARACTERS],
        "source": _source(frames[::-1]),
    }


# ── the fix, and how to see it again


FIX = """\
take the change back, or keep the old way for executions that have passed here:
    if workflow.patched("what-changed"):
        ...  # as it is now
    else:
        ...  # as it was"""


def _reproduce(facts: Facts) -> str:
    module, name = facts["decider"]
    if module == "__main__":
        module = Path(getattr(sys.modules["__main__"], "__file__", None) or "__main__").stem
    words = ["pyswf-fast", "replay", f"{module}:{name.replace('.<locals>', '')}"]
    if not facts["workflow_id"]:
        return " ".join([*words, "HISTORY"])
    words += ["--workflow-id", _quoted(facts["workflow_id"])]
    if facts["run_id"]:
        words += ["--run-id", _quoted(facts["run_id"])]
    if facts["domain"]:
        words += ["--domain", _quoted(facts["domain"])]
    return " ".join(words)


def _quoted(text: str) -> str:
    plain = all(letter.isalnum() or letter in "-_.:=+/@%" for letter in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


# ── data for programs


def _clean(command: Mapping[str, Any]) -> dict[str, Any]:
    """A record or command without what is None, its site as the user's lines."""
    known = {
        key: value for key, value in command.items() if key not in ("site", "is_open") and value is not None
    }
    source = _source(command.get("site") or [])
    return {**known, "source": source} if source else known


def _source(site: Iterable[tuple[Any, str, int, str]]) -> list[dict[str, Any]]:
    """The user's frames of a call, the innermost first."""
    return [
        {
            "file": file,
            "line": line,
            "function": function,
            "text": linecache.getline(file, line).strip(),
        }
        for module, file, line, function in site
        if str(module).partition(".")[0] != _OURS and not file.startswith("_replay/")
    ]


# ── the report for people


def _text(report: Facts) -> str:
    its_type = report["workflow_type"]
    workflow = repr(report["workflow_id"] or "?")
    if its_type:
        workflow += f" of {its_type.get('name')} {its_type.get('version')}"
    lines = [
        f"nondeterminism ({report['kind']}): the code does not ask for what history recorded",
        f"  where:                workflow {workflow}, run {report['run_id'] or '?'}",
        f"                        event {report['event_id']}, batch {report['batch']} of {report['batches']}",
        f"  history recorded:     {_told(report['recorded'])}",
        f"  the decider produced: {_told(report['produced'])}",
    ]
    for name, (recorded, produced) in report["differences"].items():
        lines.append(f"    {name}: {_short(recorded)} was recorded, {_short(produced)} is asked for")
    lines += _source_lines((report["produced"] or {}).get("source") or [])
    failure = report["failure"]
    if failure:
        lines.append(
            f"  the decider raised:   {failure['type'].removeprefix('builtins.')}: {failure['message']}"
        )
        lines += _source_lines(failure["source"])
    lines.append(f"  it looks like:        {report['likely']}")
    lines += _comparison(report)
    fix = report["fix"].split("\n")
    lines.append(f"  what to do:           {fix[0]}")
    lines += [f"    {line}" for line in fix[1:]]
    lines.append(f"  to see it again:      {report['reproduce']}")
    return "\n".join(lines)


def _told(command: Mapping[str, Any] | None) -> str:
    """One record or command in words."""
    if command is None:
        return "nothing more"
    text = str(command.get("event_type") or command["what"])
    if command.get("id") is not None:
        text += f" {command['id']!r}"
    if command.get("name"):
        text += f" of {command['name']}"
    if command.get("version"):
        text += f" {command['version']}"
    if command.get("seconds"):
        text += f" of {command['seconds']} s"
    if command.get("target"):
        text += f" to {command['target']!r}"
    if command.get("cause"):
        text += f" ({command['cause']})"
    return text


def _source_lines(source: list[dict[str, Any]]) -> list[str]:
    """Where code asked: the innermost line, and through which others it came there."""
    return [
        f"    {'at' if place == 0 else 'called from'} {frame['file']}:{frame['line']} in {frame['function']}"
        + (f"\n        {frame['text']}" if frame["text"] else "")
        for place, frame in enumerate(source[:4])
    ]


def _comparison(report: Facts) -> list[str]:
    """Both sides in two columns, around the first row that does not fit."""
    rows = report["comparison"]
    if not rows:
        return []
    first = next((place for place, row in enumerate(rows) if not _alike(row)), 0)
    start = max(0, min(first - MOST_ROWS // 3, len(rows) - MOST_ROWS))
    lines = [f"  this decision, {'as recorded':<{COLUMN - 13}}  as asked for now"]
    lines += [f"    = {_column(command)}" for command in report["agreed"] if start == 0]
    if start:
        lines.append(f"    … {start} before")
    for left, right in rows[start : start + MOST_ROWS]:
        sign = "=" if _alike((left, right)) else "≠" if left and right else "-" if left else "+"
        lines.append(f"    {sign} {_column(left):<{COLUMN}}  {_column(right)}".rstrip())
    if start + MOST_ROWS < len(rows):
        lines.append(f"    … {len(rows) - start - MOST_ROWS} more")
    return lines


def _alike(row: Any) -> bool:
    left, right = row
    return bool(left and right and _label(left) == _label(right) and left.get("id") == right.get("id"))


def _column(command: Mapping[str, Any] | None) -> str:
    if command is None:
        return ""
    text = _name(command)
    if command.get("name") and command.get("id") is not None and not command.get("target"):
        text += f" {command['id']!r}"
    if command.get("version"):
        text += f" {command['version']}"
    return text if len(text) <= COLUMN else text[: COLUMN - 1] + "…"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
