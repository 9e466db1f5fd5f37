"""Retries: what a policy is asked and when, what the history decides, and what never depends on a policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    Failure,
    RetryPolicy,
    Timer,
    UsageError,
    activity_task,
    decision_task,
    workflow,
)
from pyswf_fast.failures import failure_to_text
from pyswf_fast.retry import AttemptLimit, Retry

from .records import child_prefix, decision_attributes
from .stage import Stage
from .wire import RUN_ID

H = child_prefix(RUN_ID)


def caught(how: Callable[[], Any]) -> Any:
    try:
        return how()
    except ActivityTaskException as error:
        return [error.task_id, error.failure_status, error.failure_reason]


def activity(retry: Retry) -> Any:
    """A decider that calls one activity with a policy, and tells what came of it."""

    @activity_task(swf_task_type="work", swf_task_version="1.0", retry=retry)
    def work(number: int) -> Any: ...

    @decision_task
    def decider() -> Any:
        return caught(lambda: work(7).result)

    return decider


def child(retry: Retry | None, **options: Any) -> Any:
    """The same with a child workflow."""

    @decision_task(swf_workflow_type="child", swf_workflow_version="1.0", retry=retry)
    def child(number: int) -> Any: ...

    @decision_task
    def decider() -> Any:
        return caught(lambda: child.options(**options)(7).result)

    return decider


def raised(exception: BaseException) -> dict[str, str]:
    reason, details = failure_to_text(exception)
    return {"reason": reason, "details": details}


def seconds(run: Any) -> str:
    its = decision_attributes(run.decisions[0])
    return str(its["startToFireTimeout"])


def back_off(stage: Stage, timer_id: str) -> str:
    """The next decision is this timer; how long it runs."""
    run = stage.ask()
    took = seconds(run)
    assert stage.decide_now() == [("StartTimer", timer_id)]
    stage.fires(timer_id)
    return took


# ── policies as data


def test_exponential_back_off() -> None:
    """Each wait is longer than the one before, up to the longest; then the attempts are used up."""
    stage = Stage(activity(RetryPolicy(5, initial=3, factor=10, maximum=100)))
    stage.decide()
    for attempt, expected in ((2, "3"), (3, "30"), (4, "100"), (5, "100")):
        stage.fails("1" if attempt == 2 else f"1-{attempt - 1}")
        assert back_off(stage, f"a1-{attempt}") == expected
        assert stage.decide() == [("ScheduleActivityTask", f"1-{attempt}")]
    stage.fails("1-5")

    assert stage.result() == ["1-5", "FAILED", "ValueError: no"]


def test_at_once() -> None:
    """A policy without a wait retries in the same decision; but not what SWF refused."""
    stage = Stage(activity(RetryPolicy(None, initial=0)))
    stage.decide()
    stage.fails("1")
    stage.world.refusals["1-2"] = "ACTIVITY_TYPE_DEPRECATED"
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]
    assert back_off(stage, "a1-3") == "1"
    assert stage.decide() == [("ScheduleActivityTask", "1-3")]


@pytest.mark.parametrize(
    "condition",
    [
        KeyError,
        LookupError,
        "KeyError",
        "builtins.LookupError",
        "Exception",
        "FAILED",
        (OSError, "LookupError"),
    ],
)
def test_by_exception(condition: Any) -> None:
    """An exception is known by its class or name, by those of its base classes, and by the state FAILED."""
    stage = Stage(activity(RetryPolicy(retry_on=condition)))
    stage.decide()
    stage.fails("1", **raised(KeyError("k")))
    assert stage.decide() == [("StartTimer", "a1-2")]

    stage = Stage(activity(RetryPolicy(give_up_on=condition)))
    stage.decide()
    stage.fails("1", **raised(KeyError("k")))
    assert stage.result() == ["1", "FAILED", "KeyError: 'k'"]


@pytest.mark.parametrize(
    "condition", [ValueError, "Key", "Error", "errors.KeyError", "TIMED_OUT", "HEARTBEAT"]
)
def test_not_by_exception(condition: Any) -> None:
    """What is not named is not retried."""
    stage = Stage(activity(RetryPolicy(retry_on=condition)))
    stage.decide()
    stage.fails("1", **raised(KeyError("k")))
    assert stage.result()[1] == "FAILED"


@pytest.mark.parametrize("timeout", ["START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"])
def test_by_timeout(timeout: str) -> None:
    """Types of timeouts are told apart."""
    stage = Stage(activity(RetryPolicy(retry_on="TIMED_OUT", give_up_on=timeout)))
    stage.decide()
    stage.times_out("1", "HEARTBEAT" if timeout != "HEARTBEAT" else "START_TO_CLOSE")
    back_off(stage, "a1-2")
    stage.decide()
    stage.times_out("1-2", timeout)

    assert stage.result() == ["1-2", "TIMED_OUT", timeout]


def test_by_cause() -> None:
    """Causes of refusals are told apart; `give_up_on` wins."""
    stage = Stage(activity(RetryPolicy(give_up_on="ACTIVITY_TYPE_DEPRECATED")))
    stage.world.refusals["1"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    back_off(stage, "a1-2")
    stage.world.refusals["1-2"] = "ACTIVITY_TYPE_DEPRECATED"
    stage.decide()

    assert stage.result() == ["1-2", "FAILED_TO_SCHEDULE", "ACTIVITY_TYPE_DEPRECATED"]


def test_total() -> None:
    """No attempt begins later than `total` seconds after the first was scheduled."""
    stage = Stage(activity(RetryPolicy(None, initial=10, factor=1, total=60)))
    stage.decide()
    stage.world.now_ms += 49_000
    stage.fails("1")
    stage.world.now_ms += 900
    assert back_off(stage, "a1-2") == "10"
    stage.decide()
    stage.world.now_ms += 2_000
    stage.fails("1-2")

    assert stage.result()[0] == "1-2"


def test_total_of_a_refused_first_attempt() -> None:
    """The time counts from the first schedule, also if SWF refused it."""
    stage = Stage(activity(RetryPolicy(None, initial=10, factor=1, total=60)))
    stage.world.refusals["1"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    back_off(stage, "a1-2")
    stage.decide()
    stage.world.now_ms += 55_000
    stage.fails("1-2")

    assert stage.result()[0] == "1-2"


def test_jitter() -> None:
    """Jitter shortens a wait, by the same in every replay, by another for each attempt and activity."""

    @activity_task(
        swf_task_type="work", swf_task_version="1.0", retry=RetryPolicy(initial=1e6, maximum=1e6, jitter=0.5)
    )
    def work() -> Any: ...

    @decision_task
    def decider() -> Any:
        promises = [work(), work()]
        return [caught(lambda promise=promise: promise.result) for promise in promises]  # type: ignore[misc]

    stage = Stage(decider)
    stage.decide()
    stage.fails("1")
    stage.fails("2")
    run = stage.ask()  # cold and open agree
    waits = [float(decision_attributes(one)["startToFireTimeout"]) for one in run.decisions]
    assert len(set(waits)) == 2
    assert all(500_000 <= wait <= 1_000_000 for wait in waits)
    assert stage.cold().decisions == run.decisions


# ── what a policy is asked


def test_failure() -> None:
    """A policy is told of an activity all that the history says."""
    asked: list[Failure] = []

    def never(failure: Failure) -> bool:
        asked.append(failure)
        return False

    stage = Stage(activity(never))
    stage.decide()
    stage.world.now_ms += 5_000
    stage.fails("1", **raised(KeyError("k")))
    stage.result()

    failure = asked[0]
    assert (failure.kind, failure.id, failure.name, failure.version) == ("activity", "1", "work", "1.0")
    assert (failure.attempt, failure.throttled, failure.state) == (1, 0, "FAILED")
    assert (failure.cause, failure.timeout_type, failure.reason) == (None, None, "KeyError: 'k'")
    assert failure.exception_types[:2] == ("builtins.KeyError", "builtins.LookupError")
    assert 5 <= failure.elapsed < 6
    assert failure.last_heartbeat is None
    assert failure.random.random() == asked[1].random.random()
    assert "attempt 1: FAILED" in repr(failure)


def test_last_heartbeat() -> None:
    """A policy sees the last heartbeat: of a timeout, of a failure, or of an attempt before."""
    seen: list[Any] = []

    def always(failure: Failure) -> bool:
        seen.append(failure.last_heartbeat)
        return True

    stage = Stage(activity(always))
    stage.decide()
    stage.world.end_activity(stage.place("activity", "1"), "TimedOut", timeoutType="HEARTBEAT", details="[1]")
    run = stage.ask()
    assert decision_attributes(run.decisions[0])["input"] == "~h3:[1][[7],{}]"
    stage.world.complete(run.decisions)
    stage.fails("1-2")
    run = stage.ask()
    assert decision_attributes(run.decisions[0])["input"] == "~h3:[1][[7],{}]"
    stage.world.complete(run.decisions)
    reason, details = failure_to_text(ValueError("no"), heartbeat='{"at":2}')
    stage.fails("1-3", reason, details)
    run = stage.ask()
    assert decision_attributes(run.decisions[0])["input"] == '~h8:{"at":2}[[7],{}]'
    assert seen[::2] == [[1], [1], {"at": 2}]


def test_a_failure_that_is_kept() -> None:
    """A Failure may be read later, when the history has grown and its run is gone."""
    kept: list[Failure] = []

    @activity_task(swf_task_type="work", swf_task_version="1.0", retry=lambda one: kept.append(one))
    def work() -> Any: ...

    @decision_task
    def decider() -> Any:
        caught(lambda: work().result)
        return len([Timer.get(number) for number in range(90)]), workflow.signals("s").get()

    stage = Stage(decider)
    stage.decide()
    stage.world.end_activity(stage.place("activity", "1"), "TimedOut", timeoutType="HEARTBEAT", details="[1]")
    stage.decide()
    stage.signal("s", "0")
    stage.decide()
    stage.evict()
    assert [failure.last_heartbeat for failure in kept] == [[1]] * 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, ("ScheduleActivityTask", "1-2")),
        (0, ("ScheduleActivityTask", "1-2")),
        (0.2, ("StartTimer", "a1-2")),
        (90, ("StartTimer", "a1-2")),
        (False, ("CompleteWorkflowExecution", None)),
        (None, ("CompleteWorkflowExecution", None)),
    ],
)
def test_callable(answer: Any, expected: tuple[str, str | None]) -> None:
    """A plain callable answers True, seconds, False or None."""
    stage = Stage(activity(lambda _: answer))
    stage.decide()
    stage.fails("1")
    assert stage.decide() == [expected]


def test_callable_true_after_a_refusal() -> None:
    """True means a back-off where SWF refused the schedule: 1 s, doubling."""
    stage = Stage(activity(lambda _: True))
    stage.world.refusals["1"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    assert back_off(stage, "a1-2") == "1"
    stage.world.refusals["1-2"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    assert back_off(stage, "a1-3") == "2"


class Always:
    """A policy of a user's own."""

    def delay(self, failure: Failure, /) -> float | None:
        return 3.0 * failure.attempt


