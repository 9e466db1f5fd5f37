"""Runs programs of `program.py` through what users call: as a plain function, and as an `async def` one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator
from typing import Any

from pyswf_fast import workflow
from pyswf_fast._replay import Run, sleep, spawn, wait_all, wait_any
from pyswf_fast.decorators import activity_task, cached, decision_task
from pyswf_fast.exceptions import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    WaitTimeout,
    WorkflowCanceled,
)

from .program import ACTIVITIES, CHILD, DECIDER, Block
from .records import decision_attributes, decision_key

Ask = tuple[Any, ...]
Steps = Generator[Ask, Any, Any]


class Boom(Exception):
    """What a program raises."""


class Return(Exception):
    """The program's ("return",): caught by the function before anybody sees it."""


def _activity(name: str, options: dict[str, Any]) -> Callable[..., Any]:
    @activity_task(swf_task_type=name, swf_task_version="1.0", **options)
    def activity(value: Any, seen: int = 0) -> Any:
        return value

    return activity


def _child() -> Callable[..., Any]:
    @decision_task(swf_workflow_type=CHILD, swf_workflow_version="1.0")
    def child(value: Any) -> Any:
        return value

    return child


activities = {name: _activity(name, options) for name, options in ACTIVITIES.items()}
child = _child()


@cached
def remember(value: Any) -> Any:
    return value


def text_of(error: BaseException) -> str:
    """An exception as the model tells it."""
    if isinstance(error, Boom):
        return f"Boom {error}"
    if isinstance(error, ActivityTaskException):
        task_id = str(error.task_id)
        if isinstance(error, ChildWorkflowException):
            task_id = task_id.rsplit("-", 1)[-1]
        return f"{type(error).__name__} {error.failure_status} {task_id}"
    if isinstance(error, (Canceled, WaitTimeout)):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"


class Interpreter:
    """One run of a program: it yields what is to be waited for, and `plain` or `coroutine` waits for it."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async
        self.promises: list[Any] = []
        self.cancelable: list[Any] = []
        self.markers: list[Any] = []
        self.log: list[Any] = []

    def function(self, block: Block) -> Steps:
        """Yield what is to be waited for, be sent what came of it (a value and an error); None is the end."""
        steps = self.block(block)
        given, error = None, None
        with contextlib.suppress(StopIteration, Return):
            while True:
                ask = steps.send(given) if error is None else steps.throw(error)
                given, error = yield ask
        yield None

    def block(self, block: Block) -> Steps:
        for name, *args in block:
            steps = getattr(self, f"do_{name}")(*args)
            if steps is not None:
                yield from steps

    def several(self, indices: list[int]) -> list[Any]:
        found = [self.at(index) for index in indices]
        return [promise for promise in found if promise is not None]

    def at(self, index: int) -> Any:
        return self.promises[index % len(self.promises)] if self.promises else None

    def work(self, promise: Any) -> None:
        self.promises.append(promise)
        self.cancelable.append(promise)

    def do_call(self, activity: str, argument: Any) -> None:
        self.work(activities[activity](argument, len(self.log)))

    def do_graph(self, activity: str, index: int) -> None:
        argument = self.at(index)
        if argument is not None and not any(argument is one for one in self.markers):
            self.work(activities[activity](argument))

    def do_child(self, argument: Any) -> None:
        self.work(child(argument))

    def do_timer(self, seconds: int) -> None:
        self.work(workflow.Timer.get(seconds))

    def do_marker(self, name: str, details: str) -> None:
        self.markers.append(workflow.Marker(name, details))
        self.promises.append(self.markers[-1])

    def do_spawn(self, block: Block) -> None:
        place = len(self.promises)
        self.promises.append(None)
        self.promises[place] = spawn(self.runner(block))

    def runner(self, block: Block) -> Callable[[], Any]:
        if self.is_async:

            async def branch() -> None:
                await coroutine(self.function(block))

            return branch
        return lambda: plain(self.function(block))

    def do_wait(self, index: int) -> Steps:
        promise = self.at(index)
        if promise is not None:
            self.log.append(["wait", value_of((yield "result", promise))])

    def do_wait_all(self, indices: list[int], seconds: int | None) -> Steps:
        promises = self.several(indices)
        if promises:
            values = yield "wait_all", promises, seconds
            self.log.append(["all", [value_of(value) for value in values]])

    def do_wait_any(self, indices: list[int], seconds: int | None) -> Steps:
        promises = self.several(indices)
        if promises:
            first = yield "wait_any", promises, seconds
            self.log.append(["any", next(i for i, promise in enumerate(self.promises) if promise is first)])

    def do_sleep(self, seconds: int) -> Steps:
        yield "sleep", seconds

    def do_signal(self, name: str, seconds: int | None) -> Steps:
        self.log.append(["signal", (yield "signal", name, seconds)])

    def do_cached(self, value: Any) -> None:
        self.log.append(["cached", remember(value)])

    def do_cancel(self, index: int) -> None:
        promise = self.at(index)
        if any(promise is one for one in self.cancelable):
            promise.cancel()

    def do_ready(self, index: int, yes: Block, no: Block) -> Steps:
        promise = self.at(index)
        if promise is not None:
            yield from self.block(yes if promise.is_ready else no)

    def do_try(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except Return:
            raise
        except Exception as error:  # noqa: BLE001 - the users' own words
            self.log.append(["error", text_of(error)])

    def do_guard(self, block: Block) -> Steps:
        try:
            yield from self.block(block)
        except WorkflowCanceled:
            self.log.append(["canceled"])

    def do_asked(self) -> None:
        self.log.append(["asked", workflow.cancel_requested])

    def do_now(self) -> None:
        self.log.append(["now", round(workflow.now().timestamp(), 3)])

    def do_raise(self, message: str) -> None:
        raise Boom(message)

    def do_return(self) -> None:
        raise Return


def value_of(value: Any) -> Any:
    """A result as the model has it: a marker's is name and details."""
    return [value.name, value.details] if hasattr(value, "details") else value


