"""`SwfTest`: all that a test of workflows needs, in its own thread and on a clock of its own."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from pyswf_fast import registration
from pyswf_fast._replay import Bound, Task
from pyswf_fast.decider import Call as Wanted
from pyswf_fast.exceptions import NondeterminismError
from pyswf_fast.execution import Execution
from pyswf_fast.replayer import Replay, Replayer
from pyswf_fast.roster import Served, bind, read
from pyswf_fast.service import EmbeddedSwf, Limits, VirtualClock
from pyswf_fast.service.clock import Duration, seconds
from pyswf_fast.service.execution import Execution as Record
from pyswf_fast.service.lambdas import Handler
from pyswf_fast.testing.doubles import Doubles, InjectedFailure
from pyswf_fast.testing.faults import Faults
from pyswf_fast.testing.pending import describe
from pyswf_fast.testing.run import SwfClient, SwfRun, recorded
from pyswf_fast.testing.stage import Stage
from pyswf_fast.worker import Worker

__all__ = ["SwfTest"]

Self = TypeVar("Self", bound="SwfTest")

#: 14 November 2023, 22:13:20 UTC; the same in each run.
START_SECONDS = 1_700_000_000.0
DOMAIN = "test"
RETENTION_DAYS = "90"


class SwfTest:
    """SWF, workers and a clock for one test: deciders, activities and time run in the test's own thread.

    What is started, and whatever that calls, is served by itself, by the workers of production, until `serve`
    says who serves what. Time stands still while anything can be done, and then moves at once to what is due
    next.

    Parameters:
        domain: The SWF domain; None is that which the decider's decorator names, else ``test``.
        now: What the clock says at first: a datetime, or seconds since the epoch.
        limits: SWF's quotas, which a test may make smaller.
        check_replays: At the end, replay every run from the beginning of its history and compare strictly, so
            that deciders which are not deterministic are found.
        options: Further parameters of `EmbeddedSwf`.

    Attributes:
        service: The service.
        clock: Its `VirtualClock`; better moved by `advance`, which lets happen what becomes due.
        faults: The `Faults` that all requests of workers and clients go through.
        transport: The same, for code that takes a transport: ``Client("shop", transport=swf.transport)``.

    Example:
        >>> with SwfTest() as swf:
        ...     swf.replace(charge, lambda order: "ok")
        ...     run = swf.start(process, 42)
        ...     swf.after("3h", run.signal, "approved", True)
        ...     assert run.result() == "shipped"
    """

    def __init__(
        self,
        domain: str | None = None,
        *,
        now: dt.datetime | float = START_SECONDS,
        limits: Limits | None = None,
        check_replays: bool = True,
        **options: Any,
    ) -> None:
        self.clock = VirtualClock(now)
        self._lambdas: dict[str, Handler] = {}
        self.service = EmbeddedSwf(clock=self.clock, limits=limits, lambdas=self._lambdas, **options)
        numbers = itertools.count(1)
        self.service.machine.new_run_id = lambda: f"run-{next(numbers)}"
        self._domain = domain
        self._check_replays = check_replays
        self._stage = Stage(self.service, self.clock, self._describe, self._expect)
        self.faults = self.transport = Faults(self.service, self._stage)
        self._doubles = Doubles(self._stage.report)
        self._called: dict[str, dict[tuple[str, str, str, str], Served]] = {}  # by domain, what serves itself
        self._served: list[Served] = []  # all there ever were
        self._is_staffed = False
        self._names = itertools.count(1)

    # Running workflows.

    def start(self, decider: Any, *args: Any, workflow_id: str | None = None, **kwargs: Any) -> SwfRun:
        """Start an execution; nothing of it happens before somebody waits, for it or for time to pass.

        Parameters:
            decider: A decision task; options for this start are given by ``decider.options(…)``.
            args: The function's positional arguments.
            workflow_id: Its name; None is that of its type and a number.
            kwargs: The function's keyword arguments.
        """
        task, options = registration.task_of(decider, "decider")
        domain = self._domain or options.swf_domain or DOMAIN
        self._ensure_domain(domain)
        self._serve_called(domain, read("decider", [decider]))
        named = workflow_id or options.workflow_id or f"{task.name[:200]}-{next(self._names)}"
        return self.client_of(domain).start(decider, *args, workflow_id=named, **kwargs)

    def run(self, decider: Any, *args: Any, **kwargs: Any) -> Any:
        """Start an execution and wait for its result."""
        return self.start(decider, *args, **kwargs).result()

    def signal(self, run: Execution | str, name: str, value: Any = None) -> None:
        """Send a signal to an execution, which may be named by its workflow id."""
        execution = run if isinstance(run, Execution) else self.client.execution(run)
        execution.signal(name, value)

    @property
    def client(self) -> SwfClient:
        """A client of the domain, whose executions are served here."""
        return self.client_of(self._domain or DOMAIN)

    def client_of(self, domain: str) -> SwfClient:
        """A client of another domain."""
        return SwfClient(domain, transport=self.transport)

    def boto3_client(self, **options: Any) -> Any:
        """A boto3 SWF client whose requests meet with the same faults; `options` as of `boto3.client`."""
        return self.service.client(transport=self.faults, **options)

    def serve(self, *workers: Worker) -> None:
        """Have these workers serve, as they would in production, and nobody else.

        So a test finds out what no worker serves. They are driven here; `Worker.run` is not called.
        """
        self._is_staffed = True
        for worker in workers:
            self._ensure_domain(worker.domain)
            self._served += worker.serves
            self._stage.employ(f"worker {id(worker)}", worker, self.transport, self._doubles.around)

    # Time.

    def now(self) -> dt.datetime:
        """What the clock says, in UTC."""
        return dt.datetime.fromtimestamp(self.clock.now(), dt.timezone.utc)

    def advance(self, duration: Duration) -> None:
        """Let time pass, and happen what happens in it; in an activity, this is how long it takes.

        Parameters:
            duration: Seconds, a timedelta, or a text such as "90s", "3h", "1d 12h".
        """
        self._stage.sleep(seconds(duration))

    def settle(self) -> None:
        """Let everything happen that takes no time."""
        self._stage.settle()

    def after(self, duration: Duration, act: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        """Do something when so much time has passed: ``swf.after("3h", run.signal, "approved", True)``."""
        self._stage.plan(self.clock.now() + seconds(duration), partial(act, *args, **kwargs))

    # Activities.

    def replace(self, activity: Any, function: Callable[..., Any]) -> None:
        """Put a function in the place of an activity, for this test.

        Arguments and results are still written and read as the activity's are. An assertion that fails in
        the function fails the test.

        Parameters:
            activity: The decorated function, or the name of its type.
            function: What is called with its arguments; may be ``async def``, or a `unittest.mock.Mock`.
        """
        self._doubles.replace(activity, function)

    def fail(
        self, activity: Any, exception: BaseException | None = None, *, times: int | None = None
    ) -> None:
        """Let attempts at an activity fail.

        Parameters:
            activity: The decorated function, or the name of its type.
            exception: What they fail with; None is an `InjectedFailure`.
            times: How many attempts; None is all. What is said of an activity later goes for later attempts.
        """
        failure = exception or InjectedFailure("the test lets this attempt fail")

        def act() -> None:
            raise failure.with_traceback(None)

        self._doubles.before(activity, act, times)

    def delay(self, activity: Any, duration: Duration, *, times: int | None = None) -> None:
        """Let attempts at an activity take time before they do anything; parameters as of `fail`."""
        self._doubles.before(activity, partial(self._stage.sleep, seconds(duration)), times)

    def hang(self, activity: Any, *, times: int | None = None) -> None:
        """Let attempts at an activity never be answered, so that their timeouts end them."""
        self._doubles.before(activity, self._stage.hang, times)

    def restore(self, activity: Any) -> None:
        """Take back what this test said of an activity."""
        self._doubles.restore(activity)

    def replace_lambda(self, name: str, handler: Handler) -> None:
        """Have a function of the test called as the Lambda function of that name, with event and context."""
        self._lambdas[name] = handler

    # The service.

    def deny(self, *names: str, **cause: str) -> None:
        """Refuse operations and decisions, as IAM would; see `EmbeddedSwf.deny`."""
        self.service.deny(*names, **cause)

    def allow(self, *names: str) -> None:
        """Take back what `deny` refused; without names, all of it."""
        self.service.allow(*names)

    # The end.

    def check_replays(self) -> None:
        """Replay every run from the beginning of its history, and compare all that it asked for.

        Raises:
            NondeterminismError: A decider came to something else.
        """
        for domain in self.service.machine.domains.values():
            for record in domain.runs.values():
                replay = self._replay(record)
                if replay is not None and replay.nondeterminism is not None:
                    raise NondeterminismError(replay.report, replay.nondeterminism)

    def finish(self) -> None:
        """Check the replays, unless told not to; `with` and the fixture do it at the end of a test."""
        if self._check_replays:
            self.check_replays()

    def close(self) -> None:
        """Let go of everything; what stands is not resumed."""
        self._stage.close()
        self.service.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.finish()
        finally:
            self.close()

    # Who serves what.

    def _ensure_domain(self, domain: str) -> None:
        if domain not in self.service.machine.domains:
            params = {"name": domain, "workflowExecutionRetentionPeriodInDays": RETENTION_DAYS}
            self.service.call("RegisterDomain", params)

    def _expect(self, domain: str, calls: Iterable[Wanted]) -> None:
        """Serve what a decision calls."""
        for call in calls:
            self._serve_called(domain, read(call.role, [bind(call.function, call.instance)]))

    def _serve_called(self, domain: str, served: Iterable[Served]) -> None:
        called = self._called.setdefault(domain, {})
        fresh = {(one.role, one.name, one.version, one.task_list): one for one in served}
        self._served += fresh.values()
        if self._is_staffed or all(_is_same(called.get(key), one) for key, one in fresh.items()):
            return
        called.update(fresh)
        worker = Worker(
            domain,
            [one.function for one in called.values() if one.role == "decider"],
            [one.function for one in called.values() if one.role == "activity"],
            activity_concurrency=10_000,
            identity="SwfTest",
        )
        worker.stall_timeout = None  # breakpoints are no stall
        self._stage.employ(f"called in {domain}", worker, self.transport, self._doubles.around)

    def _decider(self, record: Record) -> Task[Any, Any] | Bound | None:
        kind = record.state.started["workflowType"]
        found = [
            one.function
            for one in reversed(self._served)
            if one.role == "decider" and (one.name, one.version) == (kind["name"], kind["version"])
        ]
        return found[0] if found else None

    def _replay(self, record: Record) -> Replay | None:
        decider = self._decider(record)
        if decider is None:
            return None
        replayer = Replayer(decider, dry=True, strict=True, domain=record.domain)
        return replayer.replay(recorded(self.service, record.run_id))

    def _describe(self) -> str:
        return describe(self.service, self._stage.polls, self._replay)


def _is_same(known: Served | None, one: Served) -> bool:
    """Whether the function in question is served already."""
    if known is None:
        return False
    mine, yours = known.function, one.function
    if isinstance(mine, Bound) and isinstance(yours, Bound):
        return mine.task is yours.task and mine.instance is yours.instance
    return mine is yours
