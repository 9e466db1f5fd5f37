"""What the two lanes of a worker share: each goes from poll to answer, for one kind of task.

DecisionLane (see `deciding`)     pollers ──► the deciding thread ──► responders
ActivityLane (see `performing`)   pollers ──► activity threads, which answer themselves
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pyswf_fast.polling import Outages, Poller, Slots, send
from pyswf_fast.roster import Roster
from pyswf_fast.transport import Transport

__all__ = ["POLLERS_A_LIST", "Lane"]

#: Two, so that the next task is fetched while one is being decided or taken over.
POLLERS_A_LIST = 2


class Lane:
    """What both lanes share: their pollers, their threads, and the two stages in which they stop.

    Parameters:
        transport: How SWF is reached.
        domain: The domain to poll.
        identity: What histories show as the worker's name.
        roster: Who serves what.
        on_no_op: Is given each answer that brought no task.
        on_poll_error: Is told of each poll that failed.
        outages: Is told of whatever failed on the way to the service.
    """

    operation: str

    def __init__(
        self,
        transport: Transport,
        domain: str,
        identity: str,
        roster: Roster,
        on_no_op: Callable[[bytes], None],
        on_poll_error: Callable[[Exception], None],
        outages: Outages,
    ) -> None:
        self._transport = transport
        self._domain = domain
        self._roster = roster
        self._on_no_op = on_no_op
        self._outages = outages
        #: Set when nothing new is to be taken.
        self.stopping = threading.Event()
        #: Set when what is in hand is given up as well.
        self.giving_up = threading.Event()
        self.pollers = [
            Poller(
                transport,
                self.operation,
                params,
                self._taker(params),
                self.stopping,
                outages,
                on_poll_error,
                self._slots(),
            )
            for task_list in roster.task_lists
            for more in self._polls(task_list)
            for params in [{"domain": domain, "taskList": {"name": task_list}, "identity": identity, **more}]
        ]
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start all threads, those that take tasks last."""
        self.threads = self._make_threads()
        for thread in [*self.threads, *self.pollers]:
            thread.start()

    def _make_threads(self) -> list[threading.Thread]:
        raise NotImplementedError

    def finish(self) -> None:
        """Let the threads end once they have worked off what the pollers, which have ended, took."""
        raise NotImplementedError

    def _send(self, operation: str, params: Mapping[str, Any]) -> bytes:
        return send(self._transport, operation, params, self.stopping, self.giving_up, self._outages)

    def _slots(self) -> Slots | None:
        return None

    def _polls(self, task_list: str) -> Iterable[Mapping[str, Any]]:
        """Give what each of the polls that serve a list asks for beside it."""
        del task_list
        return ({} for _ in range(POLLERS_A_LIST))

    def _taker(self, poll: Mapping[str, Any]) -> Callable[[bytes], bool]:
        def take(body: bytes) -> bool:
            if self._take(poll, body):
                return True
            if not self.stopping.is_set():
                self._on_no_op(body)
            return False

        return take

    def _take(self, poll: Mapping[str, Any], body: bytes) -> bool:
        raise NotImplementedError
