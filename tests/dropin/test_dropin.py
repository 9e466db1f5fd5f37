"""With nothing but import lines changed, what ran on PySwfAws runs here: serially and in many processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pyswfaws_flows as flows
import pytest

import pyswf_fast
from pyswf_fast.decisionworker import LocalDecisionWorker

HERE = Path(__file__).parent
SERVE = "from pyswf_fast.service.http import serve; serve('127.0.0.1', 0, ':memory:')"


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
    paths = [str(Path(pyswf_fast.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), **more}


def test_the_star_imports_of_the_quickstart() -> None:
    """All that its two files use comes from these five lines."""
    names: dict[str, Any] = {}
    for module in ("datastores", "serializers", "decorators", "activityworker", "decisionworker"):
        exec(f"from pyswf_fast.{module} import *", names)  # as it is written there

    assert names.keys() >= {
        "DistributedActivityWorker",
        "DistributedDecisionWorker",
        "JsonSerializer",
        "LocalDecisionWorker",
        "SwfDataStore",
        "activity_task",
        "cached",
        "decision_task",
    }


@pytest.mark.parametrize("name", flows.DECIDERS)
def test_serially(name: str) -> None:
    assert LocalDecisionWorker(*flows.DECIDERS[name]).start() == flows.EXPECTED[name]


def test_a_timer_waits_for_real_in_serial_mode() -> None:
    began = time.monotonic()
    LocalDecisionWorker(decision_function=flows.waits).start()

    assert time.monotonic() - began >= 1


@pytest.fixture
def swf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[boto3.client]:
    """A service and one worker process for each function, as PySwfAws's own test had them."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:

        def run(log: str, *command: str, **more: str) -> subprocess.Popen[bytes]:
            stream = stack.enter_context((logs / log).open("w"))
            process = subprocess.Popen(
                [sys.executable, *command], cwd=HERE, env=environment(**more), stdout=stream, stderr=stream
            )
            stack.callback(process.wait)  # after the kill: callbacks run in reverse
            stack.callback(process.kill)
            return process

        run("service", "-u", "-c", SERVE)
        while "\n" not in (said := (logs / "service").read_text()):
            time.sleep(0.02)
        url = said.splitlines()[0].split()[-1]
        workers = {
            name: run(name, "pyswfaws_flows.py", name, AWS_ENDPOINT_URL_SWF=url)
            for name in [*flows.DECIDERS, *flows.ACTIVITIES]
        }
        swf = boto3.client(
            "swf",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        yield swf
        swf.close()
        for name, worker in workers.items():
            assert worker.poll() is None, (logs / name).read_text()
            worker.terminate()
        for name, worker in workers.items():
            assert worker.wait(20) == 0, (logs / name).read_text()


def start(swf: boto3.client, name: str) -> str:
    """Start an execution as users of boto do, once a worker has registered its domain and type."""
    until = time.monotonic() + 30
    while True:
        with contextlib.suppress(swf.exceptions.UnknownResourceFault):
            started = swf.start_workflow_execution(
                domain="example",
                workflowId=name,
                workflowType={"name": "TestWorkflow", "version": "1.0"},
                taskList={"name": name},
            )
            return str(started["runId"])
        assert time.monotonic() < until, "no worker registered the domain and the type"
        time.sleep(0.05)


def result(swf: boto3.client, name: str, run_id: str) -> Any:
    """Wait for the end of an execution."""
    execution = {"workflowId": name, "runId": run_id}
    until = time.monotonic() + 40
    while True:
        history = swf.get_workflow_execution_history(domain="example", execution=execution, reverseOrder=True)
        last = history["events"][0]
        if last["eventType"] == "WorkflowExecutionCompleted":
            return json.loads(last["workflowExecutionCompletedEventAttributes"]["result"])
        assert time.monotonic() < until, [name, *(event["eventType"] for event in history["events"])]
        time.sleep(0.05)


def test_in_separate_processes(swf: boto3.client) -> None:
    run_ids = {name: start(swf, name) for name in flows.DECIDERS}

    assert {name: result(swf, name, run_id) for name, run_id in run_ids.items()} == flows.EXPECTED
