"""SWF in this process: the state machine with a clock and a store."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pyswf_fast.exceptions import ServiceFault, UsageError
from pyswf_fast.service.changes import Changes
from pyswf_fast.service.clock import Clock, SystemClock
from pyswf_fast.service.domain import DEFAULT_REGION
from pyswf_fast.service.executor import DaemonExecutor
from pyswf_fast.service.faults import too_many_polls
from pyswf_fast.service.lambdas import Call, Functions, Handler, Outcome
from pyswf_fast.service.limits import Limits
from pyswf_fast.service.machine import ListKey, Machine
from pyswf_fast.service.operations import perform
from pyswf_fast.service.refusals import NOT_PERMITTED
from pyswf_fast.service.store import open_store
from pyswf_fast.service.tasking import NOTHING, give_back, polled_list
from pyswf_fast.service.throttle import Throttle
from pyswf_fast.service.validation import check

if TYPE_CHECKING:
    from pyswf_fast.transport import Transport

__all__ = ["LONGEST_POLL_SECONDS", "Checked", "EmbeddedSwf"]

LONGEST_POLL_SECONDS = 60.0
LAMBDA_THREADS = 64


class Checked:
    """A request whose members are valid.

    Parameters:
        operation: Its name.
        params: Its members.
        region: Whose domains it is about.
    """

    __slots__ = ("admitted", "operation", "params", "polls", "region")

    def __init__(self, operation: str, params: Mapping[str, Any], *, region: str = DEFAULT_REGION) -> None:
        self.operation = operation
        self.params = check(operation, params)
        self.region = region
        self.admitted = False  # a poll that waits was let in once and for all
        self.polls: ListKey | None = polled_list(operation, self.params, region)


class EmbeddedSwf:
    """Amazon SWF for development and tests; every answer is of what the store holds already.

    Parameters:
        path: An SQLite file, or ":memory:" to keep nothing.
        clock: Where time comes from; a VirtualClock moves only when it is told to.
        limits: SWF's quotas, which a test may make smaller.
        lambdas: The Lambda functions that there are: handlers by name, or one handler for all names. They
            are called as AWS calls them, with the event and a context (see `LambdaContext`): where the
            clock is the system's on threads, else at once, before the call that started them returns.
            None is a region without Lambda.
        throttle: Switches SWF's throttles on, see `throttle`.
        deny: Operations and decisions that are refused at first, see `deny`.
        survive_power_loss: Wait for the disk with every answer. Without it, what was answered survives
            the end of this process at any moment, but not that of the machine.
        longest_poll_seconds: How long a poll waits for a task.
    """

    def __init__(
        self,
        path: str = ":memory:",
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        lambdas: Mapping[str, Handler] | Handler | None = None,
        throttle: float | None = None,
        deny: Iterable[str] = (),
        survive_power_loss: bool = False,
        longest_poll_seconds: float = LONGEST_POLL_SECONDS,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.longest_poll_seconds = longest_poll_seconds
        self._closed = False
        self._polls: Counter[ListKey] = Counter()  # how many wait at each list
        self._lock = threading.RLock()
        self._something_new = threading.Condition(self._lock)
        self._store = open_store(path, survive_power_loss)
        self._stale = False  # the machine holds what could not be stored
        self.machine = Machine(self._store, limits, runs_lambdas=lambdas is not None)
        self.throttle(throttle)
        self.deny(*deny)
        self._functions = Functions({} if lambdas is None else lambdas, self.clock)
        self.executor = DaemonExecutor(LAMBDA_THREADS, "lambda")
        self._store.load(self.machine)

    def call(self, operation: str, params: Mapping[str, Any], *, region: str = DEFAULT_REGION) -> bytes:
        """The body that SWF would answer with; a poll answers at once. Raises ServiceFault."""
        request = Checked(operation, params, region=region)
        try:
            with self._lock:
                return self._answer(request)
        finally:
            self._call_functions()

    def _answer(self, request: Checked) -> bytes:
        try:
            return self.apply(request)
        finally:  # also before a fault, which may tell of something that just happened
            self.commit()
            self.machine.ready.clear()  # who waits in `wait` looks again at every change

    def deny(self, *names: str, cause: str = NOT_PERMITTED) -> None:
        """Refuse operations and decisions from now on, as an IAM policy that denies them would.

        An operation answers OperationNotPermittedFault, a decision leaves its failure event.

        Parameters:
            names: Names of operations and of decisions, as IAM has them without `swf:`.
            cause: Why the decisions fail, one of the causes that SWF's model has for each.

        Raises:
            ConfigurationError: A name that SWF does not have, or a cause that the decision does not.

        Example:
            >>> service.deny("TerminateWorkflowExecution", "StartTimer")
            >>> service.deny("ScheduleLambdaFunction", cause="LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION")
            >>> service.allow("StartTimer")
        """
        with self._lock:
            self.machine.refusals.deny(*names, cause=cause)

    def allow(self, *names: str) -> None:
        """Take back what `deny` refused; without names, all of it."""
        with self._lock:
            self.machine.refusals.allow(*names)

    def throttle(self, scale: float | None = 1.0) -> None:
        """Refuse from now on what comes faster than SWF's published throttles let it, all buckets full.

        An operation answers ThrottlingException, which boto3 tries again; a decision leaves its failure
        event with a cause like TIMER_CREATION_RATE_EXCEEDED. Time is that of the service's clock.

        Parameters:
            scale: 1 for SWF's own quotas, 0.01 for a hundredth of them; None lets everything through.

        Raises:
            ConfigurationError: A scale that is not above 0.
        """
        throttle = None if scale is None else Throttle(scale)
        with self._lock:
            self.machine.throttle = throttle

    def next_due(self) -> float | None:
        """When something happens by itself next, in seconds since the epoch."""
        with self._lock:
            due_ms = self.machine.next_due_ms()
            return None if due_ms is None else due_ms / 1000

    def run_due(self) -> None:
        """Let everything happen that is due by now."""
        with self._lock:
            self.let_time_pass()
            self.commit()
            self.machine.ready.clear()
        self._call_functions()

    def client(self, *, transport: Transport | None = None, **options: Any) -> Any:
        """A boto3 SWF client whose requests are answered here, with credentials that stand for none.

        With the system's clock its polls wait for up to 60 s as SWF's do; with any other they answer at once.

        Parameters:
            transport: What carries the requests, instead of this service itself; `pyswf_fast.testing.Faults`
                loses some.
            options: Those of `boto3.client`.
        """
        from pyswf_fast.service.inprocess import make_client  # boto3 costs a quarter of a second

        return make_client(self, transport, **options)

    def wait(self, request: Checked) -> bytes:
        """Like `call`, but a poll that finds nothing waits for a task while the system's clock runs."""
        self._call_functions()  # those that the last process did not see end
        try:
            with self._lock:
                return self._wait(request)
        finally:
            self._call_functions()

    def _wait(self, request: Checked) -> bytes:
        until = time.monotonic() + self.longest_poll_seconds
        answer, polls = self._answer(request), request.polls
        if polls is None or not isinstance(self.clock, SystemClock):
            return answer
        waiting = self._polls[polls]
        if answer == NOTHING[polls[0]] and waiting >= self.machine.limits.pollers:
            raise too_many_polls(waiting)
        self._polls[polls] += 1
        try:
            while answer == NOTHING[polls[0]] and (left := until - time.monotonic()) > 0 and not self._closed:
                due = self.next_due()
                if due is not None:
                    left = min(left, max(0.0, due - self.clock.now()))
                self._something_new.wait(left)
                if not self._closed:
                    answer = self._answer(request)
        finally:
            self._polls[polls] -= 1
            self._polls += Counter()  # drops those that nobody polls
        return answer

    def _call_functions(self) -> None:
        """Call the functions that were started: on threads, or at once where only we move the clock."""
        while (call := self.next_call()) is not None:
            if isinstance(self.clock, SystemClock):
                self.executor.submit(call).add_done_callback(partial(self._called, call))
            else:
                self._take_in(call, call())

    def _called(self, call: Call, future: Future[Outcome]) -> None:
        self._take_in(call, future.result())

    def _take_in(self, call: Call, outcome: Outcome) -> None:
        with self._lock:
            if not self._closed:
                self.end_call(call, outcome)
                self.commit()
                self.machine.ready.clear()

    def close(self) -> None:
        """Let the store go; no call is answered any more."""
        with self._lock:
            self._closed = True
            self._store.close()
            self._something_new.notify_all()

    def __enter__(self) -> EmbeddedSwf:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # For servers, which commit several requests at once.

    @property
    def durable(self) -> bool:
        """Whether there is a file that answers wait for."""
        return self._store.durable

    def now_ms(self) -> int:
        """The instant, in the milliseconds that SWF counts in."""
        return round(self.clock.now() * 1000)

    def let_time_pass(self) -> int:
        """Let everything happen that is due by now; returns the instant."""
        if self._closed:
            raise UsageError("this service is closed")
        if self._stale:
            self._go_back()
        now_ms = self.now_ms()
        self.machine.run_due(now_ms)
        return now_ms

    def apply(self, request: Checked) -> bytes:
        """Carry a request out; its answer may be sent after the next `commit`."""
        now_ms = self.let_time_pass()
        if not request.admitted:
            self.machine.admit(now_ms, request.region, request.operation, request.params)
            request.admitted = True
        return perform(self.machine, now_ms, request.region, request.operation, request.params)

    def next_call(self) -> Call | None:
        """The next Lambda function that is to be called; its start must be stored by then."""
        with self._lock:
            if self._stale:
                return None
            found = self.machine.next_invocation(self.now_ms())
            return None if found is None else Call(*found, self._functions)

    def end_call(self, call: Call, outcome: Outcome) -> None:
        """Let a function have ended so."""
        now_ms = self.let_time_pass()  # it may have timed out
        execution = self.machine.run(call.execution.run_id)  # not the same object after `_go_back`
        if execution is not None:
            self.machine.end_lambda(now_ms, execution, call.function.scheduled_id, *outcome)

    def give_back(self, key: ListKey, answer: bytes) -> None:
        """Offer the task in the answer to a poll of the list `key` to the next poll: nobody received it."""
        give_back(self.machine, key, answer)

    def commit(self) -> None:
        """Store all changes; those that cannot be stored have not happened, and ServiceFault is raised."""
        with self._lock:
            if not self.machine.changes:
                return
            try:
                self._store.save(self.machine.changes)
            except Exception as error:  # whatever the store cannot do, nothing was promised
                self._stale = True
                with suppress(ServiceFault):  # the next request tries again
                    self._go_back()
                raise ServiceFault("InternalFailure", f"changes cannot be stored: {error}") from error
            self.machine.changes = Changes()
            self._something_new.notify_all()

    def _go_back(self) -> None:
        """Return to what is stored, as a restart would."""
        try:
            self.machine.clear()
            self._store.load(self.machine)
        except Exception as error:  # the file cannot be read at the moment
            raise ServiceFault("InternalFailure", f"the store cannot be read: {error}") from error
        self._stale = False
