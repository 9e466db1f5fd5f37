"""garcon: a coffee is ordered, paid at the second attempt, and drunk; argument: the domain."""

from __future__ import annotations

import sys
import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
from beside import end, run_beside
from garcon import activity, decider, runner, task

domain = sys.argv[1]
client = boto3.client("swf")
create = activity.create(client, domain, "coffee")
PRICES = {"coffee": 3, "cookie": 2}
attempts: list[int] = []


@task.decorate(timeout=30)
def order(activity: Any, item: str) -> dict[str, int]:
    activity.heartbeat(f"making {item}")
    return {item: PRICES[item]}


@task.decorate(timeout=30)
def pay(activity: Any, total: int) -> dict[str, int]:
    attempts.append(total)
    if len(attempts) == 1:
        raise ValueError("the card was declined")
    return {"paid": total}


order_one = create(
    name="order",
    run=runner.Sync(order.fill(item="item")),
    generators=[lambda _: [{"item": item} for item in PRICES]],
)
pay_all = create(name="pay", retry=2, run=runner.Async(pay.fill(total="total")))


def decide(schedule: Any, context: Any = None) -> None:
    ordered = schedule("order", order_one)
    total = sum(ordered.result.get(item) for item in PRICES)
    schedule("pay", pay_all, input={"total": total}, requires=[ordered]).wait()


flow = SimpleNamespace(
    name="coffee", domain=domain, version="1.0", client=client, decider=decide, order=order_one, pay=pay_all
)


def forever(run: Any) -> None:
    while run():
        pass


deciding = decider.DeciderWorker(flow)
workers = [(deciding.run, 1), (order_one.run, 2), (pay_all.run, 1)]
for run, number in workers:
    for _ in range(number):
        run_beside(partial(forever, run))
started = client.start_workflow_execution(
    domain=domain,
    workflowId="w",
    workflowType={"name": "coffee", "version": "1.0"},
    taskList={"name": "coffee"},
    executionStartToCloseTimeout="60",
    taskStartToCloseTimeout="10",
    childPolicy="TERMINATE",
)
execution = {"workflowId": "w", "runId": started["runId"]}
while True:
    info = client.describe_workflow_execution(domain=domain, execution=execution)["executionInfo"]
    if info["executionStatus"] == "CLOSED":
        break
    time.sleep(0.1)
print(info["closeStatus"], attempts)
end()
