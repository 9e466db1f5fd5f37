"""Code that misbehaves, and limits that meet: the run stays decidable, and nothing crashes or hangs."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any, NamedTuple

import greenlet
import pytest

from pyswf_fast import (
    History,
    Replayer,
    UsageError,
    WorkflowCanceled,
    activity_task,
    as_completed,
    cached,
    decision_task,
    sleep,
    spawn,
    wait_all,
    workflow,
)
from pyswf_fast._replay import Run
from pyswf_fast.workflow import Marker, Timer

from .stage import Stage
from .wire import task_body


@activity_task(swf_task_type="work", swf_task_version="1.0")
def work(x: Any = None) -> Any: ...


def order(function: Any) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="2.0")(function)


def decide_on(stage: Stage) -> list[tuple[str, str | None]]:
    """Decide, and let the timer fire that splits a decision."""
    decisions = stage.decide()
    for _, timer_id in decisions:
        if timer_id is not None and timer_id.startswith("wake-"):
            stage.fires(timer_id)
    return decisions


def test_an_argument_that_is_no_string_is_refused_by_name() -> None:
    """The error says which function was called with what."""

    @order
    def decider() -> Any:
        nothing: Any = None
        for call, told in (
            (workflow.status, "the text of workflow.status() is None; it must be a string"),
            (workflow.patched, "workflow.patched() takes the id of a change, a string; found None"),
            (workflow.deprecate_patch, "workflow.deprecate_patch() takes the id of a change, a string"),
        ):
            with pytest.raises(UsageError) as refused:
                call(nothing)
            assert told in str(refused.value)
        return "refused"

    assert Stage(decider).result() == "refused"


def test_an_argument_that_contains_itself_is_refused() -> None:
    """With a promise in it or without, and however often: UsageError at the call."""

    @order
    def decider() -> Any:
        once: list[Any] = [work(1)]
        once.append(once)
        twice: list[Any] = []
        twice += [twice, twice]
        for value in (once, twice):
            with pytest.raises(UsageError, match="contain themselves"):
                work(value)
        return "refused"

    assert Stage(decider).result() == "refused"


def test_a_long_chain_of_calls_can_be_closed() -> None:
    """A chain of calls that wait for each other is let go without recursion."""

    @order
    def decider() -> Any:
        last = work(0)
        for _ in range(100_000):
            last = work(last)
        return last.result

    stage = Stage(decider)
    run = stage.cold()
    assert len(run.decisions) == 1
    run.close()


@pytest.mark.parametrize("how", ["finally", "loop"])
def test_a_branch_that_waits_again_when_it_ends_does_not_lose_the_close(how: str) -> None:
    """Branches end with the decider's function, whatever they catch."""

    def waits_in_finally() -> None:
        try:
            sleep(10)
        finally:
            sleep(10)

    def never_ends() -> None:
        while True:
            try:
                sleep(10)
            except BaseException:  # noqa: BLE001, PERF203 - that is the point
                pass

    @order
    def decider() -> Any:
        spawn(waits_in_finally if how == "finally" else never_ends)
        return "done"

    assert Stage(decider).result() == "done"


def test_main_that_catches_everything_can_be_evicted() -> None:
    """close() returns, and the code decides nothing any more."""

    @order
    def decider() -> Any:
        while True:
            try:
                work().result
            except BaseException:  # noqa: BLE001, PERF203 - that is the point
                pass

    run = Stage(decider).cold()
    assert len(run.decisions) == 1
    run.close()


def test_cached_results_leave_with_their_batch() -> None:
    """However large they are and whatever else waits: a cold replay finds each where it was."""

    @cached
    def large() -> str:
        return "x" * 30_000

    @order
    def decider() -> Any:
        calls = [work("y" * 30_000) for _ in range(33)]
        found = [len(large()) for _ in range(40)]
        return [sum(found), len(calls)]

    stage = Stage(decider)
    while not stage.world.is_closed:
        decide_on(stage)

    markers = [event for event in stage.world.events if event["eventType"] == "MarkerRecorded"]
    assert len(markers) == 40


