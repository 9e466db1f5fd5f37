"""Paranoid mode: every decision is made a second time, from the beginning of its history, and compared.

It finds deciders that come to something else each time they are run (a clock, chance, state that outlives a
run) when they are tested, and not in production, when a process is replaced. It does not find those that rely
on the order of a set of strings: both replays have the same hash seed.
"""

from __future__ import annotations

import json
import os
from typing import Any

from pyswf_fast._replay import Run
from pyswf_fast.exceptions import NondeterminismError

__all__ = ["is_paranoid", "rehearse"]

SHOWN_CHARACTERS = 300


def is_paranoid(given: bool | None) -> bool:
    """Tell whether to rehearse: what is given, else whether ``PYSWF_PARANOID`` is set to anything but 0."""
    return os.environ.get("PYSWF_PARANOID", "0") not in ("", "0") if given is None else given


def rehearse(run: Run) -> None:
    """Replay a run's history cold, and compare the decisions.

    Parameters:
        run: A run that has just decided.

    Raises:
        NondeterminismError: The second replay came to something else; kind ``unstable``.
    """
    try:
        second = run.rehearse()
    except NondeterminismError as error:
        raise _unstable(run, "decisions that fit the history", str(error)) from error
    try:
        for first, again in zip(_answer(run), _answer(second), strict=False):
            if first != again:
                raise _unstable(run, first, again)
        if len(_answer(run)) != len(_answer(second)):
            counts = [f"{len(one.decisions)} decisions" for one in (run, second)]
            raise _unstable(run, *counts)
    finally:
        second.close()


def _answer(run: Run) -> list[Any]:
    return [run.execution_context, *map(_told, run.decisions)]


def _told(decision: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a failure its traceback: an exception object that is raised again has a longer one."""
    if decision["decisionType"] != "FailWorkflowExecution":
        return decision
    return {"reason": decision["failWorkflowExecutionDecisionAttributes"]["reason"]}


def _unstable(run: Run, first: Any, again: Any) -> NondeterminismError:
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in (first, again)]
    shown = [text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…" for text in texts]
    workflow_id = run.history.workflow_id
    return NondeterminismError(
        f"nondeterminism (unstable) in workflow {workflow_id!r}, run {run.run_id}: two replays of the same "
        f"history came to different decisions.\n  the first: {shown[0]}\n  the second: {shown[1]}\n"
        "  The decider reads something that is not in its history: a clock, random numbers, a global "
        "variable. Use workflow.now(), workflow.random, @cached.",
        {
            "kind": "unstable",
            "workflow_id": workflow_id,
            "run_id": run.run_id,
            "event_id": run.history_length,
            "batch": run.batch,
            "batches": run.batch,
            "recorded": texts[0],
            "produced": texts[1],
        },
    )
