"""A run that its owner closed leaves nothing behind: promises are not seen by the collector (`no_gc`)."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    Timer,
    activity_task,
    as_completed,
    decision_task,
    sleep,
    spawn,
    wait_all,
    wait_any,
    workflow,
)
from pyswf_fast._replay import History, Run

from .stage import Stage
from .wire import task_body

RUNS = 40
#: Blocks a run may add on average: the interpreter's own caches grow now and then.
NOISE = 2.0


@activity_task(swf_task_type="work")
def work(x: Any) -> Any: ...


def waits_for_one() -> Any:
    first, *_ = [work(n) for n in range(20)]
    return first.result


def waits_for_all() -> Any:
    return wait_all([work(n) for n in range(20)])


def waits_for_any_with_timeout() -> Any:
    return wait_any([work(n) for n in range(20)], timeout=9)


def iterates() -> Any:
    return [p.result for p in as_completed([work(n) for n in range(20)])]


def hands_promises_on() -> Any:
    return work([work(work(n)) for n in range(5)]).result


def waits_for_signals() -> Any:
    spawn(lambda: list(workflow.signals("others")))
    return workflow.signals("mine").get(timeout=9)


def waits_in_branches() -> Any:
    branches = [spawn(lambda n=n: [sleep(n), work(n).result]) for n in range(5)]
    return wait_all(*branches, Timer.get(1))


@pytest.mark.parametrize(
    "function",
    [
        waits_for_one,
        waits_for_all,
        waits_for_any_with_timeout,
        iterates,
        hands_promises_on,
        waits_for_signals,
        waits_in_branches,
    ],
)
def test_a_closed_run_leaves_nothing(function: Callable[[], Any]) -> None:
    """Suspended wherever it was, a run that is closed is gone with everything that it made."""
    stage = Stage(decision_task(swf_workflow_type="order", swf_workflow_version="2.0")(function))
    started = stage.world.poll()
    body = task_body(stage.world.events[:started], started)

    def once() -> None:
        run = Run(stage.decider, History.from_pages([body]))
        assert run.decisions
        assert run.failure is None
        run.close()

    for _ in range(3):
        once()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(RUNS):
        once()
    gc.collect()

    assert (sys.getallocatedblocks() - before) / RUNS < NOISE
