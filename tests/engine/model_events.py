"""What the events of a batch do to the work that they are about: done, failed for good, or tried again."""

from __future__ import annotations

import json
import random
from math import ceil
from typing import Any

from .model_state import Work
from .model_waiting import Waiting
from .records import nth_marker, record_key, start_timer
from .wire import Event, attributes

_EXCEPTIONS = {
    "activity": "ActivityTaskException",
    "lambda": "LambdaTaskException",
    "child": "ChildWorkflowException",
    "timer": "TimerException",
    "limit": "TimerException",
    "signal out": "ExternalWorkflowException",
    "cancel out": "ExternalWorkflowException",
}
_BEGUN_BY = ("scheduledEventId", "initiatedEventId")
_STATES = {
    "Failed": "FAILED",
    "TimedOut": "TIMED_OUT",
    "Terminated": "TERMINATED",
}


class Events(Waiting):
    """Events applied, one after the other."""

    def apply(self, one: Event) -> None:
        type_, its = one["eventType"], attributes(one)
        match type_:
            case "WorkflowExecutionSignaled":
                self.signals.setdefault(its["signalName"], []).append(loads(its.get("input")))
                self.queue.append(("signal", its["signalName"]))
            case "WorkflowExecutionCancelRequested":
                if not self.cancel_requested:
                    self.cancel_requested = self.cancel_due = True
                    self.queue.append(("cancel", None))
            case "TimerFired":
                self.timer_refusals.pop(its["timerId"], None)
                self.timer_fired(its["timerId"])
            case "StartTimerFailed":
                self.timer_refused(one, its["timerId"], its["cause"])
            case "MarkerRecorded" | "RecordMarkerFailed":
                work = self.open("marker", f"{its['markerName']}#{nth_marker(self.events, one)}")
                if work is not None:
                    work.state = "done"
            case (
                "CompleteWorkflowExecutionFailed"
                | "FailWorkflowExecutionFailed"
                | "CancelWorkflowExecutionFailed"
                | "ContinueAsNewWorkflowExecutionFailed"
            ):
                self.close_refused(its["cause"])
            case "ExternalWorkflowExecutionSignaled" | "ExternalWorkflowExecutionCancelRequested":
                self.finish(self.concerned(one))
            case (
                "ScheduleActivityTaskFailed"
                | "ScheduleLambdaFunctionFailed"
                | "StartLambdaFunctionFailed"
                | "StartChildWorkflowExecutionFailed"
                | "SignalExternalWorkflowExecutionFailed"
                | "RequestCancelExternalWorkflowExecutionFailed"
            ):
                self.failed(self.concerned(one), "FAILED_TO_SCHEDULE", its["cause"])
            case _ if type_.startswith(("ActivityTask", "ChildWorkflowExecution", "LambdaFunction")):
                self.ended_somehow(self.concerned(one), type_, its)

    def concerned(self, one: Event) -> Work | None:
        """The open work that an event is about: by its own words, or those of the event that began it."""
        its = attributes(one)
        begun = next((self.events[its[name] - 1] for name in _BEGUN_BY if its.get(name)), one)
        its, type_ = attributes(begun), begun["eventType"]
        if "activityId" in its:
            return self.open("activity", its["activityId"])
        if "LambdaFunction" in type_:
            return self.open("lambda", its["id"])
        if "SignalExternal" in type_:
            return self.open("signal out", its["control"])
        if "RequestCancelExternal" in type_:
            return self.open("cancel out", its["control"])
        return self.open("child", its["workflowId"])

    def open(self, kind: str, id: str) -> Work | None:
        """The work of this kind and id that is under way."""
        return next((w for w in self.works if w.state == "open" and w.kind == kind and w.id == id), None)

    def finish(self, work: Work | None, error: str | None = None, value: Any = None) -> None:
        if work is not None:
            super().finish(work, error, value)

    def ended_somehow(self, work: Work | None, type_: str, its: dict[str, Any]) -> None:
        if work is None or type_.endswith(("Started", "Scheduled", "CancelRequested")):
            return
        if type_.endswith("Completed"):
            self.finish(work, value=loads(its.get("result")))
        elif type_.endswith("Canceled"):
            self.finish(work, "Canceled")
        else:
            how = next(how for how in _STATES if type_.endswith(how))
            self.failed(work, _STATES[how], its.get("timeoutType") or its.get("reason"))

    # ── retries: before the last batch the history has decided; in the last the policy does

    def failed(self, work: Work | None, state: str, reason: str | None) -> None:
        """Another attempt, or the end."""
        if work is None:
            return
        is_passing = state == "FAILED_TO_SCHEDULE" and is_passing_refusal(reason)
        # Reading: nobody will look at an activity once the function has returned, so it is not retried.
        is_tried_again = is_passing or work.kind in ("activity", "child", "lambda")
        if work.canceled or self.has_ended or not is_tried_again:
            delay = None
        elif self.is_last:
            delay = self.policy_delay(work, state, reason)
        else:
            delay = self.recorded_delay(work, work.attempt + (not is_passing))
            # Reading: where something was held back, and ever since, this retry may have been: the decision
            # says whether it was.
            later = [batch for batch in self.batches[self.index :] if batch.record is not None]
            if delay is None and all(batch.held for batch in later):
                delay = self.held_delay(work, work.attempt + (not is_passing), state, reason)
        if delay is None:
            self.finish(work, failure(work, state, reason))
            return
        # Reading: a refusal that says only "not now" uses up no attempt, so the next one has the same number.
        work.throttled += is_passing
        work.attempt += not is_passing
        if delay:
            work.state = "backing off"
            self.commands.append((work.key, start_timer(work.back_off, ceil(delay))))
        else:
            self.issue(work)

    def policy_delay(self, work: Work, state: str, reason: str | None) -> float | None:
        """Seconds before the next attempt, as the policy of today has it; None: give up."""
        back_off = min(60, 2 ** (work.attempt + work.throttled - 1))
        if state == "FAILED_TO_SCHEDULE" and is_passing_refusal(reason):
            return back_off
        policy = self.policies[work.name]
        if "retry" in policy:
            return self.retry_delay(work, state, reason, **policy["retry"])
        if state not in policy["retry_states"] or work.attempt >= policy["max_attempts"]:
            return None
        return back_off if state == "FAILED_TO_SCHEDULE" else 0

    def retry_delay(
        self,
        work: Work,
        state: str,
        reason: str | None,
        max_attempts: int = 5,
        initial: float = 1,
        factor: float = 2,
        maximum: float = 60,
        total: float | None = None,
        jitter: float = 0,
        retry_on: tuple[str, ...] = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT"),
        give_up_on: tuple[str, ...] = (),
    ) -> float | None:
        """RetryPolicy, whose names are states, types of timeouts or causes here."""
        words = {state} if state == "FAILED" else {state, reason}
        if work.attempt >= max_attempts or words & {*give_up_on} or not words & {*retry_on}:
            return None
        seconds = min(maximum, initial * factor ** (work.attempt - 1))
        dice = random.Random(f"{self.run_id} {work.kind} {work.number} {work.attempt}")
        seconds *= 1 - jitter * dice.random()
        if state == "FAILED_TO_SCHEDULE":
            seconds = max(seconds, 1)
        key = (work.kind, str(work.number))
        first = next(one for one in self.events if record_key(self.events, one) == key)
        elapsed = self.batch.started["eventTimestamp"] - first["eventTimestamp"]
        return None if total is not None and elapsed + ceil(seconds) > total else seconds

    def held_delay(self, work: Work, attempt: int, state: str, reason: str | None) -> float | None:
        """What a decision that held something back says of the next attempt."""
        if self.batch.retries is None:
            return self.policy_delay(work, state, reason)
        following = Work(work.kind, work.number, work.promise, prefix=work.prefix, attempt=attempt)
        return self.batch.retries.get(following.back_off)

    def recorded_delay(self, work: Work, attempt: int) -> float | None:
        """What the history says of the next attempt: a back-off timer, a schedule, or nothing (given up)."""
        following = Work(work.kind, work.number, work.promise, prefix=work.prefix, attempt=attempt)
        for one in self.events[self.event_id :]:
            its = attributes(one)
            if its.get("timerId") == following.back_off and one["eventType"] in (
                "TimerStarted",
                "StartTimerFailed",
            ):
                return float(its.get("startToFireTimeout", 1))
            if record_key(self.events, one) == following.key:
                return 0
        return None

    # ── timers

    def timer_fired(self, timer_id: str) -> None:
        for work in self.works:
            if work.state == "open" and work.kind in ("timer", "limit") and work.id == timer_id:
                self.finish(work)
        self.back_off_over(timer_id)

    def timer_refused(self, refusal: Event, timer_id: str, cause: str) -> None:
        if is_passing_refusal(cause):
            self.timer_refusals.setdefault(timer_id, []).append(refusal)
            self.start_timer_again(timer_id)
            return
        for work in self.works:
            if work.state == "open" and work.kind in ("timer", "limit") and work.id == timer_id:
                self.finish(work, failure(work, "FAILED_TO_SCHEDULE", cause))
        # Reading: a back-off that cannot be had is no reason to give up; the attempt is made without it.
        self.back_off_over(timer_id)

    def start_timer_again(self, timer_id: str) -> None:
        for work in self.works:
            if work.state == "open" and work.kind in ("timer", "limit") and work.id == timer_id:
                self.issue(work)
            elif work.state == "backing off" and work.back_off == timer_id:
                # Reading: how long the timer should have run is recorded nowhere; it is 1 s, doubling.
                seconds = min(60, int(2 ** (work.attempt + work.throttled - 2)))
                self.commands.append((work.key, start_timer(timer_id, seconds)))
        if self.close is not None and timer_id == f"close-{self.closes_refused}":
            self.commands.append((("timer", timer_id), start_timer(timer_id, self.close_seconds)))

    def back_off_over(self, timer_id: str) -> None:
        if self.close is not None and timer_id == f"close-{self.closes_refused}":
            self.is_close_due = True
        for work in self.works:
            if work.state == "backing off" and work.back_off == timer_id and not self.has_ended:
                self.issue(work)

    def close_refused(self, cause: str) -> None:
        """UNHANDLED_DECISION: once more, with the news. Any other cause: after a while."""
        if cause != "UNHANDLED_DECISION":
            self.closes_refused += 1
            self.is_close_due = False
            timer = f"close-{self.closes_refused}"
            self.commands.append((("timer", timer), start_timer(timer, self.close_seconds)))

    @property
    def close_seconds(self) -> int:
        return min(600, int(10 * 2 ** (self.closes_refused - 1)))


def failure(work: Work, state: str, reason: str | None) -> str:
    """The exception of work that failed, as a program logs it."""
    whose = work.arguments["workflowId"] if work.kind.endswith("out") else work.id.removeprefix(work.prefix)
    return f"{_EXCEPTIONS[work.kind]} {state} {whose} {reason}"


def is_passing_refusal(cause: str | None) -> bool:
    """Not now, but later: a throttle, or a limit of what may be open."""
    return cause is not None and cause.endswith(("_RATE_EXCEEDED", "_LIMIT_EXCEEDED"))


def loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
