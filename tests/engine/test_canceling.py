"""Rules of canceling, of markers and cached results, and of eviction."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from pyswf_fast import Marker, Timer, cached, decision_task, sleep, spawn, wait_all, wait_any, workflow
from pyswf_fast.exceptions import (
    ActivityTaskException,
    Canceled,
    RemoteError,
    UsageError,
    WaitTimeout,
    WorkflowCanceled,
)

from .records import decision_attributes
from .stage import Stage
from .test_results import child, once, work
from .wire import attributes, task_body


def test_canceled_timer() -> None:
    """A canceled timer's Promise raises Canceled at once."""

    @decision_task
    def decider() -> Any:
        timer = Timer.get(60)
        work().result
        timer.cancel()
        timer.cancel()
        assert timer.is_ready
        with pytest.raises(Canceled):
            timer.result
        work().result

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")

    assert stage.decide() == [("CancelTimer", "1"), ("ScheduleActivityTask", "2")]
    stage.completes("2")
    assert stage.decide() == [("CompleteWorkflowExecution", None)]


def test_timer_that_fired_meanwhile() -> None:
    """A timer that fires while it is being canceled stays canceled; SWF's refusal does no harm."""

    @decision_task
    def decider() -> Any:
        timer = Timer.get(60)
        work().result
        timer.cancel()
        work().result
        with pytest.raises(Canceled):
            timer.result
        return "done"

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")
    stage.ask()
    stage.fires("1")
    stage.decide()
    assert "CancelTimerFailed" in [one["eventType"] for one in stage.world.events]
    stage.completes("2")

    assert stage.result() == "done"


@pytest.mark.parametrize("how", ["canceled", "completed", "failed"])
def test_canceled_activity(how: str) -> None:
    """A canceled activity ends as its event says: canceled, or as if nobody had asked; it is not retried."""

    @decision_task
    def decider() -> Any:
        promise = work()
        workflow.signals("s").get()
        promise.cancel()
        assert not promise.is_ready
        try:
            return promise.result
        except Canceled:
            return "canceled"
        except ActivityTaskException as error:
            return error.failure_status

    stage = Stage(decider)
    stage.decide()
    stage.starts("1")
    stage.signal("s")
    assert stage.decide() == [("RequestCancelActivityTask", "1")]
    match how:
        case "canceled":
            stage.is_canceled("1")
            assert stage.result() == "canceled"
        case "completed":
            stage.completes("1", 0)
            assert stage.result() == 0
        case "failed":
            stage.fails("1")
            assert stage.result() == "FAILED"


def test_activity_that_nobody_had() -> None:
    """A task that no worker has is canceled at once: that event stands among the decision's records."""

    @decision_task
    def decider() -> Any:
        promise = work()
        workflow.signals("s").get()
        promise.cancel()
        work("other").result
        with pytest.raises(Canceled):
            promise.result
        return "done"

    stage = Stage(decider)
    stage.decide()
    stage.signal("s")
    assert stage.decide() == [("RequestCancelActivityTask", "1"), ("ScheduleActivityTask", "2")]
    stage.decide()
    stage.completes("2")

    assert stage.result() == "done"


def test_unsent_commands_are_withdrawn() -> None:
    """What is canceled before it left is not sent; its number is used up."""

    @decision_task
    def decider() -> Any:
        for promise in (work(), Timer.get(5), child(), work(work("argument"))):
            promise.cancel()
            with pytest.raises(Canceled):
                promise.result
        work("last")
        Timer.get(6)
        wait_all(child("last"))

    decided = Stage(decider).decide()
    assert [name for _, name in decided[:3]] == ["2", "4", "2"]
    assert decided[3][1].endswith("-2")


def test_canceled_child() -> None:
    """A child is canceled by a request to it, and ends when it says so."""

    @decision_task
    def decider() -> Any:
        promise = child()
        workflow.signals("s").get()
        promise.cancel()
        with pytest.raises(Canceled):
            promise.result
        return "done"

    stage = Stage(decider)
    ((_, workflow_id),) = stage.decide()
    assert workflow_id
    stage.child(workflow_id)
    stage.signal("s")
    assert [("RequestCancelExternalWorkflowExecution", workflow_id)] == stage.decide()
    stage.child(workflow_id, "Canceled")

    assert stage.result() == "done"


