"""Operations on executions and tasks, and the one table of all operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import registration, visibility
from pyswf_fast.service.decisions import Decisions
from pyswf_fast.service.domain import DEPRECATED, WORKFLOW_TYPE, Undefined
from pyswf_fast.service.effects import ACTIVITY, DECISION
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import (
    invalid_token,
    unknown_activity,
    unknown_decision,
    unknown_execution,
    validation,
)
from pyswf_fast.service.machine import ListKey, Machine
from pyswf_fast.service.paging import history_page, make_page_token, open_page_token, page_size
from pyswf_fast.service.tasks import Activity
from pyswf_fast.service.tokens import seal, unseal

__all__ = ["NO_ACTIVITY_TASK", "NO_DECISION_TASK", "perform", "polled_list"]

Params = dict[str, Any]
Answer = bytes | dict[str, Any] | None

NO_ACTIVITY_TASK = b'{"startedEventId":0,"taskToken":""}'
NO_DECISION_TASK = b'{"previousStartedEventId":0,"startedEventId":0,"taskToken":""}'
_POLLS = {"PollForActivityTask": ACTIVITY, "PollForDecisionTask": DECISION}


def perform(machine: Machine, now_ms: int, operation: str, params: Params) -> bytes:
    """Carry out a request that was checked; returns the body of the answer."""
    answer = OPERATIONS[operation](machine, now_ms, params)
    if answer is None:
        return b""
    return answer if isinstance(answer, bytes) else orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)


def polled_list(operation: str, params: Params) -> ListKey | None:
    """The task list that a poll which found nothing may wait for; None for all other requests."""
    kind = _POLLS.get(operation)
    if kind is None or "nextPageToken" in params:
        return None
    return (kind, params["domain"], params["taskList"]["name"])


# Executions.


def start_workflow_execution(machine: Machine, now_ms: int, params: Params) -> Answer:
    """StartWorkflowExecution."""
    domain = machine.domain(params["domain"])
    domain.require_registered()
    registered = domain.the_type(WORKFLOW_TYPE, params["workflowType"])
    if registered.status == DEPRECATED:
        raise ServiceFault("TypeDeprecatedFault", str(registered))
    workflow_id = params["workflowId"]
    if workflow_id in domain.open:
        raise ServiceFault("WorkflowExecutionAlreadyStartedFault", "Already Started")
    if len(domain.open) >= machine.limits.open_executions:
        raise ServiceFault("LimitExceededFault", f"{len(domain.open)} executions are open")
    try:
        resolved = registered.resolve(params)
    except Undefined as missing:
        raise ServiceFault("DefaultUndefinedFault", missing.default) from None
    attributes = {"workflowType": params["workflowType"], "parentInitiatedEventId": 0, **resolved}
    for member in ("input", "tagList"):
        if member in params:
            attributes[member] = params[member]
    run_id = machine.new_run_id()
    machine.start(now_ms, domain, workflow_id, run_id, attributes)
    return {"runId": run_id}


def signal_workflow_execution(machine: Machine, now_ms: int, params: Params) -> Answer:
    """SignalWorkflowExecution."""
    execution = _addressed(machine, params)
    attributes = {"signalName": params["signalName"], "externalInitiatedEventId": 0}
    if "input" in params:
        attributes["input"] = params["input"]
    execution.happen(now_ms, "WorkflowExecutionSignaled", attributes)
    machine.settle(now_ms, execution)
    return None


def request_cancel_workflow_execution(machine: Machine, now_ms: int, params: Params) -> Answer:
    """RequestCancelWorkflowExecution."""
    execution = _addressed(machine, params)
    execution.happen(now_ms, "WorkflowExecutionCancelRequested", {"externalInitiatedEventId": 0})
    machine.settle(now_ms, execution)
    return None


def terminate_workflow_execution(machine: Machine, now_ms: int, params: Params) -> Answer:
    """TerminateWorkflowExecution."""
    execution = _addressed(machine, params)
    attributes = {
        member: params[member] for member in ("reason", "details", "childPolicy") if member in params
    }
    execution.terminate(now_ms, {**attributes, "cause": "OPERATOR_INITIATED"})
    machine.settle(now_ms, execution)
    return None


def _addressed(machine: Machine, params: Params) -> Execution:
    return machine.open_execution(machine.domain(params["domain"]), params["workflowId"], params.get("runId"))


def get_workflow_execution_history(machine: Machine, now_ms: int, params: Params) -> Answer:
    """GetWorkflowExecutionHistory."""
    domain = machine.domain(params["domain"])
    execution = machine.any_execution(domain, **_snake(params["execution"]))
    reverse = params.get("reverseOrder", False)
    arguments = (domain.name, execution.run_id, reverse)
    first, last = 1, execution.state.last_id
    if "nextPageToken" in params:
        (position,) = open_page_token(params["nextPageToken"], "history", now_ms, arguments)
        first, last = (first, position) if reverse else (position, last)
    read = partial(machine.events, execution)
    events, following = history_page(read, first, last, page_size(params), reverse)
    if following is None:
        return b"{%s}" % events
    token = make_page_token("history", now_ms, arguments, following)
    return b'{%s,"nextPageToken":"%s"}' % (events, token.encode())


def _snake(execution: dict[str, str]) -> dict[str, str]:
    return {"workflow_id": execution["workflowId"], "run_id": execution["runId"]}


# Polls.


def poll_for_activity_task(machine: Machine, now_ms: int, params: Params) -> Answer:
    """PollForActivityTask, answered at once."""
    domain = machine.domain(params["domain"])
    while (task := machine.take(ACTIVITY, domain.name, params["taskList"]["name"])) is not None:
        execution, scheduled_id = task
        activity = execution.state.activities[scheduled_id]
        execution.start_activity(now_ms, scheduled_id, params.get("identity"))
        machine.settle(now_ms, execution)
        if execution.is_open:  # else this very event filled its history
            return _activity_task(execution, activity)
    return NO_ACTIVITY_TASK


def _activity_task(execution: Execution, activity: Activity) -> Answer:
    attributes = activity.attributes
    answer = {
        "taskToken": seal(ACTIVITY, execution.run_id, activity.scheduled_id, activity.started_id),
        "activityId": attributes["activityId"],
        "startedEventId": activity.started_id,
        "workflowExecution": execution.identity,
        "activityType": attributes["activityType"],
    }
    if "input" in attributes:
        answer["input"] = attributes["input"]
    return answer


def poll_for_decision_task(machine: Machine, now_ms: int, params: Params) -> Answer:
    """PollForDecisionTask, answered at once; with a page token the next page of the same task."""
    domain = machine.domain(params["domain"])
    task_list = params["taskList"]["name"]
    if "nextPageToken" in params:
        return _next_decision_page(machine, now_ms, params)
    while (task := machine.take(DECISION, domain.name, task_list)) is not None:
        execution, scheduled_id = task
        execution.start_decision(now_ms, params.get("identity"))
        machine.settle(now_ms, execution)
        running = execution.state.running
        if execution.is_open and running is not None:
            previous = execution.state.previous_started_id
            first = (previous or 1) if params.get("startAtPreviousStartedEvent") else 1
            return _decision_page(
                machine,
                now_ms,
                params,
                execution,
                (scheduled_id, running.started_id, previous),
                first,
                running.started_id,
            )
    return NO_DECISION_TASK


def _next_decision_page(machine: Machine, now_ms: int, params: Params) -> Answer:
    """The token holds the row of the execution, the task's three ids and what is left of its events."""
    position = open_page_token(params["nextPageToken"], DECISION, now_ms, _decision_arguments(params))
    row, scheduled_id, started_id, previous, first, last = position
    domain = machine.domain(params["domain"])
    execution = next((run for run in domain.runs.values() if run.row == row), None)
    if execution is None:
        raise unknown_decision(scheduled_id)
    return _decision_page(
        machine, now_ms, params, execution, (scheduled_id, started_id, previous), first, last
    )


