"""A shop's workflows, as a user would write them."""

from __future__ import annotations

from typing import Any

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    RetryPolicy,
    Timer,
    activity,
    activity_task,
    cached,
    decision_task,
    lambda_task,
    sleep,
    wait_all,
    workflow,
)

LOG: list[str] = []


@activity_task(start_to_close_timeout=60)
def charge(order: int) -> str:
    raise RuntimeError("no test reaches the bank")


@activity_task(start_to_close_timeout=60, max_attempts=3)
def ship(order: int) -> str:
    LOG.append(f"ship {order}")
    return f"{order} shipped"


@activity_task(start_to_close_timeout=7200)
async def pack(order: int) -> str:
    return f"{order} packed"


@activity_task(retry=RetryPolicy(max_attempts=4, initial=3600, factor=2, maximum=86_400))
def patient(order: int) -> str:
    return f"{order} at last"


@activity_task(heartbeat_timeout=30, max_attempts=1, start_to_close_timeout="NONE")
def beating(parts: int) -> str:
    for number in range(parts):
        activity.heartbeat(number)
    return "all parts"


@activity_task(start_to_close_timeout="NONE", swf_task_list="nobody")
def elsewhere() -> None: ...


@decision_task
def process(order: int) -> str:
    charge(order).result
    if not workflow.signals("approved").get():
        return "refused"
    return ship(order).result


@decision_task
def ships(count: int) -> list[str]:
    return wait_all(*[ship(number) for number in range(count)])


@decision_task
def shipping(order: int) -> str:
    return ship(order).result


@decision_task
def parcels(count: int) -> list[str]:
    return wait_all(*[shipping(number) for number in range(count)])


@decision_task
def packing(count: int) -> list[str]:
    return wait_all(*[pack(number) for number in range(count)])


@decision_task
def patience() -> str:
    return patient(1).result


@decision_task
def beats(parts: int) -> str:
    try:
        return beating(parts).result
    except ActivityTaskException as failure:
        return str(failure.failure_reason)


@decision_task
def canceling() -> str:
    work = beating(3)
    sleep(10)
    work.cancel()
    try:
        return work.result
    except Canceled:
        return "canceled"


@decision_task
def counting(left: int) -> str:
    sleep(86_400)
    if left:
        workflow.continue_as_new(left - 1)
    return "done"


@decision_task(execution_start_to_close_timeout=3600)
def short() -> None:
    workflow.signals("never").get()


@decision_task
def lost() -> None:
    elsewhere().result


@decision_task
def telling(workflow_id: str) -> None:
    workflow.signal_external(workflow_id, "approved", True).result


@decision_task(lambda_role="arn:aws:iam::123456789012:role/calls")
def thumbnail(key: str) -> Any:
    return lambda_task("make-thumbnail", {"key": key}).result


@cached
def rate() -> float:
    LOG.append("rate")
    return 1.5


@decision_task
def invoice(amount: int) -> float:
    found = amount * rate()
    sleep(3600)
    return found


class Branch:
    """A shop whose activities and deciders are methods."""

    def __init__(self, name: str) -> None:
        self.name = name

    @activity_task(start_to_close_timeout=60)
    def send(self, order: int) -> str:
        return f"{order} sent by {self.name}"

    @decision_task
    def sending(self, order: int) -> str:
        return self.send(order).result


@activity_task(start_to_close_timeout="NONE")
def asked() -> str:
    return activity.complete_later()


@decision_task
def asking() -> str:
    return asked().result


@decision_task(swf_domain="abroad")
def abroad(order: int) -> str:
    return ship.options(swf_task_list="harbor")(order).result


COUNTER = [0]


@decision_task
def unstable() -> int:
    COUNTER[0] += 1
    Timer.get(10 * COUNTER[0]).result
    return COUNTER[0]


@decision_task
def unstable_result() -> int:
    COUNTER[0] += 1
    return COUNTER[0]
