"""The steps of a program (`program.py`), as the model takes them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from .model_events import Events, loads
from .model_state import (
    CancelAsked,
    Continued,
    Fiber,
    Over,
    Promise,
    Returned,
    Slots,
    Steps,
    Stream,
    Told,
    Wait,
)
from .program import CHILDREN, EXECUTIONS, Block
from .records import cached_details, decision
from .wire import Event, attributes


class Program(Events):
    """A program run with generators: they yield a Wait and are sent what it was for."""

    def function(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except Returned as returned:
            return returned.value

    def block(self, block: Block) -> Steps:
        for name, *args in block:
            steps = getattr(self, f"do_{name}")(*args)
            if steps is not None:
                yield from steps
            if self.has_ended:
                raise Over

    def at(self, index: int) -> Promise | None:
        return self.promises[index % len(self.promises)] if self.promises else None

    def several(self, indices: list[int]) -> list[Promise]:
        found = [self.at(index) for index in indices]
        return [promise for promise in found if promise is not None]

    # ── what is asked for

    def call(
        self, kind: str, name: str, arguments: list[Any], needs: list[Promise], slots: Any = None
    ) -> None:
        """A call of an activity or child; `needs` are the Promises among its arguments."""
        work = self.new(kind, name=name, arguments=arguments, needs=needs, slots=slots)
        self.promises.append(work.promise)
        self.place(work)

    def do_call(self, activity: str, argument: Any) -> None:
        self.call("activity", activity, [argument, len(self.log)], [])

    def do_graph(self, activity: str, index: int) -> None:
        argument = self.at(index)
        if argument is not None and argument.kind != "marker":
            kind = "child" if activity in CHILDREN else "activity"
            self.call(kind, activity, [argument], [argument])

    def do_nest(self, activity: str, indices: list[int]) -> None:
        found = [promise for promise in self.several(indices) if promise.kind != "marker"]
        if found:
            self.call("activity", activity, [[found[0], {"all": found}]], [found[0], *found])

    def do_map(self, activity: str, items: list[Any], limit: int | None) -> None:
        slots = None if limit is None else Slots(limit)
        works = [self.new("activity", name=activity, arguments=[item], slots=slots) for item in items]
        self.promises += [work.promise for work in works]
        for work in works:
            self.place(work)

    def do_child(self, name: str, argument: Any) -> None:
        self.call("child", name, [argument], [])

    def do_lambda(self, name: str, argument: Any) -> None:
        self.call("lambda", name, [argument], [])

    def timer(self, seconds: int) -> Promise:
        work = self.new("timer", seconds=seconds)
        self.issue(work)
        return work.promise

    def do_timer(self, seconds: int) -> None:
        self.promises.append(self.timer(seconds))

    def do_sleep(self, seconds: int) -> Steps:
        yield from self.wait_for("all", [self.timer(seconds)])

    def do_marker(self, name: str, details: Any) -> None:
        work = self.new("marker", name=name, arguments=details)
        self.promises.append(work.promise)
        self.issue(work)
        self.resolve(work.promise, value=[name, details])

    def do_signal_out(self, to: str, name: str, value: Any) -> None:
        its = {"workflowId": EXECUTIONS[to], "signalName": name, "input": value}
        self.request("signal out", {key: one for key, one in its.items() if one is not None})

    def do_cancel_out(self, to: str) -> None:
        self.request("cancel out", {"workflowId": EXECUTIONS[to]})

    def request(self, kind: str, members: dict[str, Any]) -> None:
        work = self.new(kind, arguments=members)
        self.promises.append(work.promise)
        self.issue(work)

    def do_cancel(self, index: int) -> None:
        promise = self.at(index)
        if promise is not None and promise.kind not in ("marker", "branch") and promise.work is not None:
            self.cancel(promise.work)

    def do_spawn(self, block: Block) -> None:
        promise = Promise("branch")
        place = len(self.promises)
        self.promises.append(None)
        self.advance(Fiber(self.function(block), promise), None)
        self.promises[place] = promise

    # ── what happens once: cached functions and changes of the code

    def do_cached(self, value: Any) -> Steps:
        outcome = yield from self.once({"f": "remember", "r": value})
        self.log.append(["cached", outcome["r"]])

    def do_cached_error(self, message: str) -> Steps:
        outcome = yield from self.once({"f": "refuse", "x": message})
        raise Told(f"ValueError: {outcome['x']}")

    def once(self, outcome: dict[str, Any]) -> Steps:
        """The function runs in the last batch if its marker is sure to fit; the record says when that was."""
        number = self.count("cached")
        while number not in self.cache_records():
            # Reading: results leave with the batch in which the function ran, 90 of them at most.
            if self.is_last and len(self.at_once) < self.limits.cached:
                break
            yield Wait("batch")
        command = (
            ("marker", "cache", number),
            decision("RecordMarker", markerName="cache", details={"n": number, **outcome}),
        )
        self.commands.append(command)
        self.at_once.append(command)
        recorded = self.cache_records().get(number, outcome)
        if recorded["f"] != outcome["f"]:
            self.differ(
                "renamed", f"cached call {number} is {recorded['f']} in the record, not {outcome['f']}"
            )
        return recorded

    def cache_records(self) -> dict[int, dict[str, Any]]:
        """The cached calls that this batch's decision recorded, by their numbers."""
        details = [
            cached_details(attributes(one)["details"])
            for one in self.batch.record or []
            if one["eventType"] == "MarkerRecorded" and attributes(one)["markerName"] == "cache"
        ]
        return {one["n"]: one for one in details}

    def do_patched(self, change: str, new: Block, old: Block) -> Steps:
        yield from self.block(new if self.is_patched(change, {"id": change}) else old)

    def do_deprecate(self, change: str) -> None:
        self.is_patched(change, {"id": change, "deprecated": True})

    def is_patched(self, change: str, details: dict[str, Any]) -> bool:
        """Whether the change is part of the run: recorded by now, or asked for first in the task in hand."""
        if change in self.patches:
            return self.patches[change]
        marker = next((one for one in self.events if changes(one) == change), None)
        here = marker is not None and marker in (self.batch.record or [])
        if here:
            details = loads(attributes(marker)["details"])
        elif marker is not None:
            # Reading: recorded by another decision than this: code came to ask earlier, or later, than then.
            return self.is_last or marker["eventId"] < self.batch.completed
        elif not self.is_last:
            self.patches[change] = False
            return False
        self.patches[change] = True
        text = json.dumps(details, separators=(",", ":"))
        command = (
            ("patch", change),
            decision("RecordMarker", markerName="pyswf-patch", details=text),
        )
        self.commands.append(command)
        self.at_once.append(command)
        return True

    # ── waits

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

    def do_as_completed(self, indices: list[int], seconds: int | None, most: int, block: Block) -> Steps:
        promises = self.several(indices)
        ready = sorted((p for p in promises if p.turn is not None), key=lambda promise: promise.turn or 0)
        stream = Stream([promise for promise in promises if promise.turn is None], ready)
        if stream.pending:
            self.waits.append(stream)
            if seconds is not None:
                stream.limit = self.new("limit", seconds=seconds)
                self.issue(stream.limit)
        for _ in range(most):
            if not stream.arrived and not stream.pending:
                return
            if stream.arrived:
                first = stream.arrived.pop(0)
            elif stream.failure is not None:
                raise Told(str(stream.failure))
            else:
                first = yield Wait("stream", stream=stream)
            self.log.append(["completed", self.promises.index(first)])
            yield from self.block(block)

    def do_signal(self, name: str, seconds: int | None) -> Steps:
        arrived = self.signals.setdefault(name, [])
        line = self.line(name)
        # Those that wait already have the first ones, even if they have not woken yet.
        if len(arrived) > len(line):
            self.log.append(["signal", arrived.pop(len(line))])
        else:
            self.log.append(["signal", (yield Wait("signal", signal=name, seconds=seconds))])

    def do_next_signal(self, name: str) -> Steps:
        yield from self.do_signal(name, None)

    def do_shield(self, block: Block) -> Steps:
        self.shields += 1
        try:
            yield from self.block(block)
        finally:
            self.shields -= 1
            if not self.shields and self.cancel_due:
                self.queue.append(("cancel", None))

    # ── what is looked at

    def do_ready(self, index: int, yes: Block, no: Block) -> Steps:
        promise = self.at(index)
        if promise is not None:
            yield from self.block(no if promise.turn is None else yes)

    def do_exception(self, index: int) -> None:
        promise = self.at(index)
        if promise is not None:
            self.log.append(["exception", None if promise.error is None else str(promise.error)])

    def do_asked(self) -> None:
        self.log.append(["asked", self.cancel_requested])

    def do_now(self) -> None:
        self.log.append(["now", round(self.batch.started["eventTimestamp"], 3)])

    def do_info(self) -> None:
        self.log.append(["info", self.run_id, self.batch.started["eventId"]])

    def do_draw(self) -> None:
        drawn = uuid.UUID(int=self.uuids.getrandbits(128), version=4)
        self.log.append(["draw", str(drawn), self.dice.random()])

    # ── what becomes of the run

    def do_status(self, text: str) -> None:
        self.status = text

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

    def do_raise(self, message: str) -> None:
        raise Told(f"Boom {message}")

    def do_return(self, value: Any) -> None:
        raise Returned(value)

    def do_continue(self, value: Any) -> None:
        raise Continued(value)

    def do_forever(self) -> None:
        """Said by the decorator, of the first step."""

    def do_continue_with(self, value: Any) -> None:
        if not self.is_forever:
            raise Told("UsageError")
        self.next_input = [[value], {}]


def changes(one: Event) -> str | None:
    """The change of the code that an event records."""
    its = attributes(one)
    if one["eventType"] != "MarkerRecorded" or its["markerName"] != "pyswf-patch":
        return None
    return str(loads(its["details"])["id"])
