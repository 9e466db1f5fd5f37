"""A priority queue whose entries may lapse while they wait.

Tasks time out or are canceled while they stand in their list, and deadlines are overtaken. Looking for
such an entry would cost more than leaving it: it is dropped when it comes up, or when the queue has
doubled since it was last cleared, so that the queue never holds more than twice what is alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

__all__ = ["SMALLEST_CLEARING", "LapsingQueue"]

T = TypeVar("T")

SMALLEST_CLEARING = 1024


class LapsingQueue(Generic[T]):
    """Smallest key first, among equal keys the one that came first.

    Parameters:
        alive: Tells whether an entry still means something.
    """

    def __init__(self, alive: Callable[[T], bool]) -> None:
        self._alive = alive
        self._heap: list[tuple[tuple[int, ...], int, T]] = []
        self._order = count()
        self._clear_at = SMALLEST_CLEARING

    def push(self, key: tuple[int, ...], item: T) -> None:
        """Let `item` wait its turn."""
        heappush(self._heap, (key, next(self._order), item))
        if len(self._heap) > self._clear_at:
            self._heap = [entry for entry in self._heap if self._alive(entry[2])]
            heapify(self._heap)
            self._clear_at = max(SMALLEST_CLEARING, 2 * len(self._heap))

    def first(self) -> tuple[tuple[int, ...], T] | None:
        """Key and item of the first living entry, which stays."""
        while self._heap:
            key, _, item = self._heap[0]
            if self._alive(item):
                return key, item
            heappop(self._heap)
        return None

    def pop(self) -> T | None:
        """The first living entry, taken out."""
        found = self.first()
        if found is None:
            return None
        heappop(self._heap)
        return found[1]

    def __iter__(self) -> Iterator[T]:
        """The living entries, in no order."""
        return (entry[2] for entry in self._heap if self._alive(entry[2]))
