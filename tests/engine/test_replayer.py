"""Replay offline: what users get of a history and a decider."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from string import ascii_letters
from typing import Any

import pytest
from hypothesis import given, settings

from pyswf_fast import (
    FileDataStore,
    History,
    HistoryFormatError,
    NondeterminismError,
    Replayer,
    Timer,
    UsageError,
    activity_task,
    as_completed,
    cached,
    decision_task,
    sleep,
    spawn,
    wait_all,
    wait_any,
    workflow,
)
from pyswf_fast._replay import Run
from pyswf_fast.replayer import Replay

from . import public
from .program import Block, programs
from .simulator import Chaos
from .stage import Stage
from .test_differential import play, worlds
from .wire import RUN_ID, task_body


@activity_task(swf_task_type="work")
def work() -> Any: ...


@decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
def two() -> Any:
    return [work().result, work().result]


@decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
def one() -> Any:
    return work().result


def lived(stage: Stage) -> History:
    """The history up to the task in hand."""
    started = stage.world.started or stage.world.poll()
    return History.from_pages([task_body(stage.world.events[:started], started)])


def test_decisions_of_the_task_in_hand() -> None:
    """The decisions are those that would be sent for the task at the end of an open history."""
    stage = Stage(two)
    stage.decide()
    stage.completes("1", 7)

    replay = Replayer(two).replay(lived(stage))

    assert replay.closed is None
    assert replay.nondeterminism is None
    assert [d["decisionType"] for d in replay.decisions] == ["ScheduleActivityTask"]
    assert replay.decisions[0]["scheduleActivityTaskDecisionAttributes"]["activityId"] == "2"


def test_a_closed_history_has_no_decisions() -> None:
    """Every batch of a closed history is matched, and nothing is left to decide."""
    stage = Stage(one)
    stage.decide()
    stage.completes("1", 7)
    stage.decide()
    document = json.dumps({"events": stage.world.events}).encode()

    replay = Replayer(one).replay(History.from_json(document))

    assert (replay.closed, replay.decisions, replay.nondeterminism) == ("COMPLETED", [], None)


def test_nondeterminism_is_reported_not_raised() -> None:
    """A decider that changed is told about as data and as text; `open` raises."""
    stage = Stage(two)
    stage.decide()
    stage.completes("1", 7)
    stage.decide()
    stage.completes("2", 8)
    history = lived(stage)

    replay = Replayer(one).replay(history)

    assert replay.decisions == []
    assert replay.nondeterminism is not None
    assert replay.nondeterminism["kind"] == "missing"
    assert replay.nondeterminism["batch"] == 2
    assert "ActivityTaskScheduled '2'" in replay.report
    with pytest.raises(NondeterminismError):
        Replayer(one).open(history)


def test_an_exception_becomes_a_decision() -> None:
    """What the decider raises fails the workflow, here as in a worker."""

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def fails() -> Any:
        raise KeyError("x")

    replay = Replayer(fails).replay(lived(Stage(fails)))

    (decision,) = replay.decisions
    assert decision["decisionType"] == "FailWorkflowExecution"
    assert "KeyError" in decision["failWorkflowExecutionDecisionAttributes"]["reason"]


def test_an_open_run_takes_the_next_page() -> None:
    """A run kept open decides the next task from the new events alone."""
    stage = Stage(two)
    run = Replayer(two).open(lived(stage))
    stage.decide()
    stage.completes("1", None)
    started = stage.world.poll()

    run.append_page(task_body(stage.world.events[3:started], started))

    assert [d["decisionType"] for d in run.decisions] == ["ScheduleActivityTask"]
    run.close()


def test_no_history(tmp_path: Path) -> None:
    """A file that holds something else is a HistoryFormatError."""
    (tmp_path / "h.json").write_text('{"events": [{"eventId": 2}]}')
    with pytest.raises(HistoryFormatError, match="eventType"):
        Replayer(one).replay(History.from_json(tmp_path / "h.json"))


# ── until an event


@decision_task(swf_workflow_type="child")
def child(n: int) -> Any: ...


@decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
def busy() -> Any:
    def side() -> Any:
        sleep(5)
        return work("side").result

    branch = spawn(side)
    first = work("first")
    started = child(1)
    signal = workflow.signals("go").get(timeout=60)
    got = wait_any(first, started).result
    return [signal, got, branch.result, str(workflow.uuid4()), work(branch, first).result]


def lived_to_the_end() -> tuple[Stage, list[Any]]:
    """A closed execution of `busy`, and the decisions of each of its decision tasks with its last event."""
    stage = Stage(busy)
    decided = []

    def decide() -> None:
        run = stage.ask()
        decided.append((stage.world.started, run.decisions, run.execution_context))
        stage.world.complete(run.decisions, run.execution_context)

    decide()
    stage.starts("1")
    stage.signal("go", "true")
    decide()
    stage.fires("1")
    decide()
    stage.completes("1", 1)
    stage.completes("2", 2)
    decide()
    stage.completes("3", 3)
    decide()
    assert stage.world.events[-1]["eventType"] == "WorkflowExecutionCompleted"
    return stage, decided


def document(events: list[Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def test_until_a_decision_task_gives_what_was_decided_then() -> None:
    """Each decision of a closed history can be had again, the run's id from wherever it is told."""
    stage, decided = lived_to_the_end()
    history = History.from_json(document(stage.world.events))
    assert history.run_id == ""

    for started, decisions, context in decided:
        replay = Replayer(busy).replay(history, until=started)
        assert (replay.decisions, replay.closed) == (decisions, None)
        assert replay.execution_context == context

    whole = Replayer(busy).replay(history, until=len(history))
    assert (whole.decisions, whole.closed, whole.batches) == ([], "COMPLETED", len(decided))


