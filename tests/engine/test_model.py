"""The model itself, against expectations written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .model import Mismatch, Model, Outcome
from .program import Block, programs
from .records import as_sent, child_prefix, context_of, decision_attributes, split
from .simulator import Chaos, Simulator
from .wire import RUN_ID, Event, event


def drive(program: Block, chaos: Chaos, rounds: int = 12) -> tuple[Simulator, list[Outcome]]:
    """Run a program to its end, or for some decisions, with the model as its decider."""
    world, outcomes = Simulator(chaos), []
    for _ in range(rounds):
        if world.is_closed or not world.until_task():
            break
        started = world.poll()
        outcomes.append(Model(program, world.events, started).run())
        while world.chaos.happens(3):
            world.step()
        if world.chaos.happens(9):
            world.time_out()
            continue
        world.complete([as_sent(one) for one in outcomes[-1].decisions], context_of(outcomes[-1]))
    return world, outcomes


def ids(outcome: Outcome) -> list[tuple[str, Any]]:
    """What was decided, shortly."""
    names = ("activityId", "timerId", "workflowId", "markerName")
    return [
        (
            one["decisionType"],
            next((decision_attributes(one)[n] for n in names if n in decision_attributes(one)), None),
        )
        for one in outcome.decisions
    ]


def test_sequence() -> None:
    """One activity after the other, each a decision; then the log is the result."""
    program: Block = [("call", "once", 1), ("wait", 0), ("call", "once", 2), ("wait", 1)]
    world, outcomes = drive(program, Chaos([]))

    assert [ids(one) for one in outcomes] == [
        [("ScheduleActivityTask", "1")],
        [("ScheduleActivityTask", "2")],
        [("CompleteWorkflowExecution", None)],
    ]
    assert outcomes[-1].log == [["wait", None], ["wait", None]]
    assert world.is_closed


def test_ids() -> None:
    """Ids count per kind; back-off and wait timers are not counted."""
    program: Block = [
        ("timer", 1), ("call", "once", 0), ("child", "child", 0), ("wait_any", [1], 9), ("timer", 2),
    ]  # fmt: skip
    _, outcomes = drive(program, Chaos([]), rounds=1)

    assert [
        ("StartTimer", "1"), ("ScheduleActivityTask", "1"),
        ("StartChildWorkflowExecution", f"{child_prefix(RUN_ID)}-1"), ("StartTimer", "w1"),
    ] == ids(outcomes[0])  # fmt: skip


def history(*rows: tuple[str, dict[str, Any]]) -> list[Event]:
    return [event(number, name, **its) for number, (name, its) in enumerate(rows, start=1)]


def test_batches() -> None:
    """Decisions that timed out or paused end no batch; records come before what happened meanwhile."""
    events = history(
        ("WorkflowExecutionStarted", {}),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskStarted", {"scheduledEventId": 2}),
        ("DecisionTaskTimedOut", {"scheduledEventId": 2, "startedEventId": 3}),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskStarted", {"scheduledEventId": 5}),
        ("WorkflowExecutionSignaled", {"signalName": "s"}),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskCompleted", {"scheduledEventId": 5, "startedEventId": 6}),
        ("TimerStarted", {"timerId": "1", "decisionTaskCompletedEventId": 9}),
        ("DecisionTaskStarted", {"scheduledEventId": 8}),
        ("DecisionTaskCompleted", {"scheduledEventId": 8, "startedEventId": 11}),
        ("TimerStarted", {"timerId": "pause-11", "decisionTaskCompletedEventId": 12}),
        ("TimerFired", {"timerId": "pause-11", "startedEventId": 13}),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskStarted", {"scheduledEventId": 15}),
    )

    first, last = split(events, 16)

    assert [one["eventId"] for one in first.events] == [1, 2, 3, 4, 5, 6]
    assert [one["eventId"] for one in last.events] == [10, 7, 8, 9, 11, 12, 13, 14, 15, 16]
    assert ([one["eventId"] for one in first.record or []], last.record) == ([10], None)


@pytest.mark.parametrize(
    ("other", "batch"),
    [
        ([("call", "once", 1), ("wait", 0)], 2),  # missing: the record has a second activity
        ([("call", "late", 1), ("wait", 0), ("call", "once", 2), ("wait", 1)], 1),  # renamed
        ([("call", "once", 1), ("timer", 1), ("wait", 0), ("call", "once", 2), ("wait", 1)], 1),  # extra
        (
            [("call", "once", 1), ("wait", 0), ("call", "once", 2), ("timer", 1), ("wait", 1)],
            2,
        ),  # extra, later
        (
            [("call", "once", 1), ("wait", 0), ("call", "once", 2), ("wait", 1), ("timer", 1)],
            0,
        ),  # new: no mismatch
    ],
)
def test_mismatches(other: Block, batch: int) -> None:
    """Another program than the one that made the history is found out in the batch where they part."""
    program: Block = [("call", "once", 1), ("wait", 0), ("call", "once", 2), ("wait", 1)]
    world, _ = drive(program, Chaos([]), rounds=2)
    world.until_task()
    started = world.poll()

    if batch:
        with pytest.raises(Mismatch) as caught:
            Model(other, world.events, started).run()
        assert batch == caught.value.batch
    else:
        Model(other, world.events, started).run()


def test_held() -> None:
    """Of 150 commands 99 leave with a timer to come back; the rest follows, and all is found again."""
    program: Block = [("call", "once", n) for n in range(150)] + [("wait", n) for n in range(150)]
    _, outcomes = drive(program, Chaos([]), rounds=3)

    assert (len(outcomes[0].decisions), outcomes[0].held) == (100, 51)
    assert ids(outcomes[0])[-1] == ("StartTimer", "wake-3")
    assert (len(outcomes[1].decisions), outcomes[1].held) == (51, 0)


@given(program=programs(), numbers=st.binary(min_size=0, max_size=200))
def test_agrees_with_itself(program: Block, numbers: bytes) -> None:
    """Whatever a program does and whatever happens, its own history never contradicts it."""
    drive(program, Chaos(numbers))
