"""The embedded service beside moto's server: the same calls over HTTP, sent by a lean client, in one run.

python benchmarks/service.py [--rounds N] [--moto PYTHON]

Each service is a process of its own; all are asked the same in turns, so that what slows one slows all.
PYTHON is an interpreter that has `moto[server]`, which needs an environment of its own only where its
dependencies clash with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from lean import Connection, connect
from rich.console import Console
from rich.table import Table

RUNS = 10  # executions of a round
ACTIVITIES = 50  # that a decision schedules
WORKERS = 20  # connections that poll for them at once; moto gets one: it hands a task to several at once
FULL = 24_000  # events: near SWF's limit of 25,000
DOMAIN, TASKS = "d", {"name": "l"}
WORKFLOW_TYPE, ACTIVITY_TYPE = {"name": "w", "version": "1"}, {"name": "a", "version": "1"}
TIMEOUTS = {
    f"defaultTask{name}Timeout": "3600"
    for name in ("StartToClose", "Heartbeat", "ScheduleToClose", "ScheduleToStart")
}
SERVE = "import sys; from pyswf_fast.service.http import serve; serve('127.0.0.1', 0, {db!r}, {options})"


class Service:
    """A process that speaks SWF at `port`."""

    def __init__(self, name: str, command: Sequence[str], port: int = 0) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if port else None, text=True
        )
        assert self.process.stdout is not None
        self.port = port or int(self.process.stdout.readline().rpartition(":")[2])
        self.workers = 1 if port else WORKERS
        self.count = 0  # executions started
        self.full: dict[str, str] = {}  # the execution with a long history

    def processor_seconds(self) -> float:
        """What the process used so far, on Linux."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()

    async def connect(self) -> Connection:
        for _ in range(200):
            try:
                return await connect("127.0.0.1", self.port)
            except OSError:  # noqa: PERF203
                await asyncio.sleep(0.1)
        raise SystemExit(f"{self.name} does not listen")

    async def start(self, client: Connection) -> dict[str, str]:
        self.count += 1
        answer = await client.call(
            "StartWorkflowExecution", domain=DOMAIN, workflowId=f"{self.count}", workflowType=WORKFLOW_TYPE
        )
        return {"workflowId": f"{self.count}", "runId": answer["runId"]}

    async def decide(self, client: Connection, decisions: list[Any]) -> None:
        task = await client.call("PollForDecisionTask", domain=DOMAIN, taskList=TASKS, maximumPageSize=1)
        await client.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)

    async def prepare(self) -> None:
        client = await self.connect()
        await client.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        await client.call(
            "RegisterWorkflowType",
            domain=DOMAIN,
            **WORKFLOW_TYPE,
            defaultTaskList=TASKS,
            defaultTaskStartToCloseTimeout="3600",
            defaultExecutionStartToCloseTimeout="3600",
            defaultChildPolicy="TERMINATE",
        )
        await client.call(
            "RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, defaultTaskList=TASKS, **TIMEOUTS
        )
        client.close()


def schedule(count: int) -> list[Any]:
    return [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {
                "activityId": str(n),
                "activityType": ACTIVITY_TYPE,
                "input": '[["an argument"], {}]',
            },
        }
        for n in range(count)
    ]


# The questions. Each returns how many of what it asks about were done; its time is taken by the caller.


async def registrations(service: Service, client: Connection) -> int:
    """RegisterActivityType"""
    service.count += 1
    for n in range(100):
        await client.call("RegisterActivityType", domain=DOMAIN, name=f"{service.count} {n}", version="1")
    return 100


async def starts(service: Service, client: Connection) -> int:
    """StartWorkflowExecution, and the decision that completes it"""
    for _ in range(50):
        await service.start(client)
        await service.decide(client, [{"decisionType": "CompleteWorkflowExecution"}])
    return 50


