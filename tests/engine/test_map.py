"""`f.map`: numbers for all items at once, and at most so many of the calls open at a time."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    SerializationError,
    UsageError,
    activity_task,
    cached,
    decision_task,
    wait_all,
    wait_any,
)
from pyswf_fast._replay import Promise

from .stage import Stage


@activity_task(swf_task_type="work", swf_task_version="1.0")
def work(x: Any = None) -> Any:
    return [x]


def scheduled(*numbers: int) -> list[tuple[str, str]]:
    return [("ScheduleActivityTask", str(number)) for number in numbers]


def test_without_limit() -> None:
    """All calls leave at once, and the Promises stand in the order of the items."""

    @decision_task
    def decider() -> Any:
        promises = work.map(n for n in range(3))
        assert all(isinstance(one, Promise) for one in promises)
        return wait_all(*promises)

    stage = Stage(decider)
    assert stage.decide() == scheduled(1, 2, 3)
    for number in (3, 1, 2):
        stage.completes(str(number), number)
    assert stage.result() == [1, 2, 3]


def test_limit() -> None:
    """At most `limit` are open; who ends makes room for the next, in the decision that follows."""

    @decision_task
    def decider() -> Any:
        return wait_all(*work.map(range(5), limit=2))

    stage = Stage(decider)
    assert stage.decide() == scheduled(1, 2)
    stage.completes("2", "b")
    assert stage.decide() == scheduled(3)
    stage.completes("1", "a")
    stage.completes("3", "c")
    assert stage.decide() == scheduled(4, 5)
    stage.completes("5", "e")
    assert stage.decide() == []
    stage.completes("4", "d")
    assert stage.result() == ["a", "b", "c", "d", "e"]


def test_numbers_are_given_at_the_call() -> None:
    """Calls behind a map get the numbers behind those of all its items, whenever these leave."""

    @decision_task
    def decider() -> Any:
        promises = work.map(range(3), limit=1)
        later = work("later")
        return wait_all(*promises, later)

    stage = Stage(decider)
    assert stage.decide() == scheduled(1, 4)
    stage.completes("1")
    assert stage.decide() == scheduled(2)


def test_a_retry_keeps_its_slot() -> None:
    """A call that fails and is tried again is still open; one that has failed for good is not."""

    def failed(promise: Any) -> bool:
        try:
            promise.result
        except ActivityTaskException:
            return True
        return False

    @decision_task
    def decider() -> Any:
        return [failed(one) for one in work.options(max_attempts=2).map(range(2), limit=1)]

    stage = Stage(decider)
    assert stage.decide() == scheduled(1)
    stage.fails("1")
    assert stage.decide() == [("ScheduleActivityTask", "1-2")]
    stage.fails("1-2")
    assert stage.decide() == scheduled(2)
    stage.completes("2")
    assert stage.result() == [True, False]


def test_items_are_taken_by_value() -> None:
    """What a decider does to an item after the call changes nothing, also where the call leaves later."""

    @decision_task
    def decider() -> Any:
        item = {"n": 1}
        promises = work.map([item, item], limit=1)
        item["n"] = 2
        return wait_all(*promises)

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")
    (decision,) = stage.ask().decisions
    assert decision["scheduleActivityTaskDecisionAttributes"]["input"] == '[[{"n":1}],{}]'


def test_promises_as_items() -> None:
    """An item that is a Promise is waited for in its slot; one that failed fails its call and makes room."""

    @decision_task
    def decider() -> Any:
        first, second = work("first"), work.options(max_attempts=1)("second")
        promises = work.map([second, first, "third"], limit=1)
        assert wait_any(promises[0]) is promises[0]
        assert promises[0].exception is not None
        return wait_all(*promises[1:])

    stage = Stage(decider)
    assert stage.decide() == scheduled(1, 2)
    stage.completes("1", "one")
    assert stage.decide() == []
    stage.fails("2")
    assert stage.decide() == scheduled(4)
    stage.completes("4", 4)
    assert stage.decide() == scheduled(5)
    stage.completes("5", 5)
    assert stage.result() == [4, 5]


def test_canceled_before_it_left() -> None:
    """A call canceled while it has no slot is passed over when one is free."""

    @decision_task
    def decider() -> Any:
        promises = work.map(range(3), limit=1)
        promises[1].cancel()
        with pytest.raises(Canceled):
            promises[1].result
        return [promises[0].result, promises[2].result]

    stage = Stage(decider)
    assert stage.decide() == scheduled(1)
    stage.completes("1", "a")
    assert stage.decide() == scheduled(3)
    stage.completes("3", "c")
    assert stage.result() == ["a", "c"]


def test_children_and_methods() -> None:
    """Children can be mapped, and methods of an object, which is never serialized."""

    @decision_task(swf_workflow_type="child", swf_workflow_version="1.0")
    def child(x: Any) -> Any: ...

    class Shop:
        @activity_task(swf_task_type="ship", swf_task_version="1.0")
        def ship(self, x: Any) -> Any: ...

    @decision_task
    def decider() -> Any:
        children = child.map("ab", limit=1)
        with pytest.raises(UsageError, match="bind it"):
            Shop.ship.map("c")
        return wait_all(*children, *Shop().ship.map("c"))

    run = Stage(decider).ask()
    kinds = [one["decisionType"] for one in run.decisions]
    assert kinds == ["StartChildWorkflowExecution", "ScheduleActivityTask"]
    assert run.decisions[1]["scheduleActivityTaskDecisionAttributes"]["input"] == '[["c"],{}]'


def test_cached_functions_are_called_one_by_one() -> None:
    """A cached function has its values at once."""
    asked: list[Any] = []

    @cached
    def ask(x: Any) -> Any:
        asked.append(x)
        return x

    @decision_task
    def decider() -> Any:
        return ask.map([0, None, ""])

    assert Stage(decider).result() == [0, None, ""]
    assert asked[:3] == [0, None, ""]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True])
def test_impossible_limits(limit: Any) -> None:
    """A limit is an integer from 1."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(UsageError, match=r"limit of at least 1, .* found"):
            work.map([1], limit=limit)
        return work.map([], limit=1)

    assert Stage(decider).result() == []


