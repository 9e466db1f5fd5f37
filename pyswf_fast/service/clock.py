"""Where the service takes its time from; the state machine itself is handed every instant."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock"]


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()


class VirtualClock:
    """A clock that moves only when it is told to, so that a month passes in no time.

    Parameters:
        now: Where it starts, in seconds since the epoch.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = float(now)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.advance_to(self._now + seconds)

    def advance_to(self, instant: float) -> None:
        """Let time pass up to `instant`; one that has gone by changes nothing."""
        self._now = max(self._now, float(instant))
