"""The next decision of a run that is kept open: only what is new costs."""

from __future__ import annotations

import time

from deciders import decider
from generate import RUN_ID, Shape, body, tasks

from pyswf_fast._replay import History, Run

#: So many of the last decisions are timed, but not more than half of them.
LAST = 20


def open_run(shape: Shape) -> tuple[Run, list[bytes]]:
    """A run brought to a decision task some way before the end, and the pages of those that follow."""
    found = list(tasks(shape))
    last = min(LAST, len(found) // 2)
    known = [event for _, events in found[:-last] for event in events]
    started = found[-last - 1][0]
    cuts = range(0, len(known), 1000)
    history = History.from_pages([body(known[at : at + 1000], started, False) for at in cuts])
    run = Run(decider(shape), history, run_id=RUN_ID, scope="domain/workflow/run")
    pages, previous = [], started
    for started, events in found[-last:]:
        pages.append(body(events, started, False, previous))
        previous = started
    return run, pages


def next_decision(shape: Shape) -> list[float]:
    """Seconds of each of the last decisions: page in, decisions out."""
    run, pages = open_run(shape)
    taken = []
    for page in pages:
        start = time.perf_counter()
        run.append_page(page)
        decisions = run.decisions
        taken.append(time.perf_counter() - start)
        assert len(decisions) == shape.at_once
    run.close()
    return taken
