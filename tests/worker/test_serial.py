"""Serial mode: what works here works in distributed mode, so it must not work too well."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    LocalDecisionWorker,
    Marker,
    SerializationError,
    SwfError,
    Timer,
    UsageError,
    WorkflowCanceled,
    WorkflowTimedOut,
    activity,
    activity_task,
    cached,
    decision_task,
    sleep,
    wait_any,
    workflow,
)

FALSY = [0, "", None, [], {}, False, 0.0]


class Refusal(Exception):
    """Of a type that no other process could know."""


@activity_task
def echo(value: Any) -> Any:
    return value


@activity_task(max_attempts=2)
def refuse(text: str) -> None:
    raise Refusal(text)


@decision_task
def echoes(values: list[Any]) -> list[Any]:
    return [promise.result for promise in [echo(value) for value in values]]


@decision_task
def identity(value: Any) -> Any:
    return value


def test_falsy_values_survive_every_path() -> None:
    @decision_task(swf_workflow_type="paths")
    def paths(values: list[Any]) -> list[Any]:
        by_child = [identity(value) for value in values]
        by_activity = [echo(value) for value in values]
        return [[one.result, other.result] for one, other in zip(by_child, by_activity, strict=True)]

    assert LocalDecisionWorker(paths).start(FALSY) == [[value, value] for value in FALSY]
    assert [LocalDecisionWorker(identity).start(value) for value in FALSY] == FALSY


def test_values_travel_as_text_here_too() -> None:
    assert LocalDecisionWorker(echoes).start([(1, 2), {"a": (3,)}]) == [[1, 2], {"a": [3]}]

    with pytest.raises(SerializationError, match=r"argument 'values' of echoes\(\)"):
        LocalDecisionWorker(echoes).start([object()])


def test_keyword_arguments_and_defaults() -> None:
    @decision_task(swf_workflow_type="keywords")
    def keywords(first: int, *, second: int = 2) -> list[int]:
        return [first, second]

    assert LocalDecisionWorker(keywords).start(first=5) == [5, 2]
    assert LocalDecisionWorker(keywords).start(5, second=6) == [5, 6]


def test_a_decider_s_own_exception_is_raised_itself() -> None:
    refusal = Refusal("mine")

    @decision_task(swf_workflow_type="raises")
    def raises() -> None:
        raise refusal

    with pytest.raises(Refusal) as caught:
        LocalDecisionWorker(raises).start()

    assert caught.value is refusal


def test_an_activity_s_exception_is_the_cause() -> None:
    @decision_task(swf_workflow_type="tries")
    def tries() -> None:
        refuse("not today").result

    with pytest.raises(ActivityTaskException) as caught:
        LocalDecisionWorker(tries).start()

    assert isinstance(caught.value.__cause__, Refusal)
    assert caught.value.failure_status == "FAILED"
    assert caught.value.task_id == "1-2"


def test_a_child_s_exception_is_the_cause() -> None:
    @decision_task(swf_workflow_type="child")
    def child() -> None:
        refuse("the child").result

    @decision_task(swf_workflow_type="parent")
    def parent() -> None:
        child().result

    with pytest.raises(ChildWorkflowException) as caught:
        LocalDecisionWorker(parent).start()

    assert isinstance(caught.value.__cause__, ActivityTaskException)
    assert isinstance(caught.value.__cause__.__cause__, Refusal)


def test_attempts_are_counted_as_in_distributed_mode() -> None:
    attempts: list[int] = []

    @activity_task(swf_task_type="third_time", max_attempts=4)
    def third_time() -> str:
        attempts.append(activity.info.attempt)
        if len(attempts) < 3:
            raise Refusal
        return "lucky"

    @decision_task(swf_workflow_type="persists")
    def persists() -> str:
        return third_time().result

    assert LocalDecisionWorker(persists).start() == "lucky"
    assert attempts == [1, 2, 3]


def test_methods_keep_their_objects() -> None:
    class Shop:
        def __init__(self, name: str) -> None:
            self.name = name
            self.sold: list[str] = []

        @activity_task
        def sell(self, what: str) -> str:
            self.sold.append(what)
            return f"{what} from {self.name}"

        @decision_task
        def trade(self, what: str) -> str:
            return self.sell(what).result

        @decision_task
        def both(self) -> list[str]:
            theirs, ours = other.trade("tea"), self.trade("milk")
            return [theirs.result, ours.result]

    here, other = Shop("here"), Shop("there")

    assert LocalDecisionWorker(here.trade).start("bread") == "bread from here"
    assert LocalDecisionWorker(Shop.trade, other).start("jam") == "jam from there"
    assert LocalDecisionWorker(here.both, here).start() == ["tea from there", "milk from here"]
    assert (here.sold, other.sold) == (["bread", "milk"], ["jam", "tea"])


def test_async_deciders_and_activities_also_inside_a_running_loop() -> None:
    @activity_task(swf_task_type="nap")
    async def nap(n: int) -> int:
        await asyncio.sleep(0.001)
        return n + activity.info.attempt

    @decision_task(swf_workflow_type="naps")
    async def naps() -> int:
        return await nap(1) + await nap(2)

    async def within_a_loop() -> Any:
        return LocalDecisionWorker(naps).start()

    assert LocalDecisionWorker(naps).start() == 5
    assert asyncio.run(within_a_loop()) == 5


def test_an_activity_may_run_a_workflow_of_its_own() -> None:
    @activity_task(swf_task_type="nested")
    def nested(values: list[Any]) -> list[Any]:
        before = activity.info.workflow_id
        result = LocalDecisionWorker(echoes).start(values)
        assert activity.info.workflow_id == before
        return result

    @decision_task(swf_workflow_type="outer")
    def outer() -> list[Any]:
        one, two = nested([1, 2]), nested([3])
        return one.result + two.result

    assert LocalDecisionWorker(outer).start() == [1, 2, 3]


def test_threads_do_not_disturb_each_other() -> None:
    results: dict[int, Any] = {}

    def run(n: int) -> None:
        results[n] = LocalDecisionWorker(echoes).start(list(range(n)))

    threads = [threading.Thread(target=run, args=(n,)) for n in (5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == {n: list(range(n)) for n in (5, 6, 7)}


# --- time --------------------------------------------------------------------------------------------


def test_time_can_be_skipped() -> None:
    @decision_task(swf_workflow_type="patient")
    def patient() -> float:
        began = workflow.now()
        sleep(30 * 86400)
        return (workflow.now() - began).total_seconds()

    started = time.monotonic()
    passed = LocalDecisionWorker(patient, skip_time=True).start()

    assert passed == pytest.approx(30 * 86400, abs=5)
    assert time.monotonic() - started < 5


def test_time_passes_for_real_otherwise() -> None:
    @decision_task(swf_workflow_type="short")
    def short() -> bool:
        timers = [Timer.get(1), Timer.get(3600)]
        return wait_any(*timers) is timers[0]

    started = time.monotonic()

    assert LocalDecisionWorker(short).start() is True
    assert time.monotonic() - started >= 1


def test_activities_time_out_for_real() -> None:
    @activity_task(swf_task_type="slow", start_to_close_timeout=1, max_attempts=1)
    def slow() -> None:
        time.sleep(1.2)

    @decision_task(swf_workflow_type="impatient")
    def impatient() -> str:
        try:
            slow().result
        except ActivityTaskException as error:
            return f"{error.failure_status} {error.failure_reason}"
        return "in time"

    assert LocalDecisionWorker(impatient).start() == "TIMED_OUT START_TO_CLOSE"


def test_an_execution_times_out() -> None:
    @decision_task(swf_workflow_type="limited", execution_start_to_close_timeout=60)
    def limited() -> None:
        workflow.signals("never").get()

    with pytest.raises(WorkflowTimedOut):
        LocalDecisionWorker(limited, skip_time=True).start()


def test_waiting_for_what_nobody_brings_is_an_error() -> None:
    @decision_task(swf_workflow_type="forlorn")
    def forlorn() -> None:
        echo(1).result
        workflow.signals("never").get()

    for skip_time in (False, True):
        with pytest.raises(SwfError, match="waits for what nothing will bring"):
            LocalDecisionWorker(forlorn, skip_time=skip_time).start()


def test_a_child_may_wait_for_its_parent_s_signal() -> None:
    @decision_task(swf_workflow_type="waits_for_word")
    def waits_for_word() -> Any:
        return workflow.signals("word").get()

    @decision_task(swf_workflow_type="sends_word")
    def sends_word() -> Any:
        child = waits_for_word.options(workflow_id="the child")()
        sleep(1)
        workflow.signal_external("the child", "word", {"said": "hello"})
        return child.result

    assert LocalDecisionWorker(sends_word, skip_time=True).start() == {"said": "hello"}


def test_a_run_may_continue_as_new() -> None:
    @decision_task(swf_workflow_type="counts down")
    def counts_down(n: int, total: int = 0) -> int:
        total += echo(n).result
        if n:
            workflow.continue_as_new(n - 1, total=total)
        return total

    assert LocalDecisionWorker(counts_down).start(5) == 15


def test_a_child_may_be_canceled() -> None:
    @decision_task(swf_workflow_type="canceled child")
    def canceled_child() -> None:
        try:
            sleep(3600)
        except WorkflowCanceled:
            echo("cleaned up").result
            raise

    @decision_task(swf_workflow_type="canceling parent")
    def canceling_parent() -> str:
        child = canceled_child.options(workflow_id="unloved")()
        sleep(1)
        workflow.cancel_external("unloved")
        try:
            child.result
        except Canceled:
            return "canceled"
        return "not canceled"

    assert LocalDecisionWorker(canceling_parent, skip_time=True).start() == "canceled"


# --- what else deciders call ---------------------------------------------------------------------------


def test_cached_functions_run_once_each_call() -> None:
    calls: list[int] = []

    @cached
    def draw() -> int:
        calls.append(len(calls))
        return calls[-1]

    @decision_task(swf_workflow_type="draws")
    def draws() -> list[int]:
        first = [draw(), draw()]
        echo(1).result
        sleep(10)
        return [*first, draw()]

    assert LocalDecisionWorker(draws, skip_time=True).start() == [0, 1, 2]
    assert calls == [0, 1, 2]


def test_markers_and_info() -> None:
    @decision_task(swf_workflow_type="tells", tags=["a", "b"])
    def tells() -> list[Any]:
        marker = Marker("name", "details").result
        return [marker.name, marker.details, workflow.info.type, list(workflow.info.tags)]

    assert LocalDecisionWorker(tells).start() == ["name", "details", "tells", ["a", "b"]]


def test_children_that_outlive_their_parent_do_what_needs_no_waiting() -> None:
    done: list[str] = []

    @activity_task(swf_task_type="note")
    def note(text: str) -> None:
        done.append(text)

    @decision_task(swf_workflow_type="lasting")
    def lasting() -> None:
        note("first").result
        sleep(3600)
        note("second").result

    @decision_task(swf_workflow_type="brief")
    def brief() -> str:
        lasting()
        return "gone"

    assert LocalDecisionWorker(brief).start() == "gone"
    assert done == ["first"]


def test_nobody_completes_later_in_serial_mode(caplog: pytest.LogCaptureFixture) -> None:
    @activity_task(swf_task_type="later", max_attempts=1)
    def later() -> None:
        activity.complete_later()

    @decision_task(swf_workflow_type="asks")
    def asks() -> None:
        later().result

    with pytest.raises(ActivityTaskException) as caught:
        LocalDecisionWorker(asks).start()

    assert isinstance(caught.value.__cause__, UsageError)


def test_a_history_may_be_longer_than_swf_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSWF_PARANOID", "0")  # which would replay it from the beginning for each decision

    @decision_task(swf_workflow_type="long")
    def long() -> list[Any]:
        total = 0
        for _ in range(42):
            total += sum(promise.result for promise in [echo(1) for _ in range(100)])
        return [total, workflow.info.history_length > 25_000]

    assert LocalDecisionWorker(long).start() == [4_200, True]


def test_only_decorated_deciders_are_taken() -> None:
    with pytest.raises(UsageError, match="@decision_task"):
        LocalDecisionWorker(echo).start(1)
    with pytest.raises(UsageError, match="@decision_task"):
        LocalDecisionWorker(len).start([])
