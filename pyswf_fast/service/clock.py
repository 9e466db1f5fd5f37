"""Where the service takes its time from; the state machine itself is handed every instant."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Protocol

from pyswf_fast.exceptions import UsageError

__all__ = ["Clock", "Duration", "SystemClock", "VirtualClock", "seconds"]

#: A number of seconds, a timedelta, or a text such as "90s", "3h", "1d 12h", "250ms".
Duration = float | dt.timedelta | str

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|[smhdw])")


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
        now: Where it starts: a datetime, or seconds since the epoch.

    Example:
        >>> clock = VirtualClock()
        >>> clock.advance("1d 12h")
    """

    def __init__(self, now: dt.datetime | float = 1_700_000_000.0) -> None:
        self._now = _instant(now)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def advance(self, duration: Duration) -> None:
        """Let time pass."""
        self.advance_to(self._now + seconds(duration))

    def advance_to(self, instant: dt.datetime | float) -> None:
        """Let time pass up to `instant`; one that has gone by changes nothing."""
        self._now = max(self._now, _instant(instant))

    def __repr__(self) -> str:
        return f"<VirtualClock {dt.datetime.fromtimestamp(self._now, dt.timezone.utc).isoformat()}>"


def seconds(duration: Duration) -> float:
    """A duration in seconds.

    Raises:
        UsageError: It is negative, or a text that is no duration.
    """
    if isinstance(duration, dt.timedelta):
        found = duration.total_seconds()
    elif isinstance(duration, str):
        parts = _PART.findall(duration)
        if not parts or _PART.sub("", duration).strip():
            raise UsageError(f'{duration!r} is no duration: write "90s", "5m", "3h", "1d 12h" or "250ms"')
        found = sum(float(number) * _UNITS[unit] for number, unit in parts)
    else:
        found = float(duration)
    if not found >= 0:
        raise UsageError(f"{duration!r} is no duration: time does not run backwards")
    return found


def _instant(instant: dt.datetime | float) -> float:
    return instant.timestamp() if isinstance(instant, dt.datetime) else float(instant)
