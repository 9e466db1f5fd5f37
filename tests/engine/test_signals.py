"""Signals as durable queues: by name, every one, in order, exactly once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyswf_fast import WaitTimeout, activity_task, decision_task, spawn, wait_all, wait_any, workflow
from pyswf_fast.workflow import Timer

from .stage import Stage


@activity_task(swf_task_type="work", swf_task_version="1.0")
def work(x: Any = None) -> Any: ...


def test_a_thousand_in_one_batch() -> None:
    """All of them are read, in the order in which they came, whether one waited for them or not."""

    @decision_task
    def decider() -> Any:
        queue = workflow.signals("s")
        found = [queue.get() for _ in range(500)]
        Timer.get(1).result
        assert len(queue) == 500
        return found + [queue.get(timeout=5) for _ in range(len(queue))]

    stage = Stage(decider)
    stage.decide()
    for number in range(1_000):
        stage.signal("s", str(number))
    assert stage.decide() == [("StartTimer", "1")]
    stage.fires("1")
    assert stage.result() == [*range(1_000)]


def test_a_thousand_branches_in_line() -> None:
    """Who asked first is served first, and no signal twice."""

    @decision_task
    def decider() -> Any:
        return wait_all(*[spawn(lambda: workflow.signals("s").get()) for _ in range(1_000)])

    stage = Stage(decider)
    stage.decide()
    for number in range(999):
        stage.signal("s", str(number))
    assert stage.decide() == []
    stage.signal("s", "999")
    assert stage.result() == [*range(1_000)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("null", None),
        ("0", 0),
        ('""', ""),
        ("[]", []),
        ("{}", {}),
        ("false", False),
        ("", None),
        ("no json {", "no json {"),
        ('"☃"', "☃"),
    ],
)
def test_inputs(text: str | None, value: Any) -> None:
    """A falsy value is a value; no input, or an empty one, is None; what is no JSON comes as its text."""

    @decision_task
    def decider() -> Any:
        return [workflow.signals("s").get(), workflow.signals("s").get(timeout=60)]

    stage = Stage(decider)
    stage.decide()
    stage.signal("s", text)
    stage.decide()
    stage.signal("s", text)
    assert stage.result() == [value, value]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("happens", "seen"),
    [
        ("timer 1 2", ["timeout", 1]),
        ("1 timer 2", [1, 2]),
        ("1 2 timer", [1, 2]),
        ("timer 1", ["timeout", 1]),
        ("1 timer", [1, "none"]),
    ],
)
def test_two_in_line_the_first_with_a_timeout(is_async: bool, happens: str, seen: list[Any]) -> None:
    """In one batch the order of the events decides: whose time is up leaves the signals to the next."""
    queue = "s"

    @decision_task
    def plain() -> Any:
        def first() -> Any:
            try:
                return workflow.signals(queue).get(timeout=5)
            except WaitTimeout:
                return "timeout"

        one, two = spawn(first), spawn(lambda: workflow.signals(queue).get())
        wait_all(one, spawn(lambda: wait_any(two, Timer.get(1))))
        return [one.result, two.result if two.is_ready else "none"]

    @decision_task
    async def coroutine() -> Any:
        async def first() -> Any:
            try:
                return await workflow.signals(queue).get(timeout=5)
            except WaitTimeout:
                return "timeout"

        async def second() -> Any:
            return await workflow.signals(queue).get()

        async def either() -> Any:
            return await wait_any(two, Timer.get(1))

        one, two = spawn(first), spawn(second)
        await wait_all(one, spawn(either))
        return [await one, (await two) if two.is_ready else "none"]

    stage = Stage(coroutine if is_async else plain)
    stage.decide()
    for one in happens.split():
        if one == "timer":
            stage.fires("w1")
        else:
            stage.signal(queue, one)
    if seen[1] == "none":
        stage.fires("1")
    assert stage.result() == seen


@pytest.mark.parametrize("is_async", [False, True])
def test_iteration_over_many_batches(is_async: bool) -> None:
    """`for` takes each signal once, however many came with a batch, until the code leaves the loop."""

    @decision_task
    def plain() -> Any:
        found = []
        for value in workflow.signals("s"):
            if value == "end":
                break
            found.append(value)
        return [found, len(workflow.signals("s"))]

    @decision_task
    async def coroutine() -> Any:
        found = []
        async for value in workflow.signals("s"):
            if value == "end":
                break
            found.append(value)
        return [found, len(workflow.signals("s"))]

    stage = Stage(coroutine if is_async else plain)
    sent: list[Any] = [0, "", None, [], 1, 2, 3]
    for batch in (sent[:1], sent[1:4], [], sent[4:]):
        for value in batch:
            stage.signal("s", json.dumps(value))
            stage.signal("t", '"another queue"')
        stage.world.schedule()
        assert stage.decide() == []
    stage.signal("s", '"end"')
    stage.signal("s", '"left"')
    assert stage.result() == [sent, 1]


def test_a_task_that_timed_out_takes_no_signal() -> None:
    """What a decision took that nobody recorded is there for the one that is."""

    @decision_task
    def decider() -> Any:
        return [workflow.signals("s").get(), work(workflow.signals("s").get()).result]

    stage = Stage(decider)
    stage.decide()
    stage.signal("s", "1")
    stage.signal("s", "2")
    for _ in range(2):
        assert [one["decisionType"] for one in stage.ask().decisions] == ["ScheduleActivityTask"]
        stage.world.time_out()
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", "done")
    assert stage.result() == [1, "done"]


def test_a_signal_while_the_run_closes() -> None:
    """The code has ended: the close is refused, and made again; the signal is nobody's."""

    @decision_task
    def decider() -> Any:
        return workflow.signals("s").get()

    stage = Stage(decider)
    stage.decide()
    stage.signal("s", "1")
    run = stage.ask()
    stage.signal("s", "2")
    stage.world.complete(run.decisions, run.execution_context)
    assert not stage.world.is_closed
    assert stage.result() == 1


def test_names_are_exact() -> None:
    """A queue has the signals of its very name, however odd it is."""
    names = ["s", "S", "s ", "☃", "a" * 256]

    @decision_task
    def decider() -> Any:
        return [workflow.signals(name).get() for name in names]

    stage = Stage(decider)
    for name in reversed(names):
        stage.signal(name, json.dumps(name))
    assert stage.result() == names
