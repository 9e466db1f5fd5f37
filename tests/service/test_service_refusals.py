"""What is denied on demand: operations by a fault, decisions by the event that says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import DOMAIN, WORKFLOW_TYPE, Driver, activity, child, d, timer

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service.validation import DECISIONS, OPERATIONS

EXTERNAL = {"workflowId": "other"}
SAMPLES: list[dict[str, Any]] = [
    activity(),
    timer(),
    child(),
    d("RequestCancelActivityTask", activityId="a"),
    d("CancelTimer", timerId="t"),
    d("RecordMarker", markerName="m"),
    d("SignalExternalWorkflowExecution", signalName="s", control="mine", **EXTERNAL),
    d("RequestCancelExternalWorkflowExecution", control="mine", **EXTERNAL),
    d("CompleteWorkflowExecution"),
    d("FailWorkflowExecution"),
    d("CancelWorkflowExecution"),
    d("ContinueAsNewWorkflowExecution"),
]


@pytest.mark.parametrize("decision", SAMPLES, ids=lambda decision: decision["decisionType"])
def test_a_denied_decision_leaves_its_failure_event_and_is_decided_upon(
    make_driver: Callable[..., Driver], decision: dict[str, Any]
) -> None:
    kind = decision["decisionType"]
    swf = make_driver(deny=[kind])
    swf.start("other")
    swf.poll()
    swf.start()
    swf.decide(decision)
    assert swf.last(f"{kind}Failed")["cause"] == "OPERATION_NOT_PERMITTED"
    assert swf.kinds()[-1] == "DecisionTaskScheduled"
    assert swf.kinds("other")[-1] == "DecisionTaskStarted", "nothing reached the other execution"
    assert swf.describe()["openCounts"]["openChildWorkflowExecutions"] == 0


@pytest.mark.parametrize("kind", ["SignalExternal", "RequestCancelExternal"])
def test_what_would_reach_another_execution_is_initiated_and_then_denied(swf: Driver, kind: str) -> None:
    swf.swf.deny(f"{kind}WorkflowExecution")
    swf.restarts = False  # what is denied is not stored
    swf.start()
    more = {"signalName": "s"} if kind == "SignalExternal" else {}
    swf.decide(d(f"{kind}WorkflowExecution", workflowId="w", control="mine", **more), timer())
    assert swf.kinds()[4:] == [
        f"{kind}WorkflowExecutionInitiated",
        "TimerStarted",
        f"{kind}WorkflowExecutionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.last(f"{kind}WorkflowExecutionFailed") == {
        "workflowId": "w",
        "cause": "OPERATION_NOT_PERMITTED",
        "control": "mine",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }


def test_any_cause_that_the_decision_has_can_be_given(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.swf.deny("ScheduleLambdaFunction", cause="LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION")
    swf.start()
    swf.decide(d("ScheduleLambdaFunction", id="1", name="f"))
    assert swf.last("ScheduleLambdaFunctionFailed") == {
        "id": "1",
        "name": "f",
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
    }


def test_a_denied_operation_is_a_fault_and_changes_nothing(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.start()
    swf.swf.deny(*OPERATIONS)
    for operation in ("StartWorkflowExecution", "TerminateWorkflowExecution"):
        more = {"workflowType": WORKFLOW_TYPE} if operation.startswith("Start") else {}
        fault = swf.fault(operation, domain=DOMAIN, workflowId="w", **more)
        assert fault.type == "OperationNotPermittedFault"
        assert f"swf:{operation}" in fault.message
    swf.swf.allow()
    assert swf.kinds() == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_what_is_allowed_again_works_and_the_rest_stays_denied(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(deny=["StartTimer", "RecordMarker"])
    swf.swf.allow("StartTimer")
    swf.start()
    swf.decide(timer(), d("RecordMarker", markerName="m"))
    assert swf.kinds()[4:6] == ["TimerStarted", "RecordMarkerFailed"]


def test_a_request_of_the_wrong_shape_is_told_so_even_where_it_is_denied(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver(deny=["DescribeDomain"])
    assert swf.fault("DescribeDomain").type == "ValidationException"


@pytest.mark.parametrize(
    ("names", "cause", "told"),
    [
        (["RecordMarker", "StartTimers"], "OPERATION_NOT_PERMITTED", "'StartTimers'"),
        (["StartTimer"], "NO_TIME", "TIMER_ID_ALREADY_IN_USE"),
        (["RecordMarker", "ScheduleLambdaFunction"], "OPERATION_NOT_PERMITTED", "ID_ALREADY_IN_USE"),
        (["ListDomains"], "UNHANDLED_DECISION", "OPERATION_NOT_PERMITTED"),
    ],
)
def test_what_swf_cannot_refuse_is_a_mistake_and_denies_nothing(
    make_driver: Callable[..., Driver], names: list[str], cause: str, told: str
) -> None:
    swf = make_driver()
    with pytest.raises(ConfigurationError, match=told):
        swf.swf.deny(*names, cause=cause)
    swf.start()
    swf.decide(d("RecordMarker", markerName="m"))
    assert "MarkerRecorded" in swf.kinds()


def test_the_samples_are_all_decisions_that_can_be_denied() -> None:
    assert {one["decisionType"] for one in SAMPLES} == set(DECISIONS) - {"ScheduleLambdaFunction"}