def test_cancel_request() -> None:
    """WorkflowCanceled is raised at the wait, not swallowed by `except Exception`, and open work ends."""

    @decision_task
    def decider() -> Any:
        work()
        Timer.get(60)
        child()
        spawn(lambda: sleep(9))
        try:
            work().result
        except Exception:  # noqa: BLE001 - as users write it
            return "swallowed"

    stage = Stage(decider)
    decided = stage.decide()
    workflow_id = decided[2][1]
    stage.starts("1")
    stage.starts("2")
    stage.cancel()

    decided = stage.decide()
    assert decided[-1] == ("CancelWorkflowExecution", None)
    assert [
        ("CancelTimer", "1"),
        ("CancelTimer", "2"),
        ("RequestCancelActivityTask", "1"),
        ("RequestCancelActivityTask", "2"),
        ("RequestCancelExternalWorkflowExecution", workflow_id),
    ] == sorted(decided[:-1])


def test_cancel_request_is_raised_once() -> None:
    """Whoever catches WorkflowCanceled may go on, ask for work and wait; returning then completes."""

    @decision_task
    def decider() -> Any:
        seen = [workflow.cancel_requested]
        try:
            work().result
        except WorkflowCanceled:
            seen.append(workflow.cancel_requested)
        return [*seen, work("clean up").result]

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.cancel()
    stage.completes("2", "clean")

    assert stage.result() == [False, True, "clean"]


def test_cancel_request_before_the_first_decision() -> None:
    """A request that is there from the beginning is raised at the first wait."""

    @decision_task
    def decider() -> Any:
        work().result

    stage = Stage(decider)
    stage.cancel()

    assert stage.decide() == [("CancelWorkflowExecution", None)]


def test_cancel_request_at_the_next_wait() -> None:
    """If an earlier event of the batch wakes the main function, the request meets its next wait."""

    @decision_task
    def decider() -> Any:
        seen = [work().result, workflow.cancel_requested]
        try:
            work().result
        except WorkflowCanceled:
            seen.append("canceled")
        return seen

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", "first")
    stage.cancel()

    assert stage.result() == ["first", True, "canceled"]


def test_shield() -> None:
    """Within a shield the request waits; it is raised at the first wait behind it."""

    @decision_task
    def decider() -> Any:
        seen = []
        with workflow.shield():
            seen.append(work().result)
            seen.append(work().result)
        try:
            work().result
        except WorkflowCanceled:
            seen.append("canceled")
        return seen

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == []
    stage.completes("1", 1)
    assert stage.decide() == [("ScheduleActivityTask", "2")]
    stage.completes("2", 2)

    assert stage.result() == [1, 2, "canceled"]


def test_cancel_request_takes_no_signal() -> None:
    """A wait for a signal that a cancel request ended takes no signal later."""

    @decision_task
    def decider() -> Any:
        try:
            workflow.signals("s").get()
        except WorkflowCanceled:
            return workflow.signals("s").get()

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == []
    stage.signal("s", '"for the second"')

    assert stage.result() == "for the second"


@pytest.mark.parametrize("seconds", [None, 60])
@pytest.mark.parametrize("first", ["request", "signal"])
def test_cancel_request_and_signal_in_one_batch(first: str, seconds: int | None) -> None:
    """If both come with one batch the earlier one ends the wait; the signal is there for the next wait."""

    @decision_task
    def decider() -> Any:
        seen: list[Any] = []
        for _ in range(2):
            try:
                seen.append(workflow.signals("s").get(timeout=seconds))
            except WorkflowCanceled:  # noqa: PERF203 - twice
                seen.append("canceled")
        return seen

    stage = Stage(decider)
    stage.decide()
    if first == "request":
        stage.cancel()
        stage.signal("s", '"signal"')
        assert stage.result() == ["canceled", "signal"]
    else:
        stage.signal("s", '"signal"')
        stage.cancel()
        assert stage.result() == ["signal", "canceled"]


def test_cancel_request_ends_the_timeout() -> None:
    """A wait that a cancel request ended leaves no timer behind, nor does one that it kept from beginning."""

    @decision_task
    def decider() -> Any:
        promise = work()
        try:
            wait_any(promise, timeout=60)
        except WorkflowCanceled:
            return promise.result

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == [("CancelTimer", "w1")]

    stage = Stage(decider)
    stage.cancel()
    assert stage.decide() == [("ScheduleActivityTask", "1")]


