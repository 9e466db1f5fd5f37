"""Deciders whose histories are replayed by the command line's tests."""

from __future__ import annotations

import sys
from typing import Any

from pyswf_fast import Timer, activity_task, cached, decision_task, spawn, wait_all, workflow


@activity_task(swf_task_type="ship")
def ship(item: str, when: str = "now") -> Any: ...


@cached
def look() -> int:
    sys.stderr.write("looked\n")
    return 7


def bill(item: str) -> str:
    due = 30
    Timer.get(due).result
    return f"bill for {item}"


@decision_task(swf_workflow_type="order")
def order(item: str) -> Any:
    label = f"to {item}"
    shipped = ship(item, when="later")
    return wait_all(spawn(bill, label), shipped)


@decision_task(swf_workflow_type="slow order")
async def slow_order(item: str) -> Any:
    async def wrapped(label: str) -> Any:
        return await ship(label)

    return await wrapped(f"to {item}")


@decision_task(swf_workflow_type="glance")
def glance() -> Any:
    first = ship("a")
    return look() + first.result


@decision_task(swf_workflow_type="chatty")
def chatty() -> None:
    print("hello")
    wait_all(Timer.get(1))


@decision_task(swf_domain="cli-tests", swf_workflow_type="wait_for_word")
def domestic() -> Any:
    return workflow.signals("word").get()


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @decision_task(swf_workflow_type="opening")
    def opening(self) -> None:
        raise ValueError(f"{self.name} is closed")


corner_shop = Shop("the corner shop")
