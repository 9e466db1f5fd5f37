"""Rules of results, failures, retries and ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyswf_fast import activity_task, decision_task, wait_all
from pyswf_fast.exceptions import ActivityTaskException, Canceled, ChildWorkflowException, SerializationError
from pyswf_fast.retry import AttemptLimit

from .program import VALUES
from .records import child_prefix, decision_attributes
from .stage import Stage
from .wire import RUN_ID, task_body


@activity_task(swf_task_type="work", swf_task_version="1.0")
def work(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("activities run elsewhere")


@activity_task(swf_task_type="once", swf_task_version="1.0", max_attempts=1)
def once(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("activities run elsewhere")


@decision_task(swf_workflow_type="child", swf_workflow_version="3.1")
def child(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("children run elsewhere")


def input_of(run: Any, place: int = 0) -> Any:
    return json.loads(decision_attributes(run.decisions[place])["input"])


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_falsy_results(value: Any) -> None:
    """A result is a result, however empty: it resolves the Promise and comes out as it went in."""

    @decision_task
    def decider() -> Any:
        promise = work()
        assert promise.result == value
        assert (promise.is_ready, promise.exception) == (True, None)
        return promise.result

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", value)

    assert value == stage.result()


@pytest.mark.parametrize("text", [None, ""])
def test_no_result(text: str | None) -> None:
    """An activity that gave no result at all gave None."""

    @decision_task
    def decider() -> Any:
        return [work().result]

    stage = Stage(decider)
    stage.decide()
    stage.world.end_activity(stage.place("activity", "1"), "Completed", result=text)

    assert stage.result() == [None]


@pytest.mark.parametrize("text", ["x" * 32768, "☃" * 32768, "🐍" * 16384, '\x00\x1f\\"/', '"[1]"'])
def test_long_and_odd_results(text: str) -> None:
    """Unicode, control characters and 32,768 characters survive."""

    @decision_task
    def decider() -> Any:
        return work().result == text

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", text=json.dumps(text, ensure_ascii=False))

    assert stage.result() is True


def test_waiting_is_not_an_exception() -> None:
    """No `except`, not even of BaseException, sees the suspension, and no `finally` runs for it."""
    seen: list[Any] = []

    @decision_task
    def decider() -> Any:
        try:
            return work().result
        except BaseException as error:
            seen.append(error)
            raise
        finally:
            seen.append("finally")

    stage = Stage(decider)
    run = stage.cold()
    assert seen == []
    stage.world.complete(run.decisions)
    stage.completes("1", "done")
    started = stage.world.poll()
    run.append_page(task_body(stage.world.events, started))

    assert seen == ["finally"]
    assert [one["decisionType"] for one in run.decisions] == ["CompleteWorkflowExecution"]


def test_failure_fields() -> None:
    """A failed activity raises ActivityTaskException with PySwfAws's fields."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            once().result
        error = caught.value
        return [
            error.task_name,
            error.task_version,
            error.task_id,
            error.failure_reason,
            error.failure_status,
            error.failure_stats,
        ]

    stage = Stage(decider)
    stage.decide()
    stage.fails("1", "ValueError: no", "the details")

    assert stage.result() == ["once", "1.0", "1", "ValueError: no", "FAILED", "FAILED"]


def test_failure_without_text() -> None:
    """A failure without reason and details is a failure, without a cause."""

    @decision_task
    def decider() -> Any:
        promise = once()
        wait = [promise.is_ready]
        try:
            promise.result
        except ActivityTaskException as error:
            return [*wait, promise.is_ready, promise.exception is error, error.__cause__ is None]

    stage = Stage(decider)
    stage.decide()
    stage.fails("1", None, None)

    assert stage.result() == [False, True, True, True]