def test_a_cached_call_behind_the_open_limit_does_not_spin() -> None:
    """Commands that wait for the open limit do not hold up what is recorded at once."""

    @cached
    def one() -> int:
        return 1

    @order
    def decider() -> Any:
        calls = [work(n) for n in range(1_100)]
        Timer.get(1).result
        found = one()
        calls[0].result
        return found

    stage = Stage(decider)
    while stage.world.started is None and len(decide_on(stage)) == 100:
        pass
    stage.fires("1")

    assert ("RecordMarker", "cache") in decide_on(stage)
    assert not [timer for timer in stage.world.open.values() if str(timer.get("id", "")).startswith("wake")]


def test_a_response_never_holds_more_than_100_decisions() -> None:
    """100 markers and a close are two responses."""

    @order
    def decider() -> Any:
        for n in range(100):
            Marker("m", str(n))
        return "done"

    stage = Stage(decider)
    first = stage.ask()
    assert len(first.decisions) == 100
    assert not first.is_closing
    stage.decide()
    stage.fires("wake-3")
    assert stage.decide() == [("RecordMarker", "m"), ("CompleteWorkflowExecution", None)]


def test_a_wait_with_timeout_that_a_cancel_request_ended() -> None:
    """What is waited for next is not disturbed by the wait that was given up."""

    @order
    def decider() -> Any:
        try:
            workflow.signals("s").get(timeout=60)
        except WorkflowCanceled:
            return work("cleanup").result
        return None

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert ("ScheduleActivityTask", "1") in stage.decide()
    stage.completes("1", "clean")
    assert stage.result() == "clean"


def test_promises_of_another_run_are_refused() -> None:
    """Waited for, canceled, grouped or given as an argument."""
    kept: list[Any] = []

    @order
    def lender() -> Any:
        kept.extend([work(1), workflow.signals("s")])
        return work(2).result

    @order
    def borrower() -> Any:
        promise, queue = kept
        refused = 0
        for use in (
            lambda: promise.result,
            promise.cancel,
            lambda: wait_all(promise),
            lambda: work([promise]),
            queue.get,
            lambda: list(as_completed([promise])),
        ):
            with pytest.raises(UsageError):
                use()
            refused += 1
        return refused

    run = Stage(lender).cold()
    assert Stage(borrower).result() == 6
    run.close()


def test_continue_as_new_in_a_branch_ends_the_run() -> None:
    """It ends the run where it is called."""

    @order
    def decider() -> Any:
        spawn(lambda: workflow.continue_as_new())
        return work().result

    run = Stage(decider).ask()
    assert [one["decisionType"] for one in run.decisions][-1] == "ContinueAsNewWorkflowExecution"
    assert run.is_closing


def test_a_returned_promise_is_told_by_its_name() -> None:
    """A forgotten `.result` is said to be one."""

    @order
    def decider() -> Any:
        return work()

    failure = Stage(decider).failure()
    assert isinstance(failure, UsageError)
    assert "returned a Promise" in str(failure)


def test_system_exit_fails_the_workflow() -> None:
    """sys.exit() in a decider is the decider's failure, not the worker's end."""

    @order
    def decider() -> Any:
        spawn(lambda: None)
        raise SystemExit(3)

    assert isinstance(Stage(decider).failure(), SystemExit)


def test_workflow_random_is_refused_in_cached_functions() -> None:
    """A draw that replays would not repeat shifts every later one."""

    @cached
    def draws() -> str:
        return str(workflow.uuid4())

    @order
    def decider() -> Any:
        with pytest.raises(Exception, match="cached"):
            draws()
        return str(workflow.uuid4())

    stage = Stage(decider)
    first = stage.result()
    assert stage.result() == first


def test_a_user_greenlet_cannot_wait() -> None:
    """Only the branch itself can stand still."""

    @order
    def decider() -> Any:
        promise = work()
        with pytest.raises(UsageError, match="its own greenlet"):
            greenlet.greenlet(lambda: promise.result).switch()
        return "refused"

    assert Stage(decider).result() == "refused"


