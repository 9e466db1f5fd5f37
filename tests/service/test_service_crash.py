"""SIGKILL at random moments under load: what was acknowledged is there, once, and all goes on."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from service_conformance import check_history
from service_crashes import TASK_SECONDS, Load
from service_driver import ACTIVITY_DEFAULTS, ACTIVITY_TYPE, DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE
from service_process import Server

#: More of both for a long hunt: PYSWF_CRASH_ROUNDS=200 PYSWF_CRASH_SEED=7
ROUNDS = int(os.environ.get("PYSWF_CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("PYSWF_CRASH_SEED", "1"))


def prepare(server: Server) -> None:
    timeout = {"defaultTaskStartToCloseTimeout": TASK_SECONDS}
    server.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    server.call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS | timeout)
    server.call("RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS | timeout)


@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_what_was_acknowledged_survives_sigkill(launch: Callable[..., Server], tmp_path: Path) -> None:
    chance = random.Random(SEED)
    db = str(tmp_path / "swf.db")
    server = launch(db)
    prepare(server)
    load = Load(server, SEED)
    try:
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 0.8))
            server.kill()
            server = load.server = launch(db)
        time.sleep(0.3)
        load.starting.clear()
        deadline = time.monotonic() + 60
        counted = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}
        while server.call("CountOpenWorkflowExecutions", **counted)["count"]:  # nothing is stuck for ever
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        load.over.set()
        if server.process.poll() is None:
            assert server.stop() == (0, "")
        load.join()
    assert load.errors == []
    assert max(load.tokens.values()) == 1, "a task was handed out twice"

    server = launch(db)
    closed = server.call("ListClosedWorkflowExecutions", **counted)["executionInfos"]
    found = {info["execution"]["workflowId"]: info["execution"]["runId"] for info in closed}
    assert set(found) == set(load.runs)
    assert all(run_id in (None, found[name]) for name, run_id in load.runs.items())
    assert {info["closeStatus"] for info in closed} == {"COMPLETED"}
    for name, run_id in found.items():
        execution = {"workflowId": name, "runId": run_id}
        events = server.call("GetWorkflowExecutionHistory", domain=DOMAIN, execution=execution)["events"]
        check_history(events)
        load.check(name, events, run_id)
    for promised in (load.signals, load.decisions, load.results):
        assert promised, "nothing was tried"
        assert max(promised.values()) <= 0, "what was acknowledged is lost"
    assert load.heartbeats == {}
    server.stop()
