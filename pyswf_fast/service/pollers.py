"""Who polls which task list now, and who did last: the front notes it, the page for people shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pyswf_fast.service.machine import ListKey

__all__ = ["LastPoll", "Pollers"]

MOST_LISTS = 10_000  # remembered; beyond that the list that was not polled for longest is forgotten


class LastPoll(NamedTuple):
    """The newest poll of a list: when it was last there, in milliseconds since the epoch, and who it was."""

    at_ms: int
    identity: str


class Pollers:
    """The polls of all task lists; "" is the identity of one that gave none.

    Parameters:
        now_ms: The service's clock.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._here: dict[ListKey, Counter[str]] = {}
        self._last: dict[ListKey, LastPoll] = {}

    @contextmanager
    def at(self, key: ListKey, identity: str) -> Iterator[None]:
        """A poll is at the list while the context lasts."""
        here = self._here.setdefault(key, Counter())
        here[identity] += 1
        try:
            yield
        finally:
            here[identity] -= 1
            if not here[identity]:
                del here[identity]
            if not here:
                del self._here[key]
            self._last.pop(key, None)  # the newest stand last
            self._last[key] = LastPoll(self._now_ms(), identity)
            if len(self._last) > MOST_LISTS:
                del self._last[next(iter(self._last))]

    def here(self, key: ListKey) -> dict[str, int]:
        """How many polls wait at a list now, by identity."""
        return dict(self._here.get(key, ()))

    def last(self, key: ListKey) -> LastPoll | None:
        """The newest poll that ended; None if there was none since the service was started."""
        return self._last.get(key)
