"""`pyswf-fast serve` in a process of its own, and clients in environments of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from service_conformance import check_history

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "build" / "clients"
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_SECONDS = 60


def environment_of(client: str) -> Path:
    """Where `make clients` has installed a client."""
    found = ENVIRONMENTS / client
    assert (found / ".installed").exists(), f"{client} is not installed: run `make clients`"
    return found


class Service:
    """The service; what it is asked here goes over HTTP, without a library and unsigned."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "pyswf-fast", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert "listening on http://" in first, first
        self.url = first.split()[-1]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))},
            "AWS_ENDPOINT_URL_SWF": self.url,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "checks it",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": str(PROGRAMS),
        }

    def call(self, operation: str, /, **params: Any) -> Any:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"SimpleWorkflowService.{operation}",
        }
        with urlopen(Request(self.url, json.dumps(params).encode(), headers), timeout=70) as response:
            body = response.read()
        return json.loads(body) if body else None

    def register_domain(self, name: str) -> None:
        self.call("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="1")

    def start(self, command: list[str | Path]) -> subprocess.Popen[str]:
        """A program that finds the service where AWS's SDKs look; its children are in its process group."""
        return subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: list[str | Path]) -> str:
        """What a program says that must end well."""
        program = self.start(command)
        try:
            said, _ = program.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            end(program)
            said, _ = program.communicate()
            raise AssertionError(f"{command} does not end; it said:\n{said}") from None
        assert program.returncode == 0, said
        return said

    def closed(self, domain: str, workflow_id: str) -> list[dict[str, Any]]:
        """The closed runs of a workflow, oldest first."""
        found = self.call(
            "ListClosedWorkflowExecutions",
            domain=domain,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": workflow_id},
            reverseOrder=True,
        )
        infos: list[dict[str, Any]] = found["executionInfos"]
        return infos

    def wait_for_the_end(
        self, domain: str, workflow_id: str, *programs: subprocess.Popen[str]
    ) -> list[dict[str, Any]]:
        """The runs of a workflow once the last of them is closed for good; meanwhile `programs` must run."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            runs = self.closed(domain, workflow_id)
            if runs and runs[-1]["closeStatus"] != "CONTINUED_AS_NEW":
                return runs
            for program in programs:
                if program.poll() is not None:
                    raise AssertionError(f"{program.args!r} ended:\n{program.communicate()[0]}")
            time.sleep(0.1)
        raise AssertionError(f"{workflow_id} does not end:\n{json.dumps(self.histories(domain), indent=1)}")

    def histories(self, domain: str) -> dict[str, list[dict[str, Any]]]:
        """The checked histories of all executions of a domain, by workflow id and number of the run."""
        found = []
        for kind in ("Closed", "Open"):
            ever = {"startTimeFilter": {"oldestDate": 0}, "reverseOrder": True}
            found += self.call(f"List{kind}WorkflowExecutions", domain=domain, **ever)["executionInfos"]
        histories: dict[str, list[dict[str, Any]]] = {}
        for info in sorted(found, key=lambda info: info["startTimestamp"]):
            execution = info["execution"]
            events = self.call("GetWorkflowExecutionHistory", domain=domain, execution=execution)["events"]
            check_history(events)
            runs = sum(name.startswith(f"{execution['workflowId']} ") for name in histories)
            histories[f"{execution['workflowId']} {runs + 1}"] = events
        return histories

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def end(program: subprocess.Popen[str]) -> None:
    """End a program and its children at once: their polls would hold them for a minute."""
    os.killpg(program.pid, signal.SIGKILL)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


def results(events: list[dict[str, Any]], kind: str) -> list[Any]:
    """Attributes of all events of that type."""
    member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    return [event[member] for event in events if event["eventType"] == kind]
