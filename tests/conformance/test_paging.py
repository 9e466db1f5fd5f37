"""Every operation that answers in pages: they concatenate to the whole, and tokens are theirs alone."""

from __future__ import annotations

from typing import Any

import pytest
from service_driver import ACTIVITY_DEFAULTS, DECISIONS, DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE, d

from .conftest import Client
from .model import PAGED

ALWAYS = {"oldestDate": 0}
DAY = 86_400


def prepare(swf: Client, operation: str) -> tuple[str, dict[str, Any]]:
    """Make seven things that `operation` lists; returns the member that holds them and the request."""
    asked: dict[str, Any] = {"domain": DOMAIN}
    if operation == "ListDomains":
        for n in range(6):
            swf("RegisterDomain", name=f"d{n}", workflowExecutionRetentionPeriodInDays="1")
        return "domainInfos", {"registrationStatus": "REGISTERED"}
    if operation.endswith("Types"):
        kind = operation[len("List") : -len("Types")]
        for n in range(6):
            defaults = ACTIVITY_DEFAULTS if kind == "Activity" else WORKFLOW_DEFAULTS
            swf(f"Register{kind}Type", domain=DOMAIN, name=f"t{n // 2}", version=str(n), **defaults)
        return "typeInfos", {**asked, "registrationStatus": "REGISTERED"}
    if operation in ("GetWorkflowExecutionHistory", "PollForDecisionTask"):
        swf.start()
        for n in range(4 if operation.startswith("Poll") else 5):
            swf.signal(name=str(n))
        if operation.startswith("Poll"):
            return "events", {**asked, "taskList": DECISIONS}
        return "events", {**asked, "execution": swf.execution()}
    for n in range(7):
        swf.start(f"w{n}")
        if n % 3:  # some start at one instant
            swf.advance(1)
    if operation == "ListOpenWorkflowExecutions":
        return "executionInfos", {**asked, "startTimeFilter": ALWAYS}
    for n in (3, 1, 0, 6, 5, 2, 4):
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId=f"w{n}")
        if n % 3:
            swf.advance(1)
    return "executionInfos", {**asked, "closeTimeFilter": ALWAYS}


def pages(swf: Client, operation: str, member: str, **asked: Any) -> list[list[Any]]:
    """All pages."""
    found = []
    page = swf(operation, **asked)
    while True:
        found.append(page[member])
        if "nextPageToken" not in page:
            return found
        page = swf(operation, **asked, nextPageToken=page["nextPageToken"])


