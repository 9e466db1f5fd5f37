"""What the service refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
from service_driver import (
    ACTIVITY_TYPE,
    DECISIONS,
    DOMAIN,
    WORKFLOW_TYPE,
    Driver,
    activity,
    attributes,
    child,
    d,
    timer,
)

START = {"domain": DOMAIN, "workflowId": "w", "workflowType": WORKFLOW_TYPE}


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        (
            "RegisterDomain",
            {"name": "x"},
            "1 validation error detected: Value null at 'workflowExecutionRetentionPeriodInDays' "
            "failed to satisfy constraint: Member must not be null",
        ),
        (
            "StartWorkflowExecution",
            {**START, "workflowId": "", "childPolicy": "KILL"},
            "2 validation errors detected: Value '' at 'workflowId' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1; Value 'KILL' at 'childPolicy' failed to "
            "satisfy constraint: Member must satisfy enum value set: [TERMINATE, REQUEST_CANCEL, ABANDON]",
        ),
        (
            "StartWorkflowExecution",
            {**START, "workflowType": {"name": "flow"}},
            "1 validation error detected: Value null at 'workflowType.version' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "ListDomains",
            {"registrationStatus": "REGISTERED", "maximumPageSize": 1001},
            "1 validation error detected: Value '1001' at 'maximumPageSize' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "RespondDecisionTaskCompleted",
            {"taskToken": "t", "decisions": [d("RecordMarker", markerName="m"), {"decisionType": "Nap"}]},
            "1 validation error detected: Value 'Nap' at 'decisions.2.member.decisionType' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ScheduleActivityTask, "
            "RequestCancelActivityTask, CompleteWorkflowExecution, FailWorkflowExecution, "
            "CancelWorkflowExecution, ContinueAsNewWorkflowExecution, RecordMarker, StartTimer, CancelTimer, "
            "SignalExternalWorkflowExecution, RequestCancelExternalWorkflowExecution, "
            "StartChildWorkflowExecution, ScheduleLambdaFunction]",
        ),
        (
            "RespondDecisionTaskCompleted",
            {"taskToken": "t", "decisions": [{"decisionType": "StartTimer"}]},
            "1 validation error detected: Value null at 'decisions.1.member.startTimerDecisionAttributes' "
            "failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_requests_of_the_wrong_shape(
    swf: Driver, operation: str, params: dict[str, Any], message: str
) -> None:
    fault = swf.fault(operation, **params)
    assert (fault.type, fault.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    "changed",
    [
        {"workflowId": "a:b"},
        {"workflowId": "a/b"},
        {"workflowId": "a|b"},
        {"workflowId": "a\x07b"},
        {"workflowId": "arn"},
        {"workflowId": "x" * 257},
        {"taskList": {"name": "a:b"}},
        {"taskList": {"name": " padded"}},
        {"taskPriority": "high"},
        {"taskPriority": "2147483648"},
        {"executionStartToCloseTimeout": "NONE"},
        {"executionStartToCloseTimeout": "31536001"},
        {"taskStartToCloseTimeout": "-1"},
        {"taskStartToCloseTimeout": "1.5"},
        {"taskStartToCloseTimeout": ""},
        {"taskStartToCloseTimeout": "٣"},
        {"tagList": list("123456")},
        {"tagList": ["x" * 257]},
        {"input": "x" * 32_769},
    ],
)
def test_values_out_of_range(swf: Driver, changed: dict[str, Any]) -> None:
    assert swf.fault("StartWorkflowExecution", **{**START, **changed}).type == "ValidationException"


@pytest.mark.parametrize(
    "changed",
    [
        {"workflowId": "ä" * 256},
        {"workflowId": "barn"},
        {"taskPriority": "-2147483648"},
        {"executionStartToCloseTimeout": "31536000"},
        {"taskStartToCloseTimeout": "NONE"},
        {"tagList": ["", "2", "3", "4", "x" * 256]},
        {"input": "😀" * 32_768},
    ],
)
def test_values_at_the_border_are_taken(swf: Driver, changed: dict[str, Any]) -> None:
    assert swf("StartWorkflowExecution", **{**START, **changed})["runId"]


@pytest.mark.parametrize(
    "params",
    [
        {**START, "workflowId": 5},
        {**START, "workflowId": ["w"]},
        {**START, "workflowType": "flow"},
        {**START, "tagList": "tag"},
        {**START, "tagList": {"a": 1}},
        {**START, "input": "\ud800"},
    ],
)
def test_values_of_the_wrong_json_type(swf: Driver, params: dict[str, Any]) -> None:
    assert swf.fault("StartWorkflowExecution", **params).type == "SerializationException"


def test_null_counts_as_absent_and_unknown_members_are_passed_over(swf: Driver) -> None:
    swf("StartWorkflowExecution", **START, input=None, colour="red")
    swf.open_run("w")
    assert not {"input", "colour"} & set(attributes(swf.history()[0]))


def test_unknown_operations(swf: Driver) -> None:
    assert swf.fault("StartDancing").type == "UnknownOperationException"


@pytest.mark.parametrize(
    "decision",
    [
        activity("a:b"),
        activity(startToCloseTimeout="soon"),
        activity(input="x" * 32_769),
        timer("a/b"),
        d("StartTimer", timerId="t", startToFireTimeout="NONE"),
        d("StartTimer", timerId="t", startToFireTimeout="31536001"),
        d("RecordMarker", markerName=""),
        d("FailWorkflowExecution", reason="x" * 257),
        d("ScheduleLambdaFunction", id="1", name="f", startToCloseTimeout="901"),
        d("ScheduleLambdaFunction", id="1", name="f", startToCloseTimeout="0"),
        child("a|b"),
    ],
)
def test_one_bad_decision_refuses_the_whole_answer_and_the_token_stays_good(
    swf: Driver, decision: dict[str, Any]
) -> None:
    swf.start()
    task = swf.poll()
    given = [d("RecordMarker", markerName="m"), decision]
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=given)
    assert fault.type == "ValidationException"
    assert swf.kinds()[-1] == "DecisionTaskStarted"
    swf.respond(task)


def test_a_close_must_be_the_last_decision(swf: Driver) -> None:
    swf.start()
    task = swf.poll()
    decisions = [d("CompleteWorkflowExecution"), d("RecordMarker", markerName="m")]
    fault = swf.fault("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)
    assert (fault.type, fault.message) == ("ValidationException", "Close must be last decision in list")
    decisions = [d("CompleteWorkflowExecution"), d("FailWorkflowExecution")]
    assert swf.fault("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)
    swf.respond(task, d("CompleteWorkflowExecution"))


def test_what_is_not_there(swf: Driver) -> None:
    swf.start()
    unknown_type = {"name": "none", "version": "1"}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("DescribeDomain", {"name": "no"}, "Unknown domain: no"),
        ("PollForActivityTask", {"domain": "no", "taskList": DECISIONS}, "Unknown domain: no"),
        ("CountPendingDecisionTasks", {"domain": "no", "taskList": DECISIONS}, "Unknown domain: no"),
        (
            "StartWorkflowExecution",
            {**START, "workflowType": unknown_type},
            "Unknown type: WorkflowType=[name=none, version=1]",
        ),
        (
            "DescribeActivityType",
            {"domain": DOMAIN, "activityType": unknown_type},
            "Unknown type: ActivityType=[name=none, version=1]",
        ),
        (
            "SignalWorkflowExecution",
            {"domain": DOMAIN, "workflowId": "x", "signalName": "s"},
            "Unknown execution, workflowId = x",
        ),
        (
            "TerminateWorkflowExecution",
            {"domain": DOMAIN, "workflowId": "w", "runId": "r"},
            "Unknown execution: WorkflowExecution=[workflowId=w, runId=r]",
        ),
        (
            "RequestCancelWorkflowExecution",
            {"domain": DOMAIN, "workflowId": "x"},
            "Unknown execution, workflowId = x",
        ),
        (
            "DescribeWorkflowExecution",
            {"domain": DOMAIN, "execution": {"workflowId": "x", "runId": swf.runs["w"]}},
            f"Unknown execution: WorkflowExecution=[workflowId=x, runId={swf.runs['w']}]",
        ),
    ]
    for operation, params, message in cases:
        fault = swf.fault(operation, **params)
        assert (fault.type, fault.message) == ("UnknownResourceFault", message)


def test_an_open_workflow_id_is_taken_and_free_after_the_close(swf: Driver) -> None:
    swf.start()
    assert swf.fault("StartWorkflowExecution", **START).type == "WorkflowExecutionAlreadyStartedFault"
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    swf.start()


def test_closed_executions_take_no_signals_and_no_cancel_requests(swf: Driver) -> None:
    run_id = swf.start()
    swf.decide(d("CompleteWorkflowExecution"))
    for operation, more in (
        ("SignalWorkflowExecution", {"signalName": "s"}),
        ("RequestCancelWorkflowExecution", {}),
        ("TerminateWorkflowExecution", {}),
    ):
        fault = swf.fault(operation, domain=DOMAIN, workflowId="w", runId=run_id, **more)
        assert fault.type == "UnknownResourceFault"


def test_a_start_needs_all_defaults(swf: Driver) -> None:
    swf("RegisterWorkflowType", domain=DOMAIN, name="bare", version="1")
    given: dict[str, Any] = {
        "domain": DOMAIN,
        "workflowId": "b",
        "workflowType": {"name": "bare", "version": "1"},
    }
    for member, value, default in (
        ("executionStartToCloseTimeout", "9", "defaultExecutionStartToCloseTimeout"),
        ("taskList", DECISIONS, "defaultTaskList"),
        ("taskStartToCloseTimeout", "9", "defaultTaskStartToCloseTimeout"),
        ("childPolicy", "ABANDON", "defaultChildPolicy"),
    ):
        fault = swf.fault("StartWorkflowExecution", **given)
        assert (fault.type, fault.message) == ("DefaultUndefinedFault", default)
        given[member] = value
    swf("StartWorkflowExecution", **given)


def test_cancel_request_and_signal_from_outside_name_no_execution(swf: Driver) -> None:
    swf.start()
    swf.signal(name="s", input="i")
    swf("RequestCancelWorkflowExecution", domain=DOMAIN, workflowId="w", runId=swf.runs["w"])
    assert swf.last("WorkflowExecutionSignaled") == {
        "externalInitiatedEventId": 0,
        "input": "i",
        "signalName": "s",
    }
    assert swf.last("WorkflowExecutionCancelRequested") == {"externalInitiatedEventId": 0}
    assert swf.kinds().count("DecisionTaskScheduled") == 1
    assert swf.describe()["executionInfo"]["cancelRequested"] is True


@pytest.mark.parametrize("kind", ["Activity", "Workflow"])
def test_the_life_of_a_type(swf: Driver, kind: str) -> None:
    operation, text = f"{kind}Type", f"{kind}Type=[name=t, version=1]"
    named = {"domain": DOMAIN, f"{kind.lower()}Type": {"name": "t", "version": "1"}}
    register = {
        "domain": DOMAIN,
        "name": "t",
        "version": "1",
        "description": "what",
        "defaultTaskList": DECISIONS,
    }
    swf(f"Register{operation}", **register)
    found = swf(f"Describe{operation}", **named)
    assert found["configuration"] == {"defaultTaskList": DECISIONS}
    assert found["typeInfo"] == {
        f"{kind.lower()}Type": {"name": "t", "version": "1"},
        "creationDate": 1.7e9,
        "description": "what",
        "status": "REGISTERED",
    }
    fault = swf.fault(f"Register{operation}", **register)
    assert (fault.type, fault.message) == ("TypeAlreadyExistsFault", text)
    assert swf.fault(f"Undeprecate{operation}", **named).type == "TypeAlreadyExistsFault"
    fault = swf.fault(f"Delete{operation}", **named)
    assert (fault.type, fault.message) == (
        "TypeNotDeprecatedFault",
        "The type is currently registered and cannot be deleted in its current state",
    )
    swf(f"Deprecate{operation}", **named)
    assert swf(f"Describe{operation}", **named)["typeInfo"]["deprecationDate"] == 1.7e9
    fault = swf.fault(f"Deprecate{operation}", **named)
    assert (fault.type, fault.message) == ("TypeDeprecatedFault", text)
    assert swf.fault(f"Register{operation}", **register).type == "TypeAlreadyExistsFault"
    swf(f"Undeprecate{operation}", **named)
    assert "deprecationDate" not in swf(f"Describe{operation}", **named)["typeInfo"]
    swf(f"Deprecate{operation}", **named)
    swf(f"Delete{operation}", **named)
    assert swf.fault(f"Describe{operation}", **named).message == f"Unknown type: {text}"
    swf(f"Register{operation}", **register)


def test_a_deprecated_type_starts_nothing_but_what_runs_goes_on(swf: Driver) -> None:
    swf.start()
    swf.decide(activity())
    swf("DeprecateWorkflowType", domain=DOMAIN, workflowType=WORKFLOW_TYPE)
    swf("DeprecateActivityType", domain=DOMAIN, activityType=ACTIVITY_TYPE)
    assert swf.fault("StartWorkflowExecution", **{**START, "workflowId": "x"}).type == "TypeDeprecatedFault"
    swf.complete()
    swf.decide(d("CompleteWorkflowExecution"))


def test_the_life_of_a_domain(swf: Driver) -> None:
    swf("RegisterDomain", name="d", description="x", workflowExecutionRetentionPeriodInDays="NONE")
    swf("RegisterActivityType", domain="d", name="t", version="1")
    found = swf("DescribeDomain", name="d")
    assert found["configuration"] == {"workflowExecutionRetentionPeriodInDays": "NONE"}
    assert found["domainInfo"]["description"] == "x"
    assert found["domainInfo"]["arn"].endswith(":/domain/d")
    again = {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
    assert swf.fault("RegisterDomain", **again).type == "DomainAlreadyExistsFault"
    assert swf.fault("UndeprecateDomain", name="d").type == "DomainAlreadyExistsFault"
    swf("DeprecateDomain", name="d")
    assert swf.fault("DeprecateDomain", name="d").type == "DomainDeprecatedFault"
    assert swf.fault("RegisterDomain", **again).type == "DomainAlreadyExistsFault"
    assert (
        swf.fault("RegisterActivityType", domain="d", name="u", version="1").type == "DomainDeprecatedFault"
    )
    named = {"domain": "d", "activityType": {"name": "t", "version": "1"}}
    assert swf("DescribeActivityType", **named)["typeInfo"]["status"] == "DEPRECATED"
    listed = swf("ListDomains", registrationStatus="DEPRECATED")["domainInfos"]
    assert [domain["name"] for domain in listed] == ["d"]
    swf("UndeprecateDomain", name="d")
    assert swf("DescribeActivityType", **named)["typeInfo"]["status"] == "DEPRECATED"


def test_tags_of_a_domain(swf: Driver) -> None:
    tags = [{"key": "a", "value": "1"}, {"key": "b"}]
    swf("RegisterDomain", name="d", workflowExecutionRetentionPeriodInDays="1", tags=tags)
    arn = swf("DescribeDomain", name="d")["domainInfo"]["arn"]
    assert swf("ListTagsForResource", resourceArn=arn) == {"tags": tags}
    swf("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "c", "value": ""}])
    swf("UntagResource", resourceArn=arn, tagKeys=["b"])
    expected = [{"key": "a", "value": "2"}, {"key": "c", "value": ""}]
    assert swf("ListTagsForResource", resourceArn=arn) == {"tags": expected}
    many = [{"key": str(n), "value": ""} for n in range(49)]
    assert swf.fault("TagResource", resourceArn=arn, tags=many).type == "TooManyTagsFault"
    assert swf.fault("ListTagsForResource", resourceArn=arn + "x").type == "UnknownResourceFault"
    assert swf.fault("TagResource", resourceArn=arn, tags=[{"key": "a;b"}]).type == "ValidationException"
