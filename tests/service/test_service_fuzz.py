"""Requests made from the model and then spoiled: each is carried out whole or refused without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from service_conformance import SHAPES, check_history, loads
from service_driver import (
    ACTIVITY_DEFAULTS,
    ACTIVITY_TYPE,
    DOMAIN,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    activity,
    d,
)

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.validation import OPERATIONS, decision_member
from pyswf_fast.service.wire import parse, refusal

# What a member of a shape, or of that name, is mostly given, so that many requests are about something.
TOKENS = ("decision token", "activity token")  # stand for the latest ones
USUAL: dict[str, tuple[Any, ...]] = {
    "DomainName": (DOMAIN, DOMAIN, DOMAIN, "other"),
    "WorkflowId": ("w", "w", "child"),
    "WorkflowRunId": ("run id",),
    "WorkflowRunIdOptional": ("run id", ""),
    "TaskToken": TOKENS,
    "WorkflowType": (WORKFLOW_TYPE,),
    "ActivityType": (ACTIVITY_TYPE,),
    "TaskList": ({"name": "decisions"}, {"name": "activities"}),
    "Arn": (f"arn:aws:swf:us-east-1:000000000000:/domain/{DOMAIN}",),
    "DurationInSeconds": ("0", "10"),
    "DurationInSecondsOptional": ("0", "10", "NONE"),
    "DurationInDays": ("1", "NONE"),
    "TaskPriority": ("0", "-5"),
    "PageSize": (0, 1, 1000),
    "PageToken": ("page token",),
    "Timestamp": (0, 1.7e9),
}
SPOILERS: list[Any] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    -0.5,
    1e308,
    "",
    "arn",
    "a:b",
    "a/b",
    "eu-west-1/test",
    "\x00",
    "\ud800",
    "😀" * 300,
    "x" * 40_000,
    "9" * 30,
    "NONE",
    [],
    [None],
    [[[[]]]],
    ["x"] * 2000,
    {},
    {"name": {"name": {}}},
    {"name": "decisions", "version": "1", "unknown": 1},
    float("nan"),
]


def value(shape_name: str, random: Random) -> Any:
    """A value that is right for the shape."""
    shape = SHAPES[shape_name]
    if shape_name in USUAL:
        return deepcopy(random.choice(USUAL[shape_name]))
    if shape_name == "Decision":
        kind = random.choice(SHAPES["DecisionType"]["enum"])
        return {"decisionType": kind, decision_member(kind): value(f"{kind}DecisionAttributes", random)}
    if shape["type"] == "structure":
        required = shape.get("required", ())
        return {
            name: value(member["shape"], random)
            for name, member in shape["members"].items()
            if name in required or random.random() < 0.4
        }
    if shape["type"] == "list":
        return [value(shape["member"]["shape"], random) for _ in range(random.randrange(4))]
    if "enum" in shape:
        return random.choice(shape["enum"])
    if shape["type"] == "string":
        return random.choice("abc")
    return {"boolean": random.random() < 0.5, "integer": 1, "long": 1}[shape["type"]]


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Each container in `tree` with each of its keys."""
    pairs = list(
        tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    )
    for key, inner in pairs:
        yield tree, key
        yield from places(inner)


def spoil(params: dict[str, Any], random: Random) -> None:
    """Remove or replace something, or add what nobody knows."""
    found = list(places(params))
    if not found or random.random() < 0.1:
        params[random.choice(["unknown", "", "domain", "decisions", "\x00"])] = deepcopy(
            random.choice(SPOILERS)
        )
        return
    container, key = random.choice(found)
    if random.random() < 0.3:
        del container[key]
    else:
        container[key] = deepcopy(random.choice(SPOILERS))


def state(machine: Machine) -> str:
    """All that the machine holds, in words."""
    lists = {key: sum(1 for _ in queue) for key, queue in machine._lists.items()}
    runs = [
        (run.run_id, run.events, {name: str(held) for name, held in vars(run.state).items()})
        for domain in machine.domains.values()
        for run in domain.runs.values()
    ]
    domains = [
        (
            domain.key,
            domain.status,
            domain.retention,
            domain.description,
            domain.tags,
            domain.types,
            list(domain.open),
        )
        for domain in machine.domains.values()
    ]
    return repr((domains, runs, lists))


