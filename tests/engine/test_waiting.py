"""Rules of waiting: who wakes when, branches, timers, timeouts, signals."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from pyswf_fast import Timer, as_completed, decision_task, sleep, spawn, wait_all, wait_any, workflow
from pyswf_fast._replay import History, Run
from pyswf_fast.exceptions import ActivityTaskException, UsageError, WaitTimeout

from .records import decision_attributes
from .stage import Stage
from .test_results import once, work
from .wire import task_body


def test_wait_all() -> None:
    """Results come in argument order, whatever came first."""

    @decision_task
    def decider() -> Any:
        first, second, third = work(1), work(2), work(3)
        return wait_all(third, first, second)

    stage = Stage(decider)
    stage.decide()
    stage.completes("2", "b")
    assert stage.decide() == []
    stage.completes("1", "a")
    stage.completes("3", "c")

    assert stage.result() == ["c", "a", "b"]


def test_wait_all_failure() -> None:
    """The first failure is raised as soon as it happens, without waiting for the rest."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(ActivityTaskException) as caught:
            wait_all(work(1), once(2), once(3))
        return caught.value.task_id

    stage = Stage(decider)
    stage.decide()
    stage.fails("3")
    stage.fails("2")

    assert stage.result() == "3"


def test_wait_all_of_nothing() -> None:
    """Nothing to wait for is there at once."""

    @decision_task
    def decider() -> Any:
        return [wait_all(), wait_all([])]

    assert Stage(decider).result() == [[], []]


def test_wait_any() -> None:
    """The one that was resolved first is returned, also if several came with one batch."""

    @decision_task
    def decider() -> Any:
        promises = [work(1), once(2), work(3)]
        first = wait_any(*promises)
        return [promises.index(first), wait_any(*promises) is first, first.exception is not None]

    stage = Stage(decider)
    stage.decide()
    stage.fails("2")
    stage.completes("3")
    stage.completes("1")

    assert stage.result() == [1, True, True]


def memory_of_waiting_for(count: int) -> int:
    """Bytes that a replay takes at most which waits for one after the other of so many."""

    @decision_task
    def decider() -> Any:
        left = [Timer.get(1) for _ in range(count)]
        while left:
            left.remove(wait_any(left))
        return None

    stage = Stage(decider)
    stage.decide()
    for number in range(1, count + 1):
        stage.fires(str(number))
        stage.world.poll()
        if number < count:
            stage.world.complete([])
    history = History.from_pages([task_body(stage.world.events, len(stage.world.events))])
    tracemalloc.start()
    Run(decider, history).close()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_a_loop_around_wait_any_leaves_nothing_behind() -> None:
    """What waits takes memory by the number of Promises, not by its square."""
    memory_of_waiting_for(5)

    assert memory_of_waiting_for(96) < 4 * memory_of_waiting_for(24)


@pytest.mark.parametrize(
    "stream",
    [as_completed, lambda promises: as_completed(*promises), lambda promises: as_completed(iter(promises))],
)
def test_as_completed(stream: Any) -> None:
    """as_completed gives them in the order of events, be they given one by one or as an iterable."""

    @decision_task
    def decider() -> Any:
        promises = [work(n) for n in range(4)]
        return [promise.result for promise in stream(promises)]

    stage = Stage(decider)
    stage.decide()
    stage.completes("3", "third")
    stage.completes("1", "first")
    assert stage.decide() == []
    stage.completes("4", "fourth")
    stage.completes("2", "second")

    assert stage.result() == ["third", "first", "fourth", "second"]


def test_as_completed_takes_promises_and_a_timeout_by_name() -> None:
    """One Promise is enough, none is none; a timeout given by place is taken for a Promise and refused."""

    @decision_task
    def decider() -> Any:
        one = work()
        with pytest.raises(UsageError, match=r"as_completed\(\) waits for Promises, found"):
            as_completed([one], 5)  # type: ignore[call-overload]
        assert list(as_completed()) == []
        assert next(as_completed(one, timeout=60)).result == 7
        with pytest.raises(WaitTimeout):
            next(as_completed(work(), timeout=60))
        return "fine"

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("StartTimer", "w1")]
    stage.completes("1", 7)
    assert ("StartTimer", "w2") in stage.decide()
    stage.fires("w2")

    assert stage.result() == "fine"