def test_until_any_event_is_a_history_that_ends_there() -> None:
    """Cut behind any event (and what was recorded with it), it is replayed as a file that ends there."""
    stage, _ = lived_to_the_end()
    history = History.from_json(document(stage.world.events))
    run_id = Replayer(busy).open(history).run_id

    for event_id in range(1, len(history) + 1):
        past = history.until(event_id)
        cut = History.from_json(document(stage.world.events[: len(past)]))
        assert [event.event_id for event in past] == [event.event_id for event in cut]
        found = Replayer(busy).replay(history, until=event_id)
        same = Replayer(busy).replay(cut, run_id=run_id)
        assert found.nondeterminism is None
        assert (found.decisions, found.execution_context, found.closed, found.batches) == (
            same.decisions, same.execution_context, same.closed, same.batches
        )  # fmt: skip
        assert [str(one) for one in found.where] == [str(one) for one in same.where]


def test_until_a_record_takes_what_was_recorded_with_it() -> None:
    """Half of a decision's records would be no history: with one come the others, and no event more."""
    stage, _ = lived_to_the_end()
    history = History.from_json(document(stage.world.events))
    records = [
        event.event_id for event in history if event.attributes.get("decisionTaskCompletedEventId") == 4
    ]
    assert len(records) > 2

    assert {len(history.until(event_id)) for event_id in (4, *records)} == {records[-1]}
    assert len(history.until(3)) == 3
    assert len(history.until(records[-1] + 1)) == records[-1] + 1


def test_until_reads_no_further() -> None:
    """What is asked for before a mismatch is not disturbed by it."""
    stage = Stage(two)
    stage.decide()
    stage.completes("1", 7)
    stage.decide()
    history = History.from_json(document(stage.world.events))

    replay = Replayer(one).replay(history, until=3)

    assert replay.nondeterminism is None
    assert [d["decisionType"] for d in replay.decisions] == ["ScheduleActivityTask"]


@pytest.mark.parametrize("event_id", [0, -1, 99])
def test_until_an_event_that_is_not_there(event_id: int) -> None:
    """It says which events there are."""
    with pytest.raises(UsageError, match=f"an event of 1 to 3 expected, found {event_id}"):
        Replayer(one).replay(lived(Stage(one)), until=event_id)


def test_a_run_opened_until_an_event_goes_on() -> None:
    """What was opened at an earlier event takes the later ones, page by page, to the same decisions."""
    stage, decided = lived_to_the_end()
    history = History.from_json(document(stage.world.events))
    run = Replayer(busy).open(history, until=decided[0][0])
    assert run.decisions == decided[0][1]
    known = decided[0][0]
    for started, decisions, _ in decided[1:]:
        run.append_page(document(stage.world.events[known:started]))
        assert run.decisions == decisions
        known = started
    assert len(history) == len(stage.world.events)
    run.close()