class Fuzzed:
    """A service in the middle of a workflow, and what a client of it knows."""

    def __init__(self) -> None:
        self.swf = EmbeddedSwf(clock=VirtualClock())
        self.known = {"page token": "x"}
        self("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        self("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
        self("RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)
        started = self("StartWorkflowExecution", domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE)
        self.known["run id"] = started["runId"]
        task = self.poll("Decision")
        decisions = [activity("a"), activity("b"), d("StartTimer", timerId="a", startToFireTimeout="9")]
        self("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)
        self("SignalWorkflowExecution", domain=DOMAIN, workflowId="w", signalName="s")
        self.poll("Activity")
        self.poll("Decision")

    def __call__(self, operation: str, /, **params: Any) -> Any:
        return loads(self.swf.call(operation, params))

    def poll(self, kind: str) -> Any:
        task_list = {"Decision": "decisions", "Activity": "activities"}[kind]
        task = self(f"PollFor{kind}Task", domain=DOMAIN, taskList={"name": task_list}, maximumPageSize=3)
        self.known[f"{kind.lower()} token"] = task["taskToken"]
        self.known["page token"] = task.get("nextPageToken", "x")
        return task

    def filled(self, tree: Any) -> Any:
        """`tree` with real tokens and run ids in the place of the words that stand for them."""
        if isinstance(tree, dict):
            return {key: self.filled(inner) for key, inner in tree.items()}
        if isinstance(tree, list):
            return [self.filled(inner) for inner in tree]
        return self.known.get(tree, tree) if isinstance(tree, str) else tree

    def send(self, operation: str, params: dict[str, Any]) -> bool:
        """Send a request as bytes; whether it was carried out."""
        machine = self.swf.machine
        self.swf.run_due()  # what happens by itself is no trace of a refused request
        before = state(machine)
        status, body = answered(self.swf, operation, json.dumps(self.filled(params)).encode())
        if status == 200:
            assert body == b"" or json.loads(body) is not None
            self.swf.commit()
            return True
        assert json.loads(body)["__type"]
        assert state(machine) == before, "a refused request leaves nothing"
        assert not machine.changes
        return False


def answered(service: EmbeddedSwf, operation: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to a request in bytes: 200, or a fault of the sender's."""
    headers = {b"x-amz-target": f"SimpleWorkflowService.{operation}".encode()}
    try:
        return 200, service.apply(parse(headers, body))
    except ServiceFault as fault:
        status, _, content = refusal(fault)
    assert 400 <= status < 500, content
    return status, content


@given(st.integers(0, 2**32))  # drawing from Hypothesis itself would make failures take minutes to shrink
def test_spoiled_requests_are_carried_out_whole_or_refused_without_a_trace(seed: int) -> None:
    service, random = Fuzzed(), Random(seed)
    for operation in random.sample(sorted(OPERATIONS), len(OPERATIONS)):
        params = value(OPERATIONS[operation]["input"]["shape"], random)
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            spoil(params, random)
        service.send(operation, params)
    for domain in service.swf.machine.domains.values():
        for run in domain.runs.values():
            check_history([json.loads(event) for event in run.events])


def test_requests_that_are_not_spoiled_are_often_carried_out() -> None:
    """Else the test above would show little."""
    random, done = Random(1), set()
    for _ in range(60):
        service = Fuzzed()
        for operation in random.sample(sorted(OPERATIONS), len(OPERATIONS)):
            if service.send(operation, value(OPERATIONS[operation]["input"]["shape"], random)):
                done.add(operation)
    assert not set(OPERATIONS) - done


@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=200))
def test_any_bytes_are_answered(operation: str, body: bytes) -> None:
    answered(EmbeddedSwf(clock=VirtualClock()), operation, body)
