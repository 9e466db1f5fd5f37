"""Operations that describe, list and count executions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import validation
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.paging import cut

__all__ = ["OPERATIONS", "info"]

Params = dict[str, Any]
Answer = dict[str, Any]

_EXCLUSIVE = ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter")
_CONFIGURATION = (
    "taskStartToCloseTimeout",
    "executionStartToCloseTimeout",
    "childPolicy",
    "taskPriority",
    "lambdaRole",
)


def info(execution: Execution) -> Answer:
    """`executionInfo`, as lists and descriptions show it."""
    state = execution.state
    shown: Answer = {
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


def describe_workflow_execution(machine: Machine, now_ms: int, params: Params) -> Answer:
    """DescribeWorkflowExecution."""
    asked = params["execution"]
    execution = machine.any_execution(machine.domain(params["domain"]), asked["workflowId"], asked["runId"])
    state = execution.state
    configuration = {name: state.started[name] for name in _CONFIGURATION if name in state.started}
    configuration["taskList"] = state.started["taskList"]
    answer: Answer = {
        "executionInfo": info(execution),
        "executionConfiguration": configuration,
        "openCounts": execution.final_counts or state.counts(),
    }
    if state.latest_activity_ms is not None:
        answer["latestActivityTaskTimestamp"] = state.latest_activity_ms / 1000
    if state.context is not None:
        answer["latestExecutionContext"] = state.context
    return answer


def _within(window: dict[str, float], instant_ms: int) -> bool:
    latest = window.get("latestDate")
    return window["oldestDate"] * 1000 <= instant_ms and (latest is None or instant_ms <= latest * 1000)


def _matches(execution: Execution, params: Params) -> bool:
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


def _chosen(executions: Iterable[Execution], params: Params) -> list[Execution]:
    """The executions that all filters let pass, newest first by the time that was filtered on."""
    filters = [name for name in _EXCLUSIVE if name in params]
    if len(filters) > 1:
        raise validation(f"Only one of {', '.join(filters)} can be given")
    windows = [name for name in ("startTimeFilter", "closeTimeFilter") if name in params]
    if len(windows) != 1:
        raise validation("Exactly one of startTimeFilter, closeTimeFilter must be given")
    window = params[windows[0]]

    def instant(execution: Execution) -> int:
        return execution.closed_ms if windows[0] == "closeTimeFilter" else execution.state.started_ms

    chosen = [one for one in executions if _within(window, instant(one)) and _matches(one, params)]
    return sorted(chosen, key=lambda one: (instant(one), one.row), reverse=True)


def _executions(machine: Machine, params: Params, is_open: bool) -> list[Execution]:
    domain = machine.domain(params["domain"])
    source = domain.open.values() if is_open else (run for run in domain.runs.values() if not run.is_open)
    return _chosen(source, params)


def _list(is_open: bool, machine: Machine, now_ms: int, params: Params) -> Answer:
    found = _executions(machine, params, is_open)
    filters = tuple((name, repr(params[name])) for name in sorted(params) if name.endswith("Filter"))
    arguments = (params["domain"], is_open, *filters)
    page = cut("executions", "executionInfos", found, params, now_ms, arguments)
    page["executionInfos"] = [info(execution) for execution in page["executionInfos"]]
    return page


def _count(is_open: bool, machine: Machine, now_ms: int, params: Params) -> Answer:
    return {"count": len(_executions(machine, params, is_open)), "truncated": False}


OPERATIONS: dict[str, Callable[[Machine, int, Params], Answer]] = {
    "DescribeWorkflowExecution": describe_workflow_execution,
    "ListOpenWorkflowExecutions": partial(_list, True),
    "ListClosedWorkflowExecutions": partial(_list, False),
    "CountOpenWorkflowExecutions": partial(_count, True),
    "CountClosedWorkflowExecutions": partial(_count, False),
}