def test_marker() -> None:
    """A marker is there at once, as it was recorded, also when the code says something else now."""
    details = ["before"]

    @decision_task
    def decider() -> Any:
        marker = Marker("checkpoint", details[0])
        empty = Marker("empty", "")
        return [
            marker.is_ready,
            marker.result.name,
            marker.result.details,
            empty.result.details,
            work().result,
        ]

    stage = Stage(decider)
    run = stage.ask()
    assert decision_attributes(run.decisions[0]) == {"markerName": "checkpoint", "details": "before"}
    assert stage.decide()[:2] == [("RecordMarker", "checkpoint"), ("RecordMarker", "empty")]
    details[0] = "after"
    stage.evict()
    stage.completes("1", 0)

    assert stage.result() == [True, "checkpoint", "before", "", 0]


def test_cached() -> None:
    """A cached function runs once for each call; its marker tells number, name and result."""
    calls: list[Any] = []

    @cached
    def query(key: str) -> Any:
        calls.append(key)
        return [key, len(calls)]

    @decision_task
    def decider() -> Any:
        return [query("a"), query("a"), work().result, query("b")]

    stage = Stage(decider)
    run = stage.cold()
    assert calls == ["a", "a"]
    details = [json.loads(decision_attributes(one)["details"]) for one in run.decisions[:2]]
    assert [one["n"] for one in details] == [1, 2]
    assert all("query" in one["f"] for one in details)
    stage.world.complete(run.decisions)
    stage.completes("1", "w")
    calls.clear()

    run = stage.cold()
    assert calls == ["b"]
    result = json.loads(decision_attributes(run.decisions[-1])["result"])
    assert result == [["a", 1], ["a", 2], "w", ["b", 1]]


@pytest.mark.parametrize("value", [None, 0, "", [], False, "☃"])
def test_cached_falsy(value: Any) -> None:
    """An empty result is cached like any other."""
    calls: list[Any] = []

    @cached
    def query() -> Any:
        calls.append(1)
        return value

    @decision_task
    def decider() -> Any:
        return [query(), work().result, query()]

    stage = Stage(decider)
    stage.world.complete(stage.cold().decisions)
    stage.completes("1")
    calls.clear()
    run = stage.cold()

    assert len(calls) == 1
    assert [value, None, value] == json.loads(decision_attributes(run.decisions[-1])["result"])


def test_cached_exception() -> None:
    """A cached function's exception is cached: raised at the call, and again at each replay."""
    calls: list[Any] = []

    @cached
    def query() -> Any:
        calls.append(1)
        raise ValueError("no such key")

    @decision_task
    def decider() -> Any:
        try:
            query()
        except Exception as error:  # noqa: BLE001 - its type is what is looked at
            seen = [type(error).__name__, "no such key" in str(error)]
        work().result
        return seen

    stage = Stage(decider)
    first = stage.cold()
    stage.world.complete(first.decisions)
    stage.completes("1")
    calls.clear()
    run = stage.cold()

    name, told = json.loads(decision_attributes(run.decisions[-1])["result"])
    assert name in ("ValueError", RemoteError.__name__)
    assert told
    assert calls == []


def test_refused_cached_marker() -> None:
    """Without the record no replay knows the value: the run says so and does not guess."""

    @cached
    def ask() -> int:
        return 7

    @decision_task
    def decider() -> Any:
        return work(ask()).result

    stage = Stage(decider)
    stage.world.refusals["RecordMarker"] = "OPERATION_NOT_PERMITTED"
    stage.decide()
    stage.completes("1")
    with pytest.raises(UsageError, match="allow swf:RecordMarker"):
        stage.cold()
    started = stage.world.started or 0
    assert stage.open is not None
    with pytest.raises(UsageError, match="allow swf:RecordMarker"):
        stage.open.append_page(task_body(stage.world.events[stage.known : started], started))


def test_cached_may_not_wait() -> None:
    """A cached function that waits or asks for work is told that it may not."""

    @cached
    def bad() -> Any:
        return work().result

    @decision_task
    def decider() -> Any:
        with pytest.raises((UsageError, RemoteError), match="cached"):
            bad()
        return "told"

    assert Stage(decider).result() == "told"


def test_eviction() -> None:
    """close() unwinds the code on the calling thread; its finally blocks run, and can decide nothing."""
    seen: list[Any] = []

    @decision_task
    def decider() -> Any:
        try:
            work().result
        except Exception:  # noqa: BLE001 - as users write it
            seen.append("swallowed")
        finally:
            seen.append(threading.current_thread())
            work("too late")
            seen.append("not reached")

    stage = Stage(decider)
    run = stage.cold()
    decisions = list(run.decisions)
    run.close()
    run.close()

    assert [threading.current_thread()] == seen
    assert decisions == run.decisions