def test_branches() -> None:
    """spawn runs its function to its first wait at once; branches wake in the order of the events."""

    @decision_task
    def decider() -> Any:
        seen: list[Any] = []

        def branch(name: str) -> str:
            seen.append(f"{name} begins")
            value = work(name).result
            seen.append(f"{name} has {value}")
            return name

        branches = [spawn(branch, "a"), spawn(branch, name="b")]
        seen.append("main")
        return [wait_all(*branches), seen]

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("ScheduleActivityTask", "2")]
    stage.completes("2", 2)
    stage.completes("1", 1)

    assert stage.result() == [["a", "b"], ["a begins", "b begins", "main", "b has 2", "a has 1"]]


def test_waiters_of_one_promise() -> None:
    """Those who wait for one Promise wake in the order in which they began to wait."""

    @decision_task
    def decider() -> Any:
        seen: list[str] = []

        def branch(name: str, promise: Any) -> None:
            promise.result
            seen.append(name)

        promise = work()
        branches = [spawn(branch, name, promise) for name in "cab"]
        promise.result
        seen.append("main")
        wait_all(*branches)
        return seen

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")

    assert stage.result() == ["c", "a", "b", "main"]


def test_failed_branch() -> None:
    """A branch's exception is its Promise's, and nobody else's."""

    def branch() -> None:
        raise ValueError("branch")

    @decision_task
    def decider() -> Any:
        promise = spawn(branch)
        with pytest.raises(ValueError, match="branch"):
            promise.result
        spawn(branch)
        return [promise.is_ready, str(promise.exception)]

    assert Stage(decider).result() == [True, "branch"]


def test_branches_end_with_the_decider() -> None:
    """When the decider's function has returned its branches end, and can decide nothing more."""
    seen: list[str] = []

    def branch() -> None:
        try:
            work().result
        except Exception:  # noqa: BLE001 - as users write it
            seen.append("swallowed")
        finally:
            seen.append("finally")
            work("too late")

    @decision_task
    def decider() -> Any:
        seen.clear()
        spawn(branch)
        return "done"

    stage = Stage(decider)
    run = stage.cold()

    assert [one["decisionType"] for one in run.decisions] == [
        "ScheduleActivityTask",
        "CompleteWorkflowExecution",
    ]
    assert seen == ["finally"]


def test_is_ready_shows_the_batch() -> None:
    """All events of a batch are applied before code runs: is_ready shows its end, never what comes later."""

    @decision_task
    def decider() -> Any:
        first, second = work(1), work(2)
        seen = [first.is_ready, second.is_ready]
        first.result
        seen.append(second.is_ready)
        work(3).result
        return [*seen, second.is_ready]

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")
    stage.decide()
    stage.completes("2")
    stage.decide()
    stage.completes("3")

    assert stage.result() == [False, False, False, True]


def test_timers() -> None:
    """Timers count from 1; fractions of a second are rounded up; sleep is a timer and a wait."""

    @decision_task
    def decider() -> Any:
        promise = Timer.get(1.2)
        sleep(60)
        return [promise.is_ready, promise.result]

    stage = Stage(decider)
    assert [decision_attributes(one)["startToFireTimeout"] for one in stage.ask().decisions] == ["2", "60"]
    assert stage.decide() == [("StartTimer", "1"), ("StartTimer", "2")]
    stage.fires("1")
    assert stage.decide() == []
    stage.fires("2")

    assert stage.result() == [True, None]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "5", None, 10**9])
def test_impossible_timers(seconds: Any) -> None:
    """A time that SWF would refuse raises at the call."""

    @decision_task
    def decider() -> Any:
        with pytest.raises((UsageError, TypeError, ValueError)):
            Timer.get(seconds)
        return "told"

    assert Stage(decider).result() == "told"


