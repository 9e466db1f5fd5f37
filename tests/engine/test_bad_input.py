"""Deciders that do what they should not: each gets a clear report, and the execution stays decidable."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import types
from collections.abc import Callable, Generator
from secrets import token_urlsafe
from typing import Any

import greenlet
import pytest

from pyswf_fast import (
    UsageError,
    activity_task,
    as_completed,
    decision_task,
    sleep,
    spawn,
    wait_all,
    workflow,
)
from pyswf_fast.exceptions import PayloadTooLarge, SerializationError
from pyswf_fast.workflow import Timer

from .stage import Stage


@activity_task(swf_task_type="work", swf_task_version="1.0", max_attempts=1)
def work(x: Any = None) -> Any: ...


def order(function: Any) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="2.0")(function)


def failed_with(stage: Stage) -> str:
    """The reason with which the workflow fails now."""
    *_, last = stage.ask().decisions
    assert last["decisionType"] == "FailWorkflowExecution"
    reason = last["failWorkflowExecutionDecisionAttributes"]["reason"]
    assert isinstance(reason, str)
    return reason


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (object, SerializationError, "an object is no JSON value"),
        (lambda: [{"a": {1, 2}.__iter__}], SerializationError, "at [0]['a']"),
        (cyclic, SerializationError, "contains itself"),
        (lambda: nested(100_000), SerializationError, "nested too deeply"),
        (lambda: token_urlsafe(30_000), PayloadTooLarge, "SWF takes 32,768"),
        (lambda: [work()], SerializationError, "at [0]"),
    ],
)
def test_a_result_that_cannot_be_sent(made: Callable[[], Any], error: type[Exception], said: str) -> None:
    """The workflow fails, and the failure says where in the result it is, and what."""

    @order
    def decider() -> Any:
        return made()

    stage = Stage(decider)
    assert said in failed_with(stage)
    assert isinstance(stage.failure(), error)


def recurses() -> Any:
    return recurses()


def recurses_through_spawn() -> Any:
    return spawn(recurses_through_spawn).result


async def recurses_as_a_coroutine() -> Any:
    return await spawn(recurses_as_a_coroutine)


def recurses_through_repr() -> Any:
    class Endless:
        def __repr__(self) -> str:
            return repr(self)

    return repr(Endless())


@pytest.mark.parametrize(
    "function", [recurses, recurses_through_spawn, recurses_as_a_coroutine, recurses_through_repr]
)
def test_recursion_without_end(function: Any) -> None:
    """The workflow fails with RecursionError, and the process goes on."""
    run = Stage(order(function)).cold()
    assert isinstance(run.failure, RecursionError)
    run.close()


def test_deep_recursion_can_wait() -> None:
    """A wait deep in the code's own calls is a wait like any other."""

    def deep(depth: int) -> Any:
        return deep(depth - 1) if depth else work().result

    @order
    def decider() -> Any:
        return deep(500)

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 7)
    assert stage.result() == 7


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: SystemExit(3), "SystemExit: 3"),
        (GeneratorExit, "GeneratorExit"),
        (greenlet.GreenletExit, "greenlet.GreenletExit"),
        (asyncio.CancelledError, "asyncio.exceptions.CancelledError"),
        (MemoryError, "MemoryError"),
    ],
)
@pytest.mark.parametrize("in_branch", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_exceptions_that_are_no_exceptions(
    made: Callable[[], BaseException], reason: str, in_branch: bool, is_async: bool
) -> None:
    """What means an end elsewhere is the decider's own failure here, whoever raises it."""

    def throw() -> None:
        raise made()

    async def throw_async() -> None:
        raise made()

    @order
    def plain() -> None:
        if in_branch:
            spawn(throw).result
        throw()

    @order
    async def coroutine() -> None:
        if in_branch:
            await spawn(throw_async)
        throw()

    assert failed_with(Stage(coroutine if is_async else plain)) == reason


@pytest.mark.parametrize("in_branch", [False, True])
def test_keyboard_interrupt_goes_through(in_branch: bool) -> None:
    """It is taken for the user's: nothing is decided, and the next process decides."""
    interrupts = [True]

    def throw() -> None:
        if interrupts:
            raise KeyboardInterrupt

    @order
    def decider() -> Any:
        if in_branch:
            spawn(throw)
        throw()
        return "decided"

    stage = Stage(decider)
    with pytest.raises(KeyboardInterrupt):
        stage.cold()
    interrupts.clear()
    assert stage.result() == "decided"


def no_text(raised: BaseException) -> BaseException:
    """An exception that raises another one instead of telling its message."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise raised

        __repr__ = __str__

    return Mute()


@pytest.mark.parametrize("raised", [ValueError, SystemExit, GeneratorExit, RecursionError])
def test_an_exception_without_text(raised: type[BaseException]) -> None:
    """The workflow fails all the same, and the reason says what is wrong with it."""

    @order
    def decider() -> None:
        raise no_text(raised())

    assert failed_with(Stage(decider)).endswith(f"<{raised.__name__} in its __str__>")


@pytest.mark.parametrize("how", ["waits", "asks", "waits in a branch"])
def test_a_message_that_waits(how: str) -> None:
    """When the failure is written the code has ended: it can neither wait nor ask for anything."""

    class Waits(Exception):
        def __str__(self) -> str:
            return str(work().result if how == "waits" else work())

    def throw() -> None:
        raise Waits

    @order
    def decider() -> None:
        if how == "waits in a branch":
            spawn(throw).result
        throw()

    stage = Stage(decider)
    assert failed_with(stage).endswith("<UsageError in its __str__>")
    assert len(stage.ask().decisions) == 1


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, None])
def test_a_serializer_that_misbehaves(raised: type[BaseException] | None) -> None:
    """Whatever it raises, or waits for, fails the workflow and nothing else."""

    class Serializer:
        def serialize_input(self, *args: Any, **kwargs: Any) -> str:
            return json.dumps([args, kwargs])

        def deserialize_input(self, text: str) -> Any:
            return json.loads(text)

        def serialize_result(self, value: Any) -> str:
            if raised is None:
                return str(work(value).result)
            raise raised

        def deserialize_result(self, text: str) -> Any:
            return json.loads(text)

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0", result_data_serializer=Serializer())
    def decider() -> Any:
        return 1

    reason = failed_with(Stage(decider))
    assert ("comes too late" if raised is None else raised.__name__) in reason


def test_causes_in_a_circle_or_without_end() -> None:
    """A chain of causes is told as far as there is room."""

    def circle() -> None:
        one, other = ValueError("one"), ValueError("other")
        one.__cause__, other.__cause__ = other, one
        raise one

    def chain() -> None:
        last = ValueError("last")
        for _ in range(20_000):
            before, last = last, ValueError("last")
            last.__cause__ = before
        raise last

    assert failed_with(Stage(order(circle))) == "ValueError: one"
    assert failed_with(Stage(order(chain))) == "ValueError: last"


class Swallows:
    """A context manager that waits when it is left, and swallows everything."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *raised: object) -> bool:
        try:
            work("left").result
        except BaseException:  # noqa: BLE001 - that is the point
            pass
        return True


def swallows_in_a_loop() -> None:
    while True:
        try:
            sleep(1)
        except BaseException:  # noqa: BLE001, PERF203 - that is the point
            pass


def swallows_in_a_context() -> None:
    while True:
        with Swallows():
            work("in").result


def swallows_in_finally() -> None:
    while True:
        try:
            work("in").result
        finally:
            work("finally").result
            continue  # noqa: B012 - that is the point


SWALLOWING = [swallows_in_a_loop, swallows_in_a_context, swallows_in_finally]


@pytest.mark.parametrize("swallows", SWALLOWING)
def test_a_branch_that_swallows_everything(swallows: Callable[[], None]) -> None:
    """It ends neither itself nor anybody else: the decider returns, is evicted, is decided anew."""

    @order
    def decider() -> Any:
        spawn(swallows)
        return work("main").result

    stage = Stage(decider)
    *_, (_, main) = stage.decide()
    stage.evict()
    stage.completes(str(main), "done")
    *_, last = stage.ask().decisions
    assert last["completeWorkflowExecutionDecisionAttributes"] == {"result": '"done"'}
    stage.evict()
    gc.collect()


@pytest.mark.parametrize("swallows", SWALLOWING)
def test_a_decider_that_swallows_everything(swallows: Callable[[], None]) -> None:
    """It goes on deciding, through a cancel request and evictions; only it never ends."""
    stage = Stage(order(swallows))
    for _ in range(2):
        ((_, made),) = stage.decide()
        if swallows is swallows_in_a_loop:
            stage.fires(str(made))
        else:
            stage.completes(str(made))
    stage.cancel()
    assert not stage.ask().is_closing
    stage.evict()
    assert len(stage.ask().decisions) >= 1
    stage.evict()
    gc.collect()


def test_a_finalizer_that_waits() -> None:
    """It may wait when the code drops its object, and decides nothing when the run is evicted."""

    class Waits:
        def __del__(self) -> None:
            try:
                work("dropped").result
            except BaseException:  # noqa: BLE001 - that is the point
                pass

    @order
    def decider() -> Any:
        one = Waits()
        work("first").result
        del one
        return "dropped"

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.evict()
    gc.collect()
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2")
    assert stage.result() == "dropped"
    stage.evict()


def test_a_generator_that_waits_in_finally() -> None:
    """Closing it waits, like any other call."""

    def steps() -> Generator[Any, None, None]:
        try:
            yield work("step").result
        finally:
            work("clean").result

    @order
    def decider() -> Any:
        running = steps()
        first = next(running)
        running.close()
        return first

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 0)
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2")
    assert stage.result() == 0