def _decision_arguments(params: Params) -> tuple[object, ...]:
    reverse, previous = params.get("reverseOrder", False), params.get("startAtPreviousStartedEvent", False)
    return (params["domain"], params["taskList"]["name"], reverse, previous)


def _decision_page(
    machine: Machine,
    now_ms: int,
    params: Params,
    execution: Execution,
    task: tuple[int, int, int],
    first: int,
    last: int,
) -> bytes:
    scheduled_id, started_id, previous = task
    reverse = params.get("reverseOrder", False)
    read = partial(machine.events, execution)
    events, following = history_page(read, first, last, page_size(params), reverse)
    paging = b""
    if following is not None:
        left = (first, following) if reverse else (following, last)
        arguments = _decision_arguments(params)
        token = make_page_token(DECISION, now_ms, arguments, execution.row, *task, *left)
        paging = b'"nextPageToken":"%s",' % token.encode()
    return b'{%s,%s"previousStartedEventId":%d,"startedEventId":%d,"taskToken":"%s",%s' % (
        events,
        paging,
        previous,
        started_id,
        seal(DECISION, execution.run_id, scheduled_id, started_id).encode(),
        orjson.dumps(
            {
                "workflowExecution": execution.identity,
                "workflowType": execution.state.started["workflowType"],
            },
            option=orjson.OPT_SORT_KEYS,
        )[1:],
    )


