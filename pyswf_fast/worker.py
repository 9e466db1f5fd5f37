"""Workers: what is served, and how serving starts and stops.

A worker is a supervisor, on the thread that calls ``run``, and two lanes of daemon threads that do the work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FrameType, MappingProxyType
from typing import Any

import orjson

from pyswf_fast.decider import DecisionContext, DecisionSettings
from pyswf_fast.deciding import DecisionLane
from pyswf_fast.exceptions import ConfigurationError, ServiceFault, SwfError
from pyswf_fast.failures import users_line
from pyswf_fast.kept import KeptRuns, StickyMetrics
from pyswf_fast.lanes import Lane
from pyswf_fast.pace import pace_of
from pyswf_fast.performing import ActivityLane
from pyswf_fast.polling import Backoff, Outages, may_pass
from pyswf_fast.rehearsal import is_paranoid
from pyswf_fast.roster import Roster, Served, choose_domain, read
from pyswf_fast.transport import Boto3Transport, Transport

__all__ = ["Worker"]

#: How often the supervisor looks after the threads that it waits for.
WATCH_SECS = 0.02

#: Polls that are cut off return at once; one that does not is stuck in the network and left behind.
CUT_OFF_SECS = 5.0


_STOP = "stop"


class _AtOnce(Exception):
    """A second signal: what is in hand is not finished."""


class Worker:
    """Serves deciders and activities until it is stopped.

    Parameters:
        domain: SWF domain; None takes that of the functions, then ``PYSWF_DOMAIN``.
        deciders: Functions decorated with ``@decision_task``; methods bound to their objects.
        activities: Functions decorated with ``@activity_task``; methods bound to their objects.
        task_list: The list of those that name none; None is ``PYSWF_TASK_LIST``, then ``default``.
        activity_concurrency: How many activities run at once.
        drain_timeout: Seconds that idle polls are left open after the worker was told to stop.
        transport: How SWF is reached, for this worker alone, as its polls end with the worker. None is boto3
            with its own configuration.
        identity: What histories show as the worker's name; None is host and process.

    Attributes, to be set before it runs:
        build_id: What the build of the deciders' code is called, such as a commit; it is recorded in each
            execution's first decision. None is ``PYSWF_BUILD_ID``, then a hash of the source.
        paranoid: Make every decision twice, the second time from the beginning of its history, and compare.
            For tests. None is ``PYSWF_PARANOID``.
        on_nondeterminism: ``"pause"`` a workflow whose history its decider does not fit, so that it goes on
            after the repair, or ``"fail"`` it.
        stall_timeout: Seconds after which a decider that blocks its thread is reported, with its stack; None
            never does.
        sticky: Keep runs suspended between their decision tasks, so that a decision costs only what is new;
            their next tasks come by a list of this worker alone, or, if it does not take them within 10
            seconds, by their own list again.
        most_kept_runs: How many runs are kept; the least recently used one goes first.
        most_kept_bytes: How much memory the histories of kept runs may take, in bytes.
        sticky_metrics: How often that helped.
    """

    build_id: str | None = None
    paranoid: bool | None = None
    on_nondeterminism: str = "pause"
    stall_timeout: float | None = 10.0
    sticky: bool = True
    most_kept_runs: int = 1_000
    most_kept_bytes: int = 256 << 20

    logger = logging.getLogger("pyswf_fast.worker")

    def __init__(
        self,
        domain: str | None = None,
        deciders: Iterable[Any] = (),
        activities: Iterable[Any] = (),
        task_list: str | None = None,
        *,
        activity_concurrency: int = 10,
        drain_timeout: float = 2.0,
        transport: Transport | None = None,
        identity: str | None = None,
    ) -> None:
        self._prepare(
            domain,
            Roster(read("decider", deciders, task_list)),
            Roster(read("activity", activities, task_list)),
            transport,
            activity_concurrency=activity_concurrency,
            drain_timeout=drain_timeout,
            identity=identity,
        )

    def _prepare(
        self,
        domain: str | None,
        deciders: Roster,
        activities: Roster,
        transport: Transport | None = None,
        *,
        keys: Mapping[str, str | None] = MappingProxyType({}),
        activity_concurrency: int = 1,
        drain_timeout: float = 2.0,
        identity: str | None = None,
    ) -> None:
        if not deciders and not activities:
            raise ConfigurationError(
                "a worker needs something to serve: give it deciders=[…] or activities=[…]"
            )
        if activity_concurrency < 1:
            raise ConfigurationError(
                f"activity_concurrency is {activity_concurrency!r}; it must be at least 1"
            )
        self.domain = choose_domain(domain, [*deciders, *activities])
        self.identity = (identity or f"{socket.gethostname()}:{os.getpid()}")[:256]
        self.activity_concurrency = activity_concurrency
        self.drain_timeout = drain_timeout
        self._deciders = deciders
        self._activities = activities
        self.sticky_metrics = StickyMetrics()
        self._given = transport
        self._keys = keys
        # SimpleQueue.put is the one way of waking a thread that a signal handler may use
        self._orders: queue.SimpleQueue[str] = queue.SimpleQueue()

    def handle_no_op(self, response: Mapping[str, Any]) -> None:
        """Called with each answer that brought no task; to be overridden."""

    def handle_exception(self, exception: BaseException, context: Any) -> bool | None:
        """Called when a decider or an activity has raised; to be overridden.

        Parameters:
            exception: What the function raised.
            context: For a decider a `DecisionContext`, whose ``decisions`` (by now: fail the workflow) may be
                replaced. For an activity its task as a mapping; the task is going to be failed.

        Returns:
            True stops the worker, once the task has been answered.
        """
        if isinstance(context, DecisionContext):
            what = f"{context.task}: the decider"
        else:
            what = (
                f"activity {context['activityType']['name']} (id {context['activityId']}, "
                f"workflow {context['workflowExecution']['workflowId']!r})"
            )
        if isinstance(exception, SwfError):
            kind = type(exception).__name__
            self.logger.error("%s failed: %s: %s%s", what, kind, exception, users_line(exception))
        else:
            self.logger.error("%s failed", what, exc_info=exception)
        return False

    def lanes(self, transport: Transport) -> list[Lane]:
        """Make what does the work; whoever starts none of its threads drives it task by task."""
        common = (transport, self.domain, self.identity)
        hooks = (self._tell_no_op, lambda error: self._mend(transport, error), Outages())
        lanes: list[Lane] = []
        if self._deciders:
            decisions = DecisionLane(
                *common,
                self._deciders,
                *hooks,
                on_exception=self._tell_exception,
                settings=DecisionSettings(
                    self.build_id or os.environ.get("PYSWF_BUILD_ID") or None,
                    is_paranoid(self.paranoid),
                    self.on_nondeterminism,
                ),
                stall_timeout=self.stall_timeout,
                kept=self._kept_runs(),
            )
            lanes.append(decisions)
        if self._activities:
            lane = ActivityLane(
                *common,
                self._activities,
                *hooks,
                concurrency=self.activity_concurrency,
                on_exception=self._tell_exception,
            )
            lanes.append(lane)
        return lanes

    def stop(self) -> None:
        """Stop as a first SIGTERM does; from any thread, returns at once."""
        self._orders.put(_STOP)

    def run(self) -> None:
        """Serve until a signal, ``stop()`` or a hook says stop."""
        with self._heeding_signals():
            if self._given is not None:
                self._serve(self._given)
            else:
                # not made before: a process that forks in between would share its connections
                with Boto3Transport(**self._keys) as transport:
                    self._serve(transport)

    @property
    def serves(self) -> list[Served]:
        """What it serves, deciders and activities."""
        return [*self._deciders, *self._activities]

    def register(self, transport: Transport) -> None:
        """Make domain and types where they are missing, in one try."""
        existed = [
            served
            for served in (*self._deciders, *self._activities)
            if not served.register(transport, self.domain)
        ]
        for served in existed:
            served.check_list(transport, self.domain)

    def _register(self, transport: Transport) -> bool:
        """Make domain and types where they are missing; False if the worker was stopped meanwhile."""
        backoff = Backoff(pace_of(transport))
        is_first = True
        while True:
            try:
                self.register(transport)
            except SwfError as error:
                if not may_pass(error):
                    raise
                if is_first:
                    self.logger.warning("the service does not answer, trying again: %s", error)
                    is_first = False
            else:
                return True
            with contextlib.suppress(queue.Empty):
                self._tell_stop(self._orders.get(timeout=backoff.next_secs()))
                return False

    def _serve(self, transport: Transport) -> None:
        if not self._register(transport):
            return
        lanes = self.lanes(transport)
        self._state.info("serving domain %s as %s: %s", self.domain, self.identity, self._summary())
        for lane in lanes:
            lane.start()
        self._tell_stop(self._orders.get())
        try:
            self._shut_down(lanes, getattr(transport, "close_polls", lambda: None))
        except _AtOnce as order:
            self.logger.warning("stopping at once (%s): what is in hand is left to its timeouts", order)
            for lane in lanes:
                lane.giving_up.set()

    @property
    def _state(self) -> logging.Logger:
        """What is told of a worker's start and stop; the command line shows it."""
        return self.logger.getChild("state")

    def _tell_stop(self, order: str) -> None:
        self._state.info("stopping: %s; what is in hand is finished, one more signal stops at once", order)

    def _summary(self) -> str:
        """Name what is served, list by list."""
        texts = []
        for task_list in sorted({*self._deciders.task_lists, *self._activities.task_lists}):
            kinds = []
            for kind, roster in (("deciders", self._deciders), ("activities", self._activities)):
                names = [f"{one.name} {one.version}" for one in roster if one.task_list == task_list]
                if names:
                    kinds.append(f"{kind} {', '.join(names)}")
            texts.append(f"list {task_list!r}: {'; '.join(kinds)}")
        return " | ".join(texts)

    def _shut_down(self, lanes: Sequence[Lane], close_polls: Callable[[], None]) -> None:
        """Stop in stages, each of which a second signal ends."""
        pollers = [poller for lane in lanes for poller in lane.pollers]
        # nothing new is asked for; a poll under way may have been given a task: it is left open for a while
        for lane in lanes:
            lane.stopping.set()
        self._wait_for(pollers, self.drain_timeout)
        # idle polls are cut off: later the service would give them tasks that nobody does
        close_polls()
        self._wait_for(pollers, CUT_OFF_SECS)
        # a poller that still brings in what it took is waited for; one that the network holds is left behind
        self._wait_for([poller for poller in pollers if not poller.is_waiting])
        # what was taken is finished and answered, however long that takes
        for lane in lanes:
            lane.finish()
        self._wait_for([thread for lane in lanes for thread in lane.threads])

    def _wait_for(self, threads: Sequence[threading.Thread], timeout_secs: float = float("inf")) -> None:
        deadline = time.monotonic() + timeout_secs
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                order = self._orders.get(timeout=WATCH_SECS)
                if order != _STOP:
                    raise _AtOnce(order)

    def _kept_runs(self) -> KeptRuns | None:
        if not self.sticky:
            return None
        return KeptRuns(self.most_kept_runs, self.most_kept_bytes, self.sticky_metrics)

    def _tell_no_op(self, body: bytes) -> None:
        try:
            self.handle_no_op(orjson.loads(body) if body else {})
        except Exception:
            self.logger.exception("handle_no_op raised")

    def _tell_exception(self, exception: BaseException, context: Any) -> None:
        try:
            if self.handle_exception(exception, context):
                self._orders.put(_STOP)
        except Exception:
            self.logger.exception("handle_exception raised")

    def _mend(self, transport: Transport, error: Exception) -> None:
        """Register again what a service that lost its memory has forgotten."""
        if isinstance(error, ServiceFault) and error.type == "UnknownResourceFault":
            with contextlib.suppress(SwfError):
                for served in (*self._deciders, *self._activities):
                    served.register(transport, self.domain)

    @contextlib.contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as orders; only the main thread may, elsewhere they go where they went."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def heed(number: int, _: FrameType | None) -> None:
            self._orders.put(signal.Signals(number).name)

        before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
