"""Tokens that were made up, or are of another kind, another service or of what is over: all are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import DOMAIN, Driver, activity, d

from pyswf_fast.service.effects import ACTIVITY, DECISION
from pyswf_fast.service.tokens import fingerprint, seal

OF_ACTIVITIES = (
    "RecordActivityTaskHeartbeat",
    "RespondActivityTaskCanceled",
    "RespondActivityTaskCompleted",
    "RespondActivityTaskFailed",
)
OF_DECISIONS = ("RespondDecisionTaskCompleted",)
WITH_TASK_TOKENS = OF_ACTIVITIES + OF_DECISIONS
EVER = {"startTimeFilter": {"oldestDate": 0}}
LIST: dict[str, Any] = {"domain": DOMAIN, "maximumPageSize": 1}
REGISTERED = {"registrationStatus": "REGISTERED", "maximumPageSize": 1}

NEVER_MADE = [
    "x",
    "made up",
    "ünïcödé",
    "A" * 1024,
    "\x00",
    seal("other", "run", 1, 2),
    seal(ACTIVITY),
    seal(DECISION),
    seal(ACTIVITY, "run"),
    seal(ACTIVITY, "run", "x", "y"),
    seal(DECISION, "run", -1, 2),
    seal(DECISION, "run", "²", 2),
    seal(DECISION, "run", 1, 2, 3),
]


@pytest.mark.parametrize("operation", WITH_TASK_TOKENS)
def test_made_up_task_tokens(swf: Driver, operation: str) -> None:
    for token in NEVER_MADE:
        fault = swf.fault(operation, taskToken=token)
        assert (fault.type, fault.message) == ("ValidationException", "Invalid token"), token


def test_task_tokens_that_were_changed_a_little(swf: Driver) -> None:
    swf.start()
    token = swf.poll()["taskToken"]
    for changed in (
        token[:-4],
        token[4:],
        token + "AAAA",
        token.swapcase(),
        f" {token}",
        f"{token}\n",
        token[::-1],
    ):
        fault = swf.fault("RespondDecisionTaskCompleted", taskToken=changed)
        assert (fault.type, fault.message) == ("ValidationException", "Invalid token"), changed
    assert swf.kinds()[-1] == "DecisionTaskStarted"
    swf("RespondDecisionTaskCompleted", taskToken=token)


def test_task_tokens_of_the_other_kind(swf: Driver) -> None:
    swf.start()
    swf.decide(activity())
    work = swf.work()
    swf.signal()
    decision = swf.poll()
    for operation in OF_ACTIVITIES:
        assert swf.fault(operation, taskToken=decision["taskToken"]).message == "Invalid token"
    for operation in OF_DECISIONS:
        assert swf.fault(operation, taskToken=work["taskToken"]).message == "Invalid token"
    assert swf.kinds()[-1] == "DecisionTaskStarted"


def test_task_tokens_of_tasks_that_are_over(swf: Driver) -> None:
    swf.start()
    decision = swf.decide(activity())
    work = swf.complete()
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=decision["taskToken"])
    assert (fault.type, fault.message) == (
        "UnknownResourceFault",
        "Unknown decision task, scheduledEventId = 2",
    )
    for operation in OF_ACTIVITIES:
        fault = swf.fault(operation, taskToken=work["taskToken"])
        assert (fault.type, fault.message) == (
            "UnknownResourceFault",
            "Unknown activity, scheduledEventId = 5",
        )


def test_task_tokens_of_executions_that_are_closed(swf: Driver) -> None:
    run_id = swf.start()
    swf.decide(activity())
    work = swf.work()
    swf.signal()
    decision = swf.poll()
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    message = f"Unknown execution: WorkflowExecution=[workflowId=w, runId={run_id}]"
    for operations, task in ((OF_ACTIVITIES, work), (OF_DECISIONS, decision)):
        for operation in operations:
            fault = swf.fault(operation, taskToken=task["taskToken"])
            assert (fault.type, fault.message) == ("UnknownResourceFault", message)
    swf.advance(8 * 86_400)  # the retention is over
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=decision["taskToken"])
    assert fault.type == "UnknownResourceFault"


def test_task_tokens_of_another_service(make_driver: Callable[..., Driver]) -> None:
    here, elsewhere = make_driver(), make_driver()
    for driver in (here, elsewhere):
        driver.start()
    task = elsewhere.poll()
    fault = here.fault("RespondDecisionTaskCompleted", taskToken=task["taskToken"])
    assert fault.type == "UnknownResourceFault"
    assert here.kinds() == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def paged(swf: Driver) -> list[tuple[str, dict[str, Any]]]:
    """A call of each paged operation that has more than one page."""
    for name in ("w", "x"):
        swf.start(name)
        swf.decide(d("CompleteWorkflowExecution"))
    for name in ("w", "x"):
        swf.start(name)
    for name in ("a", "b"):
        swf("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="1")
        swf("RegisterWorkflowType", domain=DOMAIN, name=name, version="1")
        swf("RegisterActivityType", domain=DOMAIN, name=name, version="1")
    return [
        ("ListDomains", REGISTERED),
        ("ListWorkflowTypes", {"domain": DOMAIN, **REGISTERED}),
        ("ListActivityTypes", {"domain": DOMAIN, **REGISTERED}),
        ("ListOpenWorkflowExecutions", {**LIST, **EVER}),
        ("ListClosedWorkflowExecutions", {**LIST, **EVER}),
        ("GetWorkflowExecutionHistory", {**LIST, "execution": swf.execution()}),
        ("PollForDecisionTask", {**LIST, "taskList": {"name": "decisions"}}),
    ]


def test_page_tokens_that_were_made_up_or_are_of_another_call(swf: Driver) -> None:
    calls = paged(swf)
    tokens = {operation: swf(operation, **params)["nextPageToken"] for operation, params in calls}
    before = swf.kinds()
    for operation, params in calls:
        for token in [*NEVER_MADE, *(token for other, token in tokens.items() if other != operation)]:
            fault = swf.fault(operation, nextPageToken=token, **params)
            assert (fault.type, fault.message) == ("ValidationException", "Invalid token"), operation
        swf.fault(operation, nextPageToken=tokens[operation], **params, reverseOrder=True)
        assert swf(operation, nextPageToken=tokens[operation], **params)
    assert swf.kinds() == before, "a page starts no task"


@pytest.mark.parametrize(
    "position",
    [
        (),
        ("x",),
        (0,),
        (10**30,),
        (5, 1),
        (0, 1),
        (2, 10**18),
        (3, 1, 0, 1),
        (2, 3, 0, 0, 3),
        (2, 3, 0, 1, 99),
    ],
)
def test_page_tokens_whose_check_sum_is_right_but_whose_position_is_none(
    swf: Driver, position: tuple[object, ...]
) -> None:
    run_id = swf.start()
    now_ms = swf.swf.now_ms()
    sum_of_history = fingerprint(DOMAIN, run_id, False)
    token = seal("history", sum_of_history, now_ms, *position)
    params: dict[str, Any] = {"domain": DOMAIN, "execution": swf.execution()}
    assert swf.fault("GetWorkflowExecutionHistory", nextPageToken=token, **params).message == "Invalid token"
    token = seal(DECISION, fingerprint(DOMAIN, "decisions", False, False), now_ms, run_id, *position)
    fault = swf.fault(
        "PollForDecisionTask", domain=DOMAIN, taskList={"name": "decisions"}, nextPageToken=token
    )
    assert fault.message == "Invalid token"


def test_a_page_token_lives_for_a_day(swf: Driver) -> None:
    params = {"domain": DOMAIN, **REGISTERED}
    swf("RegisterActivityType", domain=DOMAIN, name="second", version="1")
    token = swf("ListActivityTypes", **params)["nextPageToken"]
    swf.advance(86_400)
    assert swf("ListActivityTypes", nextPageToken=token, **params)["typeInfos"]
    swf.advance(1)
    fault = swf.fault("ListActivityTypes", nextPageToken=token, **params)
    assert (fault.type, fault.message) == (
        "ValidationException",
        "Specified token has exceeded its maximum lifetime",
    )
