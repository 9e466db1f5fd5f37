"""Operations that start, reach and end executions, and the one that reads their histories."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.domain import DEPRECATED, WORKFLOW_TYPE, Undefined
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import invalid_token
from pyswf_fast.service.paging import history_page, make_page_token, open_page_token, page_size
from pyswf_fast.service.request import Answer, Request
from pyswf_fast.service.tokens import numbers

__all__ = ["OPERATIONS"]


def start_workflow_execution(call: Request) -> Answer:
    """StartWorkflowExecution."""
    domain, params = call.domain, call.params
    domain.require_registered()
    registered = domain.the_type(WORKFLOW_TYPE, params["workflowType"])
    if registered.status == DEPRECATED:
        raise ServiceFault("TypeDeprecatedFault", str(registered))
    workflow_id = params["workflowId"]
    if workflow_id in domain.open:
        raise ServiceFault("WorkflowExecutionAlreadyStartedFault", "Already Started")
    if len(domain.open) >= domain.limits.open_executions:
        raise ServiceFault("LimitExceededFault", f"{len(domain.open)} executions are open")
    try:
        resolved = registered.resolve(params)
    except Undefined as missing:
        raise ServiceFault("DefaultUndefinedFault", missing.default) from None
    attributes = {"workflowType": params["workflowType"], "parentInitiatedEventId": 0, **resolved}
    attributes.update({member: params[member] for member in ("input", "tagList") if member in params})
    run_id = call.machine.new_run_id()
    call.machine.start(call.now_ms, domain, workflow_id, run_id, attributes)
    return {"runId": run_id}


def signal_workflow_execution(call: Request) -> Answer:
    """SignalWorkflowExecution."""
    attributes: dict[str, Any] = {"signalName": call.params["signalName"], "externalInitiatedEventId": 0}
    if "input" in call.params:
        attributes["input"] = call.params["input"]
    execution = _addressed(call)
    execution.happen(call.now_ms, "WorkflowExecutionSignaled", attributes)
    call.settle(execution)
    return None


def request_cancel_workflow_execution(call: Request) -> Answer:
    """RequestCancelWorkflowExecution."""
    execution = _addressed(call)
    execution.happen(call.now_ms, "WorkflowExecutionCancelRequested", {"externalInitiatedEventId": 0})
    call.settle(execution)
    return None


def terminate_workflow_execution(call: Request) -> Answer:
    """TerminateWorkflowExecution."""
    attributes = {"cause": "OPERATOR_INITIATED"}
    for member in ("reason", "details", "childPolicy"):
        if member in call.params:
            attributes[member] = call.params[member]
    execution = _addressed(call)
    execution.terminate(call.now_ms, attributes)
    call.settle(execution)
    return None


def _addressed(call: Request) -> Execution:
    return call.machine.open_execution(call.domain, call.params["workflowId"], call.params.get("runId"))


def get_workflow_execution_history(call: Request) -> Answer:
    """GetWorkflowExecutionHistory."""
    asked = call.params["execution"]
    execution = call.machine.any_execution(call.domain, asked["workflowId"], asked["runId"])
    reverse = call.params.get("reverseOrder", False)
    arguments = (execution.domain, execution.run_id, reverse)
    first, last = 1, execution.state.last_id
    if "nextPageToken" in call.params:
        (position,) = numbers(open_page_token(call, "history", arguments), 1)
        if not first <= position <= last:
            raise invalid_token()
        first, last = (first, position) if reverse else (position, last)
    read = partial(call.machine.events, execution)
    events, following = history_page(read, first, last, page_size(call.params), reverse)
    if following is None:
        return b"{%s}" % events
    token = make_page_token(call, "history", arguments, following)
    return b'{%s,"nextPageToken":"%s"}' % (events, token.encode())


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "StartWorkflowExecution": start_workflow_execution,
    "SignalWorkflowExecution": signal_workflow_execution,
    "RequestCancelWorkflowExecution": request_cancel_workflow_execution,
    "TerminateWorkflowExecution": terminate_workflow_execution,
    "GetWorkflowExecutionHistory": get_workflow_execution_history,
}
