"""Activities on a worker: what goes in, what comes out, and what the code may call meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from worker_script import Script

from pyswf_fast import Canceled, Client, UsageError, Worker, activity, activity_task
from pyswf_fast.service import EmbeddedSwf

Serve = Callable[[Worker], Any]
FALSY = [0, "", None, [], {}, False, 0.0]


@activity_task
def echo(value: Any = "nothing given") -> Any:
    return value


@activity_task
async def slow_echo(value: Any) -> Any:
    await asyncio.sleep(0.01)
    return value, activity.info.activity_id


@activity_task
def explode(value: Any) -> None:
    raise LookupError(f"no {value}")


@activity_task
def leave() -> None:
    raise SystemExit(3)


@activity_task
def unwritable() -> object:
    return threading.Lock()


class Counter:
    def __init__(self) -> None:
        self.count = 0

    @activity_task
    def add(self, number: int) -> int:
        self.count += number
        return self.count


@activity_task
def who() -> dict[str, Any]:
    info = activity.info
    return {
        "workflow": info.workflow_id,
        "run": info.run_id,
        "id": info.activity_id,
        "type": [info.type, info.version],
        "attempt": info.attempt,
        "domain": info.domain,
    }


def worker(swf: EmbeddedSwf, *activities: Any, **more: Any) -> Worker:
    return Worker("script", activities=activities, task_list="work", transport=swf, **more)


def test_falsy_values_survive(script: Script, serve: Serve) -> None:
    script.schedule(*((str(i), "echo", json.dumps([[value], {}])) for i, value in enumerate(FALSY)))
    with serve(worker(script.swf, echo)):
        outcomes = script.outcomes(len(FALSY))

    assert [json.loads(outcomes[str(i)][1]["result"]) for i in range(len(FALSY))] == FALSY


def test_no_input_is_a_call_without_arguments(script: Script, serve: Serve) -> None:
    script.schedule(("1", "echo", None), ("2", "echo", ""))
    with serve(worker(script.swf, echo)):
        outcomes = script.outcomes(2)

    assert {each["result"] for _, each in outcomes.values()} == {'"nothing given"'}


def test_methods_get_their_object_and_async_functions_run(script: Script, serve: Serve) -> None:
    script.schedule(("7", "Counter.add", "[[40],{}]"), ("8-2", "slow_echo", '[[],{"value":2}]'))
    with serve(worker(script.swf, Counter().add, slow_echo)):
        outcomes = script.outcomes(2)

    assert outcomes["7"][1]["result"] == "40"
    assert outcomes["8-2"][1]["result"] == '[2,"8-2"]'


def test_info_tells_the_task(script: Script, serve: Serve) -> None:
    script.schedule(("3", "who", None), ("3-4", "who", None), ("their own", "who", None))
    with serve(worker(script.swf, who)):
        outcomes = script.outcomes(3)

    told = {key: json.loads(attributes["result"]) for key, (_, attributes) in outcomes.items()}
    assert told["3"] == {
        "workflow": "script",
        "run": script.run_id,
        "id": "3",
        "type": ["who", "1.0"],
        "attempt": 1,
        "domain": "script",
    }
    assert [told["3-4"]["attempt"], told["their own"]["attempt"]] == [4, 1]


def test_a_failure_carries_type_message_and_traceback(script: Script, serve: Serve) -> None:
    script.schedule(("1", "explode", '[["luck"],{}]'))
    with serve(worker(script.swf, explode)):
        [(kind, attributes)] = script.outcomes(1).values()

    assert kind == "Failed"
    assert attributes["reason"] == "LookupError: no luck"
    assert json.loads(attributes["details"])["type"] == "builtins.LookupError"
    assert 'raise LookupError(f"no {value}")' in attributes["details"].replace('\\"', '"')
    assert "perform.py" not in attributes["details"]


def test_one_bad_task_fails_and_the_others_go_on(
    script: Script, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    script.schedule(
        ("input", "echo", "no json"),
        ("count", "echo", "[[1,2,3],{}]"),
        ("result", "unwritable", None),
        ("exit", "leave", None),
        ("unknown", "nobody_serves_this", None),
        ("good", "echo", '[["fine"],{}]'),
    )
    with serve(worker(script.swf, echo, unwritable, leave, activity_concurrency=1)):
        outcomes = script.outcomes(6)

    reasons = {key: attributes.get("reason", "") for key, (_, attributes) in outcomes.items()}
    assert reasons.pop("good") == ""
    assert "input of echo()" in reasons.pop("input")
    assert reasons.pop("count").startswith("TypeError: ")
    assert "result of unwritable()" in reasons.pop("result")
    assert reasons.pop("exit") == "SystemExit: 3"
    assert "no activity of this worker serves 'nobody_serves_this'" in reasons.pop("unknown")
    assert "no activity of this worker serves 'nobody_serves_this'" in caplog.text
    assert re.search(r"activity leave \(id exit, workflow '[^']+'\) failed", caplog.text)


def test_as_many_run_at_once_as_are_allowed(script: Script, serve: Serve) -> None:
    running, most, lock = 0, 0, threading.Lock()

    @activity_task(swf_task_type="crowd")
    def crowd() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1

    script.schedule(*((str(i), "crowd", None) for i in range(12)))
    with serve(worker(script.swf, crowd, activity_concurrency=3)):
        script.outcomes(12)

    assert most == 3


def test_no_task_is_taken_that_cannot_run(script: Script, serve: Serve) -> None:
    release = threading.Event()

    @activity_task(swf_task_type="hold")
    def hold() -> None:
        release.wait(20)

    script.schedule(*((str(i), "hold", None) for i in range(5)))
    with serve(worker(script.swf, hold, activity_concurrency=2)):
        time.sleep(0.5)
        started = [event for event in script.events if event["eventType"] == "ActivityTaskStarted"]
        release.set()
        script.outcomes(5)

    assert len(started) == 2


# --- what activity code may call -------------------------------------------------------------------


def test_heartbeat_details_are_kept(script: Script, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    @activity_task(swf_task_type="beat")
    def beat() -> None:
        activity.heartbeat({"done": 3})
        release.wait(20)

    script.schedule(("1", "beat", None), startToCloseTimeout="1")
    with serve(worker(script.swf, beat)):
        [(kind, attributes)] = script.outcomes(1).values()
        release.set()

    assert kind == "TimedOut"
    assert json.loads(attributes["details"]) == {"done": 3}
    assert "nobody waits for its result" in caplog.text


def test_heartbeats_are_nothing_outside_of_workers() -> None:
    activity.heartbeat("nobody hears")

    with pytest.raises(UsageError, match=r"activity\.info"):
        activity.info
    with pytest.raises(UsageError, match="complete_later"):
        activity.complete_later()


def test_a_heartbeat_tells_of_a_cancel_request_once(script: Script, serve: Serve) -> None:
    started = threading.Event()
    heard: list[str] = []

    @activity_task(swf_task_type="stubborn")
    def stubborn() -> str:
        started.set()
        for _ in range(2000):
            try:
                activity.heartbeat()
            except Canceled as request:
                heard.append(str(request))
                activity.heartbeat("cleaning up")
                return "cleaned up"
            time.sleep(0.005)
        return "never asked"

    script.schedule(("1", "stubborn", None))
    with serve(worker(script.swf, stubborn)):
        assert started.wait(10)
        _signal(script)
        script.cancel("1")
        [(kind, attributes)] = script.outcomes(1).values()

    assert heard == ["activity 1 was asked to cancel"]
    assert (kind, attributes["result"]) == ("Completed", '"cleaned up"')


def test_an_activity_that_lets_the_request_pass_is_canceled(script: Script, serve: Serve) -> None:
    started = threading.Event()

    @activity_task(swf_task_type="obedient")
    def obedient() -> None:
        started.set()
        for _ in range(2000):
            activity.heartbeat()
            time.sleep(0.005)

    script.schedule(("1", "obedient", None))
    with serve(worker(script.swf, obedient)):
        assert started.wait(10)
        _signal(script)
        script.cancel("1")
        [(kind, _)] = script.outcomes(1).values()

    assert kind == "Canceled"


def _signal(script: Script) -> None:
    """Give the execution a decision task."""
    script.swf.call(
        "SignalWorkflowExecution", {"domain": script.domain, "workflowId": "script", "signalName": "go"}
    )


def test_heartbeats_and_results_of_a_closed_execution_are_not_fatal(
    script: Script, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    started, closed, heard = threading.Event(), threading.Event(), threading.Event()

    @activity_task(swf_task_type="late")
    def late(beats: bool) -> None:
        started.set()
        assert closed.wait(10)
        if beats:
            try:
                activity.heartbeat()
            except Canceled:
                heard.set()
                raise

    script.schedule(("1", "late", "[[true],{}]"), ("2", "late", "[[false],{}]"))
    with serve(worker(script.swf, late, echo)):
        assert started.wait(10)
        script.swf.call("TerminateWorkflowExecution", {"domain": "script", "workflowId": "script"})
        closed.set()
        assert heard.wait(10)
        _wait_until(lambda: "nobody waits for its result" in caplog.text)


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_somebody_else_completes_later(script: Script, serve: Serve) -> None:
    tokens: list[str] = []

    @activity_task(swf_task_type="ask_somebody")
    def ask_somebody() -> None:
        tokens.append(activity.complete_later())

    script.schedule(("1", "ask_somebody", None), ("2", "echo", "[[2],{}]"))
    with serve(worker(script.swf, ask_somebody, echo)):
        _wait_until(lambda: bool(tokens))
        assert "1" not in script.outcomes(1)
        Client("script", transport=script.swf).complete_activity(tokens[0], {"approved": True})
        outcomes = script.outcomes(2)

    assert json.loads(outcomes["1"][1]["result"]) == {"approved": True}


def test_a_thread_of_its_own_sees_the_activity_in_a_copied_context(script: Script, serve: Serve) -> None:
    @activity_task(swf_task_type="threaded")
    def threaded() -> list[str]:
        seen: list[str] = []

        def look() -> None:
            try:
                seen.append(activity.info.activity_id)
            except UsageError:
                seen.append("nothing")

        for target in (look, contextvars.copy_context().run):
            thread = threading.Thread(target=target, args=() if target is look else (look,))
            thread.start()
            thread.join()
        return seen

    script.schedule(("1", "threaded", None))
    with serve(worker(script.swf, threaded)):
        [(_, attributes)] = script.outcomes(1).values()

    assert json.loads(attributes["result"]) == ["nothing", "1"]