async def activities(service: Service, client: Connection) -> int:
    """activities: poll and respond, 20 workers at once (moto: one)"""
    for _ in range(RUNS):
        await service.start(client)
        await service.decide(client, schedule(ACTIVITIES))
    left = RUNS * ACTIVITIES
    poll = orjson.dumps({"domain": DOMAIN, "taskList": TASKS, "identity": "worker"})

    async def work() -> None:
        nonlocal left
        worker = await service.connect()
        while left > 0:
            left -= 1
            task = orjson.loads(await worker.send("PollForActivityTask", poll))
            done = {"taskToken": task["taskToken"], "result": '"the result of an activity"'}
            await worker.send("RespondActivityTaskCompleted", orjson.dumps(done))
        worker.close()

    await asyncio.gather(*(work() for _ in range(service.workers)))
    for _ in range(RUNS):
        await service.decide(client, [{"decisionType": "CompleteWorkflowExecution"}])
    return RUNS * ACTIVITIES


async def history(service: Service, client: Connection) -> int:
    """events of a history of 24,000, in pages of 1,000"""
    page: dict[str, Any] = {}
    count = 0
    asked = {"domain": DOMAIN, "execution": service.full, "maximumPageSize": 1000}
    while not page or "nextPageToken" in page:
        following = {"nextPageToken": page["nextPageToken"]} if page else {}
        body = await client.send("GetWorkflowExecutionHistory", orjson.dumps(asked | following))
        page = orjson.loads(body)
        count += len(page["events"])
    return count


async def fill(service: Service, client: Connection) -> None:
    """A long history, by markers, which cost every service least."""
    service.full = await service.start(client)
    marker = {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "m" * 40}}
    for _ in range(6):  # a request holds 1 MB
        await service.decide(client, [marker] * (FULL // 6))
        workflow_id = service.full["workflowId"]
        await client.call("SignalWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, signalName="next")


Question = Callable[[Service, Connection], Awaitable[int]]


async def measure(services: Sequence[Service], rounds: int) -> None:
    clients = {}
    for service in services:
        await service.prepare()
        clients[service] = await service.connect()
    questions: tuple[Question, ...] = (registrations, starts, activities, history)
    for question in questions:
        if question is history:
            for service in services:
                await fill(service, clients[service])
        rates: dict[Service, list[float]] = {service: [] for service in services}
        costs: dict[Service, list[float]] = {service: [] for service in services}
        for _ in range(rounds):
            for service in services:
                used, start = service.processor_seconds(), time.perf_counter()
                count = await question(service, clients[service])
                rates[service].append(count / (time.perf_counter() - start))
                costs[service].append((service.processor_seconds() - used) / count * 1e6)
        show(str(question.__doc__), rates, costs)
    for client in clients.values():
        client.close()


def show(title: str, rates: dict[Service, list[float]], costs: dict[Service, list[float]]) -> None:
    table = Table("service", "a second", "best", "its CPU, µs each", "times slower", title=title)
    first = statistics.median(next(iter(rates.values())))
    for service, found in rates.items():
        median = statistics.median(found)
        table.add_row(
            service.name,
            f"{median:,.0f}",
            f"{max(found):,.0f}",
            f"{statistics.mean(costs[service]):,.0f}",
            f"{first / median:.1f}",
        )
    Console().print(table)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--moto", metavar="PYTHON", default=sys.executable, help="has moto[server]")
    parser.add_argument("--moto-port", type=int, default=8766)
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        variants = (
            ("memory", ":memory:", ""),
            ("SQLite", f"{folder}/1.db", ""),
            ("SQLite, survives power loss", f"{folder}/2.db", "survive_power_loss=True"),
        )
        services = []
        for name, db, extra in variants:
            code = SERVE.format(db=db, options=extra)
            services.append(Service(name, [sys.executable, "-c", code]))
            stack.callback(services[-1].close)
        if subprocess.run(
            [options.moto, "-c", "import moto.server"], capture_output=True, check=False
        ).returncode:
            print(f"{options.moto} has no moto[server]: moto is left out")
        else:
            port = options.moto_port
            command = [options.moto, "-m", "moto.server", "-p", str(port)]
            services.append(Service("moto", command, port))
            stack.callback(services[-1].close)
        asyncio.run(measure(services, options.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
