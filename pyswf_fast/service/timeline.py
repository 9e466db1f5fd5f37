"""Executions in the order of an instant of theirs, so that a page of a list is found without sorting."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyswf_fast.service.execution import Execution

__all__ = ["Place", "Timeline"]

Place = tuple[int, int]  # the instant in milliseconds and, among those of one instant, the row


class Timeline:
    """Executions by when they started, or by when they closed."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Execution]] = []

    def add(self, at_ms: int, execution: Execution) -> None:
        """Take in an execution, most often the latest."""
        insort(self._entries, (at_ms, execution.row, execution))

    def remove(self, at_ms: int, execution: Execution) -> None:
        """Let an execution go."""
        del self._entries[bisect_left(self._entries, (at_ms, execution.row))]

    def between(
        self, oldest_ms: int, latest_ms: int | None, after: Place | None, newest_first: bool
    ) -> Iterator[tuple[Place, Execution]]:
        """The executions of a window, both ends included, and their places.

        Parameters:
            oldest_ms: The earliest instant.
            latest_ms: The latest instant, if there is one.
            after: Begin behind this place, whether or not it is still taken.
            newest_first: The order.
        """
        entries = self._entries
        low = bisect_left(entries, (oldest_ms,))
        high = len(entries) if latest_ms is None else bisect_left(entries, (latest_ms + 1,))
        if after is not None and newest_first:
            high = min(high, bisect_left(entries, after))
        elif after is not None:
            low = max(low, bisect_left(entries, (after[0], after[1] + 1)))
        for n in range(high - 1, low - 1, -1) if newest_first else range(low, high):
            at_ms, row, execution = entries[n]
            yield (at_ms, row), execution
