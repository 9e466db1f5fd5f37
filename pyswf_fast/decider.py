"""One decision task: pages in, respond body out.

    PollForDecisionTask body ── fetch ──► history ── decide ──► RespondDecisionTaskCompleted parameters

``fetch`` (see `fetching`) waits for the network and runs on a poller's thread; ``decide`` runs the decider's
code and belongs to the one thread that decides. It replays a history from its beginning, or goes on with a
run that was kept (see `kept`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from pyswf_fast import constraints
from pyswf_fast._replay import Bound, History, Page, Run, Task
from pyswf_fast.build import stamp
from pyswf_fast.exceptions import (
    ConfigurationError,
    HistoryFormatError,
    HistoryTooLongError,
    NondeterminismError,
    SwfError,
)
from pyswf_fast.failures import failure_to_text, users_line
from pyswf_fast.fetching import DecisionTask
from pyswf_fast.kept import KeptRuns
from pyswf_fast.rehearsal import rehearse

__all__ = [
    "Call",
    "Decision",
    "DecisionContext",
    "DecisionSettings",
    "answer",
    "calls_of",
    "conclude",
    "decide",
    "go_on",
    "pause",
]

logger = logging.getLogger("pyswf_fast.worker")

#: The first pause of an execution; each further one is twice as long.
FIRST_PAUSE_SECS = 10
LONGEST_PAUSE_SECS = 600

#: Events at which an execution is failed. SWF terminates it at 25,000 without a word to anybody; what is open
#: may add to them until the answer is there.
MOST_EVENTS = 24_900
LAST_EVENT = 25_000

#: How much of the reason of a pause consoles show (in executionContext), in characters; the log has it all.
REASON_LIMIT = 2_000

#: Runs of which it is remembered why they paused, so that the log tells it once.
MOST_REASONS = 1_000

_UNKNOWN_NOTED: set[str] = set()
_REASONS: dict[str, str] = {}  # by run id

Decider: TypeAlias = "Task[Any, Any] | Bound"
ExceptionHook = Callable[[BaseException, "DecisionContext"], Any]


@dataclass
class DecisionContext:
    """What ``handle_exception`` is given: a decision that is about to be answered.

    Parameters:
        task: The task in hand, with its history.
        decisions: What is going to be sent; may be changed or replaced. Left empty, the decision pauses.
        execution_context: What is going to be sent with them, or None.
    """

    task: DecisionTask
    decisions: list[dict[str, Any]] = field(default_factory=list)
    execution_context: str | None = None

    @property
    def history(self) -> History | None:
        """The execution's history."""
        return self.task.history


@dataclass(frozen=True)
class DecisionSettings:
    """How a worker decides.

    Parameters:
        build_id: What the build of the deciders' code is called; None is a hash of the source.
        paranoid: Make every decision a second time from the beginning of its history, and compare.
        on_nondeterminism: ``pause`` a run whose history the code does not fit, or ``fail`` it.
    """

    build_id: str | None = None
    paranoid: bool = False
    on_nondeterminism: str = "pause"

    def __post_init__(self) -> None:
        if self.build_id is not None:
            constraints.text(self.build_id, "the build id", 256)
        if self.on_nondeterminism not in ("pause", "fail"):
            raise ConfigurationError(
                f"on_nondeterminism is {self.on_nondeterminism!r}; it is 'pause' or 'fail'"
            )


class Call(NamedTuple):
    """An activity or a child that a decision asks for."""

    role: str
    id: str
    function: Task[Any, Any]
    instance: object
    task_list: str | None


class Decision(NamedTuple):
    """What has been decided: parameters of RespondDecisionTaskCompleted, and which functions they call.

    `paused_by` is why nothing could be decided, if so; `is_kept` tells that the run can go on from here.
    """

    params: dict[str, Any]
    calls: list[Call]
    paused_by: BaseException | None = None
    is_kept: bool = False