def test_eviction_of_stubborn_code() -> None:
    """Code that goes on when it is unwound, whatever it catches, is left standing and decides nothing."""
    seen: list[int] = []

    @decision_task
    def decider() -> Any:
        for number in range(5):
            try:
                work(number).result
            except BaseException:  # noqa: BLE001, PERF203 - as stubborn as can be
                seen.append(number)
        return "never"

    stage = Stage(decider)
    run = stage.cold()
    run.close()

    assert len(seen) <= 5
    assert [one["decisionType"] for one in run.decisions] == ["ScheduleActivityTask"]


def test_eviction_of_coroutines() -> None:
    """An async decider's finally blocks run as well, those of its branches too."""
    seen: list[str] = []

    async def branch() -> None:
        try:
            await work()
        finally:
            seen.append("branch")

    @decision_task
    async def decider() -> Any:
        spawn(branch)
        try:
            await work()
        finally:
            seen.append("main")

    Stage(decider).cold().close()

    assert {"branch", "main"} == set(seen)


def test_many_runs_side_by_side() -> None:
    """Runs that are suspended at once do not mix, in whichever order they go on."""

    @decision_task
    def decider(n: int) -> Any:
        return [n, work(n).result, once(n).result]

    stages = [Stage(decider, f"[[{n}], {{}}]") for n in range(8)]
    for order in (1, -1, 1):
        for n, stage in list(enumerate(stages))[::order]:
            stage.decide()
            activity_id = next((w["id"] for w in stage.world.open.values()), None)
            if activity_id:
                stage.completes(activity_id, n * 10)

    for n, stage in enumerate(stages):
        assert [n, n * 10, n * 10] == json.loads(
            stage.world.events[-1]["workflowExecutionCompletedEventAttributes"]["result"]
        )


def test_deciders_within_exceptions() -> None:
    """A decider may wait while it handles an exception: the exceptions of others do not mix with it."""

    @decision_task
    def decider() -> Any:
        try:
            once().result
        except ActivityTaskException as error:
            work().result
            with pytest.raises(WaitTimeout):
                wait_any(work(), timeout=1)
            return [error.task_id]

    stages = [Stage(decider) for _ in range(2)]
    for happening in (
        lambda stage: stage.fails("1"),
        lambda stage: stage.completes("2"),
        lambda stage: stage.fires("w1"),
    ):
        for stage in stages:
            stage.decide()
        for stage in stages:
            happening(stage)

    assert [stage.result() for stage in stages] == [["1"], ["1"]]


def test_much_is_canceled_in_call_order() -> None:
    """Where more is to be canceled than a response holds, what was called first is canceled first."""

    @decision_task
    def decider() -> Any:
        wait_all(*[work(number) for number in range(120)])

    stage = Stage(decider)
    stage.world.most_open["activity"] = 2  # the others back off
    while stage.world.scheduled is not None:
        stage.decide()
        for wake in [w["id"] for w in stage.world.open.values() if w["id"].startswith("wake-")]:
            stage.fires(wake)
    stage.cancel()
    canceled = [name for how, name in stage.decide() if how in ("CancelTimer", "RequestCancelActivityTask")]

    assert canceled[:2] == ["1", "2"]
    assert [f"a{number}-1" for number in range(3, 100)] == canceled[2:]


def test_a_cancel_request_does_not_overtake_a_retry_that_is_held() -> None:
    """It would find nothing to cancel, and the retry would run on: it waits until the retry has left."""

    @decision_task
    def decider() -> Any:
        first = work(0)
        work.map(range(1000))
        workflow.signals("stop").get()
        first.cancel()
        try:
            return first.result
        except Canceled:
            return "canceled"

    stage = Stage(decider)
    decide_all(stage)
    stage.fails("1")
    stage.signal("stop")
    sent = decide_all(stage)
    assert ("RequestCancelActivityTask", "1-2") not in sent
    stage.completes("5")
    sent = decide_all(stage)
    assert sent.index(("ScheduleActivityTask", "1-2")) < sent.index(("RequestCancelActivityTask", "1-2"))
    assert attributes(stage.world.events[-1])["result"] == '"canceled"'


def decide_all(stage: Stage) -> list[tuple[str, str | None]]:
    """Decide as long as there are decision tasks, letting `wake-` timers fire; all decisions in brief."""
    sent: list[tuple[str, str | None]] = []
    while stage.world.scheduled and not stage.world.is_closed:
        sent += stage.decide()
        for one in [one["id"] for one in stage.world.open.values() if one["id"].startswith("wake-")]:
            stage.fires(one)
    return sent
