"""Whole workflows whose payloads lie in a store that now and then cannot be reached."""

from __future__ import annotations

import random
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from storage_line import Line, refusal

from pyswf_fast import (
    Client,
    Execution,
    Worker,
    activity,
    activity_task,
    cached,
    decision_task,
    wait_all,
    workflow,
)
from pyswf_fast.exceptions import (
    DataStoreUnavailable,
    PayloadMissing,
    RemoteError,
    WorkflowFailed,
)
from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.storage import MemoryDataStore, S3DataStore, references
from pyswf_fast.workflow import signals


def noise(seed: int, length: int = 40_000) -> str:
    return "".join(random.Random(seed).choices(string.printable, k=length))


class Flaky(MemoryDataStore):
    """A store that is out of reach for its next so many readings and writings."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.unread = self.unwritten = 0

    def read(self, key: str, size: int | None) -> bytes:
        with self._lock:
            self.unread -= 1
            if self.unread >= 0:
                raise DataStoreUnavailable(f"{key} is out of reach", key)
        return super().read(key, size)

    def write(self, key: str, body: bytes, once: bool) -> None:
        with self._lock:
            self.unwritten -= 1
            if self.unwritten >= 0:
                raise DataStoreUnavailable(f"{key} is out of reach", key)
        super().write(key, body, once)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyswf_fast.decider.FIRST_PAUSE_SECS", 0)
    monkeypatch.setattr("pyswf_fast.perform.FIRST_WAIT_SECS", 0.01)


@contextmanager
def serving(swf: EmbeddedSwf, deciders: list[Any], activities: list[Any]) -> Iterator[Client]:
    worker = Worker("test", deciders, activities, transport=swf, task_list="list")
    thread = threading.Thread(target=worker.run)
    client = Client("test", transport=swf)
    client.register(deciders, activities)
    thread.start()
    try:
        yield client
    finally:
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


def make(store: Any, fail: bool = False) -> tuple[Any, Any]:
    data = {"input_data_store": store, "result_data_store": store}
    runs: list[int] = []

    @activity_task(swf_task_list="list", max_attempts=2, **data)
    def double(number: int, text: str) -> str:
        runs.append(number)
        activity.heartbeat(noise(number, 3_000))
        if fail:
            raise ValueError(noise(99, 400))
        return text[:100] + noise(number)

    @cached(result_data_store=store)
    def drawn() -> str:
        return noise(50)

    @decision_task(swf_task_list="list", swf_workflow_type=f"flow{id(store)}", **data)
    def flow(text: str) -> str:
        own = drawn()
        told = signals("more").get()
        parts = wait_all(*[double(number, text) for number in range(4)])
        return "".join([*parts, own, told])

    flow.runs = runs
    return flow, double


def expected(text: str, told: str) -> str:
    return "".join([*(text[:100] + noise(number) for number in range(4)), noise(50), told])


def fields(swf: EmbeddedSwf, execution: Execution) -> list[str]:
    found = []
    for event in execution.history():
        for value in event.attributes.values():
            if isinstance(value, str):
                assert len(value) <= 32_768
                found.append(value)
    return found


def test_every_payload_of_a_workflow_may_lie_in_s3(swf: EmbeddedSwf, s3: S3DataStore, line: Line) -> None:
    flow, double = make(s3)
    with serving(swf, [flow], [double]) as client:
        runs = [client.start(flow, noise(n)) for n in (60, 61)]  # equal activity numbers in both
        for execution, n in zip(runs, (70, 71), strict=True):
            execution.signal("more", noise(n))
        assert [run.result(60) for run in runs] == [expected(noise(n), noise(n + 10)) for n in (60, 61)]
        keys = [
            {s3.locate(reference)[0] for field in fields(swf, run) for reference in references(field)}
            for run in runs
        ]
    assert min(len(each) for each in keys) >= 8
    assert not keys[0] & keys[1]
    assert keys[0] | keys[1] <= {item.key for item in s3.list()}  # and heartbeats, which no event keeps
    for run, each in zip(runs, keys, strict=True):
        assert all(key.startswith(f"test/{run.workflow_id}/") for key in each)


@pytest.mark.parametrize("answer", [refusal(503, "SlowDown"), refusal(400, "ExpiredToken")])
def test_a_workflow_outlives_an_outage_of_s3(
    swf: EmbeddedSwf, s3: S3DataStore, line: Line, answer: Any
) -> None:
    flow, double = make(s3)
    with serving(swf, [flow], [double]) as client:
        execution = client.start(flow, noise(60))
        line.fail(answer)
        execution.signal("more", "short")
        threading.Timer(0.4, line.heal).start()
        assert execution.result(60) == expected(noise(60), "short")


@pytest.mark.parametrize(("unread", "unwritten"), [(3, 0), (0, 3), (5, 5)])
def test_no_workflow_fails_because_its_store_blinked(swf: EmbeddedSwf, unread: int, unwritten: int) -> None:
    store = Flaky()
    flow, double = make(store)
    with serving(swf, [flow], [double]) as client:
        execution = client.start(flow, noise(60))
        execution.signal("more", "short")
        store.unread, store.unwritten = unread, unwritten
        assert execution.result(60) == expected(noise(60), "short")
    assert sorted(flow.runs) == [0, 1, 2, 3]  # no result was lost, and none made twice


def test_a_payload_that_is_gone_pauses_the_decision_until_it_is_back(swf: EmbeddedSwf) -> None:
    store = MemoryDataStore()
    flow, double = make(store)
    client = Client("test", transport=swf)
    client.register([flow], [double])
    execution = client.start(flow, noise(60))
    execution.signal("more", "short")
    gone = dict(store.objects)
    store.objects.clear()
    with serving(swf, [flow], [double]):
        while not any("PayloadMissing" in field for field in fields(swf, execution)):
            time.sleep(0.01)
        store.objects.update(gone)
        assert execution.result(60) == expected(noise(60), "short")


def test_what_a_failure_says_travels_whole(swf: EmbeddedSwf) -> None:
    store = MemoryDataStore()

    @decision_task(swf_task_list="list", result_data_store=store)
    def fails() -> None:
        raise ValueError(noise(1, 60_000))

    with serving(swf, [fails], []) as client, pytest.raises(WorkflowFailed) as caught:
        client.start(fails).result(60)
    assert isinstance(caught.value.__cause__, RemoteError)
    assert caught.value.__cause__.message == noise(1, 60_000)
    assert len(store.objects) == 1


def test_a_run_that_continues_stores_its_input_anew(swf: EmbeddedSwf) -> None:
    store = MemoryDataStore()
    texts: dict[str, str] = {}

    @decision_task(swf_task_list="list", input_data_store=store, continues_indefinitely=True)
    def again(text: str) -> None:
        texts[workflow.info.run_id] = text
        signals("on").get()

    with serving(swf, [again], []) as client:
        execution = client.start(again, noise(5))
        for runs in (1, 2, 3):
            while len(texts) < runs:
                time.sleep(0.01)
            if runs < 3:
                client.execution(execution.workflow_id).signal("on")
        client.execution(execution.workflow_id).terminate()
    assert list(texts.values()) == [noise(5)] * 3
    assert len({key.split("/")[2] for key in store.objects}) == 3  # each run's own prefix, and the start's


def test_signals_to_other_executions_are_stored_side_by_side(swf: EmbeddedSwf) -> None:
    barrier = threading.Barrier(3, timeout=20)

    class Together(MemoryDataStore):
        def write(self, key: str, body: bytes, once: bool) -> None:
            if "tells" in key:
                barrier.wait()
            super().write(key, body, once)

    store = Together()

    @decision_task(swf_task_list="list", input_data_store=store, result_data_store=store)
    def hears() -> str:
        return "".join(signals("go").get() for _ in range(3))

    @decision_task(swf_task_list="list", input_data_store=store)
    def tells(whom: str) -> None:
        wait_all(*[workflow.signal_external(whom, "go", noise(n)) for n in range(3)])

    with serving(swf, [hears, tells], []) as client:
        execution = client.start(hears)
        client.start(tells, execution.workflow_id).result(60)
        assert execution.result(60) == noise(0) + noise(1) + noise(2)


def test_the_errors_are_what_they_say() -> None:
    assert not PayloadMissing("x").may_pass
    assert DataStoreUnavailable("x", "ref").reference == "ref"
