"""Polls, pages and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_conformance import loads
from service_driver import DOMAIN, Driver, activity, attributes, d


def pages(swf: Driver, operation: str, first: dict[str, Any], **params: Any) -> list[list[int]]:
    """Event ids of all pages, from the first on."""
    found, page = [], first
    while True:
        found.append([event["eventId"] for event in page["events"]])
        if "nextPageToken" not in page:
            return found
        page = swf(operation, nextPageToken=page["nextPageToken"], **params)


def long_history(swf: Driver, signals: int = 7) -> None:
    swf.start()
    for n in range(signals):
        swf.signal(name=str(n))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_history_comes_in_pages_in_either_order(swf: Driver, reverse: bool) -> None:
    long_history(swf)
    asked: dict[str, Any] = {
        "domain": DOMAIN,
        "execution": swf.execution(),
        "maximumPageSize": 4,
        "reverseOrder": reverse,
    }
    ids = pages(swf, "GetWorkflowExecutionHistory", swf("GetWorkflowExecutionHistory", **asked), **asked)
    expected = [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    if reverse:
        expected = [[9, 8, 7, 6], [5, 4, 3, 2], [1]]
    assert ids == expected


def test_a_last_page_that_is_exactly_full_has_no_token(swf: Driver) -> None:
    long_history(swf, 2)
    page = swf("GetWorkflowExecutionHistory", domain=DOMAIN, execution=swf.execution(), maximumPageSize=4)
    assert len(page["events"]) == 4
    assert "nextPageToken" not in page


@pytest.mark.parametrize("size", [0, None])
def test_without_a_size_a_page_holds_a_thousand_events(swf: Driver, size: int | None) -> None:
    swf.start()
    swf.decide(*(d("RecordMarker", markerName=str(n)) for n in range(1000)))
    given = {} if size is None else {"maximumPageSize": size}
    page = swf("GetWorkflowExecutionHistory", domain=DOMAIN, execution=swf.execution(), **given)
    assert len(page["events"]) == 1000
    assert page["nextPageToken"]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_pages_of_a_decision_task_start_no_other_task(swf: Driver, reverse: bool) -> None:
    long_history(swf)
    swf.start("other")
    asked: dict[str, Any] = {"maximumPageSize": 4, "reverseOrder": reverse}
    first = swf.poll(**asked)
    assert first["startedEventId"] == 10
    swf.signal()  # what happens after the start is no part of the task
    page, ids = first, []
    while True:
        ids += [event["eventId"] for event in page["events"]]
        for member in ("taskToken", "startedEventId", "previousStartedEventId", "workflowExecution"):
            assert page[member] == first[member]
        if "nextPageToken" not in page:
            break
        page = swf.poll(nextPageToken=page["nextPageToken"], **asked)
    assert ids == (list(range(10, 0, -1)) if reverse else list(range(1, 11)))
    assert swf.poll()["workflowExecution"]["workflowId"] == "other"


@pytest.mark.parametrize("reverse", [False, True])
def test_a_task_may_start_at_the_previous_started_event(swf: Driver, reverse: bool) -> None:
    swf.start()
    asked: dict[str, Any] = {
        "startAtPreviousStartedEvent": True,
        "reverseOrder": reverse,
        "maximumPageSize": 2,
    }
    task = swf.poll(**asked)
    asked_again = {"domain": DOMAIN, "taskList": {"name": "decisions"}, **asked}
    everything = [event for page in pages(swf, "PollForDecisionTask", task, **asked_again) for event in page]
    assert sorted(everything) == [1, 2, 3]
    swf.respond(task)
    swf.signal()
    task = swf.poll(**asked)
    assert (task["previousStartedEventId"], task["startedEventId"]) == (3, 7)
    ids = [event for page in pages(swf, "PollForDecisionTask", task, **asked_again) for event in page]
    assert ids == ([7, 6, 5, 4, 3] if reverse else [3, 4, 5, 6, 7])


def test_page_tokens_are_for_the_same_arguments_and_a_day(swf: Driver) -> None:
    long_history(swf)
    asked: dict[str, Any] = {"domain": DOMAIN, "execution": swf.execution(), "maximumPageSize": 2}
    token = swf("GetWorkflowExecutionHistory", **asked)["nextPageToken"]
    for change in ({"reverseOrder": True}, {"nextPageToken": "made up"}, {"nextPageToken": token[:-4]}):
        fault = swf.fault("GetWorkflowExecutionHistory", **{**asked, "nextPageToken": token, **change})
        assert (fault.type, fault.message) == ("ValidationException", "Invalid token")
    swf.advance(86_401)
    fault = swf.fault("GetWorkflowExecutionHistory", nextPageToken=token, **asked)
    assert fault.message == "Specified token has exceeded its maximum lifetime"


@pytest.mark.parametrize("token", ["x", "ä", "AAAA", "A" * 1024])
def test_a_made_up_task_token_is_invalid(swf: Driver, token: str) -> None:
    for operation in (
        "RespondActivityTaskCompleted",
        "RespondDecisionTaskCompleted",
        "RecordActivityTaskHeartbeat",
    ):
        fault = swf.fault(operation, taskToken=token)
        assert (fault.type, fault.message) == ("ValidationException", "Invalid token")


def test_tokens_of_one_kind_do_not_serve_for_another(swf: Driver) -> None:
    swf.start()
    task = swf.poll()
    fault = swf.fault("RespondActivityTaskCompleted", taskToken=task["taskToken"])
    assert fault.message == "Invalid token"
    fault = swf.fault(
        "PollForDecisionTask", domain=DOMAIN, taskList={"name": "decisions"}, nextPageToken=task["taskToken"]
    )
    assert fault.message == "Invalid token"


def test_a_task_is_answered_once(swf: Driver) -> None:
    swf.start()
    task = swf.decide(activity())
    assert (
        swf.fault("RespondDecisionTaskCompleted", taskToken=task["taskToken"]).type == "UnknownResourceFault"
    )
    done = swf.complete()
    for operation in (
        "RespondActivityTaskCompleted",
        "RespondActivityTaskFailed",
        "RecordActivityTaskHeartbeat",
    ):
        fault = swf.fault(operation, taskToken=done["taskToken"])
        assert fault.message == "Unknown activity, scheduledEventId = 5"


def test_higher_priority_first_then_first_scheduled(swf: Driver) -> None:
    swf.start()
    swf.decide(
        activity("low", taskPriority="-5"),
        activity("first"),
        activity("second"),
        activity("high", taskPriority="7"),
    )
    assert [swf.work()["activityId"] for _ in range(4)] == ["high", "first", "second", "low"]


def test_decision_tasks_follow_the_priority_of_their_execution(swf: Driver) -> None:
    swf.start("a")
    swf.start("b", taskPriority="1")
    assert [swf.poll()["workflowExecution"]["workflowId"] for _ in range(2)] == ["b", "a"]


def test_a_decision_list_and_an_activity_list_of_one_name_are_two(swf: Driver) -> None:
    swf.start(taskList={"name": "x"})
    assert swf.work("x")["taskToken"] == ""
    assert swf.poll("x")["taskToken"]


def test_pending_tasks_are_counted(swf: Driver) -> None:
    def count(kind: str, name: str) -> int:
        found = swf(f"CountPending{kind}Tasks", domain=DOMAIN, taskList={"name": name})
        assert found["truncated"] is False
        return int(found["count"])

    assert count("Decision", "decisions") == 0
    swf.start()
    assert count("Decision", "decisions") == 1
    swf.decide(activity("1"), activity("2"))
    assert (count("Decision", "decisions"), count("Activity", "activities")) == (0, 2)
    swf.work()
    assert count("Activity", "activities") == 1
    assert count("Activity", "unheard of") == 0


def test_pages_are_the_bytes_that_were_recorded(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.start(input='"ü\u2028\\ 😀"')
    body = swf.swf.call("GetWorkflowExecutionHistory", {"domain": DOMAIN, "execution": swf.execution()})
    assert b'"eventId":1,"eventTimestamp":1.7E9,"eventType":"WorkflowExecutionStarted",' in body
    assert attributes(loads(body)["events"][0])["input"] == '"ü\u2028\\ 😀"'
    swf.clock.advance(0.12)
    swf.signal()
    body = swf.swf.call("GetWorkflowExecutionHistory", {"domain": DOMAIN, "execution": swf.execution()})
    assert b'"eventTimestamp":1.70000000012E9' in body


def test_lists_that_nobody_polls_any_more_do_not_pile_up(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    for n in range(3_000):
        swf.start(taskList={"name": str(n)})
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    assert len(swf.swf.machine._lists) <= 1024
