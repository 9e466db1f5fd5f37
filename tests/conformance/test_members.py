"""No member of a request is ignored: another value of it makes a difference that a client can see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from service_driver import (
    ACTIVITIES,
    ACTIVITY_DEFAULTS,
    ACTIVITY_TYPE,
    DECISIONS,
    DOMAIN,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    Driver,
    activity,
    d,
)

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock

from .model import DECISIONS as DECISION_TYPES
from .model import OPERATIONS, PAGED, SHAPES, decision_attributes, input_shape, members
from .test_registration import ROLE

IN = {"domain": DOMAIN}
NEW = {**IN, "name": "new", "version": "1", "description": "what"}
ALWAYS = {"oldestDate": 0, "latestDate": 2e9}
ARN = {"resourceArn": f"arn:aws:swf:us-east-1:000000000000:/domain/{DOMAIN}"}
CONFIGURATION = {
    "executionStartToCloseTimeout": "900",
    "taskList": {"name": "special"},
    "taskPriority": "5",
    "taskStartToCloseTimeout": "20",
    "childPolicy": "ABANDON",
    "lambdaRole": ROLE,
    "tagList": ["t"],
    "input": '"in"',
}
PAGE = {"maximumPageSize": 1, "reverseOrder": False}
Scene = Callable[[Driver], dict[str, Any]]


def of_type(kind: str, deprecated: bool = False) -> Scene:
    def scene(swf: Driver) -> dict[str, Any]:
        asked = {**IN, f"{kind.lower()}Type": {"name": "old", "version": "1"}}
        swf(f"Register{kind}Type", **IN, name="old", version="1")
        if deprecated:
            swf(f"Deprecate{kind}Type", **asked)
        return asked

    return scene


def of_types(kind: str) -> Scene:
    def scene(swf: Driver) -> dict[str, Any]:
        for version in "1234":
            swf(f"Register{kind}Type", **IN, name="t", version=version)
        return {**IN, "name": "t", "registrationStatus": "REGISTERED", **PAGE}

    return scene


def of_executions(operation: str) -> list[Scene]:
    """A scene for each filter, since they exclude each other."""
    filters: list[dict[str, Any]] = [
        {"executionFilter": {"workflowId": "w"}},
        {"typeFilter": {"name": "flow", "version": "1"}},
        {"tagFilter": {"tag": "t"}},
        {},
    ]
    times = ["startTimeFilter"]
    if "Closed" in operation:
        filters.append({"closeStatusFilter": {"status": "TERMINATED"}})
        times.append("closeTimeFilter")

    def scene_of(chosen: dict[str, Any], time: str) -> Scene:
        def scene(swf: Driver) -> dict[str, Any]:
            for name in ("v", "w", "x"):
                swf.start(name, tagList=["t"])
                swf.advance(1)
                if "Closed" in operation:
                    swf("TerminateWorkflowExecution", **IN, workflowId=name)
            return {**IN, time: ALWAYS, **chosen, **(PAGE if operation in PAGED else {})}

        return scene

    return [scene_of(chosen, time) for chosen in filters for time in times]


def in_pages(operation: str, scene: Scene) -> Scene:
    """The second page of what a scene asks for, if there is one."""

    def second(swf: Driver) -> dict[str, Any]:
        asked = scene(swf)
        page = swf(operation, **asked)
        return {**asked, **{name: page[name] for name in ("nextPageToken",) if name in page}}

    return second


def running(swf: Driver) -> dict[str, Any]:
    run_id = swf.start()
    return {**IN, "workflowId": "w", "runId": run_id}


def read(swf: Driver) -> dict[str, Any]:
    swf.start()
    return {**IN, "execution": swf.execution(), **PAGE}


def described(swf: Driver) -> dict[str, Any]:
    return {name: value for name, value in read(swf).items() if name not in PAGE}


def deciding(swf: Driver) -> dict[str, Any]:
    swf.start()
    swf.decide()
    swf.signal()
    return {**IN, "taskList": DECISIONS, "identity": "me", "startAtPreviousStartedEvent": True, **PAGE}


def working(swf: Driver) -> dict[str, Any]:
    swf.start()
    swf.decide(activity())
    return {**IN, "taskList": ACTIVITIES, "identity": "me"}


def with_task(**given: Any) -> Scene:
    def scene(swf: Driver) -> dict[str, Any]:
        swf.start()
        swf.decide(activity(heartbeatTimeout="10"))
        return {"taskToken": swf.work()["taskToken"], **given}

    return scene


def decided(swf: Driver) -> dict[str, Any]:
    swf.start()
    task = swf.poll()
    swf.signal()
    lists = {"taskList": {"name": "sticky"}, "taskListScheduleToStartTimeout": "9"}
    marker = [d("RecordMarker", markerName="m")]
    return {"taskToken": task["taskToken"], "executionContext": "here", "decisions": marker, **lists}


def given(**params: Any) -> Scene:
    return lambda _: params


def tagged(**params: Any) -> Scene:
    def scene(swf: Driver) -> dict[str, Any]:
        swf("TagResource", **ARN, tags=[{"key": "k", "value": "v"}])
        return params

    return scene


def deprecated(swf: Driver) -> dict[str, Any]:
    swf("DeprecateDomain", name=DOMAIN)
    return {"name": DOMAIN}


def domains(swf: Driver) -> dict[str, Any]:
    for name in "abc":
        swf("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="1")
    return {"registrationStatus": "REGISTERED", **PAGE}


RETENTION = "workflowExecutionRetentionPeriodInDays"
SCENES: dict[str, list[Scene]] = {
    "CountPendingActivityTasks": [lambda swf: {**IN, "taskList": working(swf)["taskList"]}],
    "CountPendingDecisionTasks": [lambda swf: {**IN, "taskList": deciding(swf)["taskList"]}],
    "DescribeDomain": [given(name=DOMAIN)],
    "DeprecateDomain": [given(name=DOMAIN)],
    "UndeprecateDomain": [deprecated],
    "ListDomains": [domains],
    "RegisterDomain": [
        given(name="d", description="x", tags=[{"key": "k", "value": "v"}], **{RETENTION: "1"})
    ],
    "ListTagsForResource": [tagged(**ARN)],
    "TagResource": [given(**ARN, tags=[{"key": "k", "value": "v"}])],
    "UntagResource": [tagged(**ARN, tagKeys=["k"])],
    "DescribeWorkflowExecution": [described],
    "GetWorkflowExecutionHistory": [read],
    "PollForActivityTask": [working],
    "PollForDecisionTask": [deciding],
    "RecordActivityTaskHeartbeat": [with_task(details="half")],
    "RespondActivityTaskCanceled": [with_task(details="bye")],
    "RespondActivityTaskCompleted": [with_task(result="out")],
    "RespondActivityTaskFailed": [with_task(reason="why", details="more")],
    "RespondDecisionTaskCompleted": [decided],
    "RegisterActivityType": [given(**NEW, **ACTIVITY_DEFAULTS, defaultTaskPriority="1")],
    "RegisterWorkflowType": [
        given(**NEW, **WORKFLOW_DEFAULTS, defaultTaskPriority="1", defaultLambdaRole=ROLE)
    ],
    "RequestCancelWorkflowExecution": [running],
    "SignalWorkflowExecution": [lambda swf: {**running(swf), "signalName": "s", "input": "in"}],
    "StartWorkflowExecution": [given(**IN, workflowId="w", workflowType=WORKFLOW_TYPE, **CONFIGURATION)],
    "TerminateWorkflowExecution": [
        lambda swf: {**running(swf), "reason": "why", "details": "more", "childPolicy": "ABANDON"}
    ],
}
for _kind in ("Activity", "Workflow"):
    SCENES[f"List{_kind}Types"] = [of_types(_kind)]
    for _verb in ("Describe", "Deprecate"):
        SCENES[f"{_verb}{_kind}Type"] = [of_type(_kind)]
    for _verb in ("Undeprecate", "Delete"):
        SCENES[f"{_verb}{_kind}Type"] = [of_type(_kind, deprecated=True)]
for _operation in ("ListOpen", "ListClosed", "CountOpen", "CountClosed"):
    SCENES[f"{_operation}WorkflowExecutions"] = of_executions(_operation + "WorkflowExecutions")
for _operation in PAGED:
    SCENES[_operation] += [in_pages(_operation, scene) for scene in SCENES[_operation]]

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "ScheduleActivityTask": {
        "activityType": ACTIVITY_TYPE,
        "activityId": "b",
        "control": "mine",
        "input": "in",
        "taskList": {"name": "special"},
        "taskPriority": "5",
        "scheduleToCloseTimeout": "100",
        "scheduleToStartTimeout": "50",
        "startToCloseTimeout": "60",
        "heartbeatTimeout": "10",
    },
    "RequestCancelActivityTask": {"activityId": "a"},
    "CompleteWorkflowExecution": {"result": "out"},
    "FailWorkflowExecution": {"reason": "why", "details": "more"},
    "CancelWorkflowExecution": {"details": "bye"},
    "ContinueAsNewWorkflowExecution": {**CONFIGURATION, "workflowTypeVersion": "2"},
    "RecordMarker": {"markerName": "m", "details": "more"},
    "StartTimer": {"timerId": "t", "control": "mine", "startToFireTimeout": "5"},
    "CancelTimer": {"timerId": "running"},
    "SignalExternalWorkflowExecution": {
        "workflowId": "other",
        "runId": "run 1",
        "signalName": "s",
        "input": "in",
        "control": "mine",
    },
    "RequestCancelExternalWorkflowExecution": {"workflowId": "other", "runId": "run 1", "control": "mine"},
    "StartChildWorkflowExecution": {
        **CONFIGURATION,
        "workflowId": "c",
        "workflowType": WORKFLOW_TYPE,
        "control": "mine",
    },
    "ScheduleLambdaFunction": {
        "id": "1",
        "name": "f",
        "control": "mine",
        "input": "1",
        "startToCloseTimeout": "60",
    },
}
# Where what others() makes of a value would be refused for its shape, which shows nothing.
OTHERS: dict[str, Any] = {
    "oldestDate": 1.7e9 + 1.5,
    "latestDate": 1.7e9 + 0.5,
    "maximumPageSize": 2,
    "input": "2",
}


def others(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """`value` with another value for one of the members in it, and the path of that member."""
    if isinstance(value, dict):
        for member, inner in value.items():
            for path, changed in others(inner, member):
                yield f"{member}.{path}".rstrip("."), {**value, member: changed}
    elif isinstance(value, list):
        for path, changed in others(value[0], name):
            yield path, [changed]
    elif name in OTHERS:
        yield "", OTHERS[name]
    elif isinstance(value, bool):
        yield "", not value
    else:
        enumeration = next(
            (shape["enum"] for shape in SHAPES.values() if value in shape.get("enum", ())), None
        )
        if enumeration:
            yield "", next(other for other in enumeration if other != value)
        else:
            yield "", "77" if value.isdigit() or value == "NONE" else value + "x"


def new_world() -> Driver:
    """A service whose run ids are numbered, so that two of them can be compared."""
    clock = VirtualClock()
    swf = Driver(lambda: EmbeddedSwf(clock=clock, lambdas=lambda event, _: event), clock, restarts=False)
    numbers = count(1)
    swf.swf.machine.new_run_id = lambda: f"run {next(numbers)}"
    return swf


def outcome(swf: Driver, operation: str, params: dict[str, Any]) -> list[Any]:
    """All that can be seen of a request: its answer, and what it leaves behind, now and later."""
    try:
        seen: list[Any] = [swf.swf.call(operation, params)]
    except ServiceFault as fault:
        seen = [str(fault)]
    for _ in range(2):
        for domain in swf.swf.machine.domains.values():
            seen += [domain.info(), domain.retention, dict(domain.tags)]
            seen += [[registered.info(), registered.defaults] for registered in domain.types.values()]
            for run in domain.runs.values():
                seen += [run.identity, *swf.swf.machine.events(run, 1, run.state.last_id)]
        swf.advance(3600)
    swf.swf.close()
    return seen


@pytest.mark.parametrize("operation", OPERATIONS)
def test_of_an_operation(operation: str) -> None:
    heeded = set()
    for scene in SCENES[operation]:
        swf = new_world()
        params = scene(swf)
        usual = outcome(swf, operation, params)
        for path, _ in others(params):
            swf = new_world()
            changed = dict(others(scene(swf)))[path]
            if outcome(swf, operation, changed) != usual:
                heeded.add(path)
    assert [member for member in members(input_shape(operation)) if member not in heeded] == []


@pytest.mark.parametrize("decision", DECISION_TYPES)
def test_of_a_decision(decision: str) -> None:
    def answered(attributes: dict[str, Any]) -> list[Any]:
        swf = new_world()
        for version in "23":
            swf("RegisterWorkflowType", **IN, name="flow", version=version, **WORKFLOW_DEFAULTS)
        swf.start("other", taskList={"name": "others"})
        swf.start(lambdaRole=ROLE)
        swf.decide(activity(), d("StartTimer", timerId="running", startToFireTimeout="60"))
        swf.signal()
        task = swf.poll()
        asked = {"taskToken": task["taskToken"], "decisions": [d(decision, **attributes)]}
        return outcome(swf, "RespondDecisionTaskCompleted", asked)

    attributes = ATTRIBUTES[decision]
    usual = answered(attributes)
    heeded = {path for path, changed in others(attributes) if answered(changed) != usual}
    assert [member for member in members(decision_attributes(decision)) if member not in heeded] == []
