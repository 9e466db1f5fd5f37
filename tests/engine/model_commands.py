"""What the model asks for: commands from the call to the record, taken back, or sent within the limits."""

from __future__ import annotations

import json
from typing import Any

from .model_state import Outcome, Promise, State, Work
from .records import (
    Command,
    cancel_timer,
    command_type,
    decision,
    decision_attributes,
    is_librarys_own,
    open_works,
    record_key,
    record_type,
    start_timer,
)
from .wire import Event, attributes

#: Kinds of decisions that are limited by how much of their kind is open.
_LIMITED = {
    "ScheduleActivityTask": "activity",
    "StartTimer": "timer",
    "StartChildWorkflowExecution": "child",
    "ScheduleLambdaFunction": "lambda",
}


class Commands(State):
    """Commands wait, in call order, for the response and then for their record."""

    def issue(self, work: Work) -> None:
        """From now on this is to be sent."""
        work.state = "pending"
        self.commands.append((work.key, self.decision_for(work)))

    def decision_for(self, work: Work) -> dict[str, Any]:
        match work.kind:
            case "activity":
                type_ = {"name": work.name, "version": "1.0"}
                return decision(
                    "ScheduleActivityTask",
                    activityId=work.id,
                    activityType=type_,
                    input=[work.arguments, {}],
                )
            case "child":
                return decision(
                    "StartChildWorkflowExecution",
                    control=str(work.number),
                    input=[work.arguments, {}],
                    workflowId=work.id,
                    workflowType={"name": work.name, "version": "1.0"},
                )
            case "lambda":
                (value,) = work.arguments
                its = {} if value is None else {"input": value}
                return decision("ScheduleLambdaFunction", id=work.id, name=work.name, **its)
            case "marker":
                return decision("RecordMarker", markerName=work.name, details=work.arguments)
            case "signal out":
                return decision("SignalExternalWorkflowExecution", control=str(work.number), **work.arguments)
            case "cancel out":
                return decision(
                    "RequestCancelExternalWorkflowExecution", control=str(work.number), **work.arguments
                )
        return start_timer(work.id, work.seconds)

    # ── calls whose arguments are Promises, or that wait for a slot

    def place(self, work: Work) -> None:
        """A call: issued now, or when its arguments and its slot are there."""
        if work.slots is not None:
            if work.slots.free:
                work.slots.free -= 1
            else:
                work.has_slot = False
                work.slots.waiting.append(work)
        if work.slots is None and self.is_accepted_now(work):
            # Reading: what the decision at hand recorded was asked for; its arguments are not looked at.
            self.issue(work)
        elif self.is_ready(work):
            self.issue_call(work)
        else:
            self.graph.append(work)

    def is_accepted_now(self, work: Work) -> bool:
        """Whether this batch's decision was recorded as having asked for this, and SWF as having taken it."""
        begun = {
            "activity": ("ActivityTaskScheduled", "activityId"),
            "child": ("StartChildWorkflowExecutionInitiated", "workflowId"),
            "lambda": ("LambdaFunctionScheduled", "id"),
        }
        type_, member = begun[work.kind]
        return any(
            one["eventType"] == type_ and attributes(one)[member] == work.id
            for one in self.batch.record or []
        )

    def is_ready(self, work: Work) -> bool:
        return work.has_slot and all(promise.turn is not None for promise in work.needs)

    def issue_graph(self) -> None:
        """Issue calls for which all is there now, in call order; one that fails may make others ready."""
        while not self.has_ended:
            ready = [work for work in self.graph if self.is_ready(work)]
            if not ready:
                return
            self.graph = [work for work in self.graph if work not in ready]
            for work in ready:
                self.issue_call(work)

    def issue_call(self, work: Work) -> None:
        """The arguments are there; the first that failed fails the call."""
        failed = [promise.error for promise in work.needs if promise.error is not None]
        if failed:
            self.finish(work, str(failed[0]))
            return
        work.arguments = with_values(work.arguments)
        self.issue(work)

    # ── taken back

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
            self.graph = [other for other in self.graph if other is not work]
            self.finish(work, "Canceled")
        elif (
            work.state == "backing off"
            and len(kept) < len(self.commands)
            and work.back_off in self.timer_refusals
        ):
            self.commands = kept  # a back-off timer whose refusal is on record need not be sent to be known
            self.finish(work, "Canceled")
        elif work.state == "backing off" or work.kind in ("timer", "limit"):
            self.commands.append(cancel_timer(work.key[1]))
            self.finish(work, "Canceled")
        elif work.kind == "activity":
            one = decision("RequestCancelActivityTask", activityId=work.id)
            self.commands.append((("cancel activity", work.id), one))
        elif work.kind == "child":
            self.issue(self.new("cancel out", arguments={"workflowId": work.id}))
        # Reading: a lambda, or a request to another execution, cannot be taken back once it has left.

    def cancel_all(self) -> None:
        for work in list(self.works):
            # A request to another execution that waits for its next attempt does so by an open timer.
            if work.state == "backing off" or not work.kind.endswith(("marker", "out")):
                self.cancel(work)

    # ── found again in the record

    def match(self, record: list[Event]) -> None:
        """Records are found among the commands by kind and id; what is left must be what was held."""
        close = [self.close] if self.close is not None and self.is_close_due else []
        ours: list[Command] = [*self.commands, *close]
        for one in record:
            if is_librarys_own(one):
                continue
            key = record_key(self.events, one)
            found = next((command for command in ours if command[0] == key), None)
            if found is None:
                if key[0] == "patch" and '"deprecated":true' in (attributes(one).get("details") or ""):
                    continue
                self.differ("missing", f"nothing asked for {key}")
            if record_type(one) is not None and record_type(one) != command_type(found[1]):
                self.differ("renamed", f"{key} is {record_type(one)} in the record, not {found[1]}")
            ours.remove(found)
            for work in self.works:
                if work.state == "pending" and work.key == key:
                    work.state = "open"
                    self.keep_recorded(work, attributes(one))
        if len(ours) != self.batch.held:
            self.differ("extra", f"not in the record: {[key for key, _ in ours]}, held {self.batch.held}")
        self.commands = [command for command in ours if command is not self.close]
        self.at_once = []

    def keep_recorded(self, work: Work, its: dict[str, Any]) -> None:
        """What was sent is what a retry sends again, whatever the code would send now."""
        if work.kind in ("activity", "child") and "input" in its:
            work.arguments = json.loads(its["input"])[0]
        if work.kind == "lambda" and "cause" not in its:
            work.arguments = [json.loads(its.get("input", "null"))]

    def differ(self, kind: str, what: str) -> Any:
        raise NotImplementedError

    # ── sent

    def answer(self, is_crowded: bool) -> Outcome:
        """The commands in call order, as many as a response and an execution may hold; the close last."""
        opened = open_works(self.events)
        sent: list[Command] = []
        left: list[Command] = []
        timers = self.most_timers()
        for command in self.commands:
            kind = _LIMITED.get(command[1]["decisionType"])
            most = timers if kind == "timer" else self.limits.open
            if kind is not None and (opened[kind] >= most or self.waits_longer(command)):
                left.append(command)
                continue
            if (
                kind is None
                and "Cancel" in command[1]["decisionType"]
                and target(command) in map(target, left)
            ):
                left.append(command)  # it would find nothing to cancel yet
                continue
            if kind is not None:
                opened[kind] += 1
            sent.append(command)
        waits_for_nothing = left and self.close is not None and not any(opened.values())
        if self.close is not None and self.is_close_due:
            (left if left else sent).append(self.close)
        is_crowded = is_crowded or len(sent) > self.limits.decisions
        room = self.limits.decisions - (is_crowded or bool(waits_for_nothing)) - len(self.at_once)
        decisions = []
        for command in sent:
            if command not in self.at_once:
                if room <= 0:
                    left.append(command)
                    continue
                room -= 1
            decisions.append(command[1])
        if is_crowded or waits_for_nothing:
            decisions.append(start_timer(f"wake-{self.batch.started['eventId']}", 0))
        is_closing = self.close is not None and self.close[1] in decisions
        return Outcome(decisions, len(left), is_closing, self.log, self.status, self.retries(left))

    def retries(self, left: list[Command]) -> dict[str, int]:
        """Of what is left over, the further attempts and the timers before them, with their seconds."""
        found = {}
        for work in self.works:
            is_further = work.kind not in ("timer", "limit") and (work.attempt > 1 or work.throttled > 0)
            for key, one in left:
                if is_further and key == work.key:
                    found[work.back_off] = int(decision_attributes(one).get("startToFireTimeout", 0))
        return found

    def most_timers(self) -> int:
        """Reading: a timer refused for the open limit waits until fewer are open than there were then."""
        most = self.limits.timers
        for command in self.commands:
            refusals = self.timer_refusals.get(command[0][1]) if command[0][0] == "timer" else None
            if refusals and attributes(refusals[-1])["cause"] == "OPEN_TIMERS_LIMIT_EXCEEDED":
                then = open_works(self.events[: refusals[-1]["eventId"]])["timer"]
                most = min(most, max(1, then))
        return most

    def waits_longer(self, command: Command) -> bool:
        """Reading: a timer refused six times in a row waits until something else brings a decision."""
        refusals = self.timer_refusals.get(command[0][1], []) if command[0][0] == "timer" else []
        if len(refusals) <= 5 or not any(open_works(self.events).values()):
            return False
        return refusals[-1] in (self.batches[self.index - 1].record or [])


def target(command: Command) -> Any:
    """The id of what a command starts or cancels."""
    its = decision_attributes(command[1])
    return next(
        ((name, its[name]) for name in ("activityId", "timerId", "workflowId") if name in its), command
    )


def with_values(argument: Any) -> Any:
    """An argument with results in the place of Promises."""
    if isinstance(argument, Promise):
        return argument.value
    if isinstance(argument, list):
        return [with_values(item) for item in argument]
    if isinstance(argument, dict):
        return {key: with_values(item) for key, item in argument.items()}
    return argument
