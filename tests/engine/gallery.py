"""The gallery of nondeterminism reports: small deciders, a change of each, and what is said of it.

`docs/nondeterminism.md` has the reports exactly as they print. To write it anew:

    PYSWF_WRITE_GALLERY=1 python -m pytest tests/engine/test_gallery.py
"""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pyswf_fast import NondeterminismError
from pyswf_fast._replay import History, Run

from .stage import Stage
from .wire import RUN_ID, task_body

FILE = "shop.py"
HEADER = """\
from pyswf_fast import Timer, activity_task, decision_task, sleep, wait_all, workflow

@activity_task
def reserve(item): ...

@activity_task
def bill(order): ...

@activity_task
def ship(order): ...

@decision_task
def gift(order): ...
"""


@dataclass(frozen=True)
class Case:
    """One exhibit.

    Parameters:
        title: What was changed.
        kind: The report's kind.
        before: The decider that wrote the history.
        after: The decider that is to go on with it.
        strict: Whether strict mode finds it, and no other.
    """

    title: str
    kind: str
    before: str
    after: str
    strict: bool = False


def loaded(source: str) -> Any:
    """The decider `process` of a file `shop.py` with this text at its end."""
    text = f"{HEADER}\n{textwrap.dedent(source).strip()}\n"
    names: dict[str, Any] = {"__name__": "shop"}
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    exec(compile(text, FILE, "exec"), names)
    return names["process"]


def lived(decider: Any) -> Stage:
    """A workflow that has come to its third decision task, or to where it waits for what does not happen."""
    stage = Stage(decider, '[["o1"], {}]')
    for _ in range(2):
        stage.decide()
        for activity in [work["id"] for work in stage.world.open.values() if work["kind"] == "activity"]:
            stage.completes(activity, f"done {activity}")
        for timer in [work["id"] for work in stage.world.open.values() if work["kind"] == "timer"]:
            stage.fires(timer)
        if not stage.world.scheduled:
            stage.signal("anything")
        if stage.world.is_closed:
            break
    return stage


def report_of(case: Case) -> NondeterminismError:
    """What is said of a change."""
    stage = lived(loaded(case.before))
    run: Callable[[Any], Run]
    if stage.world.is_closed:
        history = History.from_pages([task_body(stage.world.events, 0)])
    else:
        started = stage.world.started or stage.world.poll()
        history = History.from_pages([task_body(stage.world.events[:started], started)])
    run = lambda decider: Run(decider, history, run_id=RUN_ID, domain="shop", strict=case.strict)  # noqa: E731
    run(loaded(case.before)).close()
    changed = loaded(case.after)
    with pytest.raises(NondeterminismError) as caught:
        run(changed)
    return caught.value


CASES = [
    Case(
        "A call was added",
        "extra",
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            reserve(order).result
            return wait_all(ship(order), bill(order))
        """,
    ),
    Case(
        "A call was removed",
        "missing",
        """
        @decision_task
        def process(order):
            wait_all(reserve(order), bill(order))
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
    ),
    Case(
        "A call was put in between",
        "renamed",
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
        """
        def checked(order):
            return bill(order).result

        @decision_task
        def process(order):
            reserve(order).result
            checked(order)
            return ship(order).result
        """,
    ),
    Case(
        "Two calls changed places",
        "reordered",
        """
        @decision_task
        def process(order):
            return wait_all(bill(order), ship(order))
        """,
        """
        @decision_task
        def process(order):
            return wait_all(ship(order), bill(order))
        """,
    ),
    Case(
        "Another version",
        "renamed",
        """
        @decision_task
        def process(order):
            return ship(order).result
        """,
        """
        @activity_task(swf_task_type="ship", swf_task_version="2.0")
        def ship(order): ...

        @decision_task
        def process(order):
            return ship(order).result
        """,
    ),
    Case(
        "A loop got longer",
        "extra",
        """
        @decision_task
        def process(order):
            return wait_all(*reserve.map(range(4)))
        """,
        """
        @decision_task
        def process(order):
            return wait_all(*reserve.map(range(5)))
        """,
    ),
    Case(
        "A wait was dropped",
        "extra",
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            return wait_all(reserve(order), ship(order))
        """,
    ),
    Case(
        "A timer where there was an activity",
        "missing",
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            sleep(60)
            return ship(order).result
        """,
    ),
    Case(
        "The decider fails now",
        "missing",
        """
        @decision_task
        def process(order):
            reserve(order).result
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            if reserve(order).result != "in stock":
                raise LookupError(order)
            return ship(order).result
        """,
    ),
    Case(
        "A signal for somebody else",
        "changed",
        """
        @decision_task
        def process(order):
            workflow.signal_external("stock-1", "sold", order)
            return ship(order).result
        """,
        """
        @decision_task
        def process(order):
            workflow.signal_external("stock-2", "sold", order)
            return ship(order).result
        """,
    ),
    Case(
        "The run ends otherwise",
        "changed",
        """
        @decision_task
        def process(order):
            return reserve(order).result
        """,
        """
        @decision_task
        def process(order):
            reserve(order).result
            raise RuntimeError("out of stock")
        """,
    ),
    Case(
        "Other arguments (strict mode alone finds it)",
        "changed",
        """
        @decision_task
        def process(order):
            return ship({"id": order, "express": False}).result
        """,
        """
        @decision_task
        def process(order):
            return ship({"id": order, "express": True}).result
        """,
        strict=True,
    ),
]

MARK = "<!-- What follows is written by tests/engine/gallery.py. -->\n"


def page(written: str) -> str:
    """The page, with the reports as they are now."""
    parts = [written.partition(MARK)[0] + MARK]
    for case in CASES:
        before, after = (textwrap.dedent(text).strip() for text in (case.before, case.after))
        parts.append(
            f"## {case.title}\n\nBefore:\n\n```text\n{before}\n```\n\nAfter:\n\n```text\n{after}\n```\n\n"
            f"```text\n{report_of(case)}\n```\n"
        )
    return "\n".join(parts)