def decide(
    task: DecisionTask,
    find: Callable[[DecisionTask], Decider],
    on_exception: ExceptionHook,
    settings: DecisionSettings = DecisionSettings(),
    kept: KeptRuns | None = None,
) -> Decision:
    """Run the decider over its history.

    Parameters:
        task: The task in hand.
        find: Gives the decider that is to decide it, or raises ConfigurationError.
        on_exception: Called when the decider's own code has failed; it may replace the decisions.
        settings: How to decide.
        kept: The runs that are kept; None keeps none.
    """
    run = kept.take(task.page.run_id) if kept is not None else None
    decision: Decision | None = None
    try:
        if task.history is None:
            raise task.error or HistoryFormatError("the task has no events")
        decider = find(task)
        if run is not None and kept is not None and task.news:
            kept.metrics.hits += 1
            go_on(run, task.news)
        else:
            if run is not None:
                run.close()
            run = _begin(decider, task, task.history, settings, kept)
        _note_unknown_types(task.history)
        if settings.paranoid:
            rehearse(run)
        decision = conclude(task, run, on_exception)
        return decision
    except NondeterminismError as error:
        if settings.on_nondeterminism == "pause":
            return pause(task, error)
        context = DecisionContext(task, [_failed(error)])
        on_exception(error, context)
        return Decision(answer(task.page, context), []) if context.decisions else pause(task, error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one task, the others go on
        return pause(task, error)
    finally:
        if run is not None:
            if kept is not None and decision is not None and decision.is_kept:
                kept.keep(task.page.run_id, run)
            else:
                run.close()


def _begin(
    decider: Decider,
    task: DecisionTask,
    history: History,
    settings: DecisionSettings,
    kept: KeptRuns | None,
) -> Run:
    """Replay a task's history from its beginning."""
    began = time.perf_counter()
    run = Run(
        decider,
        history,
        run_id=task.page.run_id,
        scope=task.scope,
        domain=task.domain,
        stamp=stamp(decider, settings.build_id),
    )
    if kept is not None:
        kept.metrics.misses += 1
        kept.metrics.cold_events += len(history)
        kept.metrics.cold_seconds += time.perf_counter() - began
    return run


def go_on(run: Run, pages: Sequence[Page]) -> None:
    """Let a suspended run take the pages of its next task, oldest first, and decide it."""
    *earlier, last = pages
    for page in earlier:
        run.history.append_page(page)
    run.append_page(last)


def conclude(task: DecisionTask, run: Run, on_exception: ExceptionHook) -> Decision:
    """Turn what a run asks for into the answer."""
    context = DecisionContext(task, run.decisions, run.execution_context)
    failure = run.failure
    if _is_too_long(run):
        failure = HistoryTooLongError(len(run.history))
        context.decisions = [_failed(failure)]
    if failure is not None:
        on_exception(failure, context)
        if not context.decisions:
            return pause(task, failure)
    can_go_on = failure is None and context.decisions is run.decisions and not run.is_closing
    return Decision(answer(task.page, context), list(calls_of(run)), is_kept=can_go_on)


def _is_too_long(run: Run) -> bool:
    """Tell whether SWF would soon terminate the execution, and its decider does not close it now."""
    coming = run.history_length + 1 + len(run.decisions)  # with DecisionTaskCompleted and all records
    return not run.is_closing and (run.history_length >= MOST_EVENTS or coming >= LAST_EVENT)


def _failed(failure: BaseException) -> dict[str, Any]:
    reason, details = failure_to_text(failure)
    members = {"reason": reason, "details": details}
    return {"decisionType": "FailWorkflowExecution", "failWorkflowExecutionDecisionAttributes": members}


def _note_unknown_types(history: History) -> None:
    """Warn, once a process, of event types that are newer than this library."""
    for event_type in history.unknown_types:
        if event_type not in _UNKNOWN_NOTED:
            _UNKNOWN_NOTED.add(event_type)
            logger.warning(
                "histories have events of the type %s, which this version of pyswf_fast does not know: they "
                "are passed over; a newer version may know them",
                event_type,
            )


def calls_of(run: Run) -> Iterator[Call]:
    """Give the activities and children that a run's decisions ask for."""
    calls = run.calls
    for decision in run.decisions if calls else ():
        kind = decision["decisionType"]
        if kind == "ScheduleActivityTask":
            wanted = decision["scheduleActivityTaskDecisionAttributes"]
            role, named = "activity", wanted["activityId"]
        elif kind == "StartChildWorkflowExecution":
            wanted = decision["startChildWorkflowExecutionDecisionAttributes"]
            role, named = "decider", wanted["workflowId"]
        else:
            continue
        function, instance = calls[role, named]
        yield Call(role, named, function, instance, wanted.get("taskList", {}).get("name"))


def pause(task: DecisionTask, error: BaseException) -> Decision:
    """Answer a decision that could not be made: a timer that brings it back, and the reason.

    The execution stays open and loses nothing; after the repair it goes on. An empty answer instead would be
    recorded as a decision that asked for nothing.
    """
    if task.history is not None and len(task.history) >= MOST_EVENTS:
        # Pauses alone would bring the history to its end, at which SWF terminates without a word.
        failed = _failed(HistoryTooLongError(len(task.history)))
        return Decision(answer(task.page, DecisionContext(task, [failed])), [])
    seconds = min(FIRST_PAUSE_SECS << min(_pauses(task), 16), LONGEST_PAUSE_SECS)
    reason = f"{type(error).__name__}: {error}"
    if _REASONS.get(task.page.run_id) == reason:
        logger.warning("%s: decision paused for %d s, for the same reason as before", task, seconds)
    else:
        known = isinstance(error, SwfError)  # its message says all; a traceback would show the library alone
        said = reason + (users_line(error) if known else "")
        logger.error(
            "%s: decision paused for %d s: %s", task, seconds, said, exc_info=None if known else error
        )
        _REASONS[task.page.run_id] = reason
        if len(_REASONS) > MOST_REASONS:
            del _REASONS[next(iter(_REASONS))]
    timer = {"timerId": f"pause-{task.page.started_event_id}", "startToFireTimeout": str(seconds)}
    decision = {"decisionType": "StartTimer", "startTimerDecisionAttributes": timer}
    text = f"paused for {seconds} s: {reason}"[:REASON_LIMIT]
    return Decision(answer(task.page, DecisionContext(task, [decision], text)), [], error)


def _pauses(task: DecisionTask) -> int:
    """Count the earlier pauses, as far as the history tells."""
    try:
        return sum(timer.id.startswith("pause-") for timer in task.history.timers) if task.history else 0
    except HistoryFormatError:
        return 0


def answer(page: Page, made: Run | DecisionContext) -> dict[str, Any]:
    """Give the parameters of RespondDecisionTaskCompleted for what has been decided."""
    params: dict[str, Any] = {"taskToken": page.task_token, "decisions": made.decisions}
    if made.execution_context is not None:
        params["executionContext"] = made.execution_context
    return params
