"""What decider code may ask of its execution: its clock, its identity, its signals, its end.

Everything here is the same at every replay. It works only while a worker runs a decider; elsewhere it raises
`UsageError`. `workflow.random`, `workflow.info`, `workflow.cancel_requested` and `workflow.logger` are
attributes.
"""

from __future__ import annotations

import datetime as dt
import logging
import random as _random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, overload

from pyswf_fast import _replay, constraints
from pyswf_fast._replay import (
    Promise,
    Run,
    as_completed,
    sleep,
    spawn,
    wait_all,
    wait_any,
)
from pyswf_fast.exceptions import UsageError
from pyswf_fast.lambdas import lambda_task
from pyswf_fast.signatures import check_arguments

__all__ = [
    "Info",
    "Marker",
    "Timer",
    "as_completed",
    "cancel_external",
    "continue_as_new",
    "continue_with",
    "deprecate_patch",
    "lambda_task",
    "now",
    "patched",
    "shield",
    "signal_external",
    "signals",
    "sleep",
    "spawn",
    "status",
    "uuid4",
    "wait_all",
    "wait_any",
]

random: _random.Random
info: Info
cancel_requested: bool
logger: logging.Logger

#: Events after which a run should continue as new: SWF ends a run that reaches 25,000.
MANY_EVENTS = 10_000

T = TypeVar("T")


@dataclass(frozen=True)
class Info:
    """An execution, as its decider sees it.

    Parameters:
        workflow_id: Its workflowId.
        run_id: The run's own id; "" when a history from a file does not tell.
        type: The name of its type.
        version: The version of its type.
        parent: (workflowId, runId) of the execution whose child it is, or None.
        tags: Its tags.
        is_replaying: Whether the code repeats what an earlier decision task decided.
        history_length: How many events the code has seen.
        continue_as_new_suggested: Whether the history has grown long.
    """

    workflow_id: str
    run_id: str
    type: str
    version: str
    parent: tuple[str, str] | None
    tags: tuple[str, ...]
    is_replaying: bool
    history_length: int
    continue_as_new_suggested: bool


class Timer:
    """PySwfAws's name for timers."""

    @staticmethod
    def get(seconds: float) -> Promise[None]:
        """Start a timer: a Promise that is resolved, with None, after so many seconds (rounded up)."""
        return _replay.start_timer(seconds)


def Marker(name: str, details: str | None = None) -> Promise[_replay.RecordedMarker]:
    """Record a marker in the history.

    Parameters:
        name: 1 to 256 characters.
        details: At most 32,768 characters; what is no string is written as JSON.

    Returns:
        A Promise, ready at once, whose result has `name` and `details` as they were recorded.
    """
    return _replay.record_marker(name, details)


def now() -> dt.datetime:
    """Tell the time at which the decision task began, as the history has it: aware, in UTC."""
    return dt.datetime.fromtimestamp(_run("now()").now_seconds, dt.timezone.utc)


def uuid4() -> uuid.UUID:
    """Draw a UUID, the same at every replay."""
    return _run("uuid4()").uuid4()


@overload
def signals(name: str) -> _replay.SignalQueue[Any]: ...
@overload
def signals(name: str, type: type[T]) -> _replay.SignalQueue[T]: ...
@overload
def signals(name: str, type: Any) -> _replay.SignalQueue[Any]: ...
def signals(name: str, type: Any = None) -> _replay.SignalQueue[Any]:
    """Give the queue of the signals of a name: ``get(timeout=None)``, iteration, ``async for``.

    Parameters:
        name: The signals' name.
        type: What their values are read as, such as ``Approval`` or ``list[Order]``; None is what JSON has. A
            value that is none raises `ConversionError` where it is read; the signal is then taken.
    """
    return _replay.signals(name, type)


def signal_external(
    workflow_id: str, name: str, value: Any = None, run_id: str | None = None
) -> Promise[None]:
    """Signal another execution.

    Parameters:
        workflow_id: Whom.
        name: The signal's name.
        value: What to send with it; None sends nothing.
        run_id: Which of its runs; default the open one.

    Returns:
        A Promise of the delivery; it fails with `ExternalWorkflowException` where there is no such execution.
    """
    run = _run("signal_external()")
    text = None
    if value is not None:
        text = run.task.codec.encode_value(value, run.scope, f"signal {name!r}", later=True)
    constraints.text(name, "name")
    return _replay.signal_external(constraints.text(workflow_id, "workflow_id"), name, text, run_id)


