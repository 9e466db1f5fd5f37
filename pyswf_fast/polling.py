"""The worker's side of the network: polls that never end, answers that arrive, and what to do when they fail.

A poll or an answer fails for reasons that pass (throttling, 5xx, a dropped connection, a restarted service,
an expired token): those are waited out, with jitter and one log line an outage. Nothing here knows tasks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pyswf_fast.exceptions import ServiceFault, SwfError, UsageError
from pyswf_fast.pace import Pace, pace_of
from pyswf_fast.transport import Transport

__all__ = ["Backoff", "Outages", "Poller", "Slots", "may_pass", "send"]

logger = logging.getLogger("pyswf_fast.worker")

FIRST_BACKOFF_SECS = 0.25
LONGEST_BACKOFF_SECS = 5.0

#: For how long an answer is offered again; then the task is left to its timeouts.
ANSWER_PATIENCE_SECS = 600.0

#: The same, once the worker has been told to stop.
LAST_ANSWER_PATIENCE_SECS = 30.0

#: A poll that brings nothing sooner than this did not wait: the next one is held back, or it would spin.
QUICK_POLL_SECS = 0.5
PAUSE_AFTER_QUICK_POLL_SECS = 0.05

#: Faults that the same request need not meet again; besides, all that are told by their HTTP status alone.
_PASSING_FAULTS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalFailure",
        "InternalServerError",
        "InvalidSignatureException",  # a clock that is being set
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def may_pass(error: BaseException) -> bool:
    """Tell whether the same request may succeed later."""
    if isinstance(error, ServiceFault):
        return error.type in _PASSING_FAULTS or error.type.isdigit()
    return isinstance(error, SwfError) and not isinstance(error, UsageError)


class Backoff:
    """Waits that double up to a limit, each cut by chance to between a half and the whole."""

    def __init__(self, pace: Pace) -> None:
        self._chance = pace.chance
        self._secs = FIRST_BACKOFF_SECS

    def next_secs(self) -> float:
        """Give the next wait."""
        secs = self._secs
        self._secs = min(secs * 2, LONGEST_BACKOFF_SECS)
        return secs * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with short waits."""
        self._secs = FIRST_BACKOFF_SECS


class Outages:
    """What hinders a worker's requests at present; each kind is logged once as it begins and as it ends."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, what: str, error: Exception) -> str:
        """Note that a request failed; give the kind of outage that it belongs to."""
        kind = error.type if isinstance(error, ServiceFault) else type(error).__name__
        with self._lock:
            is_new = kind not in self._kinds
            self._kinds.add(kind)
        if is_new:
            logger.warning("%s failed, trying again: %s", what, error)
        return kind

    def end(self, what: str, kind: str) -> None:
        """Note that a request of those that had failed went through."""
        with self._lock:
            was_there = kind in self._kinds
            self._kinds.discard(kind)
        if was_there:
            logger.info("%s goes on", what)


def send(
    transport: Transport,
    operation: str,
    params: Mapping[str, Any],
    stopping: threading.Event,
    giving_up: threading.Event,
    outages: Outages,
) -> bytes:
    """Make a request, again and again while what hinders it may pass; gives the body of its answer.

    Parameters:
        transport: Where to.
        operation: The operation's name.
        params: Its parameters.
        stopping: Set when it should not be tried for long any more.
        giving_up: Set when it should not be tried any more.
        outages: Is told of failures.

    Raises:
        SwfError: The service refuses the request, or what hinders it did not pass in time.
    """
    pace = pace_of(transport)
    backoff = Backoff(pace)
    began = pace.now()
    outage: str | None = None
    while True:
        try:
            body = transport.call(operation, params)
        except SwfError as error:  # noqa: PERF203 - as said
            patience = LAST_ANSWER_PATIENCE_SECS if stopping.is_set() else ANSWER_PATIENCE_SECS
            if not may_pass(error) or pace.now() - began > patience or giving_up.is_set():
                raise
            if outage is None:
                outage = outages.begin(operation, error)
            pace.wait(backoff.next_secs(), giving_up)
        else:
            if outage is not None:
                outages.end(operation, outage)
            return body


class Slots:
    """How many activities may run at once, over all task lists.

    A poll holds no slot, or idle lists would keep busy ones from working; but a list polls only while all its
    polls under way could be served, so that a worker of one list never takes more than it can run.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0
        self._polling: dict[str, int] = {}
        self._changed = threading.Condition()

    def may_poll(self, task_list: str, timeout_secs: float) -> bool:
        """Wait until the list may poll, and count it as polling; False if that takes too long."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._running + self._polling.get(task_list, 0) < self._limit, timeout_secs
            ):
                return False
            self._polling[task_list] = self._polling.get(task_list, 0) + 1
            return True

    def polled(self, task_list: str) -> None:
        """Say that a poll is over."""
        with self._changed:
            self._polling[task_list] -= 1
            self._changed.notify_all()

    def take(self) -> None:
        """Count a task that is going to run."""
        with self._changed:
            self._running += 1

    def release(self) -> None:
        """Say that a task has been answered."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()


class Poller(threading.Thread):
    """Polls one task list until it is told to stop.

    Parameters:
        transport: Where to poll.
        operation: PollForDecisionTask or PollForActivityTask.
        params: What each poll asks.
        take: Is given each answer; says whether it brought a task.
        stopping: Set when nothing new is to be taken.
        outages: Is told of failures.
        on_error: Is told of each failure, and may mend its cause; it must not raise.
        slots: What limits the polls, or None.
    """

    def __init__(
        self,
        transport: Transport,
        operation: str,
        params: Mapping[str, Any],
        take: Callable[[bytes], bool],
        stopping: threading.Event,
        outages: Outages,
        on_error: Callable[[Exception], None] = lambda _: None,
        slots: Slots | None = None,
    ) -> None:
        self.task_list: str = params["taskList"]["name"]
        super().__init__(name=f"{operation} {self.task_list}", daemon=True)
        self._transport = transport
        self._operation = operation
        self._params = params
        self._take = take
        self._stopping = stopping
        self._outages = outages
        self._on_error = on_error
        self._slots = slots
        self._pace = pace_of(transport)
        self._backoff = Backoff(self._pace)
        self._met: set[str] = set()  # outages that its polls have met with
        #: Whether a request is under way: then it may be cut off without losing anything that was taken.
        self.is_waiting = False

    def run(self) -> None:
        """Poll."""
        while not self._stopping.is_set():
            started = self._pace.now()
            if not self.poll(slot_secs=0.5) and self._pace.now() - started < QUICK_POLL_SECS:
                self._pace.wait(PAUSE_AFTER_QUICK_POLL_SECS, self._stopping)

    def poll(self, slot_secs: float = 0.0) -> bool:
        """Poll once; False if there was nothing, or no slot within so many seconds.

        A poll that fails is waited after.
        """
        if self._slots is None:
            return self._poll()
        if not self._slots.may_poll(self.task_list, slot_secs):
            return False
        try:
            return self._poll()
        finally:
            self._slots.polled(self.task_list)

    def _poll(self) -> bool:
        try:
            self.is_waiting = True
            try:
                body = self._transport.call(self._operation, self._params)
            finally:
                self.is_waiting = False
            brought_task = self._take(body)
        except Exception as error:  # noqa: BLE001 - a poller outlives whatever happens to one poll
            if not self._stopping.is_set():
                self._met.add(self._outages.begin(self.name, error))
                self._on_error(error)
                self._pace.wait(self._backoff.next_secs(), self._stopping)
            return True
        if self._met:
            while self._met:
                self._outages.end(self.name, self._met.pop())
            self._backoff.reset()
        return brought_task
