"""Workers' threads in a test: greenlets of its own thread, which stand still while virtual time passes.

So breakpoints, coverage and monkeypatching work in what they do, and the order is the same in each run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from greenlet import getcurrent, greenlet

from pyswf_fast.perform import LetGo

__all__ = ["Actors"]


@dataclass
class _Standing:
    """One that stands still, and what it waits for: an instant, something to look at, or nothing any more."""

    body: Any
    due: float | None
    seen: int | None  # how much had happened when it last looked


class Actors:
    """Whoever does something in a test beside the test itself."""

    def __init__(self) -> None:
        self._bodies: set[Any] = set()
        self._standing: list[_Standing] = []

    def begin(self, act: Callable[[], Any]) -> bool:
        """Let a new one act until it stands still, which is true, or ends, with what it returned."""

        def run() -> Any:
            try:
                return act()
            except LetGo:
                return True
            finally:
                self._bodies.discard(body)

        body = greenlet(run)
        body.gr_context = copy_context()
        self._bodies.add(body)
        return self._enter(body)

    def is_acting(self) -> bool:
        """Whether the caller is one of them."""
        return getcurrent() in self._bodies

    def stand_still(self, due: float | None = None, seen: int | None = None) -> None:
        """Let others act.

        Parameters:
            due: When to go on.
            seen: Go on as soon as more than this has happened.
        """
        body = getcurrent()
        self._standing.append(_Standing(body, due, seen))
        body.parent.switch(True)

    def wake(self, now: float, happened: int) -> bool:
        """Let one go on that has what it waits for, the one that has waited longest; False if none has."""
        for one in self._standing:
            if (one.due is not None and one.due <= now) or (one.seen is not None and one.seen < happened):
                self._standing.remove(one)
                self._enter(one.body)
                return True
        return False

    @property
    def dues(self) -> list[tuple[float, Any]]:
        """When some go on, and who."""
        return [(one.due, one.body) for one in self._standing if one.due is not None]

    def close(self) -> None:
        """Let all go that still stand."""
        while self._standing:
            body = self._standing.pop().body
            body.parent = getcurrent()
            body.throw(LetGo())

    def _enter(self, body: Any) -> bool:
        body.parent = getcurrent()
        return bool(body.switch())