def test_object() -> None:
    """Any object with the method `delay` is a policy."""
    stage = Stage(activity(Always()))
    stage.decide()
    stage.fails("1")
    assert back_off(stage, "a1-2") == "3"


def raises(failure: Failure) -> float:
    raise LookupError("no such table")


class Sloppy(RetryPolicy):
    """A policy derived from ours."""

    def delay(self, failure: Failure, /) -> Any:
        return "soon"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (raises, "LookupError: no such table (at "),
        (lambda _: "soon", "answered 'soon'; expected are True, False, None"),
        (lambda _: -1, "answered -1"),
        (lambda _: float("nan"), "answered nan"),
        (lambda _: 10**9, "answered 1000000000"),
        (Sloppy(), "answered 'soon'"),
    ],
)
def test_broken_policy(policy: Any, told: str) -> None:
    """What a policy raises, or says without sense, ends the decision with a report; not the workflow."""
    stage = Stage(activity(policy))
    stage.decide()
    stage.fails("1")
    with pytest.raises(UsageError) as error:
        stage.cold()
    assert told in str(error.value)
    assert "activity work (id 1: FAILED)" in str(error.value)

    stage.decider = activity(AttemptLimit())
    stage.evict()
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]


def test_asked_in_the_last_batch_only() -> None:
    """A policy is not asked about what earlier decisions have settled."""
    asked: list[str] = []

    def twice(failure: Failure) -> bool:
        asked.append(failure.id)
        return failure.attempt < 2

    stage = Stage(activity(twice))
    stage.decide()
    stage.fails("1")
    stage.decide()
    stage.fails("1-2")
    del asked[:]
    stage.result()
    assert asked == ["1-2", "1-2"]  # the cold run, and the open one


