"""Replay without a service: a recorded history and the code at hand, and what that code would decide."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from pyswf_fast._replay import Bound, History, Run, Task
from pyswf_fast.exceptions import NondeterminismError

__all__ = ["Replay", "Replayer", "Waiting", "is_users", "users_frames", "waiting"]

_OURS = __name__.partition(".")[0]


@dataclass(frozen=True)
class Waiting:
    """A branch of a decider that stands still, and where.

    Parameters:
        branch: 0 for the decider's own function, n for the n-th that it gave to ``spawn``.
        name: The function.
        waits_for: What it waits for, in words.
        stack: Where in the user's code it waits: one entry a frame, as in a traceback the innermost last.
    """

    branch: int
    name: str
    waits_for: str
    stack: traceback.StackSummary

    def __str__(self) -> str:
        lines = "".join(self.stack.format()).rstrip("\n")
        return f"branch {self.branch}, {self.name}, waits for {self.waits_for}\n{lines}"


@dataclass(frozen=True)
class Replay:
    """What a replay came to.

    Parameters:
        decisions: What RespondDecisionTaskCompleted would be sent for the task in hand; [] for a closed one.
        closed: The history's close status, None while it is open.
        nondeterminism: None, or what does not fit: ``kind``, ``event_id``, ``batch``, ``batches``,
            ``recorded``, ``produced``; `decisions` are then [].
        report: The same for people, "" where there is nothing to report.
        execution_context: What would be sent with the decisions, or None.
        failure: What the decider raised, if the decisions fail the workflow for it, or if it did so where
            history recorded other things; or None.
        where: The branches of the decider that stand still at the end (or where it does not fit): what each
            waits for. Empty where the decider has ended.
        not_run: Names of cached functions that would have run now, and were not (``dry=True``); code that
            needs their results stands still, so the decisions are those known without them.
        batches: How many decisions the history has, the task in hand included.
    """

    decisions: list[dict[str, Any]]
    closed: str | None
    nondeterminism: dict[str, Any] | None = None
    report: str = ""
    execution_context: str | None = None
    failure: BaseException | None = None
    where: list[Waiting] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    batches: int = 0


class Replayer:
    """Replays histories of one decider.

    Parameters:
        decider: A decorated function, or a decorated method bound to its object.
        dry: Touch nothing. A worker would run cached functions that are called for the first time, and put
            inputs and results that are too long for SWF in their data store; so does a replay of the task in
            hand, unless it is dry: then code that calls such functions is left standing there, and fields
            say what would be stored.
        strict: Compare with the record also what workers do not look at: arguments, durations, options,
            details, results. What lies in a data store is read for it.
        domain: The SWF domain of the histories, if it is known: work of another domain is refused at the call
            only then, as a worker refuses it.

    Example:
        >>> replay = Replayer(total).replay(History.from_json("history.json"))
        >>> assert replay.nondeterminism is None
    """

    def __init__(
        self,
        decider: Task[Any, Any] | Bound,
        *,
        dry: bool = False,
        strict: bool = False,
        domain: str | None = None,
    ) -> None:
        self._decider = decider
        self._domain = domain
        self._dry = dry
        self._strict = strict

    def replay(
        self,
        history: History,
        run_id: str | None = None,
        until: int | None = None,
        inspect: Callable[[Run, BaseException | None], object] | None = None,
    ) -> Replay:
        """Replay a history to its task in hand: the body's startedEventId, else the end of an open one.

        A decider's exception becomes a FailWorkflowExecution decision, as a worker would send it.

        Parameters:
            history: The events.
            run_id: The run's own id, which a history from a file may lack; uuid4() and ids of children
                follow from it.
            until: Replay as if the history had ended with this event (and what was recorded together with
                it); the decisions are those that would have been sent then.
            inspect: Called with the run before it is let go, its code suspended where it stands: at the end,
                with None, or where it does not fit, with the error.

        Raises:
            HistoryFormatError: It is no history as SWF writes it.
            UsageError: It has no event `until`.
        """
        past = history if until is None else history.until(until)
        where: list[Waiting] = []
        failure: BaseException | None = None

        def look(run: Run, error: BaseException | None = None) -> None:
            nonlocal failure
            where.extend(waiting(run))
            failure = run.failure if error is not None or run.decisions else None
            if inspect is not None:
                inspect(run, error)

        try:
            run = self._run(past, run_id, look)
        except NondeterminismError as error:
            return Replay(
                [],
                past.close_status,
                error.report,
                str(error),
                failure=failure,
                where=where,
                batches=error.report["batches"],
            )
        try:
            look(run)
            return Replay(
                run.decisions,
                past.close_status,
                execution_context=run.execution_context,
                failure=failure,
                where=where,
                not_run=run.not_run,
                batches=run.batch - (past.close_status is not None),
            )
        finally:
            run.close()

    def open(self, history: History, run_id: str | None = None, until: int | None = None) -> Run:
        """Replay a history and keep the run suspended, as a sticky decider does.

        ``run.append_page(body)`` takes the next task's page, ``run.decisions`` are then those of that task;
        ``run.close()`` lets go of it. The parameters are those of `replay`.

        Raises:
            HistoryFormatError: It is no history as SWF writes it.
            NondeterminismError: The code asks for other things than the history recorded.
        """
        past = history if until is None else history.until(until)
        return self._run(past, run_id)

    def _run(
        self,
        history: History,
        run_id: str | None,
        on_error: Callable[[Run, BaseException], None] | None = None,
    ) -> Run:
        return Run(
            self._decider,
            history,
            run_id=run_id,
            scope=None if self._dry else "",
            run_cached=not self._dry,
            on_error=on_error,
            strict=self._strict,
            domain=self._domain,
        )


def waiting(run: Run) -> list[Waiting]:
    """Tell where each branch of a suspended run stands."""
    return [
        Waiting(number, getattr(function, "__qualname__", repr(function)), waits_for, _stack(run, frame))
        for number, function, waits_for, frame in run.standing
    ]


def is_users(run: Run, frame: FrameType) -> bool:
    """Tell whether a frame is of the user's code, not of the library's."""
    module = str(frame.f_globals.get("__name__"))
    # a decider of the library's own (a demo) is a user's, too
    return module.partition(".")[0] != _OURS or module == getattr(run.task.function, "__module__", None)


def users_frames(run: Run, frame: FrameType) -> list[FrameType]:
    """Give the user's frames that end with this one, the outermost first."""
    frames: list[FrameType] = []
    step: FrameType | None = frame
    while step is not None:
        if is_users(run, step):
            frames.append(step)
        step = step.f_back
    return frames[::-1]


def _stack(run: Run, frame: FrameType) -> traceback.StackSummary:
    return traceback.StackSummary.from_list(
        [
            traceback.FrameSummary(
                step.f_code.co_filename, step.f_lineno, step.f_code.co_name, lookup_line=False
            )
            for step in users_frames(run, frame)
        ]
    )
