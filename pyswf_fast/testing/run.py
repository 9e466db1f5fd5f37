"""An execution of a test: what every `Execution` does, and what a test asks of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from pyswf_fast import registration
from pyswf_fast._replay import History, Work
from pyswf_fast.client import Client
from pyswf_fast.exceptions import UsageError
from pyswf_fast.execution import Execution
from pyswf_fast.payload import Codec
from pyswf_fast.service import EmbeddedSwf

__all__ = ["Call", "SwfClient", "SwfRun", "recorded"]


def recorded(service: EmbeddedSwf, run_id: str) -> History:
    """Read a history from the service's memory, past all its throttles and refusals."""
    record = service.machine.run(run_id)
    if record is None:
        raise UsageError(f"there is no run {run_id!r}")
    events = service.machine.events(record, 1, record.state.last_id)
    page = b'{"workflowExecution":%s,"events":[%s]}' % (orjson.dumps(record.identity), b",".join(events))
    return History.from_pages([page])


@dataclass(frozen=True)
class Call:
    """An attempt at an activity, as history has it.

    Parameters:
        name: Name of its type.
        args: What it was called with.
        kwargs: Likewise.
        status: SCHEDULED, STARTED, or how it ended: COMPLETED, FAILED, TIMED_OUT, CANCELED.
        result: What it returned, or None.
        reason: Why it failed, or which timeout ended it, or None.
        attempt: 1 for the first.
        version: Version of its type.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    status: str = "COMPLETED"
    result: Any = None
    reason: str | None = None
    attempt: int = 1
    version: str = "1.0"

    def __str__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwargs.items())]
        return f"{self.name}({', '.join(given)}): {self.status}"


class SwfRun(Execution):
    """An execution whose workers are the test's: waiting for it lets them work, and time pass.

    What looks at it (`history`, `activities`, …) shows it as it is, whatever faults are injected.
    """

    def history(self) -> History:
        """Read the run's whole history."""
        service = getattr(self._transport, "behind", None)
        return recorded(service, self.run_id) if isinstance(service, EmbeddedSwf) else super().history()

    @property
    def activities(self) -> list[str]:
        """Names of the activities that it asked for, in order, each attempt for itself."""
        return [str(work.name) for work in self.history().activities]

    def calls(self, activity: Any = None) -> list[Call]:
        """The attempts at its activities, in order.

        Parameters:
            activity: Only those at this one: a decorated function, or the name of its type.
        """
        name, codec = activity, Codec("activity")
        if activity is not None and not isinstance(activity, str):
            task, _ = registration.task_of(activity, "activity")
            name, codec = task.name, task.codec
        return [_call(codec, work) for work in self.history().activities if name in (None, work.name)]

    @property
    def timers(self) -> list[float]:
        """How long its timers were to last, in seconds, in order."""
        return [float(timer.start_to_fire_timeout) for timer in self.history().timers]

    @property
    def children(self) -> list[SwfRun]:
        """The executions that it started as its children, in order."""
        runs = []
        for child in self.history().child_workflows:
            if child.started_event_id:
                started = child.workflow_execution
                runs.append(SwfRun(self._transport, self._domain, started["workflowId"], started["runId"]))
        return runs

    @property
    def events(self) -> list[str]:
        """The types of its events, in order."""
        return [event.event_type for event in self.history()]


class SwfClient(Client):
    """A client whose executions are `SwfRun`."""

    execution_type = SwfRun

    def start(self, decider: Any, *args: Any, workflow_id: str | None = None, **kwargs: Any) -> SwfRun:
        """Start an execution; see `Client.start`."""
        started = super().start(decider, *args, workflow_id=workflow_id, **kwargs)
        assert isinstance(started, SwfRun)  # noqa: S101 - for the type checker
        return started


def _call(codec: Codec, work: Work) -> Call:
    args, kwargs = codec.decode_input(work.input)
    status = work.state
    return Call(
        name=str(work.name),
        args=tuple(args),
        kwargs=kwargs,
        status=status,
        result=codec.decode_result(work.result) if status == "COMPLETED" else None,
        reason=work.reason or work.timeout_type,
        attempt=work.attempt,
        version=str(work.version),
    )
