"""Operations of workers and deciders: polls, heartbeats and the answers to tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.decisions import Decisions
from pyswf_fast.service.domain import domain_key
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
from pyswf_fast.service.paging import counted, history_page, make_page_token, open_page_token, page_size
from pyswf_fast.service.request import Answer, Request
from pyswf_fast.service.tasks import Activity, DecisionTask
from pyswf_fast.service.tokens import numbers, seal, unseal

__all__ = ["NOTHING", "OPERATIONS", "give_back", "polled_list"]

# The answers of polls that found nothing.
NOTHING = {
    ACTIVITY: b'{"startedEventId":0,"taskToken":""}',
    DECISION: b'{"previousStartedEventId":0,"startedEventId":0,"taskToken":""}',
}
_POLLS = {"PollForActivityTask": ACTIVITY, "PollForDecisionTask": DECISION}


def polled_list(operation: str, params: dict[str, Any], region: str) -> ListKey | None:
    """The task list that a poll which found nothing may wait for; None for all other requests."""
    kind = _POLLS.get(operation)
    if kind is None or "nextPageToken" in params:
        return None
    return (kind, domain_key(region, params["domain"]), params["taskList"]["name"])


def give_back(machine: Machine, key: ListKey, answer: bytes) -> None:
    """Offer the task in `answer`, which nobody received, to the next poll of the list `key`."""
    run_id, *ids = unseal(orjson.loads(answer)["taskToken"], key[0])
    execution = machine.run(run_id)
    if execution is not None:
        machine.give_back(key, execution, *numbers(ids, 2))


def _polled_name(call: Request) -> str:
    name: str = call.params["taskList"]["name"]
    return name


def poll_for_activity_task(call: Request) -> Answer:
    """PollForActivityTask, answered at once."""
    domain = call.domain.key
    for execution, scheduled_id, started_id in call.machine.given_back(ACTIVITY, domain, _polled_name(call)):
        found = execution.state.activities.get(scheduled_id)
        if execution.is_open and found is not None and found.started_id == started_id:
            return _activity_task(execution, found)
    while (task := call.machine.take(ACTIVITY, domain, _polled_name(call))) is not None:
        execution, scheduled_id = task
        activity = execution.state.activities[scheduled_id]
        execution.start_activity(call.now_ms, scheduled_id, call.params.get("identity"))
        call.settle(execution)
        if execution.is_open:  # else this very event filled its history
            return _activity_task(execution, activity)
    return NOTHING[ACTIVITY]


def _activity_task(execution: Execution, activity: Activity) -> Answer:
    answer = {
        "activityId": activity.attributes["activityId"],
        "activityType": activity.attributes["activityType"],
        "startedEventId": activity.started_id,
        "taskToken": seal(ACTIVITY, execution.run_id, activity.scheduled_id, activity.started_id),
        "workflowExecution": execution.identity,
    }
    if "input" in activity.attributes:
        answer["input"] = activity.attributes["input"]
    return answer


def poll_for_decision_task(call: Request) -> Answer:
    """PollForDecisionTask, answered at once; with a page token the next page of the same task."""
    if "nextPageToken" in call.params:
        return _next_decision_page(call)
    domain = call.domain.key
    for execution, _, started_id in call.machine.given_back(DECISION, domain, _polled_name(call)):
        running = execution.state.running
        if execution.is_open and running is not None and running.started_id == started_id:
            return _started_decision(call, execution, running)
    while (task := call.machine.take(DECISION, domain, _polled_name(call))) is not None:
        execution, _ = task
        execution.start_decision(call.now_ms, call.params.get("identity"))
        call.settle(execution)
        running = execution.state.running
        if execution.is_open and running is not None:
            return _started_decision(call, execution, running)
    return NOTHING[DECISION]


def _started_decision(call: Request, execution: Execution, running: DecisionTask) -> bytes:
    previous = execution.state.previous_started_id
    first = (previous or 1) if call.params.get("startAtPreviousStartedEvent") else 1
    ids = (running.scheduled_id, running.started_id, previous)
    return _decision_page(call, execution, ids, first, running.started_id)


def _next_decision_page(call: Request) -> Answer:
    """The token holds the run, the task's three ids and what is left of its events."""
    parts = open_page_token(call, DECISION, _page_arguments(call))
    scheduled_id, started_id, previous, first, last = numbers(parts[1:], 5)
    execution = call.domain.runs.get(parts[0])
    if execution is None:
        raise unknown_decision(scheduled_id)
    if not 1 <= first <= last <= execution.state.last_id:
        raise invalid_token()
    return _decision_page(call, execution, (scheduled_id, started_id, previous), first, last)


