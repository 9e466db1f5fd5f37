"""One execution as a pure state machine: steps in, events and effects out, every instant handed in.

A step records events (which change the state, see `state.py`) and leaves in `effects` what it asks of
others: tasks to hand out, alarms, children to start, signals to pass on. It does no I/O and knows no
other execution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from pyswf_fast.service.agenda import Agenda
from pyswf_fast.service.effects import ACTIVITY, DECISION, EXPIRY, LAMBDA, TIMER, Closed
from pyswf_fast.service.events import Attributes
from pyswf_fast.service.run import HistoryFull
from pyswf_fast.service.tasks import Activity

__all__ = ["Execution"]

P = ParamSpec("P")

# The event by which a parent hears of its child's end, and what it carries over of the child's own.
_CHILD_CLOSED = {
    "WorkflowExecutionCompleted": ("ChildWorkflowExecutionCompleted", ("result",)),
    "WorkflowExecutionFailed": ("ChildWorkflowExecutionFailed", ("reason", "details")),
    "WorkflowExecutionCanceled": ("ChildWorkflowExecutionCanceled", ("details",)),
    "WorkflowExecutionTerminated": ("ChildWorkflowExecutionTerminated", ()),
    "WorkflowExecutionTimedOut": ("ChildWorkflowExecutionTimedOut", ("timeoutType",)),
}


def step(
    method: Callable[Concatenate[Execution, int, P], None],
) -> Callable[Concatenate[Execution, int, P], None]:
    """A step on an execution that is closed does nothing; one that fills the history terminates it."""

    @wraps(method)
    def bounded(self: Execution, now_ms: int, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.state.close_status is not None:
            return
        try:
            method(self, now_ms, *args, **kwargs)
        except HistoryFull:
            attributes = {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": self.state.started["childPolicy"]}
            self.close(now_ms, "WorkflowExecutionTerminated", attributes)

    return bounded


class Execution(Agenda):
    """A run and all that can happen to it."""

    # Life and death.

    @step
    def start(self, now_ms: int, attributes: Attributes) -> None:
        """Begin, with the attributes of WorkflowExecutionStarted."""
        self.record(now_ms, "WorkflowExecutionStarted", attributes)
        self.alarm(EXPIRY, 0)
        self._wake(now_ms)

    def close(
        self, now_ms: int, event_type: str, attributes: Attributes, child_policy: str | None = None
    ) -> None:
        """Record the closing event, the last of the history."""
        self.record(now_ms, event_type, attributes)
        self.closed_ms = self.state.last_ms
        if event_type in ("WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"):
            child_policy = child_policy or self.state.started["childPolicy"]
        self.effects.append(Closed(event_type, attributes, child_policy))

    @step
    def terminate(self, now_ms: int, attributes: Attributes) -> None:
        """Close by order of an operator or a parent; `childPolicy` may override that of the start."""
        attributes = {"childPolicy": self.state.started["childPolicy"], **attributes}
        self.close(now_ms, "WorkflowExecutionTerminated", attributes, attributes["childPolicy"])

    @step
    def happen(self, now_ms: int, event_type: str, attributes: Attributes) -> None:
        """Record a change of state that comes from outside and have it decided upon."""
        self.record(now_ms, event_type, attributes)
        self._wake(now_ms)

    def _wake(self, now_ms: int) -> None:
        """Schedule a decision task, unless one waits already; it is withheld while another runs."""
        state = self.state
        if state.waiting is not None:
            return
        attributes: Attributes = {
            "taskList": {"name": state.task_list},
            "startToCloseTimeout": state.started["taskStartToCloseTimeout"],
            "scheduleToStartTimeout": state.list_timeout,
        }
        if "taskPriority" in state.started:
            attributes["taskPriority"] = state.started["taskPriority"]
        self.record(now_ms, "DecisionTaskScheduled", attributes)
        self.offer_decision()

    # Decision tasks.

    @step
    def start_decision(self, now_ms: int, identity: str | None) -> None:
        """Hand the waiting decision task out."""
        waiting = self.state.waiting
        if waiting is None:
            return
        attributes: Attributes = {"scheduledEventId": waiting.scheduled_id}
        if identity is not None:
            attributes["identity"] = identity
        self.record(now_ms, "DecisionTaskStarted", attributes)
        self.alarm(DECISION, waiting.scheduled_id)

    @step
    def complete_decision(
        self, now_ms: int, attributes: Attributes, decide: Callable[[int, int, bool], bool]
    ) -> None:
        """End the running decision task.

        Parameters:
            now_ms: The instant.
            attributes: What the decider gave beside its decisions.
            decide: Applies the decisions; given the instant, the id of DecisionTaskCompleted and whether
                something happened meanwhile, it tells whether one of them failed.
        """
        running = self.state.running
        if running is None:
            return
        unhandled = self.state.waiting is not None
        completed_id = self.record(
            now_ms,
            "DecisionTaskCompleted",
            {**attributes, "scheduledEventId": running.scheduled_id, "startedEventId": running.started_id},
        )
        failed = decide(now_ms, completed_id, unhandled)
        if not self.is_open:
            return
        if unhandled:
            self.offer_decision()
        elif failed:
            self._wake(now_ms)

    # Activity tasks.

    @step
    def start_activity(self, now_ms: int, scheduled_id: int, identity: str | None) -> None:
        """Hand an activity task out."""
        attributes: Attributes = {"scheduledEventId": scheduled_id}
        if identity is not None:
            attributes["identity"] = identity
        self.record(now_ms, "ActivityTaskStarted", attributes)
        self.alarm(ACTIVITY, scheduled_id)

    def schedule_activity(self, now_ms: int, attributes: Attributes) -> None:
        """Record an activity task that a decision asked for."""
        scheduled_id = self.record(now_ms, "ActivityTaskScheduled", attributes)
        self.offer_activity(self.state.activities[scheduled_id])

    def start_timer(self, now_ms: int, attributes: Attributes) -> None:
        """Record a timer that a decision asked for."""
        self.alarm(TIMER, self.record(now_ms, "TimerStarted", attributes))

    def end_activity(self, now_ms: int, event_type: str, activity: Activity, attributes: Attributes) -> None:
        """Record how an activity task ended."""
        ends = {"scheduledEventId": activity.scheduled_id, "startedEventId": activity.started_id}
        self.happen(now_ms, event_type, {**attributes, **ends})

    # Lambda functions.

    @step
    def start_lambda(self, now_ms: int, scheduled_id: int) -> None:
        """Start a function that a decision asked for; without a role SWF may not call it."""
        attributes: Attributes = {"scheduledEventId": scheduled_id}
        if "lambdaRole" in self.state.started:
            self.record(now_ms, "LambdaFunctionStarted", attributes)
            self.invoke(scheduled_id)
        else:
            attributes["cause"] = "ASSUME_ROLE_FAILED"
            attributes["message"] = "No IAM role is attached to the current workflow execution."
            self.happen(now_ms, "StartLambdaFunctionFailed", attributes)

    @step
    def end_lambda(self, now_ms: int, scheduled_id: int, event_type: str, attributes: Attributes) -> None:
        """Record how a function ended, unless it timed out before."""
        function = self.state.lambdas.get(scheduled_id)
        if function is not None:
            ends = {"scheduledEventId": scheduled_id, "startedEventId": function.started_id}
            self.happen(now_ms, event_type, {**attributes, **ends})

    # Children.

    @step
    def child_ended(self, now_ms: int, initiated_id: int, child: Execution, closed: Closed) -> None:
        """Hear of a child's end."""
        ours = self.state.children.get(initiated_id)
        if ours is None:
            return
        event_type, carried = _CHILD_CLOSED[closed.event_type]
        attributes: Attributes = {
            name: closed.attributes[name] for name in carried if name in closed.attributes
        }
        attributes["workflowExecution"] = child.identity
        attributes["workflowType"] = ours.workflow_type
        attributes["initiatedEventId"] = initiated_id
        attributes["startedEventId"] = ours.started_id
        self.happen(now_ms, event_type, attributes)

    # What happens by itself.

    @step
    def fire(self, now_ms: int, kind: str, reference: int) -> None:
        """Something is due."""
        state = self.state
        if kind == EXPIRY:
            attributes = {"timeoutType": "START_TO_CLOSE", "childPolicy": state.started["childPolicy"]}
            self.close(now_ms, "WorkflowExecutionTimedOut", attributes)
        elif kind == TIMER:
            fired = {"timerId": state.timers[reference].timer_id, "startedEventId": reference}
            self.happen(now_ms, "TimerFired", fired)
        elif kind == ACTIVITY:
            self._time_activity_out(now_ms, state.activities[reference])
        elif kind == LAMBDA:
            self.end_lambda(now_ms, reference, "LambdaFunctionTimedOut", {"timeoutType": "START_TO_CLOSE"})
        else:
            self._time_decision_out(now_ms)

    def _time_activity_out(self, now_ms: int, activity: Activity) -> None:
        due = activity.deadline()
        if due is None:
            return
        attributes: Attributes = {"timeoutType": due[1]}
        if activity.details is not None:
            attributes["details"] = activity.details
        self.end_activity(now_ms, "ActivityTaskTimedOut", activity, attributes)

    def _time_decision_out(self, now_ms: int) -> None:
        state = self.state
        task = state.running or state.waiting
        due = None if task is None else task.deadline()
        if task is None or due is None:
            return
        attributes = {"scheduledEventId": task.scheduled_id, "startedEventId": task.started_id}
        self.record(now_ms, "DecisionTaskTimedOut", {"timeoutType": due[1], **attributes})
        if state.waiting is not None:
            self.offer_decision()
        else:
            self._wake(now_ms)
