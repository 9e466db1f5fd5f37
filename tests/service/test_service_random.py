"""Whatever clients do in whatever order: histories keep the rules, and a restart changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from service_driver import DOMAIN, Driver, activity, child, d, timer

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import Limits

NAMES = ("a", "b", "c")
TASK_LISTS = ("decisions", "sticky")


def a_decision(random: Random) -> dict[str, Any]:
    name = random.choice(NAMES)
    timeouts = random.sample(
        ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout"), 2
    )
    return random.choice(
        [
            activity(name, **{timeout: str(random.randrange(1, 60)) for timeout in timeouts}),
            timer(name, random.randrange(0, 60)),
            child(name, executionStartToCloseTimeout="200", childPolicy="REQUEST_CANCEL"),
            d("CancelTimer", timerId=name),
            d("RequestCancelActivityTask", activityId=name),
            d("RecordMarker", markerName=name),
            d("SignalExternalWorkflowExecution", workflowId=name, signalName="s"),
            d("RequestCancelExternalWorkflowExecution", workflowId=name),
            d("ScheduleLambdaFunction", id=name, name=name, input=f'"{name}"'),
        ]
    )


def a_close(random: Random) -> dict[str, Any]:
    kinds = ("CompleteWorkflowExecution", "FailWorkflowExecution", "ContinueAsNewWorkflowExecution")
    return d(random.choice(kinds))


def a_function(event: str, context: object) -> str:
    if event == "a":
        raise ValueError(event)
    return event


class Chaos:
    """Clients that do anything at any time, and remember the tokens they were given."""

    def __init__(self, swf: Driver, seed: int) -> None:
        self.swf = swf
        self.random = Random(seed)
        self.decision_tokens: list[str] = []
        self.activity_tokens: list[str] = []

    def step(self) -> None:
        actions = [
            self.start,
            self.poll,
            self.decide,
            self.work,
            self.answer,
            self.beat,
            self.reach,
            self.wait,
        ]
        try:
            self.random.choices(actions, weights=[3, 6, 6, 4, 3, 2, 2, 3])[0]()
        except ServiceFault as fault:
            if fault.type not in ("UnknownResourceFault", "WorkflowExecutionAlreadyStartedFault"):
                raise

    def start(self) -> None:
        policy = self.random.choice(("TERMINATE", "REQUEST_CANCEL", "ABANDON"))
        role = self.random.choice(({}, {"lambdaRole": "arn:aws:iam::000000000000:role/r"}))
        name = self.random.choice(NAMES)
        self.swf.start(name, childPolicy=policy, executionStartToCloseTimeout="300", **role)

    def poll(self) -> None:
        task = self.swf.poll(self.random.choice(TASK_LISTS))
        if task["taskToken"]:
            assert task["events"][-1]["eventId"] == task["startedEventId"]
            self.decision_tokens.append(task["taskToken"])

    def decide(self) -> None:
        if not self.decision_tokens:
            return
        decisions = [a_decision(self.random) for _ in range(self.random.randrange(4))]
        if self.random.random() < 0.15:
            decisions.append(a_close(self.random))
        more: dict[str, Any] = {}
        if self.random.random() < 0.5:
            more["taskList"] = {"name": self.random.choice(TASK_LISTS)}
            if self.random.random() < 0.5:
                more["taskListScheduleToStartTimeout"] = "10"
        self.swf.respond({"taskToken": self.a(self.decision_tokens)}, *decisions, **more)

    def work(self) -> None:
        task = self.swf.work()
        if task["taskToken"]:
            self.activity_tokens.append(task["taskToken"])

    def answer(self) -> None:
        if self.activity_tokens:
            how = self.random.choice(("Completed", "Failed", "Canceled"))
            self.swf(f"RespondActivityTask{how}", taskToken=self.a(self.activity_tokens))

    def beat(self) -> None:
        if self.activity_tokens:
            token = self.a(self.activity_tokens)
            self.swf("RecordActivityTaskHeartbeat", taskToken=token, details=str(self.random.random()))

    def reach(self) -> None:
        name = self.random.choice(NAMES)
        operation, more = self.random.choice(
            [
                ("SignalWorkflowExecution", {"signalName": "s"}),
                ("RequestCancelWorkflowExecution", {}),
                ("TerminateWorkflowExecution", {}),
            ]
        )
        self.swf(operation, domain=DOMAIN, workflowId=name, **more)

    def wait(self) -> None:
        self.swf.advance(self.random.choice((0.001, 1, 10, 40)))

    def a(self, tokens: list[str]) -> str:
        """One of the latest; earlier ones may have ended, which must be a fault and nothing worse."""
        return self.random.choice(tokens[-4:])


def everything(swf: Driver) -> list[Any]:
    """All that can be asked for."""
    found: list[Any] = [swf.swf.next_due()]
    for kind, name in (("Open", "startTimeFilter"), ("Closed", "closeTimeFilter")):
        listed = swf(f"List{kind}WorkflowExecutions", domain=DOMAIN, **{name: {"oldestDate": 0}})
        for info in listed["executionInfos"]:
            execution = info["execution"]
            found.append(swf.describe(execution["workflowId"], execution["runId"]))
            found.append(swf.history(execution["workflowId"], execution["runId"]))
    for kind, names in (("Decision", TASK_LISTS), ("Activity", ("activities",))):
        asked = [{"domain": DOMAIN, "taskList": {"name": name}} for name in names]
        found += [swf(f"CountPending{kind}Tasks", **params) for params in asked]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_calls_keeps_the_rules_and_survives_a_restart(
    make_driver: Callable[..., Driver], seed: int
) -> None:
    swf = make_driver(
        restarts=True,
        limits=Limits(history_events=80),
        lambdas={"a": a_function, "b": a_function},
    )
    swf.restarts = False
    chaos = Chaos(swf, seed)
    for _ in range(3):
        for _ in range(150):
            chaos.step()
        before = everything(swf)
        swf.restart()
        assert everything(swf) == before