def test_outside() -> None:
    """Outside of a decider it is the plain function for each item."""
    assert work.map([1, 2], limit=1) == [[1], [2]]


def test_many_items_behind_the_limit() -> None:
    """However many items end in one batch, the next ones fill just the slots."""

    @decision_task
    def decider() -> Any:
        return len(wait_all(*work.map(range(400), limit=80)))

    stage = Stage(decider)
    assert len(stage.decide()) == 80
    for number in range(1, 81):
        stage.completes(str(number))
    assert stage.decide() == scheduled(*range(81, 161))


def test_canceled_in_the_turn_in_which_its_slot_came() -> None:
    """A call canceled when it could leave, and has not yet, does not leave: all of a map can be canceled."""

    @decision_task
    def decider() -> Any:
        promises = work.map(range(5), limit=1)
        for promise in promises:
            promise.cancel()
        return [type(one.exception).__name__ for one in promises]

    stage = Stage(decider)
    assert stage.result() == ["Canceled"] * 5
    stage = Stage(decider)
    assert [kind for kind, _ in stage.decide()] == ["CompleteWorkflowExecution"]


def test_canceled_when_its_argument_came() -> None:
    """The same for a call whose argument came in this very batch, also where that had failed."""

    @decision_task
    def decider() -> Any:
        first = work.options(max_attempts=1)("first")
        second = work(first)
        third = work(second)
        with pytest.raises(ActivityTaskException):
            first.result
        second.cancel()
        return [type(one.exception).__name__ for one in (second, third)]

    stage = Stage(decider)
    stage.decide()
    stage.fails("1")
    assert stage.result() == ["ActivityTaskException", "ActivityTaskException"]


def test_an_item_that_cannot_be_serialized_lets_none_go() -> None:
    """The call raises, and nothing of it has been asked for."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(SerializationError):
            work.map([1, 2, object()], limit=1)
        return work("after").result

    assert Stage(decider).decide() == scheduled(4)
