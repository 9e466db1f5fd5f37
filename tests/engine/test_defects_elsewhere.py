"""What other frameworks for SWF are known to get wrong, each as a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    activity_task,
    decision_task,
    spawn,
    wait_all,
    wait_any,
    workflow,
)
from pyswf_fast.lambdas import lambda_task
from pyswf_fast.workflow import Timer

from .stage import Stage


@activity_task(swf_task_type="work", swf_task_version="1.0", max_attempts=1)
def work(x: Any = None) -> Any: ...


@activity_task(swf_task_type="stubborn", swf_task_version="1.0", max_attempts=3)
def stubborn(x: Any = None) -> Any: ...


@decision_task(swf_workflow_type="child", swf_workflow_version="1.0")
def child(x: Any = None) -> Any: ...


def order(function: Any) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="2.0")(function)


def count(stage: Stage, event_type: str) -> int:
    return sum(event["eventType"] == event_type for event in stage.world.events)


@pytest.mark.parametrize("started", [False, True])
def test_a_canceled_activity_does_not_hang(started: bool) -> None:
    """simpleflow waits for ever: here its Promise fails with Canceled, and the workflow goes on."""

    @order
    def decider() -> Any:
        promise = work()
        Timer.get(5).result
        promise.cancel()
        with pytest.raises(Canceled):
            promise.result
        return "went on"

    stage = Stage(decider)
    stage.decide()
    if started:
        stage.starts("1")
    stage.fires("1")
    assert ("RequestCancelActivityTask", "1") in stage.decide()
    if started:
        stage.is_canceled("1")
    assert stage.result() == "went on"


@pytest.mark.parametrize("how", ["Completed", "Failed", "TimedOut"])
def test_lambda_events_do_not_crash(how: str) -> None:
    """simpleflow's reading of a history breaks off at the first event of a Lambda function."""
    members = {"Completed": {"result": "7"}, "Failed": {"reason": "E"}, "TimedOut": {}}[how]

    @order
    def decider() -> Any:
        try:
            return lambda_task("f", max_attempts=1).result
        except ActivityTaskException as error:
            return error.failure_status

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleLambdaFunction", "1")]
    stage.function("1", how, **members)
    assert stage.result() == {"Completed": 7, "Failed": "FAILED", "TimedOut": "TIMED_OUT"}[how]


def test_an_external_signal_is_sent_once() -> None:
    """simpleflow sends a signal again at each decision until its delivery is recorded."""

    @order
    def decider() -> Any:
        delivery = workflow.signal_external("order-2", "go", {"n": 1})
        for _ in range(3):
            workflow.signals("s").get()
        return delivery.is_ready

    stage = Stage(decider)
    assert stage.decide() == [("SignalExternalWorkflowExecution", "order-2")]
    for _ in range(2):
        stage.signal("s")
        assert stage.decide() == []
    stage.request("order-2")
    assert stage.decide() == []
    stage.signal("s")
    assert stage.decide() == [("CompleteWorkflowExecution", None)]
    assert count(stage, "SignalExternalWorkflowExecutionInitiated") == 1


def test_a_signal_to_oneself_arrives_once() -> None:
    """Nor does a signal to the own execution come back as a second one."""

    @order
    def decider() -> Any:
        workflow.signal_external("order-1", "s", 1)
        found = [workflow.signals("s").get()]
        Timer.get(1).result
        return [found, len(workflow.signals("s"))]

    stage = Stage(decider)
    stage.decide()
    stage.request("order-1")
    stage.signal("s", "1")
    assert stage.decide() == [("StartTimer", "1")]
    stage.fires("1")
    assert stage.result() == [[1], 0]


@pytest.mark.parametrize("caught", ["wait", "group", "branch", "everything around"])
def test_except_exception_does_not_complete_a_workflow(caught: str) -> None:
    """simpleflow waits by an exception, which `except Exception` takes for a failure of the code."""

    def waits() -> Any:
        if caught == "wait":
            return work().result
        if caught == "group":
            return wait_all(work())
        return spawn(lambda: work().result).result

    @order
    def decider() -> Any:
        try:
            return waits()
        except Exception:  # noqa: BLE001 - that is the point
            return "completed too early"

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.signal("s")
    assert stage.decide() == []
    stage.completes("1", 0)
    assert stage.result() == ([0] if caught == "group" else 0)


