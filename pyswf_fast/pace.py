"""How time passes for whoever waits for the service: as it does, unless the transport has a pace of its own.

Workers and clients wait between two tries. What they wait by is their transport's, so that in tests, where
the service's clock is virtual, their waits are too.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Any

__all__ = ["Pace", "pace_of"]


class Pace:
    """The machine's own time."""

    #: What cuts waits by chance, so that many who failed together do not come again together.
    chance = random.Random()

    def now(self) -> float:
        """Seconds since some instant; only differences mean something."""
        return time.monotonic()

    def wait(self, secs: float, event: threading.Event) -> None:
        """Let time pass, until the event is set at most."""
        event.wait(secs)

    def look_again(self, secs: float, left: float | None) -> None:
        """Let time pass until it makes sense to look again whether something has happened.

        Parameters:
            secs: How long that is, where nobody knows better.
            left: How long it may be at most; None is as long as it takes.
        """
        time.sleep(secs if left is None else min(secs, left))


_REAL = Pace()


def pace_of(transport: Any) -> Pace:
    """The pace at which a transport's answers come: its attribute ``pace``, else the machine's."""
    pace: Pace = getattr(transport, "pace", _REAL)
    return pace