@types.coroutine
def foreign() -> Generator[None, None, None]:
    yield


def test_awaiting_what_is_not_ours_and_swallowing_the_exit() -> None:
    """The decider fails, and is told why, whatever it catches."""

    @order
    async def decider() -> None:
        for _ in range(2):
            try:
                await foreign()
            except BaseException:  # noqa: BLE001, PERF203 - that is the point
                pass

    assert "which only an event loop can resolve" in failed_with(Stage(decider))


def test_a_coroutine_that_nobody_awaits() -> None:
    """A forgotten await leaves a coroutine in the result, which is said."""

    async def step() -> Any:
        return await work()

    forgotten: list[Any] = []

    @order
    async def decider() -> Any:
        forgotten.append(step())
        return [forgotten[-1]]

    assert "a coroutine is no JSON value" in failed_with(Stage(decider))
    for one in forgotten:
        one.close()


def test_calls_from_a_thread() -> None:
    """Another thread is not the decider: what only a decider can do says so there."""
    seen: list[str] = []

    @order
    def decider() -> Any:
        promise, queue, stream = work(), workflow.signals("s"), as_completed([Timer.get(1)])
        uses: list[Callable[[], Any]] = [
            lambda: promise.result,
            promise.cancel,
            queue.get,
            lambda: next(iter(queue)),
            lambda: next(stream),
            lambda: wait_all(promise),
            lambda: spawn(print),
            lambda: sleep(1),
            lambda: workflow.Marker("m"),
            workflow.now,
            workflow.uuid4,
            lambda: workflow.status("text"),
            lambda: workflow.continue_as_new(),
            lambda: workflow.patched("change"),
            lambda: workflow.signal_external("order-2", "s"),
        ]

        def elsewhere() -> None:
            for use in uses:
                try:
                    use()
                except UsageError as error:  # noqa: PERF203 - each is one
                    seen.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return len(uses)

    stage = Stage(decider)
    run = stage.cold()
    *asked, last = run.decisions
    assert len(seen) == json.loads(last["completeWorkflowExecutionDecisionAttributes"]["result"])
    assert [one["decisionType"] for one in asked] == ["ScheduleActivityTask", "StartTimer"]
    run.close()