def test_a_retry_does_not_shift_the_ids_of_others() -> None:
    """botify-labs/simpleflow#11: a call made again by the code takes the id, and the result, of another."""

    @order
    def decider() -> Any:
        first = work("first")
        if isinstance(first.exception, ActivityTaskException):
            first = work("again")
        second = work("second")
        wait_any(first, second)
        if first.exception is not None:
            first = work("again")
        return wait_all(first, second)

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("ScheduleActivityTask", "2")]
    stage.times_out("1")
    stage.completes("2", "result of the second")
    assert stage.decide() == [("ScheduleActivityTask", "3")]
    stage.completes("3", "result of the first")
    assert stage.result() == ["result of the first", "result of the second"]


def test_equal_calls_are_two_activities() -> None:
    """botify-labs/simpleflow#107: two equal calls share an id, which SWF refuses again and again."""

    @order
    def decider() -> Any:
        return wait_all(work(1), work(1))

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("ScheduleActivityTask", "2")]
    stage.completes("2", "b")
    stage.completes("1", "a")
    assert stage.result() == ["a", "b"]
    assert count(stage, "ScheduleActivityTaskFailed") == 0


def test_the_open_limit_does_not_fill_the_history() -> None:
    """botify-labs/simpleflow#68: refused activities are scheduled again at once, up to the 25,000 events."""

    @order
    def decider() -> Any:
        return work().result

    stage = Stage(decider)
    stage.world.refusals["1"] = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    ((kind, timer_id),) = stage.decide()
    assert kind == "StartTimer"
    for _ in range(3):  # whatever else wakes the decider, it waits for that timer
        stage.signal("s")
        assert stage.decide() == []
    stage.fires(str(timer_id))
    assert [kind for kind, _ in stage.decide()] == ["ScheduleActivityTask"]
    assert count(stage, "ScheduleActivityTaskFailed") == 1


@pytest.mark.parametrize("how", ["Terminated", "Canceled", "TimedOut", "Failed"])
def test_a_child_that_ends_badly_can_be_handled(how: str) -> None:
    """botify-labs/simpleflow#260: the end of a terminated child is raised where no code can catch it."""

    @order
    def decider() -> Any:
        with pytest.raises((ChildWorkflowException, Canceled)):
            child.options(max_attempts=1)().result
        return "handled"

    stage = Stage(decider)
    ((_, workflow_id),) = stage.decide()
    assert workflow_id is not None
    stage.child(workflow_id)
    stage.decide()
    stage.child(workflow_id, how, **({"timeoutType": "START_TO_CLOSE"} if how == "TimedOut" else {}))
    assert stage.result() == "handled"


def test_a_timer_that_fires_while_it_is_canceled() -> None:
    """amazon-archives/aws-flow-ruby#37: a refused cancel, then a refused close, and no decision after it."""

    @order
    def decider() -> Any:
        timer, call = Timer.get(5), work()
        with pytest.raises(ActivityTaskException):
            call.result
        timer.cancel()
        return "done"

    stage = Stage(decider)
    stage.decide()
    stage.fails("1")
    run = stage.ask()
    stage.fires("1")  # meanwhile
    stage.world.complete(run.decisions, run.execution_context)
    assert count(stage, "CancelTimerFailed") + count(stage, "CompleteWorkflowExecutionFailed") >= 1
    assert stage.decide() == [("CompleteWorkflowExecution", None)]
    assert stage.world.is_closed


@pytest.mark.parametrize("failing", [stubborn, work])
def test_attempts_end(failing: Callable[..., Any]) -> None:
    """A failure that stays is tried so often as the decorator says, and no more."""

    @order
    def decider() -> Any:
        with pytest.raises(ActivityTaskException):
            failing().result
        return "gave up"

    stage = Stage(decider)
    most = 3 if failing is stubborn else 1
    for attempt in range(most):
        ((kind, activity_id),) = stage.decide()
        while kind == "StartTimer":
            stage.fires(str(activity_id))
            ((kind, activity_id),) = stage.decide()
        assert kind == "ScheduleActivityTask", attempt
        stage.fails(str(activity_id))
    assert stage.result() == "gave up"
    assert count(stage, "ActivityTaskScheduled") == most
