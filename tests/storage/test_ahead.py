"""What a replay fetches: nothing that nobody reads, and what is read side by side with what comes next."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from pyswf_fast import activity_task, decision_task
from pyswf_fast._replay import History
from pyswf_fast.exceptions import DataStoreUnavailable
from pyswf_fast.payload import Codec
from pyswf_fast.replayer import Replayer
from pyswf_fast.storage import MemoryDataStore, PayloadCache
from pyswf_fast.storage.traffic import AT_ONCE

TYPE = {"name": "fetch", "version": "1.0"}


class Counting(MemoryDataStore):
    """A store that knows how many of its readings overlapped; the first `together` wait for one another."""

    def __init__(self, together: int = 1) -> None:
        super().__init__(always=True, cache=PayloadCache())
        self.barrier = threading.Barrier(together, timeout=20)
        self.held = together if together > 1 else 0
        self.at_once = self.most_at_once = 0

    def read(self, key: str, size: int | None) -> bytes:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            self.held -= 1
            held = self.held >= 0
        if held:
            self.barrier.wait()
        try:
            return super().read(key, size)
        finally:
            with self._lock:
                self.at_once -= 1


def history_of(store: MemoryDataStore, batches: int, width: int) -> History:
    """In each batch so many activities complete, which the decision before asked for."""
    codec = Codec("fetch", result_data_store=store)
    events: list[dict[str, Any]] = []

    def add(kind: str, **attributes: Any) -> int:
        member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        events.append(
            {
                "eventId": len(events) + 1,
                "eventTimestamp": 1.7e9 + len(events),
                "eventType": kind,
                member: attributes,
            }
        )
        return len(events)

    add(
        "WorkflowExecutionStarted",
        input="[[],{}]",
        taskList={"name": "l"},
        workflowType={"name": "d", "version": "1.0"},
    )
    number = 0
    for _ in range(batches):
        scheduled = add("DecisionTaskScheduled", taskList={"name": "l"})
        started = add("DecisionTaskStarted", scheduledEventId=scheduled)
        completed = add("DecisionTaskCompleted", scheduledEventId=scheduled, startedEventId=started)
        asked = []
        for _ in range(width):
            number += 1
            schedule = add("ActivityTaskScheduled", activityId=str(number), activityType=TYPE,
                           taskList={"name": "l"}, decisionTaskCompletedEventId=completed)  # fmt: skip
            asked.append((number, schedule))
        for each, schedule in asked:
            began = add("ActivityTaskStarted", scheduledEventId=schedule)
            add("ActivityTaskCompleted", scheduledEventId=schedule, startedEventId=began,
                result=codec.encode_result({"of": each}, "d/w/r"))  # fmt: skip
    scheduled = add("DecisionTaskScheduled", taskList={"name": "l"})
    add("DecisionTaskStarted", scheduledEventId=scheduled)
    return History.from_json(json.dumps({"events": events}).encode())


def decider_of(store: MemoryDataStore, batches: int, width: int, reads: bool) -> Any:
    @activity_task(swf_task_type="fetch", result_data_store=store)
    def fetch(number: int) -> Any: ...

    @decision_task(swf_workflow_type="d")
    def decide() -> int:
        total = 0
        for batch in range(batches):
            promises = [fetch(batch * width + n + 1) for n in range(width)]
            while not all(promise.is_ready for promise in promises):
                wait_ready(promises)
            if reads:
                total += sum(promise.result["of"] for promise in promises)
        return total

    return decide


def wait_ready(promises: list[Any]) -> None:
    from pyswf_fast import wait_any

    wait_any(*[promise for promise in promises if not promise.is_ready])


def test_what_nobody_reads_costs_no_request() -> None:
    store = Counting()
    history = history_of(store, 80, 100)
    assert len(history) > 24_000
    replay = Replayer(decider_of(store, 80, 100, reads=False)).replay(history)
    assert replay.decisions[0]["completeWorkflowExecutionDecisionAttributes"]["result"] == "0"
    assert store.reads == []


@pytest.mark.parametrize(("batches", "width"), [(4, 50), (60, 1)])
def test_what_is_read_comes_side_by_side_and_once(batches: int, width: int) -> None:
    count = batches * width
    store = Counting(together=2)
    history = history_of(store, batches, width)
    decide = decider_of(store, batches, width, reads=True)
    replay = Replayer(decide).replay(history)
    result = replay.decisions[0]["completeWorkflowExecutionDecisionAttributes"]["result"]
    assert int(result) == count * (count + 1) // 2
    assert sorted(store.reads) == sorted(store.objects)
    assert 2 <= store.most_at_once <= AT_ONCE
    Replayer(decide).replay(history)
    assert len(store.reads) == count  # from the cache


def test_the_first_that_is_read_brings_its_batch_and_the_next() -> None:
    store = Counting()
    history = history_of(store, 5, 10)

    @activity_task(swf_task_type="fetch", result_data_store=store)
    def fetch(number: int) -> Any: ...

    @decision_task(swf_workflow_type="d")
    def decide() -> Any:
        first = [fetch(n + 1) for n in range(10)]
        for promise in first:
            wait_ready([promise]) if not promise.is_ready else None
        value = first[3].result
        for batch in range(1, 5):
            for promise in [fetch(batch * 10 + n + 1) for n in range(10)]:
                wait_ready([promise]) if not promise.is_ready else None
        return value

    replay = Replayer(decide).replay(history)
    assert replay.decisions[0]["completeWorkflowExecutionDecisionAttributes"]["result"] == '{"of":4}'
    for _ in range(200):
        if len(store.reads) == 20:
            break
        threading.Event().wait(0.01)
    assert len(store.reads) == 20


def test_one_that_cannot_be_had_ahead_fails_who_asks_for_it() -> None:
    class Broken(Counting):
        bad = ""

        def read(self, key: str, size: int | None) -> bytes:
            if key == self.bad:
                raise DataStoreUnavailable(f"{key} is out of reach", key)
            return super().read(key, size)

    store = Broken()
    history = history_of(store, 2, 5)
    store.bad = list(store.objects)[-1]
    with pytest.raises(DataStoreUnavailable, match="out of reach"):
        Replayer(decider_of(store, 2, 5, reads=True)).replay(history)
    store.bad = ""
    replay = Replayer(decider_of(store, 2, 5, reads=True)).replay(history)
    assert replay.decisions[0]["decisionType"] == "CompleteWorkflowExecution"
    assert len(store.reads) == 10


def test_no_more_is_fetched_ahead_than_the_cache_will_keep() -> None:
    """Of payloads that shrink to a hundredth, a whole window is far more than the cache has room for."""
    store = MemoryDataStore(always=True, cache=PayloadCache(500_000))
    codec = Codec("fetch", result_data_store=store)
    texts = [f"{number} {number % 7}" * 10_000 for number in range(120)]
    fields = [codec.encode_result(text, "d/w/r") for text in texts]
    for number, field in enumerate(fields):
        following = [(codec, each, True) for each in fields[number:]]
        assert codec.decode_result(field, lambda following=following: following) == texts[number]
    assert len(store.reads) < 2 * len(texts)
