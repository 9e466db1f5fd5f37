"""Typed values through whole workflows: in serial mode, and by workers of the embedded service."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyswf_fast import (
    Client,
    ConversionError,
    LocalDecisionWorker,
    activity,
    activity_task,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast.decider import decide
from pyswf_fast.fetching import fetch
from pyswf_fast.perform import ActivityTask, perform
from pyswf_fast.registration import register
from pyswf_fast.service import EmbeddedSwf


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass(frozen=True)
class Order:
    id: uuid.UUID
    total: Decimal
    placed: dt.datetime
    sizes: tuple[Size, ...] = ()
    raw: bytes = b""


orders = st.builds(
    Order,
    st.uuids(),
    st.decimals(allow_nan=False),
    st.datetimes(timezones=st.just(dt.timezone.utc)),
    st.lists(st.sampled_from(Size)).map(tuple),
    st.binary(),
)
SEEN: list[Any] = []


@activity_task(swf_task_list="typed")
def price(order: Order, *, at: dt.datetime) -> Order:
    SEEN.extend([order, at])
    activity.heartbeat(order)
    return order


@cached
def looked_up(order: Order) -> set[Order]:
    return {order}


@decision_task(swf_task_list="typed")
def child(orders: dict[str, Order]) -> tuple[Order, ...]:
    return tuple(orders.values())


@decision_task(swf_task_list="typed")
def parent(order: Order, again: bool = True) -> list[Order]:
    SEEN.append(order)
    if again:
        workflow.continue_as_new(order, again=False)
    priced = price(order, at=order.placed).result
    [found] = looked_up(priced)
    [passed] = child({"a": found}).result
    assert type(passed) is type(priced) is type(found) is Order
    return [order, priced, found, passed]


def in_serial_mode(order: Order) -> Any:
    return LocalDecisionWorker(parent).start(order)


def by_workers(order: Order) -> Any:
    swf = EmbeddedSwf()
    register(swf, "d", deciders=[parent, child], activities=[price])
    execution = Client("d", transport=swf).start(parent, order)
    deciders: dict[Any, Any] = {task.name: task for task in (parent, child)}
    while execution.status in ("OPEN", "CONTINUED_AS_NEW"):
        poll = {"domain": "d", "taskList": {"name": "typed"}}
        task = fetch(swf.call, poll, swf.call("PollForDecisionTask", poll))
        if task is not None:
            made = decide(task, lambda task: deciders[task.type[0]], lambda *_: None)
            swf.call("RespondDecisionTaskCompleted", made.params)
        work = ActivityTask.from_bytes("d", "typed", swf.call("PollForActivityTask", poll))
        if work is not None:
            done = perform(work, price, swf)
            swf.call(str(done.operation), done.params)
        if task is None and work is None:
            break
    return execution.result(timeout=0)


@pytest.mark.parametrize("run", [in_serial_mode, by_workers])
@settings(max_examples=10)
@given(order=orders)
def test_every_value_of_a_workflow_is_of_the_annotated_type(
    run: Callable[[Order], Any], order: Order
) -> None:
    SEEN.clear()
    assert run(order) == [order] * 4
    assert {type(each) for each in SEEN} == {Order, dt.datetime}
    assert all(each in (order, order.placed) for each in SEEN)


def test_not_a_number_is_one_in_both_places() -> None:
    @activity_task
    def same(value):  # type: ignore[no-untyped-def]
        return value

    @decision_task
    def main():  # type: ignore[no-untyped-def]
        return [
            str(promise.result) for promise in [same(float("nan")), same([None, float("-inf")]), same("$")]
        ]

    assert LocalDecisionWorker(main).start() == ["nan", "[None, -inf]", "$"]


def test_a_heartbeat_is_read_as_the_type_that_is_named() -> None:
    @activity_task
    def slow() -> Order:
        last = activity.info.heartbeat_as(Order)
        if last is None:
            activity.heartbeat(ORDER)
            raise ConnectionError
        return last

    @decision_task
    def main() -> Order:
        return slow().result

    assert LocalDecisionWorker(main).start() == ORDER


ORDER = Order(uuid.UUID(int=1), Decimal("0.10"), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))


# --- values that do not fit --------------------------------------------------------------------------


@activity_task
def wrong() -> Order:
    return {"id": "no uuid"}  # type: ignore[return-value]


def test_a_result_that_does_not_fit_raises_where_it_is_read() -> None:
    @decision_task
    def main() -> str:
        promise = wrong()
        try:
            promise.result
        except ConversionError as error:
            return str(error) if promise.exception is error else "another"
        return "nothing"

    told = LocalDecisionWorker(main).start()
    assert "result of wrong(), annotated `-> Order`: found a dict" in told


def test_a_decider_that_cannot_read_does_not_fail_its_workflow() -> None:
    @decision_task(swf_task_list="typed")
    def main() -> Any:
        return wrong().result

    with pytest.raises(ConversionError, match=r"result of wrong\(\)"):
        LocalDecisionWorker(main).start()

    @decision_task(swf_task_list="typed")
    def reader(order: Order) -> None: ...

    swf = EmbeddedSwf()
    register(swf, "d", deciders=[reader])
    execution = Client("d", transport=swf).start(reader.options(), "no order")  # type: ignore[arg-type]
    poll = {"domain": "d", "taskList": {"name": "typed"}}
    task = fetch(swf.call, poll, swf.call("PollForDecisionTask", poll))
    assert task is not None
    made = decide(task, lambda _: reader, lambda *_: pytest.fail("no failure of the decider's"))
    assert made.params["decisions"][0]["decisionType"] == "StartTimer"
    assert "argument 'order' of" in made.params["executionContext"]
    swf.call("RespondDecisionTaskCompleted", made.params)
    assert execution.status == "OPEN"


# --- signals -----------------------------------------------------------------------------------------


def test_signals_are_read_as_the_type_that_is_named() -> None:
    @decision_task(swf_task_list="typed")
    def main() -> list[Any]:
        queue = workflow.signals("order", Order)
        got: list[Any] = [queue.get()]
        try:
            got.append(queue.get(timeout=60))
        except ConversionError as error:
            got.append(str(error))
        got.append(next(queue))
        got.append(workflow.signals("plain").get())
        return got

    swf = EmbeddedSwf()
    register(swf, "d", deciders=[main])
    execution = Client("d", transport=swf).start(main)
    for name, value in [("order", ORDER), ("order", {"id": 1}), ("order", ORDER), ("plain", ORDER)]:
        execution.signal(name, value)
    poll = {"domain": "d", "taskList": {"name": "typed"}}
    task = fetch(swf.call, poll, swf.call("PollForDecisionTask", poll))
    assert task is not None
    swf.call("RespondDecisionTaskCompleted", decide(task, lambda _: main, lambda *_: None).params)
    first, refused, third, plain = execution.result(timeout=0)
    assert first == third == plain
    assert "as Order: found a dict" in refused
