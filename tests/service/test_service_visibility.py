"""Lists and counts: filters, order, pages."""

from __future__ import annotations

from typing import Any

import pytest
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, Driver, d

EPOCH = 1.7e9
ALWAYS = {"oldestDate": 0}


@pytest.fixture
def five(swf: Driver) -> Driver:
    """Five executions, started a minute apart; w0 and w1 are closed, w1 first."""
    swf("RegisterWorkflowType", domain=DOMAIN, name="flow", version="2", **WORKFLOW_DEFAULTS)
    for n in range(5):
        tags = ["even", f"t{n}"] if n % 2 == 0 else [f"t{n}"]
        swf.start(f"w{n}", workflowType={"name": "flow", "version": "1" if n < 3 else "2"}, tagList=tags)
        swf.advance(60)
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w1")
    swf.advance(60)
    task = swf.poll()
    assert task["workflowExecution"]["workflowId"] == "w0"
    swf.respond(task, d("CompleteWorkflowExecution"))
    return swf


def listed(swf: Driver, kind: str, **params: Any) -> list[str]:
    found = swf(f"List{kind}WorkflowExecutions", domain=DOMAIN, **params)
    counted = {
        name: value for name, value in params.items() if name not in ("reverseOrder", "maximumPageSize")
    }
    count = swf(f"Count{kind}WorkflowExecutions", domain=DOMAIN, **counted)
    names = [info["execution"]["workflowId"] for info in found["executionInfos"]]
    assert count == {"count": len(names), "truncated": False}
    return names


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["w4", "w3", "w2"]),
        ({"reverseOrder": True}, ["w2", "w3", "w4"]),
        ({"executionFilter": {"workflowId": "w3"}}, ["w3"]),
        ({"executionFilter": {"workflowId": "w0"}}, []),
        ({"tagFilter": {"tag": "even"}}, ["w4", "w2"]),
        ({"typeFilter": {"name": "flow"}}, ["w4", "w3", "w2"]),
        ({"typeFilter": {"name": "flow", "version": "2"}}, ["w4", "w3"]),
        ({"startTimeFilter": {"oldestDate": EPOCH + 180}}, ["w4", "w3"]),
        ({"startTimeFilter": {"oldestDate": EPOCH + 120, "latestDate": EPOCH + 180}}, ["w3", "w2"]),
    ],
)
def test_open_executions(five: Driver, given: dict[str, Any], expected: list[str]) -> None:
    assert listed(five, "Open", **{"startTimeFilter": ALWAYS, **given}) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"startTimeFilter": ALWAYS}, ["w1", "w0"]),
        ({"closeTimeFilter": ALWAYS}, ["w0", "w1"]),
        ({"closeTimeFilter": {"oldestDate": EPOCH + 301}}, ["w0"]),
        ({"closeTimeFilter": ALWAYS, "closeStatusFilter": {"status": "TERMINATED"}}, ["w1"]),
        ({"closeTimeFilter": ALWAYS, "tagFilter": {"tag": "even"}}, ["w0"]),
    ],
)
def test_closed_executions(five: Driver, given: dict[str, Any], expected: list[str]) -> None:
    assert listed(five, "Closed", **given) == expected


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("Open", {"startTimeFilter": ALWAYS, "tagFilter": {"tag": "x"}, "typeFilter": {"name": "x"}}),
        ("Closed", {}),
        ("Closed", {"startTimeFilter": ALWAYS, "closeTimeFilter": ALWAYS}),
    ],
)
def test_filters_that_exclude_each_other(swf: Driver, kind: str, given: dict[str, Any]) -> None:
    for verb in ("List", "Count"):
        fault = swf.fault(f"{verb}{kind}WorkflowExecutions", domain=DOMAIN, **given)
        assert fault.type == "ValidationException"


def test_lists_of_executions_come_in_pages(five: Driver) -> None:
    asked = {"domain": DOMAIN, "startTimeFilter": ALWAYS, "maximumPageSize": 2}
    first = five("ListOpenWorkflowExecutions", **asked)
    second = five("ListOpenWorkflowExecutions", nextPageToken=first["nextPageToken"], **asked)
    assert [len(page["executionInfos"]) for page in (first, second)] == [2, 1]
    assert "nextPageToken" not in second
    changed = {**asked, "startTimeFilter": {"oldestDate": 1}}
    fault = five.fault("ListOpenWorkflowExecutions", nextPageToken=first["nextPageToken"], **changed)
    assert fault.message == "Invalid token"


