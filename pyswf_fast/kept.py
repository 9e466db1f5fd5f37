"""Runs that stay suspended between their decision tasks, so that the next task costs only its new events.

    poller ── claim ──► deciding thread ── take, keep ──► responder ── settle

A task of a run is *claimed* from the moment in which its poller has it until its answer is recorded, or is
known to be lost: a second task of the run waits for that at its poller, and nobody lets the run go meanwhile.
Greenlets belong to the thread that made them, so runs are closed by the deciding thread alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from pyswf_fast._replay import History, Run

__all__ = ["KeptRuns", "StickyMetrics"]


@dataclass
class StickyMetrics:
    """How often decisions could go on from a kept run.

    Parameters:
        hits: Decisions that read only their new events.
        misses: Decisions that replayed the whole history.
        evicted: Kept runs that were let go before their execution closed.
        cold_events: Events that the misses replayed.
        cold_seconds: How long the misses took to decide, in seconds.
    """

    hits: int = 0
    misses: int = 0
    evicted: int = 0
    cold_events: int = 0
    cold_seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.hits} decisions went on from kept runs; {self.misses} replayed their history, "
            f"{self.cold_events} events in {self.cold_seconds:.3f} s; {self.evicted} kept runs were let go"
        )


class KeptRuns:
    """The runs that a worker keeps, least recently used first to go.

    Parameters:
        most_runs: How many are kept.
        most_bytes: How much memory their histories may take, in bytes.
        metrics: Where it counts.
    """

    def __init__(self, most_runs: int, most_bytes: int, metrics: StickyMetrics) -> None:
        self.metrics = metrics
        self._most_runs = most_runs
        self._most_bytes = most_bytes
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._bytes = 0
        self._claimed: set[str] = set()
        self._dropped: list[Run] = []  # no longer kept, and not closed yet
        self._changed = threading.Condition()

    def claim(self, run_id: str) -> History | None:
        """Reserve a run for a task of it that has come; waits while an earlier task of it is under way.

        Returns:
            What the kept run knows of its history, which stays as it is until the task is decided; None if
            the run is not kept.
        """
        with self._changed:
            self._changed.wait_for(lambda: run_id not in self._claimed)
            self._claimed.add(run_id)
            run = self._runs.get(run_id)
            return None if run is None else run.history

    def settle(self, run_id: str, is_recorded: bool) -> None:
        """End a claim: the answer was recorded, or it was not, and then the run knows of what never was."""
        with self._changed:
            if not is_recorded:
                self._drop(run_id)
            self._claimed.discard(run_id)
            self._changed.notify_all()

    def take(self, run_id: str) -> Run | None:
        """Give the kept run of a claimed task, which is kept no longer; for the deciding thread."""
        with self._changed:
            self._bytes -= self._sizes.pop(run_id, 0)
            return self._runs.pop(run_id, None)

    def keep(self, run_id: str, run: Run) -> None:
        """Keep a run whose task has been decided; for the deciding thread."""
        size = run.history.nbytes
        with self._changed:
            self._runs[run_id] = run
            self._sizes[run_id] = size
            self._bytes += size
            for other in list(self._runs):
                if len(self._runs) <= self._most_runs and self._bytes <= self._most_bytes:
                    break
                if other not in self._claimed:
                    self._drop(other)

    def close_dropped(self) -> None:
        """Close the runs that are no longer kept; for the deciding thread."""
        with self._changed:
            dropped, self._dropped = self._dropped, []
        for run in dropped:
            run.close()

    def close(self) -> None:
        """Let go of all runs; for the deciding thread."""
        with self._changed:
            for run_id in list(self._runs):
                self._drop(run_id)
        self.close_dropped()

    def _drop(self, run_id: str) -> None:
        run = self._runs.pop(run_id, None)
        if run is not None:
            self._bytes -= self._sizes.pop(run_id)
            self._dropped.append(run)
            self.metrics.evicted += 1
