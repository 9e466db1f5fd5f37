"""Continuing as new where it is called: nothing runs on, and nothing is lost if SWF refuses."""

from __future__ import annotations

from typing import Any

import pytest
from greenlet import GreenletExit
from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast import (
    ActivityTaskException,
    ContinueAsNewException,
    WorkflowCanceled,
    activity_task,
    decision_task,
    sleep,
    spawn,
    workflow,
)
from pyswf_fast._replay import History, Run

from . import public
from .program import Block, Step, programs
from .simulator import Chaos, Simulator
from .stage import Stage
from .test_differential import worlds
from .wire import RUN_ID, task_body

CONTINUE = ("ContinueAsNewWorkflowExecution", None)
DEPRECATED = "WORKFLOW_TYPE_DEPRECATED"


@activity_task(max_attempts=2)
def work(x: Any = None) -> Any: ...


def refuse(stage: Stage, cause: str = DEPRECATED) -> None:
    """The decision in hand asks to continue as new, and SWF refuses."""
    stage.world.refusals["ContinueAsNewWorkflowExecution"] = cause
    assert stage.decide()[-1] == CONTINUE


def test_nothing_around_the_call_runs() -> None:
    """No `except`, `finally` or `with` around it decides anything: they see eviction at most."""
    seen = []

    @decision_task
    def decider() -> Any:
        try:
            with workflow.shield():
                workflow.continue_as_new()
        except BaseException as error:
            seen.append(type(error))
            raise
        finally:
            work()

    stage = Stage(decider)
    assert stage.decide() == [CONTINUE]
    assert stage.world.is_closed
    assert set(seen) == {GreenletExit}


def test_who_spawned_the_branch_stands_still() -> None:
    """A branch's call ends the run at once: not even what spawned it goes on, or returns."""
    went_on = []

    def branch() -> None:
        workflow.continue_as_new()

    def outer() -> None:
        spawn(branch)
        went_on.append("outer")

    @decision_task
    def decider() -> Any:
        spawn(outer)
        went_on.append("main")
        return "done"

    stage = Stage(decider)
    assert stage.decide() == [CONTINUE]
    assert stage.world.is_closed
    assert went_on == []


def test_refused_in_a_branch() -> None:
    """The refusal is raised in the branch that called; those who spawned it go on behind it."""

    @decision_task
    def decider() -> Any:
        order = []

        def branch() -> None:
            try:
                workflow.continue_as_new()
            except ContinueAsNewException:
                order.append("refused")

        def outer() -> None:
            spawn(branch)
            order.append("outer")

        spawn(outer)
        order.append("main")
        return order

    stage = Stage(decider)
    refuse(stage)
    assert stage.result() == ["refused", "outer", "main"]


def test_what_was_to_wake_wakes_after_the_refusal() -> None:
    """What came with the batch of the call, and while SWF had not answered, is told in its order."""

    @decision_task
    def decider() -> Any:
        order: list[Any] = []
        promise = work(1)

        def waits(name: str) -> None:
            order.append([name, promise.result])

        def listens() -> None:
            order.extend(workflow.signals("s"))

        spawn(waits, "first")

        def continues() -> None:
            promise.result
            try:
                workflow.continue_as_new()
            except ContinueAsNewException:
                order.append("refused")

        spawn(continues)
        spawn(waits, "second")
        spawn(listens)
        workflow.signals("end").get()
        return order

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 7)
    stage.signal("s", "1")
    stage.ask()
    stage.signal("s", "2")
    assert stage.decide() == [CONTINUE]  # and is too late
    stage.ask()
    stage.signal("s", "3")
    assert stage.decide() == [CONTINUE]
    refuse(stage)
    stage.signal("end")
    assert stage.result() == [["first", 7], "refused", ["second", 7], 1, 2, 3]


def test_refused_twice() -> None:
    """Code may ask again, and is refused again; who waits behind it still wakes."""

    @decision_task
    def decider() -> Any:
        refusals = []

        def insists() -> None:
            for _ in range(3):
                try:
                    workflow.continue_as_new()
                except ContinueAsNewException as error:  # noqa: PERF203 - each is one
                    refusals.append(error.failure_reason)

        spawn(insists)
        return refusals

    stage = Stage(decider)
    for _ in range(3):
        refuse(stage)
    assert stage.result() == [DEPRECATED] * 3


