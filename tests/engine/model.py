"""A slow and obvious model of replay: what a program (`program.py`) decides, told from plain dict events.

Nothing is indexed and nothing is kept: every decision starts from event 1, what is needed is searched for.
Where the rules leave a choice, the reading taken here stands in a comment that begins with "Reading:".
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .program import ACTIVITIES, CHILD, Block
from .records import (
    Batch,
    Command,
    Key,
    cancel_timer,
    child_prefix,
    command_type,
    decision,
    nth_marker,
    record_key,
    record_type,
    split,
    start_timer,
)
from .wire import RUN_ID, Event, attributes

RESPONSE_LIMIT = 100
Steps = Generator["Wait", Any, Any]


class Told(Exception):
    """What a program's `except Exception` sees: the text that `public.py` has for the real exceptions."""


class CancelAsked(BaseException):
    """WorkflowCanceled."""


class Returned(BaseException):
    """The program's ("return",)."""


class Mismatch(Exception):
    """Commands and record disagree in batch `batch` (from 1)."""

    def __init__(self, batch: int, what: str) -> None:
        super().__init__(f"batch {batch}: {what}")
        self.batch = batch


@dataclass(eq=False)
class Promise:
    """An outcome, now or later; `turn` tells when it was resolved."""

    kind: str
    work: Work | None = None
    turn: int | None = None
    value: Any = None
    error: Told | None = None


@dataclass(eq=False)
class Work:
    """An activity, timer, wait timeout ("limit"), child or marker that the decider asked for."""

    kind: str
    number: int
    id: str
    promise: Promise
    name: str = ""
    arguments: list[Any] = field(default_factory=list)
    seconds: int = 0
    attempt: int = 1
    throttled: int = 0
    state: str = "new"  # new → pending (a command) → open (recorded) → done; an activity may be "backing off"
    canceled: bool = False

    @property
    def key(self) -> Key:
        """Identifies the command that starts it (its back-off timer, while it backs off)."""
        match self.kind:
            case "marker":
                return ("marker", self.name, self.number)
            case "child":
                return ("child", str(self.number))
            case "limit":
                return ("timer", self.id)
        return ("timer", self.back_off) if self.state == "backing off" else (self.kind, self.id)

    @property
    def back_off(self) -> str:
        return f"a{self.number}-{self.attempt}"


@dataclass(eq=False)
class Wait:
    """What a function waits for: any or all of some Promises, a signal, the next batch; at most `seconds`."""

    mode: str
    promises: list[Promise] = field(default_factory=list)
    signal: str = ""
    seconds: int | None = None
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


