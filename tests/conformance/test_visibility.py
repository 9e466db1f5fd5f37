"""Filters of lists and counts, which agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import ACTIVITIES, DECISIONS, DOMAIN, WORKFLOW_DEFAULTS, activity, child, d

from pyswf_fast.service import Limits

from .conftest import Client

EPOCH = 1.7e9
ALWAYS = {"oldestDate": 0}


@pytest.fixture
def six(swf: Client) -> Client:
    """Six executions that started a minute apart, w0 to w5; w0, w1 and w2 closed a minute apart, w2 first."""
    swf("RegisterWorkflowType", domain=DOMAIN, name="flow", version="2", **WORKFLOW_DEFAULTS)
    for n in range(6):
        workflow_type = {"name": "flow", "version": "1" if n % 2 else "2"}
        swf.start(f"w{n}", workflowType=workflow_type, tagList=["all", f"t{n}"], taskList={"name": f"w{n}"})
        swf.advance(60)
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w2")
    swf.advance(60)
    swf.decide(d("CompleteWorkflowExecution"), task_list="w1")
    swf.advance(60)
    swf("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId="w0")
    swf.decide(d("CancelWorkflowExecution"), task_list="w0")
    return swf


def found(swf: Client, kind: str, **asked: Any) -> list[str]:
    """Workflow ids of what is listed, of which as many are counted."""
    infos = swf(f"List{kind}WorkflowExecutions", domain=DOMAIN, **asked)["executionInfos"]
    asked.pop("reverseOrder", None)
    count = swf(f"Count{kind}WorkflowExecutions", domain=DOMAIN, **asked)
    assert count == {"count": len(infos), "truncated": False}
    return [info["execution"]["workflowId"] for info in infos]


def test_open_executions(six: Client) -> None:
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["w5", "w4", "w3"]),
        ({"reverseOrder": True}, ["w3", "w4", "w5"]),
        ({"startTimeFilter": {"oldestDate": EPOCH + 240}}, ["w5", "w4"]),
        ({"startTimeFilter": {"oldestDate": EPOCH + 180, "latestDate": EPOCH + 240}}, ["w4", "w3"]),
        ({"executionFilter": {"workflowId": "w4"}}, ["w4"]),
        ({"executionFilter": {"workflowId": "w0"}}, []),
        ({"typeFilter": {"name": "flow"}}, ["w5", "w4", "w3"]),
        ({"typeFilter": {"name": "flow", "version": "1"}}, ["w5", "w3"]),
        ({"typeFilter": {"name": "flow", "version": ""}}, ["w5", "w4", "w3"]),
        ({"typeFilter": {"name": "none"}}, []),
        ({"tagFilter": {"tag": "all"}}, ["w5", "w4", "w3"]),
        ({"tagFilter": {"tag": "t4"}}, ["w4"]),
        ({"tagFilter": {"tag": "al"}}, []),
    ]
    for asked, ids in expected:
        assert found(six, "Open", **{"startTimeFilter": ALWAYS, **asked}) == ids, asked


def test_closed_executions(six: Client) -> None:
    closed = {"closeTimeFilter": ALWAYS}
    expected: list[tuple[dict[str, Any], list[str]]] = [
        (closed, ["w0", "w1", "w2"]),
        ({"startTimeFilter": ALWAYS}, ["w2", "w1", "w0"]),
        ({"startTimeFilter": {"oldestDate": EPOCH, "latestDate": EPOCH + 60}}, ["w1", "w0"]),
        ({**closed, "reverseOrder": True}, ["w2", "w1", "w0"]),
        ({"closeTimeFilter": {"oldestDate": EPOCH + 420}}, ["w0", "w1"]),
        ({"closeTimeFilter": {"oldestDate": EPOCH + 360, "latestDate": EPOCH + 360}}, ["w2"]),
        ({**closed, "executionFilter": {"workflowId": "w1"}}, ["w1"]),
        ({**closed, "typeFilter": {"name": "flow", "version": "2"}}, ["w0", "w2"]),
        ({**closed, "tagFilter": {"tag": "t2"}}, ["w2"]),
        ({**closed, "closeStatusFilter": {"status": "COMPLETED"}}, ["w1"]),
        ({**closed, "closeStatusFilter": {"status": "CANCELED"}}, ["w0"]),
        ({**closed, "closeStatusFilter": {"status": "FAILED"}}, []),
    ]
    for asked, ids in expected:
        assert found(six, "Closed", **asked) == ids, asked


def test_filters_that_exclude_each_other(swf: Client) -> None:
    filters: dict[str, dict[str, Any]] = {
        "executionFilter": {"workflowId": "w"},
        "typeFilter": {"name": "flow"},
        "tagFilter": {"tag": "x"},
        "closeStatusFilter": {"status": "FAILED"},
    }
    names = list(filters)
    for verb in ("List", "Count"):
        for kind, time, usable in (
            ("Open", "startTimeFilter", names[:3]),
            ("Closed", "closeTimeFilter", names),
        ):
            operation = f"{verb}{kind}WorkflowExecutions"
            for n, one in enumerate(usable):
                for other in usable[n + 1 :]:
                    asked = {time: ALWAYS, one: filters[one], other: filters[other]}
                    assert swf.fault(operation, domain=DOMAIN, **asked).type == "ValidationException"
        for times in ({}, {"startTimeFilter": ALWAYS, "closeTimeFilter": ALWAYS}):
            fault = swf.fault(f"{verb}ClosedWorkflowExecutions", domain=DOMAIN, **times)
            assert fault.type == "ValidationException"


def test_what_a_list_shows_of_an_execution(swf: Client) -> None:
    swf.start(tagList=["x"])
    swf.decide(child("c"))
    swf.open_run("c")
    swf("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId="c")
    (info, _) = swf("ListOpenWorkflowExecutions", domain=DOMAIN, startTimeFilter=ALWAYS)["executionInfos"]
    assert info == swf.describe("c")["executionInfo"]
    assert info["parent"] == swf.execution()
    assert info["cancelRequested"] is True
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    infos = swf("ListClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter=ALWAYS)["executionInfos"]
    assert infos == [swf.describe("c")["executionInfo"], swf.describe("w")["executionInfo"]]


def test_counts_are_truncated_at_a_limit(make_swf: Callable[..., Client]) -> None:
    swf = make_swf(limits=Limits(count=2))
    for n in range(3):
        swf.start(f"w{n}")
        truncated = n == 2
        expected = {"count": min(n + 1, 2), "truncated": truncated}
        assert swf("CountOpenWorkflowExecutions", domain=DOMAIN, startTimeFilter=ALWAYS) == expected
        assert swf("CountPendingDecisionTasks", domain=DOMAIN, taskList=DECISIONS) == expected
    for n in range(3):
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId=f"w{n}")
    expected = {"count": 2, "truncated": True}
    assert swf("CountClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter=ALWAYS) == expected
    swf.start()
    swf.decide(activity("1"), activity("2"), activity("3"))
    assert swf("CountPendingActivityTasks", domain=DOMAIN, taskList=ACTIVITIES) == expected


def test_tasks_that_wait_are_counted(swf: Client) -> None:
    swf.start()
    assert swf("CountPendingDecisionTasks", domain=DOMAIN, taskList=DECISIONS)["count"] == 1
    swf.decide(activity("1"), activity("2"))
    assert swf("CountPendingDecisionTasks", domain=DOMAIN, taskList=DECISIONS)["count"] == 0
    assert swf("CountPendingActivityTasks", domain=DOMAIN, taskList=ACTIVITIES)["count"] == 2
    swf.work()
    assert swf("CountPendingActivityTasks", domain=DOMAIN, taskList=ACTIVITIES)["count"] == 1
    assert swf("CountPendingActivityTasks", domain=DOMAIN, taskList={"name": "unheard of"})["count"] == 0
