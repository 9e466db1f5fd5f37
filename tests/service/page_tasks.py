"""What the worker of the page's tests serves."""

from __future__ import annotations

from typing import Any

from pyswf_fast import RetryPolicy, activity_task, decision_task, workflow

calls = 0


@activity_task(start_to_close_timeout=30)
def price(item: str) -> dict[str, Any]:
    return {"item": item, "price": 2.5, "note": "größer < kleiner"}


@activity_task(start_to_close_timeout=30, retry=RetryPolicy(3, initial=1))
def charge(amount: float) -> str:
    global calls
    calls += 1
    if calls == 1:
        raise ConnectionError("the bank <b>does not</b> answer")
    return f"charged {amount}"


@decision_task
def shipment(item: str) -> dict[str, Any]:
    return {"parcel": item}


@decision_task
def order(item: str) -> dict[str, Any]:
    found = price(item).result
    receipt = charge(found["price"]).result
    child = shipment(item)
    said = workflow.signals("address").get()
    return {"receipt": receipt, "parcel": child.result, "said": said}