def _page_arguments(call: Request) -> tuple[object, ...]:
    flags = [call.params.get(name, False) for name in ("reverseOrder", "startAtPreviousStartedEvent")]
    return (call.params["domain"], call.params["taskList"]["name"], *flags)


def _decision_page(
    call: Request, execution: Execution, ids: tuple[int, int, int], first: int, last: int
) -> bytes:
    scheduled_id, started_id, previous = ids
    reverse = call.params.get("reverseOrder", False)
    read = partial(call.machine.events, execution)
    events, following = history_page(read, first, last, page_size(call.params), reverse)
    paging = b""
    if following is not None:
        left = (first, following) if reverse else (following, last)
        token = make_page_token(call, DECISION, _page_arguments(call), execution.run_id, *ids, *left)
        paging = b'"nextPageToken":"%s",' % token.encode()
    token = seal(DECISION, execution.run_id, scheduled_id, started_id)
    workflow = {
        "workflowExecution": execution.identity,
        "workflowType": execution.state.started["workflowType"],
    }
    return b'{%s,%s"previousStartedEventId":%d,"startedEventId":%d,"taskToken":"%s",%s' % (
        events,
        paging,
        previous,
        started_id,
        token.encode(),
        orjson.dumps(workflow, option=orjson.OPT_SORT_KEYS)[1:],
    )


def _holder(call: Request, kind: str) -> tuple[Execution, int, int]:
    """The open execution that a task token belongs to, and the task's scheduled and started ids."""
    parts = unseal(call.params["taskToken"], kind)
    scheduled_id, started_id = numbers(parts[1:], 2)
    execution = call.machine.run(parts[0])
    if execution is None or call.machine.domains[execution.domain].region != call.region:
        raise ServiceFault("UnknownResourceFault", f"Unknown execution: runId={parts[0]}")
    if not execution.is_open:
        raise unknown_execution(execution.workflow_id, execution.run_id)
    return execution, scheduled_id, started_id


def _activity(call: Request) -> tuple[Execution, Activity]:
    execution, scheduled_id, started_id = _holder(call, ACTIVITY)
    activity = execution.state.activities.get(scheduled_id)
    if activity is None or activity.started_id != started_id:
        raise unknown_activity(scheduled_id)
    return execution, activity


def record_activity_task_heartbeat(call: Request) -> Answer:
    """RecordActivityTaskHeartbeat."""
    execution, activity = _activity(call)
    call.machine.heartbeat(call.now_ms, execution, activity, call.params.get("details"))
    return {"cancelRequested": bool(activity.cancel_id)}


def _respond_activity(event_type: str, call: Request) -> Answer:
    execution, activity = _activity(call)
    attributes = {name: value for name, value in call.params.items() if name != "taskToken"}
    if event_type == "ActivityTaskCanceled" and activity.cancel_id:
        attributes["latestCancelRequestedEventId"] = activity.cancel_id
    execution.end_activity(call.now_ms, event_type, activity, attributes)
    call.settle(execution)
    return None


def respond_decision_task_completed(call: Request) -> Answer:
    """RespondDecisionTaskCompleted."""
    params, machine = call.params, call.machine
    execution, scheduled_id, started_id = _holder(call, DECISION)
    running = execution.state.running
    if running is None or running.started_id != started_id:
        raise unknown_decision(scheduled_id)
    if "taskListScheduleToStartTimeout" in params and "taskList" not in params:
        raise validation("taskListScheduleToStartTimeout is given without the taskList that it is for")
    decisions = Decisions(machine, execution, params.get("decisions", []))
    attributes = {name: value for name, value in params.items() if name not in ("taskToken", "decisions")}
    execution.complete_decision(call.now_ms, attributes, decisions.apply)
    call.settle(execution)
    return None


def _count_pending(kind: str, call: Request) -> Answer:
    return counted(call.machine.waiting(kind, call.domain.key, call.params["taskList"]["name"]), call)


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
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