def cancel_external(workflow_id: str, run_id: str | None = None) -> Promise[None]:
    """Ask another execution to cancel; a Promise of the delivery of the request."""
    return _replay.cancel_external(constraints.text(workflow_id, "workflow_id"), run_id)


@contextmanager
def shield() -> Iterator[None]:
    """Defer a cancel request: what is within ends before `WorkflowCanceled` is raised.

    Example:
        >>> with workflow.shield():
        ...     refund(order).result
    """
    run = _run("shield()")
    run.shield(1)
    try:
        yield
    finally:
        run.shield(-1)


def status(text: str) -> None:
    """Say in words where the workflow stands; consoles show it (it is kept in executionContext)."""
    _run("status()").set_status(constraints.text(text, "the text of workflow.status()", 30_000, least=0))


def continue_as_new(*args: Any, **kwargs: Any) -> NoReturn:
    """End this run here and begin the next with these arguments; does not return.

    The code stands still here: no `except Exception` around it sees anything, no `finally` decides anything.
    While SWF waits to be told what came
    meanwhile, or throttles, that goes on.

    Raises:
        UsageError: The decider's function does not take these arguments.
        ContinueAsNewException: SWF refuses for good, as the type of this workflow is deprecated or does not
            exist any more; code may go on from there.
    """
    _check_next("continue_as_new()", args, kwargs)
    _replay.continue_as_new(args, kwargs, None)


def continue_with(*args: Any, **kwargs: Any) -> None:
    """Say with which arguments the next run begins, in a decider that continues indefinitely.

    Such a decider's run is continued as new when its function returns: with the arguments that were given
    here last, else with its own again.

    Raises:
        UsageError: The decider's function does not take these arguments.

    Example:
        >>> @decision_task(continues_indefinitely=True)
        ... def watch(seen: int) -> None:
        ...     workflow.continue_with(look(seen).result)
    """
    _check_next("continue_with()", args, kwargs)
    _replay.continue_with(args, kwargs)


def patched(id: str) -> bool:
    """Tell whether a change of this decider's code is part of this run.

    True in runs that come here first with the changed code, and in every replay of theirs; False in those
    that had passed here before. So running workflows survive a deploy: old ones go the old way to their end.

    Parameters:
        id: The change's name, 1 to 256 characters; the same wherever the change shows in the code.

    Example:
        >>> if workflow.patched("bill-before-ship"):
        ...     bill(order).result
        ...     ship(order).result
        ... else:
        ...     ship(order).result
        ...     bill(order).result
    """
    _check_change("patched()", id)
    return _replay.patched(id)


def deprecate_patch(id: str) -> None:
    """Stand in the place of ``if workflow.patched(id)`` once no run is left that goes the old way.

    The code behind it is the changed code alone. Runs that have recorded the change are replayed as before;
    when none is left of those that ``patched`` marked, this line can go, too.
    """
    _check_change("deprecate_patch()", id)
    _replay.deprecate_patch(id)


def _run(what: str) -> Run:
    run = _replay.current_run()
    if run is None:
        raise UsageError(f"workflow.{what} works only inside a decider, while a worker runs it")
    return run


def _check_change(what: str, id: object) -> None:
    if type(id) is not str:
        raise UsageError(f"workflow.{what} takes the id of a change, a string; found {id!r:.80}")


def _check_next(what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    run = _run(what)
    is_method = run.instance is not None
    check_arguments(f"workflow.{what}", run.task.function, args, kwargs, is_method=is_method)


def _info() -> Info:
    run = _run("info")
    started = run.started_attributes()
    parent = started.get("parentWorkflowExecution")
    return Info(
        workflow_id=run.history.workflow_id,
        run_id=run.run_id,
        type=started["workflowType"]["name"],
        version=started["workflowType"]["version"],
        parent=(parent["workflowId"], parent["runId"]) if parent else None,
        tags=tuple(started.get("tagList", ())),
        is_replaying=run.is_replaying,
        history_length=run.history_length,
        continue_as_new_suggested=run.history_length >= MANY_EVENTS,
    )


class _SilentInReplay(logging.Filter):
    """Lets a decider's line through once: not when its code is replayed."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever the line is
        run = _replay.current_run()
        return run is None or not run.is_replaying


_logger = logging.getLogger("pyswf_fast.workflow")
_logger.addFilter(_SilentInReplay())


def __getattr__(name: str) -> Any:
    if name == "random":
        return _run("random").random
    if name == "info":
        return _info()
    if name == "cancel_requested":
        return _run("cancel_requested").cancel_requested
    if name == "logger":
        return _logger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