@given(program=programs(), chaos=worlds)
@settings(max_examples=max(10, settings.default.max_examples // 4))
def test_until_any_event_of_any_history(program: Block, chaos: Chaos) -> None:
    """Whatever has happened, a history fits its decider up to every event, as a file that ends there does."""
    decider = public.decider(program, chaos.happens(2))
    events = play(program, chaos, rounds=5).events
    history = History.from_json(document(events))
    for event_id in range(1, len(history) + 1):
        past = len(history.until(event_id))
        found = Replayer(decider).replay(history, RUN_ID, until=event_id)
        same = Replayer(decider).replay(History.from_json(document(events[:past])), RUN_ID)
        assert found.report == ""
        assert (found.decisions, found.closed) == (same.decisions, same.closed)
        assert [str(one) for one in found.where] == [str(one) for one in same.where]


# ── where it stands


def words_of(decider: Any, *steps: Any) -> list[str]:
    """What each branch waits for, once some things have happened."""
    return [one.waits_for for one in replayed(decider, *steps).where]


def replayed(decider: Any, *steps: Any) -> Replay:
    stage = Stage(decider)
    for step in steps:
        step(stage)
    return Replayer(decider).replay(lived(stage))


def decides(stage: Stage) -> None:
    stage.decide()


def test_where_an_activity_is_waited_for() -> None:
    """An activity is told with its type, its id, and the events that scheduled and started it."""
    assert words_of(one) == ["activity work 1.0 with id '1', not recorded yet"]
    assert words_of(one, decides, lambda stage: stage.signal("x")) == [
        "activity work 1.0 with id '1', scheduled at event 5"
    ]
    assert words_of(one, decides, lambda stage: stage.starts("1"), lambda stage: stage.signal("x")) == [
        "activity work 1.0 with id '1', scheduled at event 5, started at event 6"
    ]


def test_where_other_things_are_waited_for() -> None:
    """Timers, children, signals, branches and several of them at once are told in words."""

    def waits(code: Any) -> list[str]:
        @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
        def decider() -> Any:
            return code()

        return words_of(decider, decides, lambda stage: stage.signal("news"))

    timer = "timer '1' of 60 s, started at event 5"
    assert waits(lambda: sleep(60)) == [timer]
    (words,) = waits(lambda: child(1).result)
    assert words == "child workflow child 1.0 with id '1', initiated at event 5"
    assert waits(lambda: workflow.signals("go").get()) == ["a signal 'go'"]
    assert waits(lambda: workflow.signals("go").get(timeout=5)) == [
        "a signal 'go', for at most 5 s (timer 'w1')"
    ]
    assert waits(lambda: wait_all(Timer.get(60), timeout=9)) == [
        f"all of 1, not there yet: {timer}, for at most 9 s (timer 'w1')"
    ]
    assert waits(lambda: wait_any([Timer.get(60) for _ in range(7)]))[0].endswith("; and 2 more")
    assert waits(lambda: next(as_completed([Timer.get(60), Timer.get(1)]))) == [
        "the next of 2 that are not there yet"
    ]
    assert waits(lambda: spawn(sleep, 60).result) == ["the end of branch 1, sleep", timer]
    (words,) = waits(lambda: work(Timer.get(60)).result)
    assert words == "activity work 1.0 with id '1', not asked for yet: its arguments are not there"
    words = waits(lambda: wait_all(work.map([1, 2], limit=1)))[0]
    assert words.endswith("id '2', not asked for yet: others of its map() go first")


def test_where_an_attempt_is_waited_for() -> None:
    """Between two attempts the timer before the next one is told."""

    def refuse(stage: Stage) -> None:
        stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"

    (words,) = words_of(one, refuse, decides, decides, lambda stage: stage.signal("x"))
    assert words.startswith(
        "activity work 1.0 with id '1', failed: the next attempt waits for timer 'a1-1' of "
    )


def test_where_the_stack_is_the_users() -> None:
    """Each branch comes with its own frames, outermost first, those of the library left out."""

    def inner() -> Any:
        return spawn(outer, "b").result

    def outer(label: str) -> Any:
        return work(label).result

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def decider() -> Any:
        with workflow.shield():
            return inner()

    main, spawned = replayed(decider).where

    assert [frame.name for frame in main.stack] == ["decider", "inner"]
    assert main.stack[1].line == 'return spawn(outer, "b").result'
    assert (spawned.branch, spawned.name.rpartition(".")[2]) == (1, "outer")
    assert [frame.name for frame in spawned.stack] == ["outer"]
    assert str(main).splitlines()[0].endswith("waits for the end of branch 1, " + spawned.name)


def test_where_coroutines_stand() -> None:
    """All the coroutines that wait for each other are on the stack."""

    async def inner() -> Any:
        return await work()

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    async def decider() -> Any:
        return await inner()

    (main,) = replayed(decider).where
    assert [frame.name for frame in main.stack] == ["decider", "inner"]


def test_where_nothing_stands() -> None:
    """A decider that has ended stands nowhere."""

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def decider() -> int:
        spawn(work)
        spawn(sleep, 60)
        return 1

    assert replayed(decider).where == []


def test_where_a_mismatch_finds_the_code() -> None:
    """What does not fit is told with the place at which the code stood, and with what it raised."""
    stage = Stage(two)
    stage.decide()
    stage.completes("1", 7)

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def waits_for_others() -> Any:
        return sleep(1)

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def breaks() -> Any:
        raise KeyError("k")

    (main,) = Replayer(waits_for_others).replay(lived(stage)).where
    assert main.waits_for == "timer '1' of 1 s, not recorded yet"
    broken = Replayer(breaks).replay(lived(stage))
    assert broken.nondeterminism is not None
    assert isinstance(broken.failure, KeyError)


def test_inspect_sees_the_suspended_run() -> None:
    """The run is shown before it is let go: at the end, or with the error where it does not fit."""
    stage = Stage(two)
    stage.decide()
    stage.completes("1", 7)
    stage.decide()
    stage.completes("2", 8)
    seen: list[Any] = []

    def inspect(run: Run, error: BaseException | None) -> None:
        seen.append((error, [frame.f_code.co_name for *_, frame in run.standing]))

    Replayer(two).replay(lived(stage), until=3, inspect=inspect)
    with_error = Replayer(one).replay(lived(stage), inspect=inspect)

    assert seen[0] == (None, ["two"])
    assert isinstance(seen[1][0], NondeterminismError)
    assert str(seen[1][0]) == with_error.report
    assert len(seen) == 2


def test_failure_is_what_the_decider_raised() -> None:
    """The exception itself, with its traceback; a failure that history has recorded is none of now."""

    @decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
    def fails() -> Any:
        raise KeyError("x")

    stage = Stage(fails)
    failure = Replayer(fails).replay(lived(stage)).failure
    assert isinstance(failure, KeyError)
    assert failure.__traceback__ is not None
    stage.decide()
    closed = Replayer(fails).replay(History.from_json(document(stage.world.events)))
    assert (closed.closed, closed.failure) == ("FAILED", None)


# ── cached functions

CALLS: list[str] = []


@cached
def look() -> int:
    CALLS.append("look")
    return 7


@decision_task(swf_workflow_type="order", swf_workflow_version="2.0")
def glances() -> Any:
    first = work()
    return [look(), first.result]


def test_a_cached_function_runs_in_the_task_in_hand() -> None:
    """As in a worker: its result is among what would be sent."""
    CALLS.clear()
    replay = Replayer(glances).replay(lived(Stage(glances)))
    assert [d["decisionType"] for d in replay.decisions] == ["ScheduleActivityTask", "RecordMarker"]
    assert (CALLS, replay.not_run) == (["look"], [])


def test_a_cached_function_need_not_run() -> None:
    """A dry replay leaves the world alone: what is known is decided, the rest is said to wait."""
    CALLS.clear()
    replayer = Replayer(glances, dry=True)
    stage = Stage(glances)

    replay = replayer.replay(lived(stage))

    assert [d["decisionType"] for d in replay.decisions] == ["ScheduleActivityTask"]
    assert (CALLS, replay.not_run) == ([], ["look"])
    assert [one.waits_for for one in replay.where] == [
        "the result of look, a cached function, which was not run"
    ]


def test_a_recorded_cached_function_is_not_missed() -> None:
    """Where history has its result, it is taken from there, also by a run that had to wait for it."""
    stage = Stage(glances)
    replayer = Replayer(glances, dry=True)
    run = replayer.open(lived(stage))
    assert run.not_run == ["look"]
    stage.decide()
    CALLS.clear()
    stage.completes("1", 5)
    history = lived(stage)

    replay = replayer.replay(history)
    run.append_page(task_body(stage.world.events[3 : len(history)], len(history)))

    assert (CALLS, replay.not_run, run.not_run) == ([], [], [])
    assert [d["decisionType"] for d in replay.decisions] == ["CompleteWorkflowExecution"]
    assert run.decisions == replay.decisions
    run.close()


def test_a_dry_replay_stores_nothing(tmp_path: Path) -> None:
    """What a worker would put into a data store is named in the decision, and not put there."""

    long = "".join(Random(7).choices(ascii_letters, k=60_000))  # it does not fit, compressed neither

    @activity_task(input_data_store=FileDataStore(tmp_path))
    def send(text: str) -> Any: ...

    @decision_task(
        swf_workflow_type="order", swf_workflow_version="2.0", result_data_store=FileDataStore(tmp_path)
    )
    def decider() -> Any:
        send(long)
        return long

    history = lived(Stage(decider))

    (sent, result) = Replayer(decider, dry=True).replay(history).decisions

    assert "(not stored)" in sent["scheduleActivityTaskDecisionAttributes"]["input"]
    assert "(not stored)" in result["completeWorkflowExecutionDecisionAttributes"]["result"]
    assert list(tmp_path.iterdir()) == []
    assert "not stored" not in str(Replayer(decider).replay(history).decisions)
    assert list(tmp_path.iterdir()) != []