# ── what the history decides


@pytest.mark.parametrize("make", [activity, child])
def test_deploy(make: Any) -> None:
    """Policies may change between decisions: what was decided stays, in cold runs and those that go on."""
    retrying, patient, never = RetryPolicy(initial=0), RetryPolicy(initial=50), AttemptLimit(1)
    kind = "activity" if make is activity else "child"
    ids = ["1", "1-2", "1-3"] if make is activity else [f"{H}-1", f"{H}-1-2", f"{H}-1-3"]
    letter = kind[0]

    def fail(id: str) -> None:
        if make is activity:
            stage.fails(id)
        else:
            stage.child(id)
            stage.child(id, "Failed", reason="r", details="d")

    stage = Stage(make(retrying))
    stage.decide()
    fail(ids[0])
    assert [name for _, name in stage.decide()] == [ids[1]]
    for policy in (never, patient):
        stage.decider = make(policy)
        stage.signal("look")
        assert stage.decide() == []
        stage.evict()
    fail(ids[1])
    assert stage.decide() == [("StartTimer", f"{letter}1-3")]
    for policy in (never, retrying):
        stage.decider = make(policy)
        stage.evict()
        stage.signal("look")
        assert stage.decide() == []
    stage.fires(f"{letter}1-3")
    assert [name for _, name in stage.decide()] == [ids[2]]
    stage.evict()
    stage.decider = make(never)
    fail(ids[2])

    assert stage.result()[0] == ids[2]


