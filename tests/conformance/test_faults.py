"""Every fault that the model names for an operation, on every operation that it is named for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from service_driver import ACTIVITIES, ACTIVITY_TYPE, DECISIONS, DOMAIN, WORKFLOW_TYPE, activity

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import Limits

from .conftest import Client
from .model import OPERATIONS, faults

RUN = {"workflowId": "w", "runId": "r"}
IN = {"domain": DOMAIN}
NAMED = {**IN, "name": "new", "version": "1"}
ALWAYS = {"oldestDate": 0}
TASK = {"taskToken": "t"}
RESOURCE = {"resourceArn": f"arn:aws:swf:us-east-1:000000000000:/domain/{DOMAIN}"}
# A request for each operation that is of the right shape.
REQUESTS: dict[str, dict[str, Any]] = {
    "CountClosedWorkflowExecutions": {**IN, "closeTimeFilter": ALWAYS},
    "CountOpenWorkflowExecutions": {**IN, "startTimeFilter": ALWAYS},
    "CountPendingActivityTasks": {**IN, "taskList": ACTIVITIES},
    "CountPendingDecisionTasks": {**IN, "taskList": DECISIONS},
    "DescribeDomain": {"name": DOMAIN},
    "DeprecateDomain": {"name": DOMAIN},
    "UndeprecateDomain": {"name": DOMAIN},
    "DescribeWorkflowExecution": {**IN, "execution": RUN},
    "GetWorkflowExecutionHistory": {**IN, "execution": RUN},
    "ListClosedWorkflowExecutions": {**IN, "closeTimeFilter": ALWAYS},
    "ListDomains": {"registrationStatus": "REGISTERED"},
    "ListOpenWorkflowExecutions": {**IN, "startTimeFilter": ALWAYS},
    "ListTagsForResource": RESOURCE,
    "PollForActivityTask": {**IN, "taskList": ACTIVITIES},
    "PollForDecisionTask": {**IN, "taskList": DECISIONS},
    "RecordActivityTaskHeartbeat": TASK,
    "RegisterActivityType": NAMED,
    "RegisterDomain": {"name": "new", "workflowExecutionRetentionPeriodInDays": "1"},
    "RegisterWorkflowType": NAMED,
    "RequestCancelWorkflowExecution": {**IN, "workflowId": "w"},
    "RespondActivityTaskCanceled": TASK,
    "RespondActivityTaskCompleted": TASK,
    "RespondActivityTaskFailed": TASK,
    "RespondDecisionTaskCompleted": TASK,
    "SignalWorkflowExecution": {**IN, "workflowId": "w", "signalName": "s"},
    "StartWorkflowExecution": {**IN, "workflowId": "w", "workflowType": WORKFLOW_TYPE},
    "TagResource": {**RESOURCE, "tags": [{"key": "k"}]},
    "TerminateWorkflowExecution": {**IN, "workflowId": "w"},
    "UntagResource": {**RESOURCE, "tagKeys": ["k"]},
}
for _kind, _type in (("Activity", ACTIVITY_TYPE), ("Workflow", WORKFLOW_TYPE)):
    REQUESTS[f"List{_kind}Types"] = {**IN, "registrationStatus": "REGISTERED"}
    for _verb in ("Describe", "Deprecate", "Undeprecate", "Delete"):
        REQUESTS[f"{_verb}{_kind}Type"] = {**IN, f"{_kind.lower()}Type": _type}


def refused(swf: Client, fault: str, operation: str, **changed: Any) -> str:
    """Make a request that is refused with `fault`; returns the message."""
    found = swf.fault(operation, **{**REQUESTS[operation], **changed})
    assert found.type == fault, f"{operation}: {found}"
    return found.message


def test_what_a_policy_does_not_permit(swf: Client) -> None:
    assert set(REQUESTS) == set(OPERATIONS)
    swf.swf.deny(*OPERATIONS)
    for operation in OPERATIONS:
        message = refused(swf, "OperationNotPermittedFault", operation)
        assert message == f"The caller is not authorized to perform: swf:{operation}"


def test_what_is_not_there(swf: Client) -> None:
    swf.start()
    swf.decide(activity())
    task = swf.complete()
    swf.poll()
    swf.advance(30)
    for operation in OPERATIONS:
        if "UnknownResourceFault" not in faults(operation):
            continue
        if "domain" in REQUESTS[operation]:
            assert refused(swf, "UnknownResourceFault", operation, domain="no").startswith(
                "Unknown domain: no"
            )
        elif operation.endswith("Domain"):
            assert refused(swf, "UnknownResourceFault", operation, name="no").startswith("Unknown domain: no")
        elif "resourceArn" in REQUESTS[operation]:
            arn = RESOURCE["resourceArn"].replace(DOMAIN, "no")
            refused(swf, "UnknownResourceFault", operation, resourceArn=arn)
        elif "Activity" in operation:
            message = refused(swf, "UnknownResourceFault", operation, taskToken=task["taskToken"])
            assert message == "Unknown activity, scheduledEventId = 5"


def test_runs_and_types_that_are_not_there(swf: Client) -> None:
    unknown = {
        "Unknown execution: WorkflowExecution=[workflowId=w, runId=r]": (
            *("DescribeWorkflowExecution", "GetWorkflowExecutionHistory"),
            *("SignalWorkflowExecution", "RequestCancelWorkflowExecution", "TerminateWorkflowExecution"),
        ),
        "Unknown execution, workflowId = w": (
            *("SignalWorkflowExecution", "RequestCancelWorkflowExecution", "TerminateWorkflowExecution"),
        ),
    }
    for message, operations in unknown.items():
        for operation in operations:
            more = {"runId": "r"} if "=[" in message and "execution" not in REQUESTS[operation] else {}
            assert refused(swf, "UnknownResourceFault", operation, **more) == message
    none = {"name": "none", "version": "1"}
    for kind in ("Activity", "Workflow"):
        for verb in ("Describe", "Deprecate", "Undeprecate", "Delete"):
            message = refused(
                swf, "UnknownResourceFault", f"{verb}{kind}Type", **{f"{kind.lower()}Type": none}
            )
            assert message == f"Unknown type: {kind}Type=[name=none, version=1]"
    message = refused(swf, "UnknownResourceFault", "StartWorkflowExecution", workflowType=none)
    assert message == "Unknown type: WorkflowType=[name=none, version=1]"


def test_tasks_that_have_ended(swf: Client) -> None:
    run_id = swf.start()
    task = swf.decide(activity())
    working = swf.work()
    message = refused(
        swf, "UnknownResourceFault", "RespondDecisionTaskCompleted", taskToken=task["taskToken"]
    )
    assert message == "Unknown decision task, scheduledEventId = 2"
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    for operation in OPERATIONS:
        if "Respond" in operation or "Record" in operation:
            token = (task if "Decision" in operation else working)["taskToken"]
            message = refused(swf, "UnknownResourceFault", operation, taskToken=token)
            assert message == f"Unknown execution: WorkflowExecution=[workflowId=w, runId={run_id}]"


def test_domains_and_types_in_the_wrong_state(swf: Client) -> None:
    assert refused(swf, "DomainAlreadyExistsFault", "RegisterDomain", name=DOMAIN) == DOMAIN
    assert refused(swf, "DomainAlreadyExistsFault", "UndeprecateDomain") == DOMAIN
    for kind, identity in (("Activity", ACTIVITY_TYPE), ("Workflow", WORKFLOW_TYPE)):
        text = f"{kind}Type=[name={identity['name']}, version=1]"
        assert refused(swf, "TypeAlreadyExistsFault", f"Register{kind}Type", **identity) == text
        assert refused(swf, "TypeAlreadyExistsFault", f"Undeprecate{kind}Type") == text
        message = refused(swf, "TypeNotDeprecatedFault", f"Delete{kind}Type")
        assert message == "The type is currently registered and cannot be deleted in its current state"
        swf(f"Deprecate{kind}Type", **REQUESTS[f"Deprecate{kind}Type"])
        assert refused(swf, "TypeDeprecatedFault", f"Deprecate{kind}Type") == text
        assert refused(swf, "TypeAlreadyExistsFault", f"Register{kind}Type", **identity) == text
    assert (
        refused(swf, "TypeDeprecatedFault", "StartWorkflowExecution") == "WorkflowType=[name=flow, version=1]"
    )
    swf("DeprecateDomain", name=DOMAIN)
    assert refused(swf, "DomainDeprecatedFault", "DeprecateDomain") == DOMAIN
    assert refused(swf, "DomainAlreadyExistsFault", "RegisterDomain", name=DOMAIN) == DOMAIN
    for operation in ("RegisterActivityType", "RegisterWorkflowType", "StartWorkflowExecution"):
        assert refused(swf, "DomainDeprecatedFault", operation) == DOMAIN


def test_starts_that_are_refused(swf: Client) -> None:
    swf.start()
    refused(swf, "WorkflowExecutionAlreadyStartedFault", "StartWorkflowExecution")
    swf("RegisterWorkflowType", domain=DOMAIN, name="bare", version="1")
    given: dict[str, Any] = {"workflowId": "b", "workflowType": {"name": "bare", "version": "1"}}
    for member, value, default in (
        ("executionStartToCloseTimeout", "9", "defaultExecutionStartToCloseTimeout"),
        ("taskList", DECISIONS, "defaultTaskList"),
        ("taskStartToCloseTimeout", "9", "defaultTaskStartToCloseTimeout"),
        ("childPolicy", "ABANDON", "defaultChildPolicy"),
    ):
        assert refused(swf, "DefaultUndefinedFault", "StartWorkflowExecution", **given) == default
        given[member] = value
    swf("StartWorkflowExecution", **{**REQUESTS["StartWorkflowExecution"], **given})


def test_quotas(make_swf: Callable[..., Client]) -> None:
    swf = make_swf(limits=Limits(domains=1, types=1, open_executions=1, pollers=0))
    swf.start("other")
    for operation in (
        "RegisterDomain",
        "RegisterActivityType",
        "RegisterWorkflowType",
        "StartWorkflowExecution",
    ):
        refused(swf, "LimitExceededFault", operation)
    assert swf.poll()["taskToken"], "what is there needs no waiting"
    for operation in ("PollForActivityTask", "PollForDecisionTask"):
        refused(swf, "LimitExceededFault", operation)


def test_a_domain_has_at_most_fifty_tags(swf: Client) -> None:
    tags = [{"key": f"k{n}"} for n in range(51)]
    refused(swf, "TooManyTagsFault", "RegisterDomain", tags=tags)
    swf("TagResource", **RESOURCE, tags=tags[:50])
    swf("TagResource", **RESOURCE, tags=[{"key": "k0", "value": "again"}])
    refused(swf, "TooManyTagsFault", "TagResource", tags=tags[50:])


def test_what_comes_too_often(swf: Client) -> None:
    swf.swf.throttle(0.0001)  # each bucket holds one token
    for operation in OPERATIONS:
        with suppress(ServiceFault):
            swf(operation, **REQUESTS[operation])
        assert refused(swf, "ThrottlingException", operation) == "Rate exceeded"