def test_timeout() -> None:
    """A wait that takes too long raises WaitTimeout; its timer is `w…` and does not count with the user's."""

    @decision_task
    def decider() -> Any:
        promise = work()
        with pytest.raises(WaitTimeout):
            wait_any(promise, timeout=5)
        with pytest.raises(WaitTimeout):
            wait_all(promise, timeout=6)
        Timer.get(9)
        return promise.result

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("StartTimer", "w1")]
    stage.fires("w1")
    assert stage.decide() == [("StartTimer", "w2")]
    stage.fires("w2")
    assert stage.decide() == [("StartTimer", "1")]
    stage.completes("1", "late")

    assert stage.result() == "late"


def test_timeout_in_time() -> None:
    """A wait that ends in time cancels its timer; what is there already starts none."""

    @decision_task
    def decider() -> Any:
        promise = work()
        seen = wait_all(promise, timeout=5)
        seen += wait_all(promise, timeout=5)
        work("more").result
        return seen

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 0)

    assert sorted(stage.decide()) == [("CancelTimer", "w1"), ("ScheduleActivityTask", "2")]


@pytest.mark.parametrize("order", ["timer first", "result first"])
def test_timeout_and_result_in_one_batch(order: str) -> None:
    """If timer and result come with one batch, the earlier event decides."""

    @decision_task
    def decider() -> Any:
        promise = work()
        try:
            return wait_all(promise, timeout=5)
        except WaitTimeout:
            return ["timeout", promise.is_ready]

    stage = Stage(decider)
    stage.decide()
    happenings = [lambda: stage.fires("w1"), lambda: stage.completes("1", "in time")]
    for happening in happenings if order == "timer first" else reversed(happenings):
        happening()

    assert (["timeout", True] if order == "timer first" else ["in time"]) == stage.result()


def test_signals() -> None:
    """Each signal is taken once, in order, by name, early ones too; one without input is None."""

    @decision_task
    def decider() -> Any:
        queue = workflow.signals("s")
        seen = [queue.get(), queue.get(), workflow.signals("t").get(), queue.get()]
        with pytest.raises(WaitTimeout):
            queue.get(timeout=3)
        return seen

    stage = Stage(decider)
    stage.signal("s", '"early"')
    stage.signal("t", json.dumps({"n": 0}))
    stage.signal("s")
    assert stage.decide() == []
    stage.signal("unheard", "1")
    stage.signal("s", "0")
    assert stage.decide() == [("StartTimer", "w1")]
    stage.fires("w1")

    assert stage.result() == ["early", None, {"n": 0}, 0]


def test_line_for_signals() -> None:
    """Who asked first is served first, also where somebody else asks before he has woken."""

    @decision_task
    def decider() -> Any:
        branch = spawn(lambda: workflow.signals("s").get())
        Timer.get(1).result
        return [workflow.signals("s").get(), branch.result]

    stage = Stage(decider)
    stage.decide()
    stage.fires("1")
    stage.signal("s", "1")
    stage.signal("s", "2")

    assert stage.result() == [2, 1]


@pytest.mark.parametrize("signals", [1, 2])
def test_timed_out_in_the_line(signals: int) -> None:
    """Whose time is up leaves his place, and a signal that came in the same batch, to the next in line."""

    @decision_task
    def decider() -> Any:
        def second() -> Any:
            return workflow.signals("s").get()

        def first() -> Any:
            with pytest.raises(WaitTimeout):
                workflow.signals("s").get(timeout=5)

        spawn(first)
        return [spawn(second).result, len(workflow.signals("s"))]

    stage = Stage(decider)
    stage.decide()
    stage.fires("w1")
    for number in range(1, signals + 1):
        stage.signal("s", str(number))

    assert [1, signals - 1] == stage.result()


def test_signal_read_early() -> None:
    """A signal that is there may be read before those who wait for it wake; they wake all the same."""

    @decision_task
    async def decider() -> Any:
        async def wait() -> Any:
            return await first

        first, timer = workflow.signals("s").get(), Timer.get(1)
        branch = spawn(wait)
        await timer
        seen = [first.is_ready, first.result]
        return [*seen, await branch, await workflow.signals("s").get()]

    stage = Stage(decider)
    stage.decide()
    stage.fires("1")
    stage.signal("s", "1")
    stage.signal("s", "2")

    assert stage.result() == [True, 1, 1, 2]


