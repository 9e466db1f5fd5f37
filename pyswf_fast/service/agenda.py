"""What an execution has coming: alarms, tasks for pollers, functions to call.

It is asked live after each step, and for everything at once after a restart.
"""

from __future__ import annotations

from pyswf_fast.service.effects import (
    ACTIVITY,
    DECISION,
    EXPIRY,
    LAMBDA,
    RETENTION,
    TIMER,
    Alarm,
    Effect,
    Invocation,
    TaskReady,
)
from pyswf_fast.service.run import Run
from pyswf_fast.service.tasks import Activity, DecisionTask

__all__ = ["Agenda"]


class Agenda(Run):
    """A run, and in `effects` what it asks of the world around it."""

    def __init__(self, row: int, domain: str, workflow_id: str, run_id: str, most_events: int) -> None:
        super().__init__(row, domain, workflow_id, run_id, most_events)
        self.effects: list[Effect] = []

    def deadline(self, kind: str, reference: int) -> int | None:
        """When the thing that an alarm was set for is due by now; None where it is over."""
        state = self.state
        if kind == RETENTION:
            return self.closed_ms + reference
        if not self.is_open:
            return None
        if kind == EXPIRY:
            return state.expires_ms
        if kind == TIMER:
            timer = state.timers.get(reference)
            return None if timer is None else timer.due_ms
        if kind == LAMBDA:
            function = state.lambdas.get(reference)
            return None if function is None else function.due_ms()
        task: Activity | DecisionTask | None
        if kind == ACTIVITY:
            task = state.activities.get(reference)
        else:
            task = state.running or state.waiting  # one that is withheld cannot be started, nor time out
            if task is not None and task.scheduled_id != reference:
                return None
        due = None if task is None else task.deadline()
        return None if due is None else due[0]

    def is_waiting(self, kind: str, scheduled_id: int) -> bool:
        """Whether a task can be handed out."""
        if not self.is_open:
            return False
        if kind == ACTIVITY:
            activity = self.state.activities.get(scheduled_id)
            return activity is not None and not activity.started_id
        waiting = self.state.waiting
        return waiting is not None and waiting.scheduled_id == scheduled_id and self.state.running is None

    def announce(self) -> None:
        """Emit the alarms and waiting tasks of a restored execution."""
        state = self.state
        self.alarm(EXPIRY, 0)
        for event_id in sorted([*state.timers, *state.activities, *state.lambdas]):  # as they came about
            if event_id in state.timers:
                self.alarm(TIMER, event_id)
            elif event_id in state.activities:
                self.offer_activity(state.activities[event_id])
            else:
                self.invoke(event_id)
        if self.state.running is not None:
            self.alarm(DECISION, self.state.running.scheduled_id)
        self.offer_decision()

    def alarm(self, kind: str, reference: int) -> None:
        """Have the execution woken up when something is due."""
        due_ms = self.deadline(kind, reference)
        if due_ms is not None:
            self.effects.append(Alarm(due_ms, kind, reference))

    def offer_activity(self, activity: Activity) -> None:
        """Offer an activity task to pollers, if it has not started, and watch over its timeouts."""
        self.alarm(ACTIVITY, activity.scheduled_id)
        if not activity.started_id:
            self.effects.append(
                TaskReady(
                    ACTIVITY,
                    activity.attributes["taskList"]["name"],
                    int(activity.attributes.get("taskPriority", "0")),
                    activity.scheduled_id,
                    activity.scheduled_ms,
                )
            )

    def invoke(self, scheduled_id: int) -> None:
        """Have a Lambda function called that has started, and watch over its timeout."""
        self.alarm(LAMBDA, scheduled_id)
        self.effects.append(Invocation(scheduled_id))

    def offer_decision(self) -> None:
        """Offer the waiting decision task to pollers, unless it is withheld."""
        waiting = self.state.waiting
        if waiting is None or self.state.running is not None:
            return
        self.alarm(DECISION, waiting.scheduled_id)
        self.effects.append(
            TaskReady(
                DECISION,
                waiting.attributes["taskList"]["name"],
                int(waiting.attributes.get("taskPriority", "0")),
                waiting.scheduled_id,
                waiting.available_ms,
            )
        )
