"""Operations that describe, list and count executions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import validation
from pyswf_fast.service.paging import cut
from pyswf_fast.service.request import Answer, Request

__all__ = ["OPERATIONS", "describe", "info"]

_EXCLUSIVE = ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter")
_CONFIGURATION = (
    "taskStartToCloseTimeout",
    "executionStartToCloseTimeout",
    "childPolicy",
    "taskPriority",
    "lambdaRole",
)


def info(execution: Execution) -> dict[str, Any]:
    """`executionInfo`, as lists and descriptions show it."""
    state = execution.state
    shown: dict[str, Any] = {
        "execution": execution.identity,
        "workflowType": state.started["workflowType"],
        "startTimestamp": state.started_ms / 1000,
        "executionStatus": "OPEN" if execution.is_open else "CLOSED",
        "cancelRequested": execution.is_open and state.cancel_requested,
    }
    if not execution.is_open:
        shown["closeStatus"] = state.close_status
        shown["closeTimestamp"] = execution.closed_ms / 1000
    if "parentWorkflowExecution" in state.started:
        shown["parent"] = state.started["parentWorkflowExecution"]
    if "tagList" in state.started:
        shown["tagList"] = state.started["tagList"]
    return shown


def describe(execution: Execution) -> dict[str, Any]:
    """What DescribeWorkflowExecution tells of an execution."""
    state = execution.state
    configuration = {name: state.started[name] for name in _CONFIGURATION if name in state.started}
    configuration["taskList"] = state.started["taskList"]
    answer: dict[str, Any] = {
        "executionInfo": info(execution),
        "executionConfiguration": configuration,
        "openCounts": execution.final_counts or state.counts(),
    }
    if state.latest_activity_ms is not None:
        answer["latestActivityTaskTimestamp"] = state.latest_activity_ms / 1000
    if state.context is not None:
        answer["latestExecutionContext"] = state.context
    return answer


def describe_workflow_execution(call: Request) -> Answer:
    """DescribeWorkflowExecution."""
    asked = call.params["execution"]
    return describe(call.machine.any_execution(call.domain, asked["workflowId"], asked["runId"]))


def _within(window: dict[str, float], instant_ms: int) -> bool:
    latest = window.get("latestDate")
    return window["oldestDate"] * 1000 <= instant_ms and (latest is None or instant_ms <= latest * 1000)


def _matches(execution: Execution, params: dict[str, Any]) -> bool:
    started = execution.state.started
    if "executionFilter" in params:
        return bool(execution.workflow_id == params["executionFilter"]["workflowId"])
    if "tagFilter" in params:
        return params["tagFilter"]["tag"] in started.get("tagList", ())
    if "closeStatusFilter" in params:
        return bool(execution.state.close_status == params["closeStatusFilter"]["status"])
    if "typeFilter" in params:
        wanted, found = params["typeFilter"], started["workflowType"]
        return bool(wanted["name"] == found["name"] and wanted.get("version") in (None, "", found["version"]))
    return True


def _started_ms(execution: Execution) -> int:
    return execution.state.started_ms


def _closed_ms(execution: Execution) -> int:
    return execution.closed_ms


def _chosen(is_open: bool, call: Request) -> list[Execution]:
    """The executions that all filters let pass, newest first by the time that was filtered on."""
    params, domain = call.params, call.domain
    filters = [name for name in _EXCLUSIVE if name in params]
    if len(filters) > 1:
        raise validation(f"Only one of {', '.join(filters)} can be given")
    if ("startTimeFilter" in params) == ("closeTimeFilter" in params):
        raise validation("Exactly one of startTimeFilter, closeTimeFilter must be given")
    name, instant = "startTimeFilter", _started_ms
    if "closeTimeFilter" in params:
        name, instant = "closeTimeFilter", _closed_ms
    window = params[name]
    source = domain.open.values() if is_open else (run for run in domain.runs.values() if not run.is_open)
    chosen = [one for one in source if _within(window, instant(one)) and _matches(one, params)]
    return sorted(chosen, key=lambda one: (instant(one), one.row), reverse=True)


def _list(is_open: bool, call: Request) -> Answer:
    params = call.params
    filters = tuple((name, repr(params[name])) for name in sorted(params) if name.endswith("Filter"))
    arguments = (params["domain"], is_open, *filters)
    page = cut(call, "executions", "executionInfos", _chosen(is_open, call), arguments)
    page["executionInfos"] = [info(execution) for execution in page["executionInfos"]]
    return page


def _count(is_open: bool, call: Request) -> Answer:
    return {"count": len(_chosen(is_open, call)), "truncated": False}


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "DescribeWorkflowExecution": describe_workflow_execution,
    "ListOpenWorkflowExecutions": partial(_list, True),
    "ListClosedWorkflowExecutions": partial(_list, False),
    "CountOpenWorkflowExecutions": partial(_count, True),
    "CountClosedWorkflowExecutions": partial(_count, False),
}
