"""What activity code may call while it runs: ``heartbeat``, ``info``, ``complete_later``.

    from pyswf_fast import activity

    @activity_task
    def convert(path):
        for done, chunk in enumerate(chunks(path), start=activity.info.last_heartbeat or 0):
            ...
            activity.heartbeat(done)

The activity in hand is a context variable: every thread and every asyncio task of a worker sees its own.
"""

from __future__ import annotations

import builtins
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

from pyswf_fast.annotations import converted
from pyswf_fast.exceptions import Canceled, UsageError

__all__ = ["ActivityInfo", "complete_later", "heartbeat"]

T = TypeVar("T")

#: Ids that the library gives: "7", and "7-2" for its second attempt.
_OWN_ID = re.compile(r"\d+(?:-(\d+))?")


@dataclass(frozen=True)
class ActivityInfo:
    """Which task is being worked on.

    Parameters:
        domain: The domain it came from.
        workflow_id: workflowId of the execution that asked for it.
        run_id: runId of that execution.
        activity_id: Its activityId.
        type: Name of its activity type.
        version: Version of its activity type.
        task_token: What ``Client.complete_activity`` wants to know.
        last_heartbeat: Details of the last heartbeat of the attempts before, or None.
    """

    domain: str
    workflow_id: str
    run_id: str
    activity_id: str
    type: str
    version: str
    task_token: str = field(repr=False)
    last_heartbeat: Any = None

    @overload
    def heartbeat_as(self, kind: builtins.type[T]) -> T | None: ...
    @overload
    def heartbeat_as(self, kind: Any) -> Any: ...
    def heartbeat_as(self, kind: Any) -> Any:
        """Give the last heartbeat as a type, such as ``Progress`` or ``list[Order]``; None if there is none.

        Raises:
            ConversionError: What was sent is not of that type.
        """
        return None if self.last_heartbeat is None else converted(self.last_heartbeat, kind, "last heartbeat")

    @property
    def attempt(self) -> int:
        """1 for the first attempt; ids that the library did not give count as first attempts."""
        own = _OWN_ID.fullmatch(self.activity_id)
        return int(own[1] or 1) if own else 1


class Heart(Protocol):
    """Sends one heartbeat; tells whether the activity is asked to cancel, None if nobody waits for it."""

    def __call__(self, details: Any) -> bool | None: ...


@dataclass
class RunningActivity:
    """The activity in hand, as its worker keeps it."""

    info: ActivityInfo
    heart: Heart
    may_complete_later: bool = True
    completes_later: bool = False
    told_to_cancel: bool = False
    is_abandoned: bool = False


CURRENT: ContextVar[RunningActivity | None] = ContextVar("pyswf_fast.activity", default=None)

info: ActivityInfo


def __getattr__(name: str) -> Any:
    if name == "info":
        return _current("info").info
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _current(what: str) -> RunningActivity:
    running = CURRENT.get()
    if running is None:
        raise UsageError(
            f"activity.{what} is there only while a worker runs an activity; "
            "a thread that it starts itself sees it in a copy of the context (contextvars.copy_context)"
        )
    return running


def heartbeat(details: Any = None) -> None:
    """Tell SWF that the work goes on, and how far it is.

    Outside a worker, where nobody listens, this does nothing: the plain function can be called as it is.

    Parameters:
        details: How far the work is; the next attempt finds it in ``activity.info.last_heartbeat``.

    Raises:
        Canceled: The decider asked to cancel this activity, or nobody waits for it any more (it timed out, or
            its execution closed). Raised once: code that catches it may go on to clean up, with heartbeats.
    """
    running = CURRENT.get()
    if running is None:
        return
    is_cancel_requested = running.heart(details)
    if running.told_to_cancel or is_cancel_requested is False:
        return
    running.told_to_cancel = True
    if is_cancel_requested is None:
        running.is_abandoned = True
        raise Canceled(f"nobody waits for activity {running.info.activity_id} any more")
    raise Canceled(f"activity {running.info.activity_id} was asked to cancel")


def complete_later() -> str:
    """Leave the task open when the function returns; somebody completes it with ``Client.complete_activity``.

    Returns:
        The task token.

    Raises:
        UsageError: Serial mode runs the activity, and nobody else can reach it.
    """
    running = _current("complete_later")
    if not running.may_complete_later:
        raise UsageError(
            "activity.complete_later() needs a service: in serial mode nobody else can complete a task"
        )
    running.completes_later = True
    return running.info.task_token
