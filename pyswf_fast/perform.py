"""One activity task: poll body in, respond operation out. The mirror of ``decider.py``.

body ── orjson ──► ActivityTask ── codec ──► arguments ── function ──► result ── codec ──► Answer
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson

from pyswf_fast import registration
from pyswf_fast._replay import Bound, Task
from pyswf_fast.activity import CURRENT, ActivityInfo, RunningActivity
from pyswf_fast.exceptions import Canceled, DataStoreError, ServiceFault, SwfError, UsageError
from pyswf_fast.execution import scope_of
from pyswf_fast.pace import pace_of
from pyswf_fast.payload import LIMITED_DATA_LIMIT
from pyswf_fast.transport import Transport

__all__ = ["ActivityTask", "Answer", "LetGo", "perform"]

#: For how long a data store that cannot be reached is tried again: for the input, which another attempt can
#: read as well, and for the result, which would be lost.
READ_PATIENCE_SECS = 60
WRITE_PATIENCE_SECS = 600
#: The waits between the tries, which become twice as long each time.
FIRST_WAIT_SECS = 0.5
LONGEST_WAIT_SECS = 20

T = TypeVar("T")

logger = logging.getLogger("pyswf_fast.worker")


class LetGo(BaseException):
    """Ends an activity of which nobody is to be told: the test that left it hanging is over."""


@dataclass(frozen=True)
class ActivityTask:
    """What PollForActivityTask answered.

    Parameters:
        domain: The domain that was polled.
        task_list: The list that was polled.
        body: The answer, as its JSON says it.
    """

    domain: str
    task_list: str
    body: Mapping[str, Any]

    @classmethod
    def from_bytes(cls, domain: str, task_list: str, body: bytes) -> ActivityTask | None:
        """Read an answer; None if it brings no task."""
        read = orjson.loads(body) if body else {}
        return cls(domain, task_list, read) if read.get("taskToken") else None

    @property
    def type(self) -> tuple[str, str]:
        """Name and version of its activity type."""
        return self.body["activityType"]["name"], self.body["activityType"]["version"]

    @property
    def token(self) -> str:
        """The task token."""
        return str(self.body["taskToken"])

    @property
    def scope(self) -> str:
        """Prefix of its data store keys."""
        execution = self.body["workflowExecution"]
        return scope_of(self.domain, execution["workflowId"], execution["runId"])

    @property
    def info(self) -> ActivityInfo:
        """What its code sees as ``activity.info``."""
        execution = self.body["workflowExecution"]
        return ActivityInfo(
            domain=self.domain,
            workflow_id=execution["workflowId"],
            run_id=execution["runId"],
            activity_id=self.body["activityId"],
            type=self.type[0],
            version=self.type[1],
            task_token=self.token,
        )

    def __str__(self) -> str:
        name, version = self.type
        workflow_id = self.body["workflowExecution"]["workflowId"]
        return f"activity {name} {version} (id {self.body['activityId']}, workflow {workflow_id!r})"


@dataclass(frozen=True)
class Answer:
    """What the service is to be told about a task.

    Parameters:
        operation: The operation to call, or None if there is nothing to tell.
        params: Its parameters.
        exception: What the function raised, if it failed.
    """

    operation: str | None
    params: Mapping[str, Any]
    exception: BaseException | None = None

    @classmethod
    def failed(cls, token: str, reason: str, details: str = "") -> Answer:
        """Say that a task failed before its function was called."""
        params = {"taskToken": token, "reason": reason[:256], "details": details[:32768]}
        return cls("RespondActivityTaskFailed", params)


def perform(
    task: ActivityTask,
    activity: Task[Any, Any] | Bound,
    transport: Transport,
    on_exception: Callable[[BaseException], None] = lambda _: None,
    *,
    may_complete_later: bool = True,
) -> Answer:
    """Run an activity.

    Parameters:
        task: The task in hand.
        activity: The decorated function, bound to its object if it has one.
        transport: Where heartbeats go; the answer is the caller's to send.
        on_exception: Is told what the function raised, before that is encoded.
        may_complete_later: Whether somebody else could answer the task.
    """
    served, _ = registration.task_of(activity, "activity")
    first = (activity.instance,) if isinstance(activity, Bound) else ()

    last_beat: str | None = None

    def heart(details: Any) -> bool | None:
        nonlocal last_beat
        text = None
        if details is not None:
            try:
                last_beat = served.codec.encode_value(details, task.scope, "heartbeat", LIMITED_DATA_LIMIT)
            except DataStoreError as error:  # the next may be stored again
                logger.warning("%s: a heartbeat goes without its details: %s", task, error)
            text = last_beat
        return _beat(task, transport, text)

    def patiently(act: Callable[[], T], patience_secs: float) -> T:
        return _patiently(act, patience_secs, task, transport, lambda: _beat(task, transport, last_beat))

    running = RunningActivity(task.info, heart, may_complete_later)
    within = CURRENT.set(running)
    try:
        recorded = task.body.get("input")
        found = patiently(lambda: served.codec.decode_heartbeat(recorded), READ_PATIENCE_SECS)
        running.info = replace(task.info, last_heartbeat=found)
        args, kwargs = patiently(lambda: served.codec.decode_input(recorded), READ_PATIENCE_SECS)
        result = _finish(served.function(*first, *args, **kwargs))
        if running.completes_later:
            return Answer(None, {})
        written = served.codec.encode_result(result, task.scope, later=True)
        text = written if isinstance(written, str) else patiently(lambda: written.field, WRITE_PATIENCE_SECS)
        return Answer("RespondActivityTaskCompleted", {"taskToken": task.token, "result": text})
    except (KeyboardInterrupt, LetGo):
        raise
    except BaseException as error:  # noqa: BLE001 - a SystemExit too is the activity's failure, not the worker's
        if isinstance(error, Canceled) and running.told_to_cancel:
            operation = None if running.is_abandoned else "RespondActivityTaskCanceled"
            return Answer(operation, {"taskToken": task.token})
        _drop_this_frame(error)
        on_exception(error)
        reason, details = served.codec.encode_failure(error, task.scope, heartbeat=last_beat)
        params = {"taskToken": task.token, "reason": reason, "details": details}
        return Answer("RespondActivityTaskFailed", params, error)
    finally:
        CURRENT.reset(within)


def _beat(task: ActivityTask, transport: Transport, details: str | None) -> bool | None:
    """Send a heartbeat; see `Heart`. One that is lost does no harm: the next may arrive in time."""
    params = {"taskToken": task.token}
    if details is not None:
        params["details"] = details
    try:
        answer = orjson.loads(transport.call("RecordActivityTaskHeartbeat", params))
    except UsageError:
        raise
    except ServiceFault as fault:
        if fault.type == "UnknownResourceFault":
            return None
        logger.warning("%s: heartbeat refused: %s", task, fault)
    except SwfError as error:
        logger.warning("%s: heartbeat lost: %s", task, error)
    else:
        return bool(answer.get("cancelRequested"))
    return False


def _patiently(
    act: Callable[[], T],
    patience_secs: float,
    task: ActivityTask,
    transport: Transport,
    beat: Callable[[], Any],
) -> T:
    """Read or write in a data store, again and again while it cannot be reached; heartbeats go on meanwhile.

    What then still fails is the activity's failure, and the retry policy's to judge.
    """
    pace = pace_of(transport)
    until = pace.now() + patience_secs
    wait_secs = FIRST_WAIT_SECS
    while True:
        try:
            return act()
        except DataStoreError as error:  # noqa: PERF203 - it is tried again
            left = until - pace.now()
            if not error.may_pass or left <= 0 or beat() is None:
                raise
            logger.warning("%s: waits for its data store: %s", task, error)
            pace.wait(min(wait_secs * pace.chance.uniform(0.5, 1), left), threading.Event())
            wait_secs = min(2 * wait_secs, LONGEST_WAIT_SECS)


def _finish(result: Any) -> Any:
    """Run what an ``async def`` activity returned to its end; anything else is the result."""
    if not inspect.iscoroutine(result):
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    return _in_a_thread(result)  # serial mode, called from a notebook or a coroutine


def _in_a_thread(coroutine: Coroutine[Any, Any, Any]) -> Any:
    outcome: list[Any] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001 - handed over to the calling thread
            raised.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return outcome[0]


def _drop_this_frame(error: BaseException) -> None:
    traceback = error.__traceback__
    if traceback is not None and traceback.tb_next is not None:
        error.__traceback__ = traceback.tb_next