def test_calls_that_wait_for_their_arguments() -> None:
    """A call whose argument came meanwhile is issued after the refusal."""

    @decision_task
    def decider() -> Any:
        second = work(work(1))
        try:
            workflow.continue_as_new()
        except ContinueAsNewException:
            return second.result

    stage = Stage(decider)
    stage.ask()
    stage.signal("meanwhile")
    assert stage.decide() == [("ScheduleActivityTask", "1"), CONTINUE]
    stage.completes("1", 1)
    refuse(stage)
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2", 2)
    assert stage.result() == 2


@pytest.mark.parametrize("backs_off", [False, True])
def test_what_fails_meanwhile_is_not_tried_again(backs_off: bool) -> None:
    """As behind the function's end nothing new is asked for; refused, code sees that it has failed."""

    @decision_task
    def decider() -> Any:
        promise = work()
        workflow.signals("go").get()
        try:
            workflow.continue_as_new()
        except ContinueAsNewException:
            try:
                return promise.result
            except ActivityTaskException as error:
                return error.failure_status

    stage = Stage(decider)
    if backs_off:
        stage.world.refusals["1"] = "OPERATION_NOT_PERMITTED"
    stage.decide()
    if backs_off:
        assert stage.decide() == [("StartTimer", "a1-2")]
    stage.signal("go")
    stage.ask()
    if backs_off:
        stage.fires("a1-2")
    else:
        stage.fails("1")
    assert stage.decide() == [CONTINUE]
    refuse(stage)
    assert stage.result() == ("FAILED_TO_SCHEDULE" if backs_off else "FAILED")


def test_cancel_request_meanwhile() -> None:
    """A cancel request waits for SWF's answer: taken, the run ends; refused, it meets the next wait."""

    @decision_task
    def decider() -> Any:
        try:
            workflow.continue_as_new()
        except ContinueAsNewException:
            try:
                sleep(60)
            except WorkflowCanceled:
                return "canceled after the refusal"

    for is_refused in (False, True):
        stage = Stage(decider)
        stage.ask()
        stage.cancel()
        assert stage.decide() == [CONTINUE]
        if is_refused:
            refuse(stage)
            assert stage.result() == "canceled after the refusal"
        else:
            assert stage.decide() == [CONTINUE]
            assert stage.world.is_closed


def test_async() -> None:
    """The same in an `async def` decider."""

    @decision_task
    async def decider() -> Any:
        try:
            workflow.continue_as_new()
        except ContinueAsNewException as error:
            return [error.failure_reason, await work()]

    stage = Stage(decider)
    refuse(stage)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", 7)
    assert stage.result() == [DEPRECATED, 7]


def test_passing_causes_are_waited_for() -> None:
    """A throttle is waited for behind the call, which never returns."""

    @decision_task
    def decider() -> Any:
        try:
            workflow.continue_as_new()
        except BaseException as error:  # noqa: BLE001 - whatever it were
            return repr(error)

    stage = Stage(decider)
    refuse(stage, "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED")
    assert stage.decide() == [("StartTimer", "close-1")]
    stage.fires("close-1")
    assert stage.decide() == [CONTINUE]
    assert stage.world.is_closed


@st.composite
def programs_that_continue(draw: st.DrawFn) -> Block:
    """Programs that ask to continue as new here and there, in branches too, and go on if that is refused."""
    program: Block = draw(programs())
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(program)))
        step: Step = ("try", [("continue", place)])
        wrapped = draw(st.sampled_from([[step], [("spawn", [step])], [("spawn", [("wait", 0), step])]]))
        program = [*program[:place], *wrapped, *program[place:]]
    return program


@given(program=programs_that_continue(), chaos=worlds, is_async=st.booleans())
def test_refusals_of_random_programs(program: Block, chaos: Chaos, is_async: bool) -> None:
    """Refused again and again, a run that goes on decides what one does that begins anew."""
    world = Simulator(chaos)
    going_on: Run | None = None
    known = 0
    for _ in range(12):
        if world.is_closed or not world.until_task():
            break
        started = world.poll()
        decider = public.decider(program, is_async)
        pages = [task_body(world.events[:started], started)]
        anew = Run(decider, History.from_pages(pages), run_id=RUN_ID, scope="d/w/r")
        if going_on is None:
            going_on = Run(decider, History.from_pages(pages), run_id=RUN_ID, scope="d/w/r")
        else:
            going_on.append_page(task_body(world.events[known:started], started))
        known = started
        assert anew.decisions == going_on.decisions
        assert anew.execution_context == going_on.execution_context
        anew.close()
        if not chaos.happens(3):
            world.refusals["ContinueAsNewWorkflowExecution"] = DEPRECATED
        while chaos.happens(3):
            world.step()
        world.complete(going_on.decisions, going_on.execution_context)
    if going_on is not None:
        going_on.close()
