"""Replay offline: what users get of a history and a decider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyswf_fast import (
    History,
    HistoryFormatError,
    NondeterminismError,
    Replayer,
    activity_task,
    decision_task,
)

from .stage import Stage
from .wire import task_body


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
