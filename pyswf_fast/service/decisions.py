"""The thirteen decisions: what each records at once, how each can be refused, what it asks of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from pyswf_fast.service.domain import ACTIVITY_TYPE, DEPRECATED, WORKFLOW_TYPE, Undefined
from pyswf_fast.service.effects import CancelExternal, ContinueAsNew, SignalExternal, StartChild
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.validation import CLOSING_DECISIONS, decision_member

__all__ = ["Decisions"]

Attributes = dict[str, Any]

LONGEST_LAMBDA = "900"


class Decisions:
    """One answer's decisions, applied in list order; one that is refused does not undo the others.

    Parameters:
        machine: Where types and other executions are found, and what is refused.
        execution: Whose decisions they are.
        decisions: The list, as validated.
    """

    _handlers: ClassVar[dict[str, Callable[[Decisions, Attributes], str | None]]]

    def __init__(self, machine: Machine, execution: Execution, decisions: Iterable[dict[str, Any]]) -> None:
        self._machine = machine
        self._execution = execution
        self._state = execution.state
        self._domain = machine.domains[execution.domain]
        self._decisions = decisions
        self._now_ms = 0
        self._completed_id = 0
        self._undecided = False
        self._lambdas: list[int] = []

    def apply(self, now_ms: int, completed_id: int, unhandled: bool) -> bool:
        """Apply all of them; tells whether something of what they did is to be decided upon in turn."""
        self._now_ms, self._completed_id = now_ms, completed_id
        for decision in self._decisions:
            kind = decision["decisionType"]
            attributes = decision.get(decision_member(kind), {})
            if unhandled and kind in CLOSING_DECISIONS:
                cause: str | None = "UNHANDLED_DECISION"
            else:
                cause = self._machine.refusal(now_ms, self._execution, kind)
            if kind in _REACHING:
                self._reach(kind, attributes, cause)
                continue
            if cause is None:
                cause = self._handlers[kind](self, attributes)
            if cause is not None:
                self._refuse(kind, attributes, cause)
                self._undecided = True
        for scheduled_id in self._lambdas:
            self._execution.start_lambda(now_ms, scheduled_id)
        return self._undecided

    def _record(self, event_type: str, attributes: Attributes) -> int:
        return self._execution.record(
            self._now_ms, event_type, {**attributes, "decisionTaskCompletedEventId": self._completed_id}
        )

    def _refuse(self, kind: str, attributes: Attributes, cause: str) -> None:
        refusal = {name: attributes[name] for name in _NAMED_IN_FAILURE.get(kind, ()) if name in attributes}
        refusal["cause"] = cause
        if kind == "StartChildWorkflowExecution":
            refusal["initiatedEventId"] = 0  # it was never initiated
        self._record(f"{kind}Failed", refusal)

    def _reach(self, kind: str, attributes: Attributes, cause: str | None) -> None:
        """Signal or cancel another execution, which fails only after it was initiated."""
        initiated_id = self._record(f"{kind}Initiated", attributes)
        effect = _REACHING[kind](initiated_id, self._completed_id, attributes, cause)
        self._execution.effects.append(effect)

    # Each returns None, or the cause for which it is refused.

    def _schedule_activity(self, attributes: Attributes) -> str | None:
        registered = self._domain.find_type(ACTIVITY_TYPE, attributes["activityType"])
        if registered is None:
            return "ACTIVITY_TYPE_DOES_NOT_EXIST"
        if registered.status == DEPRECATED:
            return "ACTIVITY_TYPE_DEPRECATED"
        if attributes["activityId"] in self._state.activity_ids:
            return "ACTIVITY_ID_ALREADY_IN_USE"
        try:
            resolved = registered.resolve(attributes)
        except Undefined as missing:
            return missing.cause
        if len(self._state.activities) >= self._domain.limits.open_activities:
            return "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
        self._execution.schedule_activity(
            self._now_ms, {**attributes, **resolved, "decisionTaskCompletedEventId": self._completed_id}
        )
        return None

    def _cancel_activity(self, attributes: Attributes) -> str | None:
        activity_id = attributes["activityId"]
        scheduled_id = self._state.activity_ids.get(activity_id)
        if scheduled_id is None:
            return "ACTIVITY_ID_UNKNOWN"
        self._record("ActivityTaskCancelRequested", {"activityId": activity_id})
        activity = self._state.activities[scheduled_id]
        if not activity.started_id:
            self._execution.record(
                self._now_ms,
                "ActivityTaskCanceled",
                {
                    "scheduledEventId": scheduled_id,
                    "startedEventId": 0,
                    "latestCancelRequestedEventId": activity.cancel_id,
                },
            )
            self._undecided = True
        return None

    def _start_timer(self, attributes: Attributes) -> str | None:
        if attributes["timerId"] in self._state.timer_ids:
            return "TIMER_ID_ALREADY_IN_USE"
        if len(self._state.timers) >= self._domain.limits.open_timers:
            return "OPEN_TIMERS_LIMIT_EXCEEDED"
        self._execution.start_timer(
            self._now_ms, {**attributes, "decisionTaskCompletedEventId": self._completed_id}
        )
        return None

    def _cancel_timer(self, attributes: Attributes) -> str | None:
        timer_id = attributes["timerId"]
        started_id = self._state.timer_ids.get(timer_id)
        if started_id is None:
            return "TIMER_ID_UNKNOWN"
        self._record("TimerCanceled", {"timerId": timer_id, "startedEventId": started_id})
        return None

    def _record_marker(self, attributes: Attributes) -> str | None:
        self._record("MarkerRecorded", attributes)
        return None

    def _start_child(self, attributes: Attributes) -> str | None:
        registered = self._domain.find_type(WORKFLOW_TYPE, attributes["workflowType"])
        if registered is None:
            return "WORKFLOW_TYPE_DOES_NOT_EXIST"
        if registered.status == DEPRECATED:
            return "WORKFLOW_TYPE_DEPRECATED"
        try:
            resolved = registered.resolve(attributes)
        except Undefined as missing:
            return missing.cause
        if len(self._state.children) >= self._domain.limits.open_children:
            return "OPEN_CHILDREN_LIMIT_EXCEEDED"
        coming = sum(isinstance(effect, StartChild) for effect in self._execution.effects)
        if len(self._domain.open) + coming >= self._domain.limits.open_executions:
            return "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
        initiated = {**attributes, **resolved}
        initiated_id = self._record("StartChildWorkflowExecutionInitiated", initiated)
        self._execution.effects.append(StartChild(initiated_id, self._completed_id, initiated))
        return None

    def _schedule_lambda(self, attributes: Attributes) -> str | None:
        if "lambdaRole" in self._state.started and not self._machine.runs_lambdas:
            return "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"
        if attributes["id"] in self._state.lambda_ids:
            return "ID_ALREADY_IN_USE"
        if len(self._state.lambdas) >= self._domain.limits.open_lambdas:
            return "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"
        scheduled = {"startToCloseTimeout": LONGEST_LAMBDA, **attributes}
        if scheduled["startToCloseTimeout"] == "NONE":
            scheduled["startToCloseTimeout"] = LONGEST_LAMBDA
        self._lambdas.append(self._record("LambdaFunctionScheduled", scheduled))
        return None

    def _complete(self, attributes: Attributes) -> str | None:
        self._close("WorkflowExecutionCompleted", attributes)
        return None

    def _fail(self, attributes: Attributes) -> str | None:
        self._close("WorkflowExecutionFailed", attributes)
        return None

    def _cancel(self, attributes: Attributes) -> str | None:
        self._close("WorkflowExecutionCanceled", attributes)
        return None

    def _close(self, event_type: str, attributes: Attributes) -> None:
        self._execution.close(
            self._now_ms, event_type, {**attributes, "decisionTaskCompletedEventId": self._completed_id}
        )

    def _continue_as_new(self, attributes: Attributes) -> str | None:
        workflow_type = dict(self._state.started["workflowType"])
        given = dict(attributes)
        version = given.pop("workflowTypeVersion", None)
        if version:
            workflow_type["version"] = version
        registered = self._domain.find_type(WORKFLOW_TYPE, workflow_type)
        if registered is None:
            return "WORKFLOW_TYPE_DOES_NOT_EXIST"
        if registered.status == DEPRECATED:
            return "WORKFLOW_TYPE_DEPRECATED"
        try:
            resolved = registered.resolve(given)
        except Undefined as missing:
            return missing.cause
        run_id = self._machine.new_run_id()
        configuration = {**given, **resolved, "workflowType": workflow_type}
        self._close("WorkflowExecutionContinuedAsNew", {**configuration, "newExecutionRunId": run_id})
        self._execution.effects.append(ContinueAsNew(run_id, configuration))
        return None


Decisions._handlers = {
    "ScheduleActivityTask": Decisions._schedule_activity,
    "RequestCancelActivityTask": Decisions._cancel_activity,
    "CompleteWorkflowExecution": Decisions._complete,
    "FailWorkflowExecution": Decisions._fail,
    "CancelWorkflowExecution": Decisions._cancel,
    "ContinueAsNewWorkflowExecution": Decisions._continue_as_new,
    "RecordMarker": Decisions._record_marker,
    "StartTimer": Decisions._start_timer,
    "CancelTimer": Decisions._cancel_timer,
    "StartChildWorkflowExecution": Decisions._start_child,
    "ScheduleLambdaFunction": Decisions._schedule_lambda,
}

_REACHING: dict[str, type[SignalExternal] | type[CancelExternal]] = {
    "SignalExternalWorkflowExecution": SignalExternal,
    "RequestCancelExternalWorkflowExecution": CancelExternal,
}

# What a failure event repeats of the decision.
_NAMED_IN_FAILURE = {
    "ScheduleActivityTask": ("activityType", "activityId"),
    "RequestCancelActivityTask": ("activityId",),
    "ScheduleLambdaFunction": ("id", "name"),
    "RecordMarker": ("markerName",),
    "StartTimer": ("timerId",),
    "CancelTimer": ("timerId",),
    "StartChildWorkflowExecution": ("workflowType", "workflowId", "control"),
}
