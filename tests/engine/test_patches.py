"""`workflow.patched` and `deprecate_patch`: running workflows survive a change of their decider's code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyswf_fast import (
    NondeterminismError,
    RemoteError,
    UsageError,
    activity_task,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast.workflow import Marker

from .records import decision_attributes
from .stage import Stage
from .wire import attributes


@activity_task(swf_task_type="bill", swf_task_version="1.0")
def bill() -> Any: ...


@activity_task(swf_task_type="ship", swf_task_version="1.0")
def ship() -> Any: ...


def order(function: Any) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="1.0")(function)


@order
def old() -> Any:
    return [ship().result, ship().result]


@order
def changed() -> Any:
    if workflow.patched("bill-first"):
        bill().result
    return [ship().result, ship().result]


@order
def deprecated() -> Any:
    workflow.deprecate_patch("bill-first")
    bill().result
    return [ship().result, ship().result]


@order
def cleaned() -> Any:
    bill().result
    return [ship().result, ship().result]


MARKER = ("RecordMarker", "pyswf-patch")


def recorded(stage: Stage) -> list[Any]:
    """What the markers in the history say."""
    markers = [one for one in stage.world.events if one["eventType"] == "MarkerRecorded"]
    return [json.loads(attributes(one)["details"]) for one in markers]


def redeploy(stage: Stage, decider: Any) -> None:
    """Other code from now on: the suspended run goes with its process."""
    stage.decider = decider
    assert stage.open is not None
    stage.open.close()
    stage.open = None


def test_a_new_run_takes_the_changed_way() -> None:
    """It records the change, and every later decision and replay sees it."""
    stage = Stage(changed)
    assert stage.decide() == [MARKER, ("ScheduleActivityTask", "1")]
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2", "a")
    redeploy(stage, changed)
    assert stage.decide() == [("ScheduleActivityTask", "3")]
    (marker,) = recorded(stage)
    assert marker == {"id": "bill-first"}


def test_an_old_run_goes_the_old_way() -> None:
    """A run that has passed the place of the change goes on as it began."""
    stage = Stage(old)
    stage.decide()
    redeploy(stage, changed)
    stage.completes("1", "a")
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2", "b")
    assert stage.result() == ["a", "b"]


def test_without_patched_the_change_breaks_old_runs() -> None:
    """The same change made bare is nondeterministic for runs that have passed."""
    stage = Stage(old)
    stage.decide()
    stage.completes("1", "a")
    with pytest.raises(NondeterminismError):
        stage.cold(cleaned)


def test_deprecated() -> None:
    """deprecate_patch replays runs that recorded the change, and is recorded by those that begin with it."""
    stage = Stage(changed)
    stage.decide()
    redeploy(stage, deprecated)
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]

    stage = Stage(deprecated)
    assert stage.decide() == [MARKER, ("ScheduleActivityTask", "1")]
    assert recorded(stage) == [{"id": "bill-first", "deprecated": True}]


def test_back_from_deprecated() -> None:
    """The deploy of deprecate_patch can be taken back: its runs are replayed with patched()."""
    stage = Stage(deprecated)
    stage.decide()
    redeploy(stage, changed)
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]


def test_removed() -> None:
    """Code without any call replays runs that recorded it as deprecated, not those of patched()."""
    stage = Stage(deprecated)
    stage.decide()
    redeploy(stage, cleaned)
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]

    stage = Stage(changed)
    stage.decide()
    stage.completes("1")
    with pytest.raises(NondeterminismError, match="pyswf-patch"):
        stage.cold(cleaned)


def test_asked_again() -> None:
    """A change is recorded once, however often and wherever it is asked for: the answer stays."""

    @order
    def decider() -> Any:
        seen = [workflow.patched("x") for _ in range(3)]
        bill().result
        return [*seen, workflow.patched("x")]

    stage = Stage(decider)
    assert stage.decide() == [MARKER, ("ScheduleActivityTask", "1")]
    stage.completes("1")
    assert stage.result() == [True] * 4

    stage = Stage(old)
    stage.decide()
    redeploy(stage, order(lambda: [ship().result, workflow.patched("y")] and [workflow.patched("y")]))
    stage.completes("1")
    assert stage.result() == [True], "here it is asked for the first time in the task in hand"


def test_once_false_always_false() -> None:
    """A run that was told no is told no for ever: both places of one change go the same way."""

    @order
    def looping() -> Any:
        return [(workflow.patched("loop"), ship().result)[0] for _ in range(2)]

    stage = Stage(old)
    stage.decide()
    redeploy(stage, looping)
    stage.completes("1")
    stage.decide()
    stage.completes("2")
    assert stage.result() == [False, False]


def test_asked_for_earlier_than_recorded() -> None:
    """Where code asks at an earlier place than it did, runs past that place are told no there."""

    @order
    def late() -> Any:
        ship().result
        return [workflow.patched("x"), ship().result]

    @order
    def early_and_late() -> Any:
        before = workflow.patched("x")
        ship().result
        return [before, workflow.patched("x"), ship().result]

    stage = Stage(late)
    stage.decide()
    stage.completes("1", 1)
    assert stage.decide() == [MARKER, ("ScheduleActivityTask", "2")]
    redeploy(stage, early_and_late)
    stage.completes("2", 2)
    assert stage.result() == [False, True, 2]


def test_many_changes() -> None:
    """A decision has room for so many changes, also behind cached results; what asks for more is told so."""

    @cached
    def ask() -> Any: ...

    def decider(changes: int) -> Any:
        @order
        def asking() -> Any:
            for _ in range(90):
                ask()
            known = [workflow.patched(f"change {n}") for n in range(changes)]
            return [ship().result, all(known)]

        return asking

    stage = Stage(decider(8))
    assert stage.decide().count(MARKER) == 8
    stage.completes("1", 0)
    assert stage.result() == [0, True]
    with pytest.raises(UsageError, match="at most 98 changes and cached results"):
        Stage(decider(9)).ask()


def test_refused_marker() -> None:
    """A run whose marker SWF refused has gone the changed way, and goes on so."""
    stage = Stage(changed)
    run = stage.ask()
    completed = stage.world.append(
        "DecisionTaskCompleted", scheduledEventId=stage.world.in_hand, startedEventId=stage.world.started
    )
    stage.world.started = None
    stage.world.append(
        "RecordMarkerFailed",
        cause="OPERATION_NOT_PERMITTED",
        decisionTaskCompletedEventId=completed,
        markerName="pyswf-patch",
    )
    its = decision_attributes(run.decisions[1])
    stage.world.do_ScheduleActivityTask(**its, decisionTaskCompletedEventId=completed)
    stage.world.schedule()
    assert stage.decide() == []
    stage.completes("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]


def test_misuse() -> None:
    """The marker's name is taken, ids are text, and cached functions cannot ask."""

    @cached
    def sneaky() -> Any:
        return workflow.patched("x")

    @order
    def decider() -> Any:
        with pytest.raises(UsageError, match="pyswf-patch"):
            Marker("pyswf-patch")
        with pytest.raises(UsageError, match="1 to 256"):
            workflow.patched("")
        with pytest.raises(UsageError, match="a string; found 7"):
            workflow.patched(7)  # type: ignore[arg-type]
        with pytest.raises(RemoteError, match="cached"):
            sneaky()
        return "fine"

    assert Stage(decider).result() == "fine"
    with pytest.raises(UsageError, match="only inside a decider"):
        workflow.patched("x")