def test_delivered() -> None:
    """A failure that was delivered stays so, although a policy would now retry it."""

    def decider(policy: Retry) -> Any:
        @activity_task(swf_task_type="work", swf_task_version="1.0", retry=policy)
        def work() -> Any: ...

        @decision_task
        def decider() -> Any:
            first = caught(lambda: work().result)
            workflow.signals("go on").get()
            return first

        return decider

    stage = Stage(decider(AttemptLimit(1)))
    stage.decide()
    stage.fails("1")
    assert stage.decide() == []
    stage.decider = decider(RetryPolicy())
    stage.evict()
    stage.signal("go on")

    assert stage.result()[0] == "1"


# ── children


@pytest.mark.parametrize(
    ("attempts", "retried"), [({"max_attempts": 2}, True), ({}, False), ({"max_attempts": 1}, False)]
)
@pytest.mark.parametrize("how", ["Failed", "TimedOut"])
def test_child_max_attempts(how: str, attempts: dict[str, int], retried: bool) -> None:
    """`max_attempts` of a child needs no `retry_states`: the usual states are retried, by default none."""
    its: dict[str, Any] = {"TimedOut": {"timeoutType": "START_TO_CLOSE"}}.get(how, {})
    stage = Stage(child(None, **attempts))
    stage.decide()
    stage.child(f"{H}-1")
    stage.decide()
    stage.child(f"{H}-1", how, **its)
    if retried:
        assert stage.decide() == [("StartChildWorkflowExecution", f"{H}-1-2")]
        stage.child(f"{H}-1-2")
        stage.decide()
        stage.child(f"{H}-1-2", how, **its)

    assert stage.result()[0] == (f"{H}-1-2" if retried else f"{H}-1")


@pytest.mark.parametrize(
    ("how", "state"),
    [("Failed", "FAILED"), ("TimedOut", "TIMED_OUT"), ("Terminated", "TERMINATED"), ("Canceled", "CANCELED")],
)
def test_child(how: str, state: str) -> None:
    """A child is started again under an id of its own, whatever its end, if its policy says so."""
    its: dict[str, Any] = {"TimedOut": {"timeoutType": "START_TO_CLOSE"}}.get(how, {})
    stage = Stage(child(RetryPolicy(2, initial=5, retry_on=state)))
    assert stage.decide() == [("StartChildWorkflowExecution", f"{H}-1")]
    stage.child(f"{H}-1")
    stage.decide()
    stage.child(f"{H}-1", how, **its)
    assert back_off(stage, "c1-2") == "5"
    run = stage.ask()
    assert json.loads(decision_attributes(run.decisions[0])["input"]) == [[7], {}]
    assert stage.decide_now() == [("StartChildWorkflowExecution", f"{H}-1-2")]
    stage.child(f"{H}-1-2")
    stage.decide()
    stage.child(f"{H}-1-2", "Completed", result="3")

    assert stage.result() == 3


@pytest.mark.parametrize("cause", ["WORKFLOW_TYPE_DOES_NOT_EXIST", "WORKFLOW_ALREADY_RUNNING"])
def test_child_refused(cause: str) -> None:
    """A refused start backs off, however soon the policy would have it."""
    stage = Stage(child(RetryPolicy(2, initial=0)))
    stage.world.refusals[f"{H}-1"] = cause
    stage.decide()
    assert back_off(stage, "c1-2") == "1"
    stage.world.refusals[f"{H}-1-2"] = cause
    assert stage.decide() == [("StartChildWorkflowExecution", f"{H}-1-2")]

    assert stage.result() == [f"{H}-1-2", "FAILED_TO_SCHEDULE", cause]


