"""Operations that describe, list and count executions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from pyswf_fast.service.domain import Domain
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import validation
from pyswf_fast.service.paging import counted, make_page_token, open_page_token, page_size
from pyswf_fast.service.request import Answer, Request
from pyswf_fast.service.timeline import Place, Timeline
from pyswf_fast.service.tokens import numbers

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


def _filter(params: dict[str, Any]) -> Callable[[Execution], bool]:
    """What an execution must be like beside its time; at most one filter can be given."""
    given = [name for name in _EXCLUSIVE if name in params]
    if len(given) > 1:
        raise validation(
            f"Cannot specify more than one exclusive filters in the same query: [{', '.join(given)}]"
        )
    wanted = params[given[0]] if given else {}
    if "tagFilter" in params:
        return lambda one: wanted["tag"] in one.state.started.get("tagList", ())
    if "closeStatusFilter" in params:
        return lambda one: bool(one.state.close_status == wanted["status"])
    if "typeFilter" in params:
        name, version = wanted["name"], wanted.get("version")
        if not version:
            return lambda one: bool(one.state.started["workflowType"]["name"] == name)
        return lambda one: bool(one.state.started["workflowType"] == {"name": name, "version": version})
    return lambda _: True  # an executionFilter chose already, see `_timeline`


def _timeline(domain: Domain, is_open: bool, params: dict[str, Any]) -> Timeline:
    """The executions in the order of the time that is filtered on, of one workflow id if one is asked for."""
    by_close = "closeTimeFilter" in params
    if "executionFilter" not in params:
        if by_close:
            return domain.closed_by_close
        return domain.open_by_start if is_open else domain.closed_by_start
    timeline = Timeline()
    for execution in domain.of_workflow(params["executionFilter"]["workflowId"], is_open):
        timeline.add(execution.closed_ms if by_close else execution.state.started_ms, execution)
    return timeline


def _chosen(
    is_open: bool, call: Request, after: Place | None = None, newest_first: bool = True
) -> Iterator[tuple[Place, Execution]]:
    """The executions that all filters let pass, in the order of the time that was filtered on."""
    params, domain = call.params, call.domain
    matches = _filter(params)
    if "startTimeFilter" not in params and "closeTimeFilter" not in params:
        raise validation("Must specify time filter")
    if "startTimeFilter" in params and "closeTimeFilter" in params:
        raise validation("Cannot specify both a startTimeFilter and a closeTimeFilter")
    window = params.get("closeTimeFilter") or params["startTimeFilter"]
    found = _timeline(domain, is_open, params).between(
        window["oldestDate"], window.get("latestDate"), after, newest_first
    )
    return ((place, execution) for place, execution in found if matches(execution))


def _list(is_open: bool, call: Request) -> Answer:
    """A page begins behind the place of the last execution before it, whatever came or went meanwhile."""
    params = call.params
    reverse = params.get("reverseOrder", False)
    filters = tuple((name, repr(params[name])) for name in sorted(params) if name.endswith("Filter"))
    arguments = (params["domain"], is_open, reverse, *filters)
    after = None
    if "nextPageToken" in params:
        at_ms, row = numbers(open_page_token(call, "executions", arguments), 2)
        after = (at_ms, row)
    size = page_size(params)
    found = list(islice(_chosen(is_open, call, after, newest_first=not reverse), size + 1))
    answer: dict[str, Any] = {"executionInfos": [info(execution) for _, execution in found[:size]]}
    if len(found) > size:
        answer["nextPageToken"] = make_page_token(call, "executions", arguments, *found[size - 1][0])
    return answer


def _count(is_open: bool, call: Request) -> Answer:
    return counted(_chosen(is_open, call), call)


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "DescribeWorkflowExecution": describe_workflow_execution,
    "ListOpenWorkflowExecutions": partial(_list, True),
    "ListClosedWorkflowExecutions": partial(_list, False),
    "CountOpenWorkflowExecutions": partial(_count, True),
    "CountClosedWorkflowExecutions": partial(_count, False),
}