# Answers to tasks.


def _holder(machine: Machine, token: str, kind: str) -> tuple[Execution, int, int]:
    """The open execution that a task token belongs to, and the task's scheduled and started ids."""
    parts = unseal(token, kind)
    if len(parts) != 3:
        raise invalid_token()
    execution = machine.run(parts[0])
    if execution is None:
        raise ServiceFault("UnknownResourceFault", f"Unknown execution: WorkflowExecution=[runId={parts[0]}]")
    if not execution.is_open:
        raise unknown_execution(execution.workflow_id, execution.run_id)
    return execution, int(parts[1]), int(parts[2])


def _activity(machine: Machine, params: Params) -> tuple[Execution, Activity]:
    execution, scheduled_id, started_id = _holder(machine, params["taskToken"], ACTIVITY)
    activity = execution.state.activities.get(scheduled_id)
    if activity is None or activity.started_id != started_id:
        raise unknown_activity(scheduled_id)
    return execution, activity


def record_activity_task_heartbeat(machine: Machine, now_ms: int, params: Params) -> Answer:
    """RecordActivityTaskHeartbeat."""
    execution, activity = _activity(machine, params)
    machine.heartbeat(now_ms, execution, activity.scheduled_id, params.get("details"))
    return {"cancelRequested": bool(activity.cancel_id)}


def _respond_activity(event_type: str, machine: Machine, now_ms: int, params: Params) -> Answer:
    execution, activity = _activity(machine, params)
    attributes = {name: value for name, value in params.items() if name != "taskToken"}
    if event_type == "ActivityTaskCanceled" and activity.cancel_id:
        attributes["latestCancelRequestedEventId"] = activity.cancel_id
    execution.end_activity(now_ms, event_type, activity, attributes)
    machine.settle(now_ms, execution)
    return None


def respond_decision_task_completed(machine: Machine, now_ms: int, params: Params) -> Answer:
    """RespondDecisionTaskCompleted."""
    execution, scheduled_id, started_id = _holder(machine, params["taskToken"], DECISION)
    running = execution.state.running
    if running is None or running.started_id != started_id:
        raise unknown_decision(scheduled_id)
    if "taskListScheduleToStartTimeout" in params and "taskList" not in params:
        raise validation("taskListScheduleToStartTimeout is given without the taskList that it is for")
    domain = machine.domains[execution.domain]
    decisions = Decisions(execution, domain, machine.new_run_id, params.get("decisions", []))
    attributes = {name: value for name, value in params.items() if name not in ("taskToken", "decisions")}
    execution.complete_decision(now_ms, attributes, decisions.apply)
    machine.settle(now_ms, execution)
    return None


def _count_pending(kind: str, machine: Machine, now_ms: int, params: Params) -> Answer:
    domain = machine.domain(params["domain"])
    return {"count": machine.pending(kind, domain.name, params["taskList"]["name"]), "truncated": False}


OPERATIONS: dict[str, Callable[[Machine, int, Params], Answer]] = {
    **registration.OPERATIONS,
    **visibility.OPERATIONS,
    "StartWorkflowExecution": start_workflow_execution,
    "SignalWorkflowExecution": signal_workflow_execution,
    "RequestCancelWorkflowExecution": request_cancel_workflow_execution,
    "TerminateWorkflowExecution": terminate_workflow_execution,
    "GetWorkflowExecutionHistory": get_workflow_execution_history,
    "PollForActivityTask": poll_for_activity_task,
    "PollForDecisionTask": poll_for_decision_task,
    "RecordActivityTaskHeartbeat": record_activity_task_heartbeat,
    "RespondActivityTaskCompleted": partial(_respond_activity, "ActivityTaskCompleted"),
    "RespondActivityTaskFailed": partial(_respond_activity, "ActivityTaskFailed"),
    "RespondActivityTaskCanceled": partial(_respond_activity, "ActivityTaskCanceled"),
    "RespondDecisionTaskCompleted": respond_decision_task_completed,
    "CountPendingActivityTasks": partial(_count_pending, ACTIVITY),
    "CountPendingDecisionTasks": partial(_count_pending, DECISION),
}