@pytest.mark.parametrize("operation", PAGED)
def test_pages_concatenate_to_the_whole(swf: Client, operation: str) -> None:
    member, asked = prepare(swf, operation)
    (whole,) = pages(swf, operation, member, **asked)
    assert len(whole) == 7
    for reverse in (False, True):
        for size in (1, 3, 7, 1000):
            if operation == "PollForDecisionTask":
                swf.advance(30)  # the task comes back, two events longer
                asked["startAtPreviousStartedEvent"] = False
                (_, *expected), count = [None, *range(1, len(swf.history()) + 2)], len(swf.history()) + 1
            else:
                expected, count = whole, 7
            found = pages(swf, operation, member, **asked, maximumPageSize=size, reverseOrder=reverse)
            assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
            assert len(found) == -(-count // size), "there is no empty page at the end"
            flat = [thing for page in found for thing in page]
            if operation == "PollForDecisionTask":
                flat = [event["eventId"] for event in flat]
            assert flat == (expected[::-1] if reverse else expected)


@pytest.mark.parametrize("operation", PAGED)
def test_a_token_is_good_for_the_same_arguments_and_for_a_day(swf: Client, operation: str) -> None:
    member, asked = prepare(swf, operation)
    asked["maximumPageSize"] = 2
    token = swf(operation, **asked)["nextPageToken"]
    assert len(token) <= 2048
    other = {
        "ListDomains": {"registrationStatus": "DEPRECATED"},
        "ListActivityTypes": {"name": "t1"},
        "ListWorkflowTypes": {"registrationStatus": "DEPRECATED"},
        "PollForDecisionTask": {"startAtPreviousStartedEvent": True},
        "ListOpenWorkflowExecutions": {"tagFilter": {"tag": "x"}},
        "ListClosedWorkflowExecutions": {"closeTimeFilter": {"oldestDate": 1}},
        "GetWorkflowExecutionHistory": {"reverseOrder": True},
    }[operation]
    for changed in (
        {"reverseOrder": True},
        other,
        {"nextPageToken": "made up"},
        {"nextPageToken": ""},
        {"nextPageToken": token[1:]},
    ):
        fault = swf.fault(operation, **{**asked, "nextPageToken": token, **changed})
        assert (fault.type, fault.message) == ("ValidationException", "Invalid token")
    smaller = swf(operation, **{**asked, "maximumPageSize": 1}, nextPageToken=token)
    assert len(smaller[member]) == 1, "the size of a page may change"
    swf.advance(DAY + 1)
    fault = swf.fault(operation, **asked, nextPageToken=token)
    expected = ("ValidationException", "Specified token has exceeded its maximum lifetime")
    assert (fault.type, fault.message) == expected


def test_a_token_of_another_execution_is_invalid(swf: Client) -> None:
    swf.start("w")
    swf.start("other")
    asked = {"domain": DOMAIN, "maximumPageSize": 1}
    token = swf("GetWorkflowExecutionHistory", **asked, execution=swf.execution())["nextPageToken"]
    others = swf.execution("other")
    fault = swf.fault("GetWorkflowExecutionHistory", **asked, execution=others, nextPageToken=token)
    assert fault.message == "Invalid token"
    fault = swf.fault("PollForDecisionTask", **asked, taskList=DECISIONS, nextPageToken=token)
    assert fault.message == "Invalid token"


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_of_a_decision_task(swf: Client, reverse: bool) -> None:
    """They start no other task, show nothing later than it, and may begin at the previous one."""
    swf.start()
    swf.decide()
    for n in range(4):
        swf.signal(name=str(n))
    swf.start("other")
    asked = {"maximumPageSize": 2, "reverseOrder": reverse, "startAtPreviousStartedEvent": True}
    page = first = swf.poll(**asked)
    assert (first["previousStartedEventId"], first["startedEventId"]) == (3, 10)
    swf.signal(name="late")
    ids = [event["eventId"] for event in first["events"]]
    while "nextPageToken" in page:
        page = swf.poll(**asked, nextPageToken=page["nextPageToken"])
        for name in (
            "taskToken",
            "startedEventId",
            "previousStartedEventId",
            "workflowExecution",
            "workflowType",
        ):
            assert page[name] == first[name]
        ids += [event["eventId"] for event in page["events"]]
    assert ids == (list(range(10, 2, -1)) if reverse else list(range(3, 11)))
    assert swf.poll()["workflowExecution"]["workflowId"] == "other"
    swf.respond(first, d("RecordMarker", markerName="its token is still good"))


def test_pages_of_executions_stay_whole_while_others_come_and_go(swf: Client) -> None:
    for n in range(6):
        swf.start(f"w{n}")
        swf.advance(1)
    asked = {"domain": DOMAIN, "startTimeFilter": ALWAYS, "maximumPageSize": 2}
    found, page = [], swf("ListOpenWorkflowExecutions", **asked)
    for n in range(3):
        found += [info["execution"]["workflowId"] for info in page["executionInfos"]]
        for late in range(n + 1):
            swf(
                "StartWorkflowExecution",
                domain=DOMAIN,
                workflowId=f"late{n}{late}",
                workflowType=WORKFLOW_TYPE,
            )
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId=found[-1])
        if "nextPageToken" in page:
            page = swf("ListOpenWorkflowExecutions", **asked, nextPageToken=page["nextPageToken"])
    assert found == ["w5", "w4", "w3", "w2", "w1", "w0"]
