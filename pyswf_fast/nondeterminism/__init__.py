"""Nondeterminism explained: from the engine's facts to a report for people, and the same as data.

    facts ── align ──► what kind of change it looks like ──► the report

The engine (`_replay/report.pyx`) says what a decision recorded and what the code asks for in its place. Here
the two are aligned, the likely change is named, and both are shown beside the line of code that asks.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pyswf_fast.exceptions import NondeterminismError
from pyswf_fast.nondeterminism.alignment import Facts, Row, align, label
from pyswf_fast.nondeterminism.likely import comes_later, is_named, likely
from pyswf_fast.nondeterminism.report import cleaned, failure_of, reproduce, text_of

__all__ = ["explain", "unstable"]

FIX = """\
take the change back, or keep the old way for executions that have passed here:
    if workflow.patched("what-changed"):
        ...  # as it is now
    else:
        ...  # as it was
if no code was changed, the decider reads what history does not have: a clock, random numbers, the
environment, the order of a set; PYSWF_PARANOID=1 in tests finds most of that"""


def explain(facts: Facts) -> NondeterminismError:
    """Make the error of a mismatch.

    Parameters:
        facts: What the engine knows; see `mismatch` in ``_replay/report.pyx``.
    """
    try:
        report = _report(facts)
        return NondeterminismError(text_of(report), report)
    except Exception as error:  # noqa: BLE001 - what the decider's names stand for is looked at, whatever it is
        report = {
            key: facts[key] for key in ("kind", "workflow_id", "run_id", "event_id", "batch", "batches")
        }
        return NondeterminismError(
            f"nondeterminism ({report['kind']}) in workflow {report['workflow_id'] or '?'!r}, run "
            f"{report['run_id'] or '?'}, event {report['event_id']}, batch {report['batch']} of "
            f"{report['batches']}; no more can be said, as that raised {type(error).__name__}: {error}",
            {**report, "recorded": None, "produced": None},
        )


def _report(facts: Facts) -> dict[str, Any]:
    kind = _kind(facts)
    rows = align(facts["records"], facts["made"], in_order=kind == "reordered")
    produced = facts["produced"] or _first_produced(facts, rows)
    recorded = facts["recorded"] or _first_recorded(rows)
    return {
        "kind": kind,
        "workflow_id": facts["workflow_id"],
        "run_id": facts["run_id"],
        "workflow_type": dict(facts["workflow_type"]),
        "event_id": facts["event_id"],
        "batch": facts["batch"],
        "batches": facts["batches"],
        "recorded": recorded and cleaned(recorded),
        "produced": produced and cleaned(produced),
        "differences": {name: list(pair) for name, pair in facts["differences"].items()},
        "comparison": [[side and cleaned(side) for side in row] for row in rows],
        "agreed": [cleaned(command) for command in facts["agreed"]],
        "held": facts["held"],
        "failure": failure_of(facts["failure"]),
        "likely": likely(facts, kind, rows, recorded, produced),
        "fix": FIX,
        "reproduce": reproduce(facts),
    }


def unstable(first: NondeterminismError, again: BaseException | None) -> NondeterminismError:
    """Say that a second replay of the same history did not come to the same mismatch.

    Parameters:
        first: What the first replay did not fit.
        again: What came of the second, None if it fitted.
    """
    if again is None:
        other = "fitted"
    elif isinstance(again, NondeterminismError):
        other = f"did not fit, but elsewhere (event {again.report.get('event_id')})"
    else:
        other = f"raised {type(again).__name__}: {again}"
    cause = (
        f"a second replay of the same history {other}: the code reads something that is not in the history, "
        "such as a clock, random numbers, the order of a set, a global variable"
    )
    fix = "use workflow.now(), workflow.random or @cached; sort sets; keep state within the run"
    report = {**first.report, "likely": cause, "fix": fix, "is_unstable": True}
    return NondeterminismError(text_of(report), report)


def _kind(facts: Facts) -> str:
    """The engine's kind; reordered where the same things are asked for in another order."""
    kind: str = facts["kind"]
    left, right = ([label(one) for one in facts[side]] for side in ("records", "made"))
    if kind in ("missing", "renamed") and left != right and Counter(left) == Counter(right):
        return "reordered"
    recorded, produced = facts["recorded"], facts["produced"]
    if kind == "renamed" and produced and comes_later(facts, produced) and is_named(facts, recorded):
        return "reordered"
    return kind


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