def test_arguments_changed_after_the_call() -> None:
    """What counts is what they were at the call, with Promises among them or without."""

    @order
    def decider() -> Any:
        items = [1]
        first = work(items)
        items.append(2)
        second = work([first, items])
        items.append(3)
        return second.result

    stage = Stage(decider)
    (decision,) = stage.ask().decisions
    assert decision["scheduleActivityTaskDecisionAttributes"]["input"] == "[[[1]],{}]"
    stage.decide()
    stage.completes("1", 7)
    (decision,) = stage.ask().decisions
    assert decision["scheduleActivityTaskDecisionAttributes"]["input"] == "[[[7,[1,2]]],{}]"


def test_what_the_engine_made_cannot_be_bent() -> None:
    """Tasks, queues and Promises have no members to set; copies of Promises are Promises of nothing."""

    @order
    def decider() -> Any:
        promise = work()
        for thing, name in (
            (work, "name"),
            (promise, "state"),
            (promise, "run"),
            (workflow.signals("s"), "line"),
        ):
            with pytest.raises(AttributeError):
                setattr(thing, name, None)
        with pytest.raises(UsageError):
            type(promise).__new__(type(promise)).result
        return "unbent"

    stage = Stage(decider)
    run = stage.cold()
    assert run.decisions[-1]["decisionType"] == "CompleteWorkflowExecution"
    run.close()