def test_a_shield_left_in_a_branch_lets_the_cancel_request_through() -> None:
    """Main is told as soon as nothing shields it."""

    def shielded() -> None:
        with workflow.shield():
            work("slow").result

    @order
    def decider() -> Any:
        spawn(shielded)
        try:
            return work("main").result
        except WorkflowCanceled:
            return "told"

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == []
    stage.completes("1", None)
    assert stage.result() == "told"


class Pair(NamedTuple):
    left: Any
    right: Any


def test_promises_in_derived_containers() -> None:
    """What is derived from lists, tuples and dicts travels as these do."""

    @order
    def decider() -> Any:
        one = work(1)
        return work(OrderedDict(pair=Pair(one, 2))).result

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 7)
    (decision,) = stage.ask().decisions
    text = decision["scheduleActivityTaskDecisionAttributes"]["input"]
    assert json.loads(text) == [[{"pair": [7, 2]}], {}]


def test_a_result_that_is_no_json_fails_the_wait() -> None:
    """wait_all raises it in the code that waits, as `.result` does."""

    @order
    def decider() -> Any:
        calls = [work(1), work(2)]
        with pytest.raises(UsageError, match="result"):
            wait_all(*calls)
        return "seen"

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 1)
    stage.completes("2", 2)
    for event in stage.world.events:
        if event["eventType"] == "ActivityTaskCompleted":
            event["activityTaskCompletedEventAttributes"]["result"] = "{no json"
    assert stage.result() == "seen"


@pytest.mark.parametrize("caught", [False, True])
def test_a_failing_run_leaves_nothing(caught: bool) -> None:
    """The traceback of a failure holds frames, and frames promises: all of it goes when the run is closed."""
    import gc
    import weakref

    class Witness:
        pass

    seen: list[weakref.ref[Witness]] = []

    @order
    def decider() -> Any:
        witness = Witness()
        seen.append(weakref.ref(witness))
        promise = work(1)
        if caught:
            try:
                spawn(lambda: 1 / 0).result
            except ZeroDivisionError:
                return promise.result
        raise ValueError(promise)

    stage = Stage(decider)
    started = stage.world.poll()
    run = Run(decider, History.from_pages([task_body(stage.world.events[:started], started)]))
    run.close()
    del run
    gc.collect()

    assert seen[0]() is None


def test_objects_made_by_hand_do_not_crash() -> None:
    """Only the engine makes runs and promises; what `__new__` gives is empty, not dangerous."""
    assert Run.__new__(Run).run_id == ""
    assert Replayer.__new__(Replayer) is not None


@pytest.mark.parametrize("how", ["return", "continue"])
def test_a_branch_that_waits_for_room_does_not_hold_up_the_end(how: str) -> None:
    """The end is the last of its decisions, though a branch still waits for the next decision task."""

    @cached
    def one() -> int:
        return 1

    @order
    def decider() -> Any:
        spawn(lambda: [one() for _ in range(95)])
        if how == "continue":
            workflow.continue_as_new()
        return "done"

    stage = Stage(decider)
    stage.ask()
    stage.signal("too late for this decision")
    close = "CompleteWorkflowExecution" if how == "return" else "ContinueAsNewWorkflowExecution"
    assert stage.decide() == [*[("RecordMarker", "cache")] * 90, (close, None)]
    assert stage.decide() == [(close, None)]
    assert stage.world.is_closed


def test_a_promise_taken_for_its_value() -> None:
    """What would pass silently, or speak of a class that nobody knows, says what to write instead."""

    @order
    def decider() -> Any:
        promise = work(1)
        with pytest.raises(UsageError, match=r"neither true nor false: ask for its \.result"):
            bool(promise)
        with pytest.raises(AttributeError, match=r"a Promise has no 'get'; what it promises is its \.result"):
            promise.get("key")
        return [promise is not None, hasattr(promise, "keys")]

    assert Stage(decider).result() == [True, False]


def test_a_keyword_of_another_decorator() -> None:
    """Deciders and activities name their types by different keywords: the one that was meant is said."""
    with pytest.raises(
        TypeError, match=r"^decision_task\(\) got .* 'swf_task_type'; did you mean 'swf_workflow_type'\?$"
    ):
        decision_task(swf_task_type="order")(order)
