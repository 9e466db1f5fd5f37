"""The ASGI application driven by hand: what a real socket cannot show."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE, d

from pyswf_fast.service import EmbeddedSwf, Limits, VirtualClock
from pyswf_fast.service.http import SwfApp

DECISIONS = {"domain": DOMAIN, "taskList": {"name": "decisions"}}


class Exchange:
    """One request to the application; the client may leave before the answer."""

    def __init__(self, app: SwfApp, operation: str, **params: Any) -> None:
        self.status = 0
        self.body = b""
        self._gone = asyncio.Event()
        self._request = [{"type": "http.request", "body": json.dumps(params).encode()}]
        target = f"SimpleWorkflowService.{operation}".encode()
        scope = {"type": "http", "method": "POST", "headers": [(b"x-amz-target", target)]}
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        if self._request:
            return self._request.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")

    def leave(self) -> None:
        self._gone.set()

    async def answer(self) -> Any:
        await asyncio.wait_for(self.task, 5)
        return json.loads(self.body) if self.body else None


async def prepare(app: SwfApp) -> None:
    await Exchange(app, "RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7").answer()
    await Exchange(app, "RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS).answer()


def start(app: SwfApp, workflow_id: str) -> Exchange:
    return Exchange(
        app, "StartWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, workflowType=WORKFLOW_TYPE
    )


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_nothing_is_answered_that_could_not_be_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "swf.db")
    swf = EmbeddedSwf(path)

    async def scenario() -> None:
        app = SwfApp(swf)
        save = swf._store.save

        def fail(changes: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        swf._store.save = fail  # type: ignore[method-assign]
        refused = Exchange(app, "RegisterDomain", name="a", workflowExecutionRetentionPeriodInDays="7")
        assert (await refused.answer())["__type"] == "com.amazon.coral.service#InternalFailure"
        reader = Exchange(app, "ListDomains", registrationStatus="REGISTERED")
        await reader.answer()
        assert (refused.status, reader.status) == (500, 200)
        assert json.loads(reader.body)["domainInfos"] == [], "what was refused has not happened"
        together = [
            Exchange(app, "RegisterDomain", name="a", workflowExecutionRetentionPeriodInDays="7"),
            Exchange(app, "ListDomains", registrationStatus="REGISTERED"),
        ]
        for exchange in together:
            await exchange.answer()
            assert exchange.status == 500, "nobody sees what is not stored"
        swf._store.save = save  # type: ignore[method-assign]
        await Exchange(app, "RegisterDomain", name="b", workflowExecutionRetentionPeriodInDays="7").answer()
        reader = Exchange(app, "ListDomains", registrationStatus="REGISTERED")
        assert [info["name"] for info in (await reader.answer())["domainInfos"]] == ["b"]

    asyncio.run(scenario())
    swf.close()
    assert "changes cannot be stored: database or disk is full" in capsys.readouterr().err


def test_polls_are_served_in_the_order_in_which_they_came_and_those_who_left_are_passed_over() -> None:
    async def scenario() -> None:
        app = SwfApp(EmbeddedSwf(clock=VirtualClock()))
        await prepare(app)
        polls = [Exchange(app, "PollForDecisionTask", **DECISIONS) for _ in range(4)]
        await settled()
        polls[0].leave()
        polls[2].leave()
        await settled()
        for name in ("first", "second"):
            await start(app, name).answer()
        got = [(await polls[n].answer())["workflowExecution"]["workflowId"] for n in (1, 3)]
        assert got == ["first", "second"]
        for gone in (polls[0], polls[2]):
            await asyncio.wait_for(gone.task, 5)
            assert gone.status == 0
        assert app._polls._lists == {}

    asyncio.run(scenario())


def test_a_task_list_takes_so_many_polls_and_no_more() -> None:
    async def scenario() -> None:
        app = SwfApp(EmbeddedSwf(clock=VirtualClock(), limits=Limits(pollers=2)))
        await prepare(app)
        polls = [Exchange(app, "PollForDecisionTask", **DECISIONS) for _ in range(2)]
        await settled()
        fault = await Exchange(app, "PollForDecisionTask", **DECISIONS).answer()
        assert fault["__type"] == "com.amazonaws.swf.base.model#LimitExceededFault"
        app.stop()
        assert [(await poll.answer())["taskToken"] for poll in polls] == ["", ""]

    asyncio.run(scenario())


def test_a_poll_that_waits_was_let_in_once_and_for_all() -> None:
    async def scenario() -> None:
        swf = EmbeddedSwf(clock=VirtualClock())
        app = SwfApp(swf)
        await prepare(app)
        waiting = Exchange(app, "PollForDecisionTask", **DECISIONS)
        await settled()
        swf.deny("PollForDecisionTask")
        started = start(app, "w")
        assert "runId" in await started.answer()
        assert (await waiting.answer())["workflowExecution"]["workflowId"] == "w"
        late = await Exchange(app, "PollForDecisionTask", **DECISIONS).answer()
        assert late["__type"] == "com.amazonaws.swf.base.model#OperationNotPermittedFault"

    asyncio.run(scenario())


def test_a_function_runs_beside_the_loop_and_its_result_reaches_a_waiting_poll() -> None:
    go = threading.Event()

    async def scenario() -> None:
        app = SwfApp(EmbeddedSwf(clock=VirtualClock(), lambdas={"f": lambda *_: go.wait(10)}))
        await prepare(app)
        await Exchange(
            app,
            "StartWorkflowExecution",
            domain=DOMAIN,
            workflowId="w",
            workflowType=WORKFLOW_TYPE,
            lambdaRole="arn:aws:iam::000000000000:role/r",
        ).answer()
        task = await Exchange(app, "PollForDecisionTask", **DECISIONS).answer()
        decision = d("ScheduleLambdaFunction", id="1", name="f")
        await Exchange(
            app, "RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[decision]
        ).answer()
        waiting = Exchange(app, "PollForDecisionTask", **DECISIONS)
        await Exchange(app, "DescribeDomain", name=DOMAIN).answer()
        assert not waiting.task.done(), "the function has not ended, and the loop goes on"
        go.set()
        kinds = [event["eventType"] for event in (await waiting.answer())["events"]]
        assert kinds[4:7] == [
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionCompleted",
        ]

    asyncio.run(scenario())


def test_a_refused_request_does_not_hold_back_what_time_brought_about() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        app = SwfApp(EmbeddedSwf(clock=clock))
        await prepare(app)
        await start(app, "w").answer()
        await Exchange(app, "PollForDecisionTask", **DECISIONS).answer()
        waiting = Exchange(app, "PollForDecisionTask", **DECISIONS)
        await settled()
        clock.advance(30)  # the decision task times out and comes back
        fault = await Exchange(app, "DescribeDomain", name="none").answer()
        assert fault["__type"].endswith("UnknownResourceFault")
        assert (await waiting.answer())["startedEventId"] == 6

    asyncio.run(scenario())


def test_a_task_whose_poller_left_before_its_answer_goes_to_the_next() -> None:
    """Such a task has started; without a timeout nobody would ever see it again."""

    async def scenario() -> None:
        app = SwfApp(EmbeddedSwf(clock=VirtualClock()))
        await prepare(app)
        waiting = Exchange(app, "PollForDecisionTask", identity="gone", **DECISIONS)
        await settled()
        started = start(app, "w")
        waiting.leave()
        await started.answer()
        await asyncio.wait_for(waiting.task, 5)
        assert waiting.status == 0
        late = Exchange(app, "PollForDecisionTask", identity="gone", **DECISIONS)
        late.leave()  # its request is read nevertheless
        await asyncio.wait_for(late.task, 5)
        assert late.status == 0
        task = await Exchange(app, "PollForDecisionTask", identity="here", **DECISIONS).answer()
        kinds = [event["eventType"] for event in task["events"]]
        assert kinds == ["WorkflowExecutionStarted", "DecisionTaskScheduled", "DecisionTaskStarted"]
        await Exchange(app, "RespondDecisionTaskCompleted", taskToken=task["taskToken"]).answer()
        await start(app, "x").answer()
        got = await Exchange(app, "PollForDecisionTask", **DECISIONS).answer()
        assert got["workflowExecution"]["workflowId"] == "x", "what was answered is given to nobody again"

    asyncio.run(scenario())
