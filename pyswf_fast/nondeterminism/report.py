"""The report of a mismatch: its facts as data for programs, and as text for people."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyswf_fast.nondeterminism.alignment import Facts, label, name_of

__all__ = ["cleaned", "failure_of", "reproduce", "text_of"]

#: Rows of the comparison, and characters of a value, that a report shows.
MOST_ROWS = 12
MOST_CHARACTERS = 160
COLUMN = 44

#: What each kind says in one line.
HEADLINES = {
    "missing": "history recorded what the code does not ask for",
    "extra": "the code asks for what history did not record",
    "renamed": "the code asks for another name or version than history recorded",
    "reordered": "the code asks for the same things in another order than history recorded",
    "changed": "the code asks for what history recorded, but not in the same way",
}

_OURS = __name__.partition(".")[0]


def cleaned(command: Mapping[str, Any]) -> dict[str, Any]:
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


def failure_of(exception: BaseException | None) -> dict[str, Any] | None:
    """What the decider raised in the batch, and where: often it is the cause of all."""
    if exception is None:
        return None
    frames = [
        (frame.f_globals.get("__name__"), frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(exception.__traceback__)
    ]
    return {
        "type": f"{type(exception).__module__}.{type(exception).__qualname__}",
        "message": _message(exception)[:MOST_CHARACTERS],
        "source": _source(frames[::-1]),
    }


def _message(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception as second:  # noqa: BLE001 - a __str__ may raise anything
        return f"<{type(second).__qualname__} in its __str__>"


def reproduce(facts: Facts) -> str:
    """Give the command that shows the mismatch again."""
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


def text_of(report: Facts) -> str:
    """Write the report for people."""
    its_type = report["workflow_type"]
    workflow = repr(report["workflow_id"] or "?")
    if its_type:
        workflow += f" of {its_type.get('name')} {its_type.get('version')}"
    lines = [
        f"nondeterminism ({report['kind']}): {HEADLINES[report['kind']]}",
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
    return bool(left and right and label(left) == label(right) and left.get("id") == right.get("id"))


def _column(command: Mapping[str, Any] | None) -> str:
    if command is None:
        return ""
    text = name_of(command)
    if command.get("name") and command.get("id") is not None and not command.get("target"):
        text += f" {command['id']!r}"
    if command.get("version"):
        text += f" {command['version']}"
    return text if len(text) <= COLUMN else text[: COLUMN - 1] + "…"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