def test_signal_iteration() -> None:
    """Iterating over a queue waits for each signal."""

    @decision_task
    def decider() -> Any:
        seen = []
        for value in workflow.signals("s"):
            if value == "stop":
                break
            seen.append(value)
        return seen

    @decision_task
    async def async_decider() -> Any:
        seen = []
        async for value in workflow.signals("s"):
            if value == "stop":
                break
            seen.append(value)
        return seen

    for one in (decider, async_decider):
        stage = Stage(one)
        stage.signal("s", "1")
        stage.decide()
        stage.signal("s", "2")
        stage.decide()
        stage.signal("s", '"stop"')
        assert stage.result() == [1, 2]


def test_unreadable_signal() -> None:
    """A signal that is no JSON, as anybody may send one, comes as its text."""

    @decision_task
    def decider() -> Any:
        return workflow.signals("s").get()

    stage = Stage(decider)
    stage.signal("s", "just text")

    assert stage.result() == "just text"


def test_async_equals_sync() -> None:
    """An `async def` decider decides what the same plain function decides."""

    def plain_branch(n: int) -> Any:
        return work(n).result

    async def async_branch(n: int) -> Any:
        return await work(n)

    @decision_task
    def plain() -> Any:
        first = work("first")
        branches = [spawn(plain_branch, n) for n in range(2)]
        sleep(1)
        winner = wait_any(first, *branches)
        return [winner is first, wait_all(first, *branches), workflow.signals("s").get()]

    @decision_task
    async def coroutine() -> Any:
        first = work("first")
        branches = [spawn(async_branch, n) for n in range(2)]
        await sleep(1)
        winner = await wait_any(first, *branches)
        return [winner is first, await wait_all(first, *branches), await workflow.signals("s").get()]

    stages = [Stage(plain), Stage(coroutine)]
    happenings: list[Any] = [
        lambda stage: stage.fires("1"),
        lambda stage: stage.completes("2", "two"),
        lambda stage: stage.completes("1", "one"),
        lambda stage: stage.completes("3", "three"),
        lambda stage: stage.signal("s", "4"),
    ]
    for happening in happenings:
        decisions = [stage.decide() for stage in stages]
        assert decisions[0] == decisions[1]
        for stage in stages:
            happening(stage)

    assert [False, ["one", "two", "three"], 4] == stages[0].result() == stages[1].result()


def test_foreign_awaitable() -> None:
    """Awaiting what only an event loop could resolve fails the workflow and says so."""
    import asyncio

    @decision_task
    async def decider() -> Any:
        await asyncio.sleep(1)

    assert isinstance(Stage(decider).failure(), (UsageError, RuntimeError))


def test_clock() -> None:
    """now() is the time at which the batch's decision task began, aware and in UTC."""

    @decision_task
    def decider() -> Any:
        seen = [workflow.now()]
        work().result
        seen.append(workflow.now())
        return [[one.timestamp(), str(one.tzinfo)] for one in seen]

    stage = Stage(decider)
    stage.decide()
    started = [one for one in stage.world.events if one["eventType"] == "DecisionTaskStarted"]
    stage.world.now_ms += 86_400_000
    stage.completes("1")

    first, second = stage.result()
    started = [one for one in stage.world.events if one["eventType"] == "DecisionTaskStarted"]
    assert [[one["eventTimestamp"], "UTC"] for one in started] == [first, second]


def test_chance() -> None:
    """uuid4 and random follow from the run id: the same at every replay, different for another run."""

    @decision_task
    def decider() -> Any:
        drawn = [str(workflow.uuid4()), workflow.random.random()]
        work().result
        return [*drawn, str(workflow.uuid4()), workflow.random.random()]

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")
    drawn = stage.result()

    assert len(set(drawn)) == 4
    assert drawn[0][14] == "4"
    stage.evict()
    assert drawn == stage.result()


def test_outside() -> None:
    """Outside of a decider, what only a decider can do says so."""
    for call in (
        lambda: sleep(1),
        lambda: Timer.get(1),
        lambda: workflow.now(),
        lambda: workflow.signals("s"),
        lambda: wait_all(),
        lambda: spawn(print),
    ):
        with pytest.raises(UsageError, match="decider"):
            call()
