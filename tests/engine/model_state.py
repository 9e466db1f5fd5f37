"""What the model keeps of a run: Promises, the work behind them, who waits, and what was asked for."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .program import ACTIVITIES, CHILDREN, LAMBDAS
from .records import Batch, Command, Key, child_prefix, split
from .wire import RUN_ID, Event

Steps = Generator["Wait", Any, Any]


@dataclass(frozen=True)
class Limits:
    """How much a response, and an execution, may hold."""

    decisions: int = 100
    open: int = 1000
    timers: int = 999
    cached: int = 90


class Told(Exception):
    """What a program's `except Exception` sees: the text that `public.py` has for the real exceptions."""


class CancelAsked(BaseException):
    """WorkflowCanceled."""


class Returned(BaseException):
    """The program's ("return", value)."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Continued(BaseException):
    """The program's ("continue", value)."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Over(BaseException):
    """The decider's function has ended while this code still ran: it does nothing more."""


class Mismatch(Exception):
    """Commands and record disagree in batch `batch` (from 1)."""

    def __init__(self, batch: int, kind: str, what: str) -> None:
        super().__init__(f"batch {batch}: {kind}: {what}")
        self.batch = batch
        self.kind = kind


@dataclass(eq=False)
class Promise:
    """An outcome, now or later; `turn` tells when it was resolved."""

    kind: str
    work: Work | None = None
    turn: int | None = None
    value: Any = None
    error: Told | None = None


@dataclass(eq=False)
class Slots:
    """A map's: how many of its calls may still begin, and those that wait for a slot."""

    free: int
    waiting: list[Work] = field(default_factory=list)


@dataclass(eq=False)
class Work:
    """An activity, timer, wait timeout ("limit"), child, lambda, marker, or request to another execution."""

    kind: str
    number: int
    promise: Promise
    name: str = ""
    prefix: str = ""
    arguments: Any = None
    needs: list[Promise] = field(default_factory=list)
    seconds: int = 0
    attempt: int = 1
    throttled: int = 0
    state: str = (
        "new"  # new → pending (a command) → open (recorded) → done; or "backing off" between attempts
    )
    canceled: bool = False
    slots: Slots | None = None
    has_slot: bool = True

    @property
    def id(self) -> str:
        """What SWF calls it: with the number of the attempt, where that is not the first."""
        match self.kind:
            case "marker":
                return f"{self.name}#{self.number}"
            case "limit":
                return f"w{self.number}"
        tries = "" if self.attempt == 1 else f"-{self.attempt}"
        return f"{self.prefix}{self.number}{tries}"

    @property
    def key(self) -> Key:
        """Identifies the command that starts it (its back-off timer, while it backs off)."""
        if self.state == "backing off":
            return ("timer", self.back_off)
        match self.kind:
            case "marker":
                return ("marker", self.name, self.number)
            case "child" | "signal out" | "cancel out":
                return (self.kind, str(self.number))
            case "limit":
                return ("timer", self.id)
        return (self.kind, self.id)

    @property
    def back_off(self) -> str:
        letter = {"signal out": "s", "cancel out": "x"}.get(self.kind, self.kind[0])
        return f"{letter}{self.number}-{self.attempt}"


@dataclass(eq=False)
class Stream:
    """as_completed: hears of its Promises, one after the other, and hands them out."""

    pending: list[Promise]
    arrived: list[Promise]
    limit: Work | None = None
    failure: Told | None = None


@dataclass(eq=False)
class Wait:
    """What a function waits for: all or any of Promises, a signal, the next of a stream, the next batch."""

    mode: str
    promises: list[Promise] = field(default_factory=list)
    signal: str = ""
    seconds: int | None = None
    stream: Stream | None = None
    limit: Work | None = None
    fiber: Fiber | None = None
    missing: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Fiber:
    """A function of the decider: the main one, or a branch with its Promise."""

    steps: Steps
    promise: Promise | None = None


@dataclass
class Outcome:
    """What is to be answered to a decision task, and what the program has seen until then."""

    decisions: list[dict[str, Any]]
    held: int
    is_closing: bool
    log: list[Any]
    status: str | None = None
    retries: dict[str, int] = field(default_factory=dict)


class State:
    """All that one replay knows."""

    def __init__(
        self,
        events: Sequence[Event],
        task_in_hand: int | None,
        run_id: str = RUN_ID,
        limits: Limits | None = None,
        policies: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.policies = (policies or ACTIVITIES) | CHILDREN | LAMBDAS
        self.events = [one for one in events if task_in_hand is None or one["eventId"] <= task_in_hand]
        self.batches = split(self.events, task_in_hand)
        self.run_id = run_id
        self.limits = limits or Limits()
        self.index = 0
        self.turns = 0
        self.event_id = 0
        self.promises: list[Promise | None] = []
        self.log: list[Any] = []
        self.works: list[Work] = []
        self.commands: list[Command] = []
        self.at_once: list[Command] = []  # those of the commands that must leave in this batch
        self.close: Command | None = None
        self.is_close_due = False
        self.closes_refused = 0
        self.timer_refusals: dict[str, list[Event]] = {}  # by timerId: "not now", one after the other
        self.is_forever = False
        self.next_input: Any = None
        self.counts: dict[Key, int] = {}
        self.patches: dict[str, bool] = {}
        self.signals: dict[str, list[Any]] = {}
        self.waits: list[Wait | Stream] = []
        self.graph: list[Work] = []
        self.cancel_requested = False
        self.cancel_due = False
        self.shields = 0
        self.status: str | None = None
        self.queue: list[tuple[str, Any]] = []
        self.uuids = random.Random(f"uuid {run_id}")
        self.dice = random.Random(f"random {run_id}")

    @property
    def batch(self) -> Batch:
        return self.batches[self.index]

    @property
    def is_last(self) -> bool:
        return self.batch.record is None

    @property
    def has_ended(self) -> bool:
        """Whether the decider's function has returned or failed."""
        return self.close is not None

    def count(self, *kind: Any) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.counts[kind]

    def new(self, kind: str, **more: Any) -> Work:
        """The next piece of work of its kind; of markers, of its kind and name."""
        number = self.count(kind, more["name"]) if kind == "marker" else self.count(kind)
        prefix = f"{child_prefix(self.run_id)}-" if kind == "child" else ""
        work = Work(kind, number, Promise(kind), prefix=prefix, **more)
        work.promise.work = work
        self.works.append(work)
        return work

    def resolve(self, promise: Promise, error: Told | None = None, value: Any = None) -> None:
        """Who waits for it wakes after those for whom something came before."""
        promise.error, promise.value = error, value
        self.turns += 1
        promise.turn = self.turns
        self.queue.append(("promise", promise))

    def finish(self, work: Work, error: str | None = None, value: Any = None) -> None:
        work.state = "done"
        self.resolve(work.promise, None if error is None else Told(error), value)
        if work.slots is not None and work.has_slot:
            self.pass_on(work.slots)

    def pass_on(self, slots: Slots) -> None:
        """A slot goes to the next call of the map that is still wanted."""
        while slots.waiting:
            following = slots.waiting.pop(0)
            if following.state == "new":
                following.has_slot = True
                return
        slots.free += 1