def test_types_and_domains_are_listed_by_name(swf: Driver) -> None:
    for name in ("b", "c", "a"):
        swf("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="1")
        swf("RegisterActivityType", domain=DOMAIN, name=name, version="1")
    swf("RegisterActivityType", domain=DOMAIN, name="a", version="2")
    domains = swf("ListDomains", registrationStatus="REGISTERED", maximumPageSize=3)
    assert [info["name"] for info in domains["domainInfos"]] == ["a", "b", "c"]
    rest = swf(
        "ListDomains",
        registrationStatus="REGISTERED",
        maximumPageSize=3,
        nextPageToken=domains["nextPageToken"],
    )
    assert [info["name"] for info in rest["domainInfos"]] == [DOMAIN]
    asked = {"domain": DOMAIN, "registrationStatus": "REGISTERED"}

    def names(**given: Any) -> list[tuple[str, str]]:
        infos = swf("ListActivityTypes", **asked, **given)["typeInfos"]
        return [(info["activityType"]["name"], info["activityType"]["version"]) for info in infos]

    assert names() == [("a", "1"), ("a", "2"), ("act", "1"), ("b", "1"), ("c", "1")]
    assert names(reverseOrder=True) == names()[::-1]
    assert names(name="a") == [("a", "1"), ("a", "2")]
    assert swf("ListWorkflowTypes", **asked)["typeInfos"][0]["workflowType"]["name"] == "flow"
    assert swf("ListActivityTypes", domain=DOMAIN, registrationStatus="DEPRECATED") == {"typeInfos": []}


def test_the_runs_of_one_workflow_id_until_their_retention_is_over(swf: Driver) -> None:
    runs = []
    for _ in range(3):
        runs.append(swf.start("again"))
        swf.start(f"other {len(runs)}")
        swf.advance(60)
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="again")
        swf.advance(86_400)
    asked = {"domain": DOMAIN, "executionFilter": {"workflowId": "again"}, "reverseOrder": True}

    def found(**params: Any) -> list[str]:
        page = swf("ListClosedWorkflowExecutions", **asked, **params)
        return [info["execution"]["runId"] for info in page["executionInfos"]]

    assert found(startTimeFilter=ALWAYS) == found(closeTimeFilter=ALWAYS) == runs
    second = {"oldestDate": EPOCH + 86_460 + 1, "latestDate": EPOCH + 86_460 + 60}
    assert (found(startTimeFilter=second), found(closeTimeFilter=second)) == ([], [runs[1]])
    swf.advance(5 * 86_400 - 3_600)  # they are kept for a week
    assert found(startTimeFilter=ALWAYS) == runs[1:]
    swf.advance(2 * 86_400)
    assert found(startTimeFilter=ALWAYS) == []


def test_a_description_shows_resolved_values(swf: Driver) -> None:
    run_id = swf.start(tagList=["x"], taskPriority="4", childPolicy="ABANDON")
    assert swf.describe() == {
        "executionConfiguration": {
            "childPolicy": "ABANDON",
            "executionStartToCloseTimeout": "100000",
            "taskList": {"name": "decisions"},
            "taskPriority": "4",
            "taskStartToCloseTimeout": "30",
        },
        "executionInfo": {
            "cancelRequested": False,
            "execution": {"runId": run_id, "workflowId": "w"},
            "executionStatus": "OPEN",
            "startTimestamp": EPOCH,
            "tagList": ["x"],
            "workflowType": {"name": "flow", "version": "1"},
        },
        "openCounts": {
            "openActivityTasks": 0,
            "openChildWorkflowExecutions": 0,
            "openDecisionTasks": 1,
            "openLambdaFunctions": 0,
            "openTimers": 0,
        },
    }
    swf.decide(executionContext="here")
    swf.signal()
    swf.decide()
    assert swf.describe()["latestExecutionContext"] == "here"
    swf.signal()
    swf.decide(executionContext="")
    assert swf.describe()["latestExecutionContext"] == ""
