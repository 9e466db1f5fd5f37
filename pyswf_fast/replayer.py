"""Replay without a service: a recorded history and the code at hand, and what that code would decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyswf_fast._replay import Bound, History, Run, Task
from pyswf_fast.exceptions import NondeterminismError

__all__ = ["Replay", "Replayer"]


@dataclass(frozen=True)
class Replay:
    """What a replay came to.

    Parameters:
        decisions: What RespondDecisionTaskCompleted would be sent for the task in hand; [] for a closed one.
        closed: The history's close status, None while it is open.
        nondeterminism: None, or what does not fit: ``kind``, ``event_id``, ``batch``, ``batches``,
            ``recorded``, ``produced``; `decisions` are then [].
        report: The same for people, "" where there is nothing to report.
    """

    decisions: list[dict[str, Any]]
    closed: str | None
    nondeterminism: dict[str, Any] | None = None
    report: str = ""


class Replayer:
    """Replays histories of one decider.

    Parameters:
        decider: A decorated function, or a decorated method bound to its object.

    Example:
        >>> replay = Replayer(total).replay(History.from_json("history.json"))
        >>> assert replay.nondeterminism is None
    """

    def __init__(self, decider: Task[Any, Any] | Bound) -> None:
        self._decider = decider

    def replay(self, history: History, run_id: str | None = None) -> Replay:
        """Replay a history to its task in hand: the body's startedEventId, else the end of an open one.

        A decider's exception becomes a FailWorkflowExecution decision, as a worker would send it.

        Parameters:
            history: The events.
            run_id: The run's own id, which a history from a file may lack; uuid4() and ids of children
                follow from it.

        Raises:
            HistoryFormatError: It is no history as SWF writes it.
        """
        try:
            run = Run(self._decider, history, run_id=run_id)
        except NondeterminismError as error:
            return Replay([], history.close_status, error.report, str(error))
        try:
            return Replay(run.decisions, history.close_status)
        finally:
            run.close()

    def open(self, history: History, run_id: str | None = None) -> Run:
        """Replay a history and keep the run suspended, as a sticky decider does.

        ``run.append_page(body)`` takes the next task's page, ``run.decisions`` are then those of that task;
        ``run.close()`` lets go of it.

        Raises:
            HistoryFormatError: It is no history as SWF writes it.
            NondeterminismError: The code asks for other things than the history recorded.
        """
        return Run(self._decider, history, run_id=run_id)
