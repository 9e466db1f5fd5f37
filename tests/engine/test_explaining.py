"""Explaining a mismatch looks at neighbours, and touches nothing; strict mode reads data stores."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from string import ascii_letters
from typing import Any

import pytest

from pyswf_fast import DataStore, activity_task, cached, decision_task, sleep, wait_all, workflow
from pyswf_fast._replay import History, Run
from pyswf_fast.exceptions import NondeterminismError
from pyswf_fast.replayer import Replayer

from .stage import Stage
from .wire import RUN_ID, task_body

LONG = "".join(Random(7).choices(ascii_letters, k=60_000))  # it does not fit, compressed neither


class Counting(DataStore):
    """A data store in memory that counts what is put into it."""

    def __init__(self) -> None:
        self.kept: dict[str, str | bytes] = {}
        self.puts = 0

    def put(self, message: str | bytes, key: str) -> str:
        self.puts += 1
        self.kept[key] = message
        return key

    def get(self, reference: str) -> str | bytes:
        return self.kept[reference]


STORE = Counting()


@activity_task(swf_task_type="charge", swf_task_version="1.0", input_data_store=STORE)
def charge(*args: Any) -> Any: ...


@activity_task(swf_task_type="bill", swf_task_version="1.0")
def bill(*args: Any) -> Any: ...


@activity_task(swf_task_type="ship", swf_task_version="1.0")
def ship(*args: Any) -> Any: ...


def decider(code: Callable[[], Any]) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="1.0")(code)


def lived(code: Callable[[], Any], decisions: int = 3) -> History:
    """The history of a decider whose activities complete one after the other, a further task waiting."""
    stage = Stage(decider(code))
    for _ in range(decisions):
        stage.decide()
        for activity in [one["id"] for one in stage.world.open.values() if one["kind"] == "activity"]:
            stage.completes(activity, f"result of {activity}")
        if not stage.world.scheduled:
            stage.signal("wake")
    started = stage.world.poll()
    return History.from_pages([task_body(stage.world.events[:started], started)])


def report(history: History, code: Callable[[], Any], *, strict: bool = False) -> dict[str, Any]:
    with pytest.raises(NondeterminismError) as caught:
        Run(decider(code), history, run_id=RUN_ID, strict=strict)
    return caught.value.report


def one_by_one() -> None:
    charge(1).result
    bill(1).result
    ship(1).result
    sleep(60)


def together() -> None:
    wait_all(charge(1), bill(1))
    sleep(60)


# ── what it looks like


def test_neighbours_that_changed_places() -> None:
    """What the next decision recorded is asked for here, and what this one recorded is still in the code."""

    def swapped() -> None:
        bill(1).result
        charge(1).result
        ship(1).result

    found = report(lived(one_by_one), swapped)

    assert (found["kind"], found["batch"]) == ("reordered", 1)
    assert found["likely"].startswith("activity 'charge' and activity 'bill' changed places")


def test_one_of_a_chain_was_removed() -> None:
    """What the next decision recorded is asked for here, and the code has no such function any more."""

    def removed() -> None:
        charge(1).result
        ship(1).result

    found = report(lived(one_by_one), removed)

    assert (found["kind"], found["batch"]) == ("renamed", 2)
    assert found["likely"].startswith("activity 'bill' was removed")


def test_one_was_put_into_a_chain() -> None:
    """What is asked for is new, and what was recorded is still in the code."""

    def more() -> None:
        charge(1).result
        bill(1).result
        charge(2).result
        ship(1).result

    found = report(lived(one_by_one), more)

    assert (found["kind"], found["batch"]) == ("renamed", 3)
    assert found["likely"].startswith("a call of 'charge' was put before 'ship'")


def test_one_was_replaced() -> None:
    """What was recorded is not in the code any more, and what is asked for was not recorded next."""

    def other() -> None:
        ship(1).result
        bill(1).result

    found = report(lived(one_by_one), other)

    assert found["kind"] == "renamed"
    assert found["likely"].startswith("'charge' was renamed to 'ship'")


def test_one_was_put_between_others() -> None:
    """Within a decision both sides are compared: those behind the new call have other numbers only."""

    def more() -> None:
        wait_all(charge(1), ship(1), bill(1))

    def fewer() -> None:
        wait_all(bill(1))

    history = lived(together, 1)

    assert report(history, more)["likely"] == "activity 'ship' was added behind activity 'charge'"
    assert report(history, fewer)["likely"] == "activity 'charge' was removed before activity 'bill'"


# ── the second replay has no effect


def test_explaining_puts_nothing_in_a_data_store() -> None:
    """What does not fit its history leaves nothing behind: inputs are stored as a decision leaves."""

    def before() -> None:
        bill(1).result
        sleep(60)

    def after() -> None:
        bill(1).result
        charge(LONG).result

    history = lived(before, 2)
    STORE.puts = 0
    report(history, after)

    assert STORE.puts == 0


def test_explaining_stops_where_it_did_not_fit() -> None:
    """Code that fits the second time is not run on for the report; the report says that it fitted."""
    seen: list[str] = []
    replays = 0

    @cached
    def touch() -> None:
        seen.append("touched")

    def unsteady() -> None:
        nonlocal replays
        replays += 1
        if replays == 1:
            ship(1).result
        charge(1).result
        seen.append("went on")
        touch()

    found = report(lived(one_by_one), unsteady)

    assert found["is_unstable"]
    assert replays == 2
    assert seen == []


# ── strict mode


def test_strict_mode_compares_what_lies_in_a_data_store() -> None:
    """Long inputs are read to be compared, and none is put in the store for it."""

    def before() -> None:
        charge(LONG).result
        sleep(60)

    def after() -> None:
        charge(f"{LONG}y").result
        sleep(60)

    history = lived(before, 2)
    STORE.puts = 0
    Run(decider(before), history, run_id=RUN_ID, strict=True).close()
    found = report(history, after, strict=True)

    assert (found["kind"], list(found["differences"])) == ("changed", ["input"])
    assert STORE.puts == 0


def test_strict_mode_tells_true_from_one() -> None:
    """JSON is compared by value, and true is another value than 1."""

    def before() -> None:
        bill(True).result

    def after() -> None:
        bill(1).result

    assert report(lived(before, 1), after, strict=True)["kind"] == "changed"


def test_strict_mode_sees_arguments_as_they_were_at_the_call() -> None:
    """What the decider does to a list after the call changes nothing of what is compared."""

    def code() -> None:
        items = [1]
        bill(items)
        items.append(2)
        sleep(60)

    Run(decider(code), lived(code, 2), run_id=RUN_ID, strict=True).close()


def test_strict_mode_and_a_next_run() -> None:
    """Continuing as new fits its own record; with other arguments it does not."""

    def goes_on(argument: int) -> Callable[[], None]:
        def code(_: int = 0) -> None:
            bill(1).result
            workflow.continue_as_new(argument)

        return code

    stage = Stage(decider(goes_on(1)))
    stage.decide()
    stage.completes("1", 1)
    stage.decide()
    assert stage.world.is_closed
    history = History.from_pages([task_body(stage.world.events, 0)])

    assert Replayer(decider(goes_on(1)), strict=True).replay(history).nondeterminism is None
    changed = Replayer(decider(goes_on(2)), strict=True).replay(history).nondeterminism
    assert changed is not None
    assert list(changed["differences"]) == ["input"]
    assert Replayer(decider(goes_on(2))).replay(history).nondeterminism is None