class Model:
    """One replay of a program over a history."""

    def __init__(
        self, program: Block, events: Sequence[Event], task_in_hand: int | None, run_id: str = RUN_ID
    ) -> None:
        self.events = [one for one in events if task_in_hand is None or one["eventId"] <= task_in_hand]
        self.batches = split(self.events, task_in_hand)
        self.run_id = run_id
        self.index = 0
        self.turns = 0
        self.event_id = 0
        self.waking = False
        self.promises: list[Promise | None] = []
        self.log: list[Any] = []
        self.works: list[Work] = []
        self.commands: list[Command] = []
        self.close: Command | None = None
        self.counts: dict[Key, int] = {}
        self.signals: dict[str, list[Any]] = {}
        self.waits: list[Wait] = []
        self.graph: list[tuple[Work, Promise]] = []
        self.cancel_requested = False
        self.cancel_due = False
        self.queue: list[Any] = []
        self.main = Fiber(self.function(program))

    # ── the batches, one after the other

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

    def run(self) -> Outcome:
        """Replay all batches; what the last one asks for are the decisions."""
        for index, batch in enumerate(self.batches):
            self.index = index
            for one in batch.events:
                self.event_id = one["eventId"]
                self.apply(one)
            self.issue_graph()
            self.wake()
            if batch.record is not None:
                self.match(batch, batch.record)
        if not self.batches or not self.is_last:
            return Outcome([], 0, False, self.log)
        return self.answer()

    def wake(self) -> None:
        """Waiters wake in the order of the events; each runs to its next wait."""
        self.waking = True
        if self.index == 0:
            self.advance(self.main, None)
        for wait in [wait for wait in self.waits if wait.mode == "batch"]:
            self.resume(wait, None)
        while self.queue and self.close is None:
            what = self.queue.pop(0)
            for wait in list(self.waits):
                if wait in self.waits and self.close is None:
                    self.notice(wait, what)
        self.queue.clear()
        self.waking = False

    def match(self, batch: Batch, record: list[Event]) -> None:
        """Records are found among the commands by kind and id; what is left must be what was held."""
        ours = [*self.commands, self.close] if self.close else list(self.commands)
        for one in record:
            key = record_key(self.events, one)
            if key[0] == "timer" and key[1].startswith("wake-"):
                continue
            found = next((command for command in ours if command[0] == key), None)
            if found is None:
                raise Mismatch(self.index + 1, f"nothing asked for {key}")
            if record_type(one) is not None and record_type(one) != command_type(found[1]):
                raise Mismatch(self.index + 1, f"{key} is {record_type(one)} in the record, not {found[1]}")
            ours.remove(found)
            for work in self.works:
                if work.state == "pending" and work.key == key:
                    work.state = "open"
        if len(ours) != batch.held:
            raise Mismatch(
                self.index + 1, f"not in the record: {[key for key, _ in ours]}, held {batch.held}"
            )
        self.commands = [command for command in ours if command is not self.close]

    def answer(self) -> Outcome:
        """The commands in call order, at most 100 of them, and the close last."""
        decisions = [one for _, one in [*self.commands, *([self.close] if self.close else [])]]
        held = 0
        if len(decisions) > RESPONSE_LIMIT:
            held = len(decisions) - (RESPONSE_LIMIT - 1)
            wake = start_timer(f"wake-{self.batch.started['eventId']}", 0)
            decisions = [*decisions[: RESPONSE_LIMIT - 1], wake]
        return Outcome(decisions, held, self.close is not None and not held, self.log)

    # ── events

    def apply(self, one: Event) -> None:
        """Do to the work that an event concerns what it says; what that resolves is put into the queue."""
        its = attributes(one)
        match one["eventType"]:
            case "WorkflowExecutionSignaled":
                self.signals.setdefault(its["signalName"], []).append(loads(its.get("input")))
                self.queue.append(its["signalName"])
            case "WorkflowExecutionCancelRequested":
                if not self.cancel_requested:
                    self.cancel_requested = self.cancel_due = True
                    self.queue.append("cancel")
            case (
                "ActivityTaskCompleted"
                | "ActivityTaskFailed"
                | "ActivityTaskTimedOut"
                | "ActivityTaskCanceled"
            ):
                activity_id = attributes(self.events[its["scheduledEventId"] - 1])["activityId"]
                self.activity_over(self.open("activity", activity_id), one["eventType"], its)
            case "ScheduleActivityTaskFailed":
                work = self.open("activity", its["activityId"])
                if work is not None:
                    self.attempt_failed(work, "FAILED_TO_SCHEDULE", its["cause"])
            case "TimerFired":
                self.timer_fired(its["timerId"])
            case "MarkerRecorded":
                work = self.open("marker", f"{its['markerName']}#{nth_marker(self.events, one)}")
                if work is not None:
                    work.state = "done"
            case "StartChildWorkflowExecutionFailed":
                work = self.open("child", its["workflowId"])
                if work is not None:
                    self.finish(work, f"ChildWorkflowException FAILED_TO_SCHEDULE {work.number}")
            case other if (
                other.startswith("ChildWorkflowExecution") and other != "ChildWorkflowExecutionStarted"
            ):
                workflow_id = attributes(self.events[its["initiatedEventId"] - 1])["workflowId"]
                self.child_over(self.open("child", workflow_id), other, its)

    def open(self, kind: str, id: str) -> Work | None:
        """The work of this kind and id that is under way."""
        return next((w for w in self.works if w.kind == kind and w.id == id and w.state == "open"), None)

    def activity_over(self, work: Work | None, how: str, its: dict[str, Any]) -> None:
        match how if work is not None else None:
            case "ActivityTaskCompleted":
                self.finish(work, value=loads(its.get("result")))
            case "ActivityTaskFailed":
                self.attempt_failed(work, "FAILED", None)
            case "ActivityTaskTimedOut":
                self.attempt_failed(work, "TIMED_OUT", None)
            case "ActivityTaskCanceled":
                self.finish(work, "Canceled")

    def attempt_failed(self, work: Work, state: str, cause: str | None) -> None:
        """Retry or give up. Before the last batch the history has decided; in the last the policy does."""
        is_passing = cause is not None and (cause.endswith("_RATE_EXCEEDED") or cause.startswith("OPEN_"))
        # Reading: nobody will look at an activity once the function has returned, so it is not retried.
        if work.canceled or self.has_ended:
            delay = None
        elif self.is_last:
            delay = self.policy_delay(work, state, is_passing)
        else:
            delay = self.recorded_delay(work.number, work.attempt + (not is_passing))
            # Reading: where something was held back this retry may have been. A wrong guess is noticed,
            # for what was held is counted.
            if delay is None and self.batch.held:
                delay = self.policy_delay(work, state, is_passing)
        if delay is None:
            self.finish(work, f"ActivityTaskException {state} {work.id}")
            return
        # Reading: a refusal that says only "not now" uses up no attempt, so the next one has the same number.
        work.throttled += is_passing
        work.attempt += not is_passing
        work.id = attempt_id(work.number, work.attempt)
        if delay:
            work.state = "backing off"
            self.commands.append((work.key, start_timer(work.back_off, int(delay))))
        else:
            self.schedule(work)

    def policy_delay(self, work: Work, state: str, is_passing: bool) -> float | None:
        policy = ACTIVITIES[work.name]
        back_off = min(60, 2 ** (work.attempt + work.throttled - 1))
        if is_passing:
            return back_off
        if state not in policy["retry_states"] or work.attempt >= policy["max_attempts"]:
            return None
        return back_off if state == "FAILED_TO_SCHEDULE" else 0

    def recorded_delay(self, number: int, attempt: int) -> float | None:
        """What the history says of the next attempt: a back-off timer, a schedule, or nothing (given up)."""
        for one in self.events[self.event_id :]:
            its = attributes(one)
            if one["eventType"] == "TimerStarted" and its["timerId"] == f"a{number}-{attempt}":
                return float(its["startToFireTimeout"])
            if its.get("activityId") == attempt_id(number, attempt) and one["eventType"] in (
                "ActivityTaskScheduled",
                "ScheduleActivityTaskFailed",
            ):
                return 0
        return None

    def timer_fired(self, timer_id: str) -> None:
        for work in self.works:
            if work.state == "open" and work.kind in ("timer", "limit") and work.id == timer_id:
                self.finish(work)
            elif work.state == "backing off" and work.back_off == timer_id and not self.has_ended:
                self.schedule(work)

    def child_over(self, work: Work | None, how: str, its: dict[str, Any]) -> None:
        match how.removeprefix("ChildWorkflowExecution") if work is not None else None:
            case "Completed":
                self.finish(work, value=loads(its.get("result")))
            case "Canceled":
                self.finish(work, "Canceled")
            case "Failed" | "Terminated" as state:
                self.finish(work, f"ChildWorkflowException {state.upper()} {work.number}")
            case "TimedOut":
                self.finish(work, f"ChildWorkflowException TIMED_OUT {work.number}")

    # ── Promises and those who wait for them

    def finish(self, work: Work, error: str | None = None, value: Any = None) -> None:
        work.state = "done"
        self.resolve(work.promise, None if error is None else Told(error), value)

    def resolve(self, promise: Promise, error: Told | None = None, value: Any = None) -> None:
        promise.error, promise.value = error, value
        self.turns += 1
        promise.turn = self.turns
        # Reading: what is resolved while code runs wakes its waiters after those of what was resolved before.
        self.queue.append(promise)
        if self.waking:
            self.issue_graph()

    def issue_graph(self) -> None:
        """Issue calls whose Promise argument is there now, in call order; a failed one fails the call."""
        for entry in list(self.graph):
            work, argument = entry
            if argument.turn is None or entry not in self.graph:
                continue
            self.graph.remove(entry)
            if argument.error is None:
                work.arguments = [argument.value]
                self.schedule(work)
                continue
            self.finish(work, str(argument.error))
            self.issue_graph()

    def notice(self, wait: Wait, what: Any) -> None:
        """Tell one wait that something has happened; resume it if that is what it waits for."""
        if what == "cancel":
            if wait.fiber is self.main and self.cancel_due:
                self.cancel_due = False
                self.resume(wait, CancelAsked())
        elif isinstance(what, str):
            if wait.mode == "signal" and wait.signal == what and self.signals[what]:
                self.resume(wait, self.signals[what].pop(0))
        elif wait.limit is not None and what is wait.limit.promise:
            self.resume(wait, Told("WaitTimeout"))
        elif what in wait.promises:
            wait.missing.discard(id(what))
            if wait.mode == "any":
                self.resume(wait, what)
            elif what.error is not None:
                self.resume(wait, Told(str(what.error)))
            elif not wait.missing:
                self.resume(wait, [promise.value for promise in wait.promises])

    def resume(self, wait: Wait, what: Any) -> None:
        self.waits.remove(wait)
        # Reading: the timer of a wait that ended otherwise is canceled.
        if wait.limit is not None:
            self.cancel(wait.limit)
        self.advance(wait.fiber, what)

    def advance(self, fiber: Fiber | None, what: Any) -> None:
        """Run a function to its next wait, or to its end."""
        assert fiber is not None
        try:
            wait = fiber.steps.throw(what) if isinstance(what, BaseException) else fiber.steps.send(what)
        except StopIteration:
            self.ended(fiber, None)
        except (Told, CancelAsked) as error:
            self.ended(fiber, error)
        else:
            self.suspend(fiber, wait)

    def suspend(self, fiber: Fiber, wait: Wait) -> None:
        if fiber is self.main and self.cancel_due:
            self.cancel_due = False
            self.advance(fiber, CancelAsked())
            return
        wait.fiber = fiber
        if wait.seconds is not None:
            number = self.count("limit")
            wait.limit = self.new("limit", f"w{number}", number, seconds=wait.seconds)
            self.start(wait.limit)
        self.waits.append(wait)

    def ended(self, fiber: Fiber, error: Told | CancelAsked | None) -> None:
        if fiber.promise is not None:
            self.resolve(fiber.promise, error if isinstance(error, Told) else None)
            return
        if error is None:
            self.close = (
                ("close", "CompleteWorkflowExecution"),
                decision("CompleteWorkflowExecution", result=self.log),
            )
        elif isinstance(error, CancelAsked):
            for work in self.works:
                if work.kind != "marker":
                    self.cancel(work)
            self.close = ("close", "CancelWorkflowExecution"), decision("CancelWorkflowExecution")
        else:
            self.close = (
                ("close", "FailWorkflowExecution"),
                decision("FailWorkflowExecution", reason=str(error)),
            )
        self.waits.clear()
        self.graph.clear()

    # ── commands

    def count(self, *kind: Any) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.counts[kind]

    def new(self, kind: str, id: str, number: int, **more: Any) -> Work:
        work = Work(kind, number, id, Promise(kind), **more)
        work.promise.work = work
        self.works.append(work)
        return work

    def schedule(self, work: Work) -> None:
        work.state = "pending"
        one = decision(
            "ScheduleActivityTask",
            activityId=work.id,
            activityType={"name": work.name, "version": "1.0"},
            input=[work.arguments, {}],
        )
        self.commands.append((work.key, one))

    def start(self, work: Work) -> None:
        work.state = "pending"
        self.commands.append((work.key, start_timer(work.id, work.seconds)))

    def cancel(self, work: Work) -> None:
        """Take back what has not left, ask for the end of what is open; a timer ends at once."""
        if work.state == "done" or work.canceled:
            return
        work.canceled = True
        kept = [command for command in self.commands if command[0] != work.key]
        # Reading: a retry is not withdrawn, or a later replay, finding no record of it, would take the
        # failure for delivered. It is sent together with the request to cancel it.
        is_retry = work.attempt > 1 or work.throttled > 0
        if work.state == "new" or (len(kept) < len(self.commands) and not is_retry):
            self.commands = kept
            self.graph = [entry for entry in self.graph if entry[0] is not work]
            self.finish(work, "Canceled")
        elif work.state == "backing off" or work.kind in ("timer", "limit"):
            self.commands.append(cancel_timer(work.key[1]))
            self.finish(work, "Canceled")
        elif work.kind == "activity":
            one = decision("RequestCancelActivityTask", activityId=work.id)
            self.commands.append((("cancel activity", work.id), one))
        else:
            control = str(self.count("external"))
            one = decision("RequestCancelExternalWorkflowExecution", control=control, workflowId=work.id)
            self.commands.append((("cancel external", control), one))

    # ── the program

    def function(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except Returned:
            return

    def block(self, block: Block) -> Steps:
        for name, *args in block:
            steps = getattr(self, f"do_{name}")(*args)
            if steps is not None:
                yield from steps

    def at(self, index: int) -> Promise | None:
        return self.promises[index % len(self.promises)] if self.promises else None

    def several(self, indices: list[int]) -> list[Promise]:
        found = [self.at(index) for index in indices]
        return [promise for promise in found if promise is not None]

    def wait_for(self, mode: str, promises: list[Promise], seconds: int | None = None) -> Steps:
        """Wait only if there is something to wait for; of Promises that are there the first counts."""
        ready = sorted((p for p in promises if p.turn is not None), key=lambda promise: promise.turn or 0)
        if mode == "any" and ready:
            return ready[0]
        failed = [promise.error for promise in ready if promise.error is not None]
        if failed:
            raise Told(str(failed[0]))
        if len(ready) == len(promises):
            return [promise.value for promise in promises]
        missing = {id(promise) for promise in promises if promise.turn is None}
        return (yield Wait(mode, promises, seconds=seconds, missing=missing))

    def do_call(self, activity: str, argument: Any) -> None:
        number = self.count("activity")
        work = self.new("activity", str(number), number, name=activity, arguments=[argument, len(self.log)])
        self.promises.append(work.promise)
        self.schedule(work)

    def do_graph(self, activity: str, index: int) -> None:
        argument = self.at(index)
        if argument is not None and argument.kind != "marker":
            number = self.count("activity")
            work = self.new("activity", str(number), number, name=activity)
            self.promises.append(work.promise)
            self.graph.append((work, argument))
            self.issue_graph()

    def do_child(self, argument: Any) -> None:
        number = self.count("child")
        work = self.new("child", f"{child_prefix(self.run_id)}-{number}", number)
        self.promises.append(work.promise)
        work.state = "pending"
        one = decision(
            "StartChildWorkflowExecution",
            control=str(number),
            input=[[argument], {}],
            workflowId=work.id,
            workflowType={"name": CHILD, "version": "1.0"},
        )
        self.commands.append((work.key, one))

    def timer(self, seconds: int) -> Promise:
        number = self.count("timer")
        work = self.new("timer", str(number), number, seconds=seconds)
        self.start(work)
        return work.promise

    def do_timer(self, seconds: int) -> None:
        self.promises.append(self.timer(seconds))

    def do_sleep(self, seconds: int) -> Steps:
        yield from self.wait_for("all", [self.timer(seconds)])

    def do_marker(self, name: str, details: Any) -> None:
        number = self.count("marker", name)
        work = self.new("marker", f"{name}#{number}", number, name=name)
        work.state = "pending"
        self.commands.append((work.key, decision("RecordMarker", markerName=name, details=details)))
        self.promises.append(work.promise)
        self.resolve(work.promise, value=[name, details])

    def do_cached(self, value: Any) -> Steps:
        """The function runs in the last batch if its marker is sure to fit; the record says when that was."""
        number = self.count("cached")
        while True:
            recorded = [loads(attributes(one)["details"]) for one in self.cache_records()]
            values = [loads(details["r"]) for details in recorded if details["n"] == number]
            if values or (self.is_last and len(self.commands) < RESPONSE_LIMIT - 2):
                break
            yield Wait("batch")
        value = values[0] if values else value
        self.count("marker", "cache")
        details = {"n": number, "r": value}
        self.commands.append(
            (("marker", "cache", number), decision("RecordMarker", markerName="cache", details=details))
        )
        self.log.append(["cached", value])

    def cache_records(self) -> list[Event]:
        """What the decision of this batch recorded of cached calls."""
        return [
            one
            for one in self.batch.record or []
            if one["eventType"] == "MarkerRecorded" and attributes(one)["markerName"] == "cache"
        ]

    def do_spawn(self, block: Block) -> None:
        promise = Promise("branch")
        place = len(self.promises)
        self.promises.append(None)
        self.advance(Fiber(self.function(block), promise), None)
        self.promises[place] = promise

    def do_wait(self, index: int) -> Steps:
        promise = self.at(index)
        if promise is not None:
            self.log.append(["wait", (yield from self.wait_for("all", [promise]))[0]])

    def do_wait_all(self, indices: list[int], seconds: int | None) -> Steps:
        promises = self.several(indices)
        if promises:
            self.log.append(["all", (yield from self.wait_for("all", promises, seconds))])

    def do_wait_any(self, indices: list[int], seconds: int | None) -> Steps:
        promises = self.several(indices)
        if promises:
            first = yield from self.wait_for("any", promises, seconds)
            self.log.append(["any", self.promises.index(first)])

    def do_signal(self, name: str, seconds: int | None) -> Steps:
        if self.signals.get(name):
            self.log.append(["signal", self.signals[name].pop(0)])
        else:
            self.log.append(["signal", (yield Wait("signal", signal=name, seconds=seconds))])

    def do_cancel(self, index: int) -> None:
        promise = self.at(index)
        if (
            promise is not None
            and promise.kind in ("activity", "timer", "child")
            and promise.work is not None
        ):
            self.cancel(promise.work)

    def do_ready(self, index: int, yes: Block, no: Block) -> Steps:
        promise = self.at(index)
        if promise is not None:
            yield from self.block(no if promise.turn is None else yes)

    def do_try(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except Told as error:
            self.log.append(["error", str(error)])

    def do_guard(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except CancelAsked:
            self.log.append(["canceled"])

    def do_asked(self) -> None:
        self.log.append(["asked", self.cancel_requested])

    def do_now(self) -> None:
        self.log.append(["now", round(self.batch.started["eventTimestamp"], 3)])

    def do_raise(self, message: str) -> None:
        raise Told(f"Boom {message}")

    def do_return(self) -> None:
        raise Returned


def attempt_id(number: int, attempt: int) -> str:
    return str(number) if attempt == 1 else f"{number}-{attempt}"


def loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
