"""What happens next: workers in turns, in the thread of the test, and time only when nothing else can happen.

    something planned for now? ──► do it
    an activity that slept?    ──► it goes on
    a task in a list?          ──► its worker polls; decides and answers, or performs and answers
    nothing of these           ──► the clock moves to what is due next

All waits of workers are greenlets that stand still until the virtual clock has moved on, so that activities
which take time overlap as they do in production, and everything comes in the same order in each run.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from greenlet import getcurrent

from pyswf_fast import registration
from pyswf_fast._replay import Bound, Task
from pyswf_fast.decider import Call, Decision
from pyswf_fast.deciding import DecisionLane
from pyswf_fast.exceptions import HistoryFormatError, NondeterminismError, SwfError, UsageError
from pyswf_fast.fetching import DecisionTask
from pyswf_fast.lanes import Lane
from pyswf_fast.pace import Pace
from pyswf_fast.perform import ActivityTask
from pyswf_fast.performing import ActivityLane
from pyswf_fast.polling import Backoff, Poller, may_pass
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.domain import DEFAULT_REGION
from pyswf_fast.service.effects import EXPIRY, RETENTION
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import ListKey
from pyswf_fast.service.tasking import polled_list
from pyswf_fast.testing.actors import Actors
from pyswf_fast.transport import Transport
from pyswf_fast.worker import Worker

__all__ = ["NothingLeft", "Stage"]

#: Executions that name no timeout of their own end after a year, which is none in a test.
FOREVER_MS = int(registration.EXECUTION_SECONDS) * 1000

#: Bounds of what goes on without getting anywhere.
MOST_AT_ONE_INSTANT = 100_000
MOST_IN_VAIN = 300
MOST_PAUSES = 5

#: What a decision pauses for that does not heal by itself.
_LASTING = (NondeterminismError, UsageError, HistoryFormatError)


Function = Task[Any, Any] | Bound


class NothingLeft(SwfError):
    """Somebody waits for what nothing will bring; the message names what is open."""


class Stage(Pace):
    """Drives workers against a service whose clock is virtual.

    Parameters:
        service: The service.
        clock: Its clock.
        describe: Says what is open, for `NothingLeft`.
        on_calls: Is told what a decision asks for and in which domain, before that is sent.
    """

    def __init__(
        self,
        service: EmbeddedSwf,
        clock: VirtualClock,
        describe: Callable[[], str],
        on_calls: Callable[[str, Iterable[Call]], None],
    ) -> None:
        self.chance = random.Random(0)  # the same backoffs in each run
        self._service = service
        self._clock = clock
        self._describe = describe
        self._on_calls = on_calls
        self._lanes: dict[str, list[tuple[Lane, str]]] = {}  # by name of their worker, with their domain
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._thread = threading.get_ident()
        self._actors = Actors()
        self._polling: dict[Poller, Any] = {}  # by whom, while that lasts
        self._pauses: dict[str, int] = {}
        self._problem: BaseException | None = None
        self._happened = 0
        self._at_this_instant = 0
        self._in_vain = 0

    # Who works.

    def employ(
        self,
        name: str,
        worker: Worker,
        transport: Transport,
        around: Callable[[Callable[[ActivityTask], Function]], Callable[[ActivityTask], Function]],
    ) -> None:
        """Let a worker work, in the place of another of that name.

        Parameters:
            name: What it is known by.
            worker: The worker.
            transport: How it reaches the service.
            around: Wraps what finds the function of an activity task.
        """
        backoff = Backoff(self)
        while True:
            try:
                worker.register(transport)
                break
            except SwfError as error:
                if not may_pass(error):
                    raise
            self.sleep(backoff.next_secs())
        worker.sticky = False  # decisions are made in greenlets of their own; kept runs outlive them
        lanes = worker.lanes(transport)
        for lane in lanes:
            if isinstance(lane, ActivityLane):
                lane.find = around(lane.find)
        self._lanes[name] = [(lane, worker.domain) for lane in lanes]

    def polls(self, key: ListKey) -> bool:
        """Whether somebody polls a list."""
        return any(key == polled for _, polled, _ in self._lists())

    def plan(self, due: float, act: Callable[[], object]) -> None:
        """Do something when the clock has come so far."""
        heapq.heappush(self._planned, (due, next(self._numbers), act))

    def report(self, problem: BaseException) -> None:
        """Have the test fail with this."""
        self._problem = self._problem or problem

    # How time passes.

    def now(self) -> float:
        """The virtual time."""
        return self._clock.now()

    def wait(self, secs: float, event: threading.Event) -> None:
        """Let virtual time pass; see `Pace`."""
        if not event.is_set():
            self.sleep(secs)

    def look_again(self, secs: float, left: float | None) -> None:
        """Let the next thing happen, as soon as it can; see `Pace`."""
        del secs
        until = None if left is None else self.now() + left
        if self._actors.is_acting():
            self._actors.stand_still(due=until, seen=self._happened)
        elif not self.step():
            if not self._skip(until):
                raise NothingLeft(self._describe())
            if until is not None and self.now() >= until:
                self.settle()  # what happens at the last instant is still in time

    def sleep(self, secs: float) -> None:
        """Let virtual time pass, and whatever happens in it."""
        due = self.now() + secs
        if self._actors.is_acting():
            self._actors.stand_still(due=due)
            return
        while self.step() or self._skip(due):
            pass

    def hang(self) -> None:
        """Stand still for good."""
        self._actors.stand_still()

    def settle(self) -> None:
        """Let everything happen that takes no time."""
        while self.step():
            pass

    def close(self) -> None:
        """Let go of whatever still stands."""
        self._actors.close()

    # One thing after another.

    def step(self) -> bool:
        """Let one thing happen that takes no time; False if there is none."""
        if threading.get_ident() != self._thread:
            raise UsageError("the workers of a test run in its own thread, which alone may wait for them")
        did_something = self._do_planned() or self._actors.wake(self.now(), self._happened) or self._work()
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        if did_something:
            self._at_this_instant += 1
            if self._at_this_instant > MOST_AT_ONE_INSTANT:
                raise NothingLeft(
                    f"{MOST_AT_ONE_INSTANT:,} things have happened and no time has passed: something goes "
                    f"round in circles\n{self._describe()}"
                )
        return did_something

    def _do_planned(self) -> bool:
        if not self._planned or self._planned[0][0] > self.now():
            return False
        _, _, act = heapq.heappop(self._planned)
        self._happened += 1
        self._in_vain = 0
        act()
        return True

    def _work(self) -> bool:
        """Have one poll made that finds something, and what it brings done."""
        for lane, key, poller in self._lists():
            if (
                poller not in self._polling
                and any(True for _ in self._service.machine.waiting(*key))
                and self._actors.begin(partial(self._poll, lane, poller))
            ):
                return True
        return False

    def _lists(self) -> Iterator[tuple[Lane, ListKey, Poller]]:
        """Who polls which list, deciders first; one poller a list is enough, and it is always the same."""
        lanes = [entry for entries in self._lanes.values() for entry in entries]
        for lane, domain in sorted(lanes, key=lambda entry: isinstance(entry[0], ActivityLane)):
            pollers = {poller.task_list: poller for poller in lane.pollers}
            for task_list, poller in pollers.items():
                params = {"domain": domain, "taskList": {"name": task_list}}
                key = polled_list(lane.operation, params, DEFAULT_REGION)
                if key is not None:
                    yield lane, key, poller

    def _poll(self, lane: Lane, poller: Poller) -> bool:
        self._polling[poller] = getcurrent()
        try:
            found = poller.poll()
        finally:
            del self._polling[poller]
        if isinstance(lane, ActivityLane):
            while not lane.tasks.empty():
                self._actors.begin(partial(self._perform, lane, lane.tasks.get()))
        elif isinstance(lane, DecisionLane):
            while not lane.tasks.empty():
                self._actors.begin(partial(self._decide, lane, lane.tasks.get()))
        return found

    def _perform(self, lane: ActivityLane, task: ActivityTask | None) -> None:
        if task is not None:
            self._happened += 1
            self._in_vain = 0
            with suppress(Exception):  # it was logged, and the task is left to its timeouts
                lane.perform(task)
            self._happened += 1

    def _decide(self, lane: DecisionLane, task: DecisionTask | None) -> None:
        if task is not None:
            self._happened += 1
            self._in_vain = 0
            decision = lane.decide(task)
            self._note(task, decision)
            self._on_calls(task.domain, decision.calls)
            lane.respond(task, decision)
            self._happened += 1

    def _note(self, task: DecisionTask, decision: Decision) -> None:
        """Have the test fail if a decision paused that will never be made."""
        error = decision.paused_by
        if error is None:
            self._pauses.pop(task.page.run_id, None)
            return
        count = self._pauses[task.page.run_id] = self._pauses.get(task.page.run_id, 0) + 1
        if isinstance(error, _LASTING):
            self.report(error)
        elif count >= MOST_PAUSES:
            problem = SwfError(f"{task}: the decision paused {count} times in a row: {error}")
            problem.__cause__ = error
            self.report(problem)

    # Time.

    def _skip(self, until: float | None) -> bool:
        """Move the clock to what is due next, though not beyond `until`; False if nothing is to come."""
        if until is not None and self.now() >= until:
            return False
        due = self._next_due()
        if until is not None:
            due = until if due is None else min(due, until)
        if due is None:
            return False
        self._clock.advance_to(due)
        self._service.run_due()
        self._at_this_instant = 0
        self._happened += 1
        return True

    def _next_due(self) -> float | None:
        """When something happens next; None if only executions that wait for ever are left, or none."""
        alarms = [alarm for alarm in self._service.machine.alarms() if alarm[1] != RETENTION]
        pollers = self._polling.values()
        if not self._planned and all(_is_endless(*alarm) for alarm in alarms):
            if all(body in pollers for _, body in self._actors.dues):
                self._in_vain += 1
            if not self._actors.dues or self._in_vain > MOST_IN_VAIN:
                return None
        dues = [due for due, *_ in self._planned[:1]]
        dues += [due for due, _ in self._actors.dues]
        dues += [due_ms / 1000 for due_ms, _, _ in alarms]
        return min(dues, default=None)


def _is_endless(due_ms: int, kind: str, execution: Execution) -> bool:
    """Whether an alarm is the end of an execution that was given none of its own."""
    return kind == EXPIRY and due_ms - execution.state.started_ms >= FOREVER_MS