def test_child_with_an_id_of_its_own() -> None:
    """A child whose workflowId was given is started again under it."""
    stage = Stage(child(RetryPolicy(2, initial=0), workflow_id="order-7"))
    stage.decide()
    stage.child("order-7")
    stage.decide()
    stage.child("order-7", "Failed", reason="r", details="d")
    assert stage.decide() == [("StartChildWorkflowExecution", "order-7")]


# ── throttles and open limits: whatever the policy says

NEVER = (AttemptLimit(1, ()), RetryPolicy(1), lambda _: None)


@pytest.mark.parametrize("policy", NEVER)
@pytest.mark.parametrize("cause", ["ACTIVITY_CREATION_RATE_EXCEEDED", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"])
def test_throttled_activity(policy: Any, cause: str) -> None:
    """A throttled schedule backs off, 1 s, doubling, and uses up no attempt."""
    stage = Stage(activity(policy))
    for expected in ("1", "2", "4", "8", "16", "32", "60", "60"):
        stage.world.refusals["1"] = cause
        stage.decide()
        assert back_off(stage, "a1-1") == expected
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.fails("1")

    assert stage.result()[:2] == ["1", "FAILED"]


@pytest.mark.parametrize("policy", NEVER)
@pytest.mark.parametrize(
    "cause", ["CHILD_CREATION_RATE_EXCEEDED", "OPEN_CHILDREN_LIMIT_EXCEEDED", "OPEN_WORKFLOWS_LIMIT_EXCEEDED"]
)
def test_throttled_child(policy: Any, cause: str) -> None:
    """So does a child's start."""
    stage = Stage(child(policy))
    for expected in ("1", "2"):
        stage.world.refusals[f"{H}-1"] = cause
        stage.decide()
        assert back_off(stage, "c1-1") == expected
    assert stage.decide() == [("StartChildWorkflowExecution", f"{H}-1")]


@pytest.mark.parametrize(
    ("request_", "timer", "cause"),
    [
        (
            lambda: workflow.signal_external("other", "go"),
            "s1-1",
            "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
        (
            lambda: workflow.cancel_external("other"),
            "x1-1",
            "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
    ],
)
def test_throttled_request(request_: Any, timer: str, cause: str) -> None:
    """A throttled signal or cancel request to another execution backs off, and is sent again."""

    @decision_task
    def decider() -> Any:
        return caught(lambda: request_().result)

    stage = Stage(decider)
    sent = stage.decide()
    for expected in ("1", "2"):
        stage.request("other", cause)
        assert back_off(stage, timer) == expected
        assert stage.decide() == sent
    stage.request("other")

    assert stage.result() is None


def test_unreachable_request() -> None:
    """Any other refusal of one is its end."""

    @decision_task
    def decider() -> Any:
        return caught(lambda: workflow.signal_external("other", "go").result)

    stage = Stage(decider)
    stage.decide()
    stage.request("other", "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")

    assert stage.result()[2] == "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"


def test_old_history_of_a_throttled_request() -> None:
    """A history that shows a throttled request delivered as a failure is followed."""

    @decision_task
    def decider() -> Any:
        first = caught(lambda: workflow.signal_external("other", "go").result)
        workflow.signals("go on").get()
        return first

    stage = Stage(decider)
    stage.decide()
    stage.request("other", "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED")
    stage.world.poll()
    stage.world.complete([])
    stage.evict()
    stage.signal("go on")

    assert stage.result()[2] == "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"


# ── canceled


def test_cancel_ends_retries() -> None:
    """Whoever is asked to cancel and fails instead is not tried again."""

    @activity_task(swf_task_type="work", swf_task_version="1.0", retry=RetryPolicy(None))
    def work() -> Any: ...

    @decision_task
    def decider() -> Any:
        promise = work()
        workflow.signals("stop").get()
        promise.cancel()
        return caught(lambda: promise.result)

    stage = Stage(decider)
    stage.decide()
    stage.starts("1")
    stage.signal("stop")
    assert stage.decide() == [("RequestCancelActivityTask", "1")]
    stage.fails("1")

    assert stage.result()[:2] == ["1", "FAILED"]