def plain(steps: Steps) -> None:
    """Wait as plain functions do."""
    ask = next(steps)
    while ask is not None:
        ask = steps.send(_attempt(ask))


def _attempt(ask: Ask) -> tuple[Any, BaseException | None]:
    try:
        match ask:
            case ("result", promise):
                return promise.result, None
            case ("wait_all", promises, seconds):
                return wait_all(*promises, timeout=seconds), None
            case ("wait_any", promises, seconds):
                return wait_any(*promises, timeout=seconds), None
            case ("sleep", seconds):
                return sleep(seconds), None
            case ("signal", name, seconds):
                return workflow.signals(name).get(timeout=seconds), None
    except BaseException as error:  # noqa: BLE001 - handed on to the program
        return None, error
    raise AssertionError(ask)


async def coroutine(steps: Steps) -> None:
    """Wait as coroutines do."""
    ask = next(steps)
    while ask is not None:
        ask = steps.send(await _attempt_async(ask))


async def _attempt_async(ask: Ask) -> tuple[Any, BaseException | None]:
    try:
        match ask:
            case ("result", promise):
                return await promise, None
            case ("wait_all", promises, seconds):
                return await wait_all(*promises, timeout=seconds), None
            case ("wait_any", promises, seconds):
                return await wait_any(*promises, timeout=seconds), None
            case ("sleep", seconds):
                return await sleep(seconds), None
            case ("signal", name, seconds):
                return await workflow.signals(name).get(timeout=seconds), None
    except BaseException as error:  # noqa: BLE001 - handed on to the program
        return None, error
    raise AssertionError(ask)


def decider(program: Block, is_async: bool = False) -> Any:
    """The program as a decorated decider."""
    if is_async:

        @decision_task(swf_workflow_type=DECIDER, swf_workflow_version="1.0")
        async def decide() -> Any:
            interpreter = Interpreter(True)
            await coroutine(interpreter.function(program))
            return interpreter.log

        return decide

    @decision_task(swf_workflow_type=DECIDER, swf_workflow_version="1.0")
    def decide_plainly() -> Any:
        interpreter = Interpreter(False)
        plain(interpreter.function(program))
        return interpreter.log

    return decide_plainly


def readable(run: Run) -> list[dict[str, Any]]:
    """A run's decisions with values in the place of text, as the model has them."""
    return [_readable(decision, run) for decision in run.decisions]


def _readable(decision: dict[str, Any], run: Run) -> dict[str, Any]:
    type_, its = decision["decisionType"], dict(decision_attributes(decision))
    for name in ("input", "result"):
        if name in its:
            its[name] = json.loads(its[name])
    if type_ == "FailWorkflowExecution":
        assert run.failure is not None
        its = {"reason": text_of(run.failure)}
    if type_ == "RecordMarker" and its["markerName"] == "cache":
        details = json.loads(its["details"])
        its["details"] = {"n": details["n"], "r": json.loads(details["r"])}
    return {"decisionType": type_, decision_key(type_): its}
