"""Requests that go wrong: a transport that throttles, refuses, delays or loses them, as it is told.

What it does is what a worker or client would meet after the SDK has given up its own retries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from pyswf_fast.exceptions import ServiceFault, SwfError, UsageError
from pyswf_fast.pace import Pace, pace_of
from pyswf_fast.service.clock import Duration, seconds
from pyswf_fast.service.validation import OPERATIONS
from pyswf_fast.transport import Transport

__all__ = ["Fault", "Faults"]

Params = Mapping[str, Any]
#: Carries the request in question out.
Send = Callable[[], bytes]
#: Which calls: 3 for the third, [1, 4] for the first and the fourth; None for each.
Nth = int | Collection[int] | None

#: What the SDK waits for an answer.
READ_TIMEOUT_SECONDS = 60.0


class Fault:
    """One thing that goes wrong, and which requests it goes wrong for.

    Attributes:
        seen: How many requests there were that it could have been.
        hits: How many of them it happened to.
    """

    def __init__(
        self,
        operation: str,
        nth: Nth,
        times: int | None,
        when: Callable[[Params], bool] | None,
        act: Callable[[Send], None],
    ) -> None:
        if operation != "*" and operation not in OPERATIONS:
            raise UsageError(f'SWF has no operation {operation!r}; "*" is all of them')
        self.operation = operation
        self.seen = 0
        self.hits = 0
        self._nth = {nth} if isinstance(nth, int) else nth
        self._times = times
        self._when = when
        #: Does it: raises, or lets the request go on.
        self.act = act

    def strikes(self, operation: str, params: Params) -> bool:
        """Count a request, and tell whether it is to go wrong."""
        if self.operation not in ("*", operation) or (self._when is not None and not self._when(params)):
            return False
        self.seen += 1
        is_chosen = (self._nth is None or self.seen in self._nth) and (
            self._times is None or self.hits < self._times
        )
        self.hits += is_chosen
        return is_chosen

    def __repr__(self) -> str:
        return f"<Fault of {self.operation}: {self.hits} of {self.seen}>"


class Faults:
    """A transport that fails as it is told, and else is the one behind it.

    Each method but `call` takes the name of an operation, or ``"*"``, and which of its requests are meant;
    with none of these, all are, until `clear`:

    - ``nth``: the n-th one from now on, or several of them;
    - ``times``: so many at most;
    - ``when``: those for whose parameters it is true.

    Parameters:
        behind: What carries the requests that go right.
        pace: How time passes for who is kept waiting; None is as `behind` has it.

    Example:
        >>> faults = Faults(service)
        >>> faults.throttle("RespondActivityTaskCompleted", times=2)
        >>> faults.drop("StartWorkflowExecution", nth=1, reached=True)
        >>> Worker("shop", [order], [ship], transport=faults)
    """

    def __init__(self, behind: Transport, pace: Pace | None = None) -> None:
        self.behind = behind
        self.pace = pace or pace_of(behind)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def call(self, operation: str, params: Params) -> bytes:
        """Make a request; see `Transport.call`."""
        with self._lock:
            struck = [fault for fault in self._faults if fault.strikes(operation, params)]
        for fault in struck:
            fault.act(partial(self.behind.call, operation, params))
        return self.behind.call(operation, params)

    def throttle(
        self,
        operation: str = "*",
        *,
        nth: Nth = None,
        times: int | None = None,
        when: Callable[[Params], bool] | None = None,
    ) -> Fault:
        """Answer ThrottlingException."""
        return self.refuse(operation, "ThrottlingException", "Rate exceeded", nth=nth, times=times, when=when)

    def refuse(
        self,
        operation: str,
        fault: str = "OperationNotPermittedFault",
        message: str = "refused by the test",
        *,
        nth: Nth = None,
        times: int | None = None,
        when: Callable[[Params], bool] | None = None,
    ) -> Fault:
        """Answer a fault, without carrying the request out.

        `EmbeddedSwf.deny` refuses decisions, and operations for good.
        """

        def act(_: Send) -> None:
            raise ServiceFault(fault, message)

        return self._add(Fault(operation, nth, times, when, act))

    def delay(
        self,
        operation: str,
        duration: Duration,
        *,
        nth: Nth = None,
        times: int | None = None,
        when: Callable[[Params], bool] | None = None,
    ) -> Fault:
        """Keep requests on their way for a while."""
        secs = seconds(duration)

        def act(_: Send) -> None:
            self.pace.wait(secs, threading.Event())

        return self._add(Fault(operation, nth, times, when, act))

    def time_out(
        self,
        operation: str,
        *,
        reached: bool = False,
        nth: Nth = None,
        times: int | None = None,
        when: Callable[[Params], bool] | None = None,
    ) -> Fault:
        """Let the caller wait in vain, for the minute that the SDK waits.

        Parameters:
            operation: Which.
            reached: Whether the service carries it out all the same.
            nth, times, when: Which of them; see the class.
        """

        def act(send: Send) -> None:
            if reached:
                send()
            self.pace.wait(READ_TIMEOUT_SECONDS, threading.Event())
            raise SwfError(f"{operation}: no answer in time, as the test wants it") from TimeoutError()

        return self._add(Fault(operation, nth, times, when, act))

    def drop(
        self,
        operation: str,
        *,
        reached: bool = False,
        nth: Nth = None,
        times: int | None = None,
        when: Callable[[Params], bool] | None = None,
    ) -> Fault:
        """Break the connection at once; the parameters are those of `time_out`."""

        def act(send: Send) -> None:
            if reached:
                send()
            raise SwfError(f"{operation}: connection lost, as the test wants it") from ConnectionResetError()

        return self._add(Fault(operation, nth, times, when, act))

    def remove(self, fault: Fault) -> None:
        """End one fault."""
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        """End all of them."""
        with self._lock:
            self._faults.clear()

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault
