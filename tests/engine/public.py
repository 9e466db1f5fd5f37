"""Runs programs of `program.py` through what users call: as a plain function, and as an `async def` one."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from pyswf_fast import RetryPolicy, lambda_task, workflow
from pyswf_fast._replay import Run, as_completed, sleep, spawn, wait_all, wait_any
from pyswf_fast.decorators import activity_task, cached, decision_task
from pyswf_fast.exceptions import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    UsageError,
    WaitTimeout,
    WorkflowCanceled,
)

from .program import ACTIVITIES, CHANGED, CHILDREN, DECIDER, EXECUTIONS, LAMBDAS, Block
from .records import cached_details, decision_attributes, decision_key, split_context

Ask = tuple[Any, ...]
Steps = Generator[Ask, Any, Any]


class Boom(Exception):
    """What a program raises."""


class Return(Exception):
    """The program's ("return", value): caught by the function before anybody sees it."""


def _activity(name: str, options: dict[str, Any]) -> Callable[..., Any]:
    if "retry" in options:
        options = {"retry": RetryPolicy(**options["retry"])}

    @activity_task(swf_task_type=name, swf_task_version="1.0", **options)
    def activity(value: Any, seen: int = 0) -> Any:
        return value

    return activity


def _child(name: str, options: dict[str, Any]) -> Callable[..., Any]:
    @decision_task(swf_workflow_type=name, swf_workflow_version="1.0", **options)
    def child(value: Any) -> Any:
        return value

    return child


activities = {name: _activity(name, options) for name, options in ACTIVITIES.items()}
changed_activities = {name: _activity(name, options) for name, options in CHANGED.items()}
children = {name: _child(name, options) for name, options in CHILDREN.items()}


@cached
def remember(value: Any) -> Any:
    return value


@cached
def refuse(message: str) -> Any:
    raise ValueError(message)


def text_of(error: BaseException) -> str:
    """An exception as the model tells it."""
    if isinstance(error, Boom):
        return f"Boom {error}"
    if isinstance(error, ActivityTaskException):
        task_id = str(error.task_id)
        if isinstance(error, ChildWorkflowException):
            task_id = task_id[21:]  # without what only this run's children have
        return f"{type(error).__name__} {error.failure_status} {task_id} {error.failure_reason}"
    if isinstance(error, (Canceled, UsageError, WaitTimeout, WorkflowCanceled)):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"


class Interpreter:
    """One run of a program: it yields what is to be waited for, and `plain` or `coroutine` waits for it."""

    def __init__(self, is_async: bool, is_changed: bool = False) -> None:
        self.is_async = is_async
        self.activities = changed_activities if is_changed else activities
        self.promises: list[Any] = []
        self.cancelable: list[Any] = []
        self.markers: list[Any] = []
        self.log: list[Any] = []

    def function(self, block: Block) -> Steps:
        """Yield what is to be waited for, be sent its value and error; at last yield what is returned."""
        steps = self.block(block)
        given, error = None, None
        try:
            while True:
                ask = steps.send(given) if error is None else steps.throw(error)
                given, error = yield ask
        except StopIteration:
            yield "return", None
        except Return as returned:
            yield "return", returned.args[0]

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
        self.work(self.activities[activity](argument, len(self.log)))

    def do_graph(self, activity: str, index: int) -> None:
        argument = self.at(index)
        if argument is not None and not any(argument is one for one in self.markers):
            self.work((self.activities | children)[activity](argument))

    def do_nest(self, activity: str, indices: list[int]) -> None:
        found = [one for one in self.several(indices) if not any(one is marker for marker in self.markers)]
        if found:
            self.work(self.activities[activity]([found[0], {"all": found}]))

    def do_map(self, activity: str, items: list[Any], limit: int | None) -> None:
        for promise in self.activities[activity].map(items, limit=limit):
            self.work(promise)

    def do_child(self, name: str, argument: Any) -> None:
        self.work(children[name](argument))

    def do_lambda(self, name: str, argument: Any) -> None:
        self.work(lambda_task(name, argument, **LAMBDAS[name]))

    def do_signal_out(self, to: str, name: str, value: Any) -> None:
        self.work(workflow.signal_external(EXECUTIONS[to], name, value))

    def do_cancel_out(self, to: str) -> None:
        self.work(workflow.cancel_external(EXECUTIONS[to]))

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

            async def branch() -> Any:
                return await coroutine(self.function(block))

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
            self.log.append(["any", self.place_of(first)])

    def do_as_completed(self, indices: list[int], seconds: int | None, most: int, block: Block) -> Steps:
        promises = self.several(indices)
        stream = as_completed(promises, timeout=seconds)
        for _ in range(most):
            first = yield "next", stream
            if first is None:
                return
            self.log.append(["completed", self.place_of(first)])
            yield from self.block(block)

    def place_of(self, promise: Any) -> int:
        return next(place for place, other in enumerate(self.promises) if other is promise)

    def do_sleep(self, seconds: int) -> Steps:
        yield "sleep", seconds

    def do_signal(self, name: str, seconds: int | None) -> Steps:
        self.log.append(["signal", (yield "signal", name, seconds)])

    def do_next_signal(self, name: str) -> Steps:
        self.log.append(["signal", (yield "next", workflow.signals(name))])

    def do_cached(self, value: Any) -> None:
        self.log.append(["cached", remember(value)])

    def do_cached_error(self, message: str) -> None:
        refuse(message)

    def do_patched(self, change: str, new: Block, old: Block) -> Steps:
        yield from self.block(new if workflow.patched(change) else old)

    def do_deprecate(self, change: str) -> None:
        workflow.deprecate_patch(change)

    def do_cancel(self, index: int) -> None:
        promise = self.at(index)
        if any(promise is one for one in self.cancelable):
            promise.cancel()

    def do_ready(self, index: int, yes: Block, no: Block) -> Steps:
        promise = self.at(index)
        if promise is not None:
            yield from self.block(yes if promise.is_ready else no)

    def do_exception(self, index: int) -> None:
        promise = self.at(index)
        if promise is not None:
            error = promise.exception
            self.log.append(["exception", None if error is None else text_of(error)])

    def do_shield(self, block: Block) -> Steps:
        with workflow.shield():
            yield from self.block(block)

    def do_status(self, text: str) -> None:
        workflow.status(text)

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

    def do_info(self) -> None:
        self.log.append(["info", workflow.info.run_id, workflow.info.history_length])

    def do_draw(self) -> None:
        self.log.append(["draw", str(workflow.uuid4()), workflow.random.random()])

    def do_raise(self, message: str) -> None:
        raise Boom(message)

    def do_return(self, value: Any) -> None:
        raise Return(value)

    def do_continue(self, value: Any) -> None:
        workflow.continue_as_new(value)

    def do_forever(self) -> None:
        pass  # said by the decorator

    def do_continue_with(self, value: Any) -> None:
        workflow.continue_with(value)


def value_of(value: Any) -> Any:
    """A result as the model has it: a marker's is name and details."""
    return [value.name, value.details] if hasattr(value, "details") else value


def plain(steps: Steps) -> Any:
    """Wait as plain functions do."""
    ask = next(steps)
    while ask[0] != "return":
        ask = steps.send(_attempt(ask))
    return ask[1]


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
            case ("next", stream):
                return next(stream, None), None
    except BaseException as error:  # noqa: BLE001 - handed on to the program
        return None, error
    raise AssertionError(ask)


async def coroutine(steps: Steps) -> Any:
    """Wait as coroutines do."""
    ask = next(steps)
    while ask[0] != "return":
        ask = steps.send(await _attempt_async(ask))
    return ask[1]


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
            case ("next", stream):
                return await anext(stream, None), None
    except BaseException as error:  # noqa: BLE001 - handed on to the program
        return None, error
    raise AssertionError(ask)


def decider(program: Block, is_async: bool = False, is_changed: bool = False) -> Any:
    """The program as a decorated decider; changed: with the other retry policies."""
    decorate = decision_task(
        swf_workflow_type=DECIDER,
        swf_workflow_version="1.0",
        continues_indefinitely=program[:1] == [("forever",)],
    )
    if is_async:

        @decorate
        async def decide(*_: Any) -> Any:
            interpreter = Interpreter(True, is_changed)
            await coroutine(interpreter.function(program))
            return interpreter.log

        return decide

    @decorate
    def decide_plainly(*_: Any) -> Any:
        interpreter = Interpreter(False, is_changed)
        plain(interpreter.function(program))
        return interpreter.log

    return decide_plainly


def status_of(run: Run) -> str | None:
    """The text that a program gave to workflow.status; "" where it gave none."""
    return split_context(run.execution_context or "")[0]


def retries_by(run: Run) -> dict[str, int]:
    """Of what a run's decision leaves over, the further attempts, as it says."""
    _, line = split_context(run.execution_context or "")
    retries: dict[str, int] = line.get("retries", {})
    return retries


def held_by(run: Run) -> int:
    """How many commands a run's response leaves for later."""
    return int(split_context(run.execution_context or "")[1].get("held", 0))


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
        its["details"] = cached_details(its["details"])
    return {"decisionType": type_, decision_key(type_): its}