@pytest.mark.parametrize("timeout", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"])
def test_timeout(timeout: str) -> None:
    """A timed out activity fails with status TIMED_OUT and the kind of timeout as reason."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            once().result
        return [caught.value.failure_status, caught.value.failure_reason]

    stage = Stage(decider)
    stage.decide()
    stage.times_out("1", timeout)

    assert ["TIMED_OUT", timeout] == stage.result()


def test_max_attempts() -> None:
    """A failed activity is tried `max_attempts` times, at once, under new ids, with the same input."""

    @activity_task(swf_task_type="thrice", swf_task_version="1.0", max_attempts=3)
    def thrice(value: Any) -> Any: ...

    @decision_task
    def decider() -> Any:
        argument = ["x"]
        promise = thrice(argument)
        argument.append("changed")
        with pytest.raises(ActivityTaskException) as caught:
            promise.result
        return caught.value.task_id

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    for activity_id, following in (("1", "1-2"), ("1-2", "1-3")):
        stage.fails(activity_id)
        assert input_of(stage.ask()) == [[["x"]], {}]
        assert [("ScheduleActivityTask", following)] == stage.decide()
    stage.fails("1-3")

    assert stage.result() == "1-3"


def test_retry_states() -> None:
    """Only the states that are named are retried."""

    @activity_task(swf_task_type="late", swf_task_version="1.0", retry_states=("TIMED_OUT",))
    def late() -> Any: ...

    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            late().result
        return caught.value.failure_status

    stage = Stage(decider)
    stage.decide()
    stage.times_out("1")
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]
    stage.fails("1-2")

    assert stage.result() == "FAILED"


def test_refused_schedule_backs_off() -> None:
    """A refused schedule is tried again after 1 s, 2 s, …, by timers that name the attempt they precede."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            work().result
        return [caught.value.failure_status, caught.value.failure_reason]

    stage = Stage(decider)
    for attempt in (2, 3, 4, 5):
        activity_id = "1" if attempt == 2 else f"1-{attempt - 1}"
        stage.world.refusals[activity_id] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
        assert [("ScheduleActivityTask", activity_id)] == stage.decide()
        run = stage.ask()
        assert str(2 ** (attempt - 2)) == decision_attributes(run.decisions[0])["startToFireTimeout"]
        assert [("StartTimer", f"a1-{attempt}")] == stage.decide()
        stage.fires(f"a1-{attempt}")
    stage.world.refusals["1-5"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()

    assert stage.result() == ["FAILED_TO_SCHEDULE", "ACTIVITY_TYPE_DOES_NOT_EXIST"]


def test_throttled_schedule_uses_up_no_attempt() -> None:
    """However often SWF says "not now", the attempts are not used up; the back-off grows to 60 s."""

    @decision_task
    def decider() -> Any:
        return once().result

    stage = Stage(decider)
    delays = []
    for _ in range(8):
        stage.world.refusals["1"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
        assert stage.decide() == [("ScheduleActivityTask", "1")]
        delays.append(decision_attributes(stage.ask().decisions[0])["startToFireTimeout"])
        ((_, timer_id),) = stage.decide()
        stage.fires(str(timer_id))
    stage.decide()
    stage.completes("1", 7)

    assert delays == ["1", "2", "4", "8", "16", "32", "60", "60"]
    assert stage.result() == 7


def decider_of(activity: Any) -> Any:
    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            activity().result
        work("told").result
        return caught.value.task_id

    return decider


def flaky(policy: AttemptLimit) -> Any:
    @activity_task(swf_task_type="flaky", swf_task_version="1.0", retry=policy)
    def activity() -> Any: ...

    return decider_of(activity)


def test_history_decides_that_a_failure_was_delivered() -> None:
    """A failure that was delivered stays delivered, whatever the policy says since a deploy."""
    stage = Stage(flaky(AttemptLimit(1)))
    stage.decide()
    stage.fails("1")
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2")

    stage.evict()
    stage.decider = flaky(AttemptLimit(5))

    assert stage.result() == "1"


def test_history_decides_that_there_was_a_retry() -> None:
    """A retry that was made was made, also by a policy that would now give up."""
    stage = Stage(flaky(AttemptLimit(5)))
    stage.decide()
    stage.fails("1")
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]

    stage.evict()
    stage.decider = flaky(AttemptLimit(1))
    stage.signal("anything")
    assert stage.decide() == []
    stage.fails("1-2")

    assert stage.decide() == [("ScheduleActivityTask", "2")]


def test_history_decides_that_there_was_a_back_off() -> None:
    """A back-off that was begun is ended, also by a policy that would now give up or retry at once."""
    stage = Stage(flaky(AttemptLimit(5)))
    stage.world.refusals["1"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    assert stage.decide() == [("StartTimer", "a1-2")]

    stage.evict()
    stage.decider = flaky(AttemptLimit(1))
    stage.fires("a1-2")

    assert stage.decide() == [("ScheduleActivityTask", "1-2")]


def test_children() -> None:
    """A child's id follows from the parent's run; its result or failure reaches the parent."""

    @decision_task
    def decider() -> Any:
        children = [child(n) for n in range(5)]
        seen: list[Any] = [children[0].result]
        for one in children[1:4]:
            with pytest.raises(ChildWorkflowException) as caught:
                one.result
            seen.append([caught.value.task_name, caught.value.task_version, caught.value.failure_status])
        with pytest.raises(Canceled):
            children[4].result
        return seen

    stage = Stage(decider)
    ids = [f"{child_prefix(RUN_ID)}-{n}" for n in range(1, 6)]
    run = stage.ask()
    assert [decision_attributes(one)["control"] for one in run.decisions] == ["1", "2", "3", "4", "5"]
    assert [("StartChildWorkflowExecution", one) for one in ids] == stage.decide()
    for one in ids:
        stage.child(one)
    stage.child(ids[0], "Completed", result="0")
    stage.child(ids[1], "Failed", reason="ValueError")
    stage.child(ids[2], "TimedOut", timeoutType="START_TO_CLOSE")
    stage.child(ids[3], "Terminated")
    stage.child(ids[4], "Canceled")

    kind = ["child", "3.1"]
    assert [0, [*kind, "FAILED"], [*kind, "TIMED_OUT"], [*kind, "TERMINATED"]] == stage.result()


@pytest.mark.parametrize("initiated", [False, True])
def test_refused_child(initiated: bool) -> None:
    """A child that cannot start fails its Promise, whether an Initiated event was written before or not."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(ChildWorkflowException) as caught:
            child().result
        return [caught.value.failure_status, caught.value.failure_reason]

    stage = Stage(decider)
    run = stage.ask()
    its = decision_attributes(run.decisions[0])
    refusal = {"control": "1", "workflowId": its["workflowId"], "workflowType": its["workflowType"]}
    if initiated:
        stage.decide()
        place = stage.place("child", its["workflowId"])
        del stage.world.open[place]
        refusal |= {"cause": "WORKFLOW_ALREADY_RUNNING", "initiatedEventId": place}
        completed = place - 1
    else:
        stage.world.complete([])
        completed = len(stage.world.events)
        refusal |= {"cause": "WORKFLOW_TYPE_DOES_NOT_EXIST", "initiatedEventId": 0}
    stage.world.append("StartChildWorkflowExecutionFailed", decisionTaskCompletedEventId=completed, **refusal)
    stage.world.schedule()

    assert ["FAILED_TO_SCHEDULE", refusal["cause"]] == stage.result()


def test_numbers() -> None:
    """Numbers are given at the call, also to calls that wait for a Promise among their arguments."""

    @decision_task
    def decider() -> Any:
        first = work("a")
        second = work(first, [first, {"k": (first,)}])
        third = work("c")
        return wait_all(third, second)

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("ScheduleActivityTask", "3")]
    stage.completes("1", "A")
    run = stage.ask()
    assert input_of(run) == [["A", ["A", {"k": ["A"]}]], {}]
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("3", 3)
    stage.completes("2", 2)

    assert stage.result() == [3, 2]


def test_failed_argument() -> None:
    """A call whose argument failed fails with it and is never issued."""

    @decision_task
    def decider() -> Any:
        promise = work(once())
        with pytest.raises(ActivityTaskException) as caught:
            promise.result
        return caught.value.task_id

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.fails("1")

    assert stage.result() == "1"


def test_arguments_by_value() -> None:
    """What happens to an argument after the call does not change what was asked for."""

    @decision_task
    def decider() -> Any:
        value = {"a": [1]}
        work(value, key=value)
        value["a"].append(2)
        value["b"] = 3
        work("wait").result

    run = Stage(decider).ask()

    assert input_of(run) == [[{"a": [1]}], {"key": {"a": [1]}}]


def test_recorded_arguments_are_not_touched() -> None:
    """The arguments of a recorded call are not looked at: they may be what could not be sent again."""
    values: list[Any] = [1]

    @decision_task
    def decider() -> Any:
        return work(values[0]).result

    stage = Stage(decider)
    stage.decide()
    values[0] = object()
    stage.completes("1", "done")

    assert stage.result() == "done"


def test_unserializable_argument() -> None:
    """An argument that cannot be sent raises at the call, naming the function."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(SerializationError, match="work"):
            work(object())
        return "told"

    assert Stage(decider).result() == "told"


def test_decider_input() -> None:
    """The decider gets the arguments of the start; no input is no arguments."""

    @decision_task
    def decider(*args: Any, **kwargs: Any) -> Any:
        return [args, kwargs]

    assert Stage(decider, '[[1, null], {"k": "☃"}]').result() == [[1, None], {"k": "☃"}]
    stage = Stage(decider)
    del stage.world.events[0]["workflowExecutionStartedEventAttributes"]["input"]
    assert stage.result() == [[], {}]


def test_method() -> None:
    """A decider may be a method, with activities that are methods; the object itself goes nowhere."""

    class Orders:
        def __init__(self) -> None:
            self.seen = 0

        @activity_task(swf_task_type="charge", swf_task_version="1.0")
        def charge(self, amount: int) -> Any: ...

        @decision_task
        def decide(self, amount: int) -> Any:
            self.seen += 1
            return [amount, self.charge(amount).result]

    orders = Orders()
    stage = Stage(orders.decide, "[[5], {}]")
    assert input_of(stage.ask()) == [[5], {}]
    stage.decide()
    stage.completes("1", "paid")

    assert stage.result() == [5, "paid"]
    assert orders.seen


def test_outside() -> None:
    """Outside of a decider a decorated function is what it was."""

    @activity_task
    def double(n: int) -> int:
        return 2 * n

    assert double(2) == 4


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_decider_result(value: Any) -> None:
    """What the decider returns completes the workflow, however empty it is."""

    @decision_task
    def decider() -> Any:
        return value

    run = Stage(decider).ask()

    (one,) = run.decisions
    assert (one["decisionType"], run.is_closing) == ("CompleteWorkflowExecution", True)
    assert value == json.loads(decision_attributes(one)["result"])


def test_decider_exception() -> None:
    """What the decider raises fails the workflow, with its type and message as reason."""

    @decision_task
    def decider() -> Any:
        raise ValueError("out of stock")

    run = Stage(decider).ask()

    (one,) = run.decisions
    assert one["decisionType"] == "FailWorkflowExecution"
    assert decision_attributes(one)["reason"] == "ValueError: out of stock"
    assert isinstance(run.failure, ValueError)


def test_unserializable_result() -> None:
    """A result that cannot be written fails the workflow, and says why."""

    @decision_task
    def decider() -> Any:
        return object()

    run = Stage(decider).ask()

    assert [one["decisionType"] for one in run.decisions] == ["FailWorkflowExecution"]
    assert "decider" in decision_attributes(run.decisions[0])["reason"]
