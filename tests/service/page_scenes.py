"""What the page's tests look at: executions of the last days, and a `pyswf-fast serve` that shows them."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import zstandard
from service_driver import DECISIONS, DOMAIN, Driver, activity, child, d, timer

from pyswf_fast.failures import failure_to_text
from pyswf_fast.service import EmbeddedSwf, Limits, VirtualClock
from pyswf_fast.service.embedded import Checked

HERE = Path(__file__).parent
EVIL_ID = "<img src=x onerror='window.hacked=1'>"  # ids have no slash
EVIL = f"{EVIL_ID}</script><script>window.hacked=1</script>"
MANY_ACTIVITIES = 8_000
BYTES = bytes(range(256))
LARGE = [{"number": n, "square": n * n} for n in range(3_000)]
ENDS = {
    "completed": d("CompleteWorkflowExecution", result='"done"'),
    "failed": d("FailWorkflowExecution", reason="no", details="because"),
    "canceled": d("CancelWorkflowExecution"),
    "continued": d("ContinueAsNewWorkflowExecution", input='"again"'),
}


def make_database(path: Path) -> None:
    """Executions of the last three days, driven by hand."""
    clock = VirtualClock(time.time() - 3 * 86_400)
    limits = Limits(open_activities=MANY_ACTIVITIES)
    swf = Driver(lambda: EmbeddedSwf(str(path), clock=clock, limits=limits), clock, restarts=False)
    for n in range(120):
        swf.start(f"old-{n:03}", tagList=["even" if n % 2 == 0 else "odd"], taskList={"name": "old"})
        clock.advance(1)
    for name, decision in ENDS.items():
        swf.start(name, tagList=["ends"])
        clock.advance(1)
        swf.decide(decision)
        if name == "continued":
            swf.open_run(name)
            swf.decide(ENDS["completed"])
    _payloads(swf)
    _night(swf)
    _many(swf)
    swf.start(EVIL_ID, input=json.dumps({EVIL: EVIL}), tagList=[EVIL])
    clock.advance(1)
    swf.decide(d("FailWorkflowExecution", reason=EVIL, details=EVIL))
    swf.swf.close()


def zstd(text: str) -> str:
    return "~z" + base64.b64encode(zstandard.compress(text.encode())).decode()


def _payloads(swf: Driver) -> None:
    """One of each form that a payload takes."""
    swf.start("payloads", input='~h2:41{"größe":[1,2,12345678901234567890123]}')
    reference = "~ss3://bucket/base/key"
    inputs = [
        "~t~not a prefix",
        "~b" + base64.b64encode(BYTES).decode(),
        reference,
        "~qfuture",
        "plain words",
        zstd(json.dumps(LARGE)),
        zstd(" " * 50_000_000),
    ]
    swf.decide(*(activity(str(n), input=text) for n, text in enumerate(inputs)))
    task = swf.work()
    try:
        raise ConnectionError("the bank does not answer")
    except ConnectionError as error:
        reason, details = failure_to_text(error)
    swf("RespondActivityTaskFailed", taskToken=task["taskToken"], reason=reason, details=details)
    swf.decide(ENDS["completed"])


def _night(swf: Driver) -> None:
    """Seconds of work, a night's wait for a timer, seconds of work, a child."""
    swf.start("night")
    swf.clock.advance(1)
    swf.decide(activity("1"))
    swf.clock.advance(2)
    task = swf.work(identity="me")
    swf.clock.advance(4)
    swf("RespondActivityTaskCompleted", taskToken=task["taskToken"], result='{"ok":true}')
    swf.decide(timer("night", 36_000))
    swf.advance(36_000)
    swf.decide(activity("2"), child("night-child", taskList={"name": "children"}))
    swf.clock.advance(1)
    task = swf.work()
    swf.decide()
    swf.decide(ENDS["completed"], task_list="children")
    swf.clock.advance(2)
    swf("RespondActivityTaskFailed", taskToken=task["taskToken"], reason="no")
    swf.signal("night", "wake")
    swf.decide(ENDS["completed"])


def _many(swf: Driver) -> None:
    """A history of 25,000 events, in few commits."""
    swf.start("many")

    def ask(operation: str, **params: Any) -> bytes:
        return swf.swf.apply(Checked(operation, {"domain": DOMAIN, **params}))

    def token(answer: bytes) -> str:
        return answer.partition(b'"taskToken":"')[2].partition(b'"')[0].decode()

    def respond(operation: str, task_token: str, **params: Any) -> None:
        swf.swf.apply(Checked(operation, {"taskToken": task_token, **params}))

    decisions = [activity(str(n), taskList={"name": "many"}) for n in range(MANY_ACTIVITIES)]
    respond(
        "RespondDecisionTaskCompleted",
        token(ask("PollForDecisionTask", taskList=DECISIONS)),
        decisions=decisions,
    )
    for n in range(MANY_ACTIVITIES):
        swf.clock.advance(0.01)
        task = token(ask("PollForActivityTask", taskList={"name": "many"}))
        swf.clock.advance(0.02)
        respond("RespondActivityTaskCompleted", task, result="1")
        if n % 100 == 0:
            swf.swf.commit()
    decision = token(ask("PollForDecisionTask", taskList=DECISIONS))
    markers = [d("RecordMarker", markerName=f"m{n}") for n in range(25_000 - 3 * MANY_ACTIVITIES - 8)]
    respond("RespondDecisionTaskCompleted", decision, decisions=[*markers, ENDS["completed"]])
    swf.swf.commit()


class Page:
    """`pyswf-fast serve` on a database, as people start it."""

    def __init__(self, db: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
        self.environment = {**kept, "AWS_EC2_METADATA_DISABLED": "true"}
        command = [sys.executable, "-m", "pyswf_fast.cli", "serve", "--port", "0", "--db", str(db)]
        self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.greeting = "".join(self.process.stdout.readline() for _ in range(4))
        self.url = self.greeting.split()[2]
        self.swf = boto3.client(
            "swf",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )

    def run_cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*words), env=self._client(), capture_output=True, text=True, timeout=60
        )

    def start_worker(self, module: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command("worker", module), env=self._client(), text=True)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "pyswf_fast.cli", *words]

    def _client(self) -> dict[str, str]:
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        return {
            **self.environment,
            "AWS_ENDPOINT_URL_SWF": self.url,
            "PYSWF_DOMAIN": DOMAIN,
            "PYTHONPATH": path,
        }

    def run_id(self, workflow_id: str) -> str:
        """Of the newest run of a workflow id."""
        given = {
            "domain": DOMAIN,
            "startTimeFilter": {"oldestDate": 0},
            "executionFilter": {"workflowId": workflow_id},
        }
        found = self.swf.list_open_workflow_executions(**given)["executionInfos"]
        found = found or self.swf.list_closed_workflow_executions(**given)["executionInfos"]
        run_id: str = found[0]["execution"]["runId"]
        return run_id

    def history(self, workflow_id: str) -> list[dict[str, Any]]:
        execution = {"workflowId": workflow_id, "runId": self.run_id(workflow_id)}
        pages = self.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=DOMAIN, execution=execution
        )
        return [event for page in pages for event in page["events"]]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
