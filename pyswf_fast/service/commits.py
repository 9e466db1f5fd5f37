"""One commit for all requests of a turn of the event loop; none of them is answered before it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.embedded import EmbeddedSwf

__all__ = ["TurnCommits"]


class TurnCommits:
    """Stores what the requests of a turn changed, at its end, and holds their answers back until then.

    Where nothing is kept, nothing is held back: a turn ends all the same, for the sake of `at_end`.

    Parameters:
        swf: What is committed.
        at_end: Called after each commit, with whether it succeeded.
    """

    def __init__(self, swf: EmbeddedSwf, at_end: Callable[[bool], None]) -> None:
        self._swf = swf
        self._at_end = at_end
        self._held: list[tuple[asyncio.Future[Any], object]] = []
        self._ends_soon = False

    def soon(self) -> bool:
        """Commit at the end of this turn, if there is anything; whether answers must wait for it."""
        if not self._swf.machine.changes:
            return False
        if not self._ends_soon:
            self._ends_soon = True
            asyncio.get_running_loop().call_soon(self._end)
        return self._swf.durable

    def deliver(self, future: asyncio.Future[Any], answer: object) -> None:
        """Give `answer` to `future` once all that was changed is stored, or the fault that it cannot be."""
        if self.soon():
            self._held.append((future, answer))
        elif not future.done():
            future.set_result(answer)

    async def stored(self) -> None:
        """Return when all that was changed is stored; raises ServiceFault if it cannot be."""
        if self.soon():
            future = asyncio.get_running_loop().create_future()
            self._held.append((future, None))
            await future

    def _end(self) -> None:
        self._ends_soon = False
        held, self._held = self._held, []
        try:
            self._swf.commit()
        except ServiceFault as fault:
            print(f"pyswf-fast: {fault.message}", file=sys.stderr, flush=True)
            for future, _ in held:
                if not future.done():
                    future.set_exception(ServiceFault(fault.type, fault.message))
            self._at_end(False)
        else:
            for future, answer in held:
                if not future.done():
                    future.set_result(answer)
            self._at_end(True)
