"""The service over HTTP, from another process: the wire, long polls, disconnections, the stop."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from service_driver import (
    ACTIVITY_DEFAULTS,
    ACTIVITY_TYPE,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    activity,
    d,
    timer,
)
from service_process import Server

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service.http import serve


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    assert running.stop() == (0, "")


@pytest.fixture
def domain(server: Server) -> str:
    """A domain of the test's own with the usual types."""
    return prepared(server)


def prepared(server: Server) -> str:
    name = f"d-{uuid4().hex[:8]}"
    server.call("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="7")
    server.call("RegisterWorkflowType", domain=name, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    server.call("RegisterActivityType", domain=name, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)
    return name


def start(server: Server, domain: str, workflow_id: str = "w") -> Any:
    return server.call(
        "StartWorkflowExecution", domain=domain, workflowId=workflow_id, workflowType=WORKFLOW_TYPE
    )


def poll(server: Server, domain: str) -> Any:
    return server.call("PollForDecisionTask", domain=domain, taskList={"name": "decisions"})


def test_it_says_that_it_checks_no_credentials(server: Server) -> None:
    assert "checks no credentials" in server.greeting


def test_it_says_where_its_storage_and_its_page_are(server: Server) -> None:
    assert "\nstorage: in memory, gone when it stops\n" in server.greeting
    assert f"\npage for people: {server.url}/\n" in server.greeting


def test_operations_without_an_answer_have_an_empty_body(server: Server) -> None:
    body = json.dumps({"name": uuid4().hex, "workflowExecutionRetentionPeriodInDays": "1"}).encode()
    status, headers, content = server.post("SimpleWorkflowService.RegisterDomain", body)
    assert (status, content) == (200, b"")
    assert headers["content-length"] == "0"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amzn-requestid"]


def test_boto3_runs_a_workflow(server: Server, domain: str) -> None:
    swf = server.client()
    run = swf.start_workflow_execution(domain=domain, workflowId="w", workflowType=WORKFLOW_TYPE, input="i")
    task = swf.poll_for_decision_task(domain=domain, taskList={"name": "decisions"}, identity="me")
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[activity()])
    work = swf.poll_for_activity_task(domain=domain, taskList={"name": "activities"})
    assert swf.record_activity_task_heartbeat(taskToken=work["taskToken"])["cancelRequested"] is False
    swf.respond_activity_task_completed(taskToken=work["taskToken"], result="r")
    task = swf.poll_for_decision_task(domain=domain, taskList={"name": "decisions"}, reverseOrder=True)
    done = d("CompleteWorkflowExecution", result="r")
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[done])
    execution = {"workflowId": "w", "runId": run["runId"]}
    described = swf.describe_workflow_execution(domain=domain, execution=execution)
    assert described["executionInfo"]["closeStatus"] == "COMPLETED"
    with pytest.raises(swf.exceptions.UnknownResourceFault, match="Unknown execution, workflowId = w"):
        swf.signal_workflow_execution(domain=domain, workflowId="w", signalName="s")
    with pytest.raises(ClientError, match="Invalid token"):
        swf.respond_activity_task_completed(taskToken="made up")


def test_a_poll_waits_for_its_task_without_being_asked_again(server: Server, domain: str) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(poll, server, domain)
        time.sleep(0.3)
        assert not waiting.done()
        start(server, domain)
        assert waiting.result(timeout=5)["startedEventId"] == 3


def test_a_timer_fires_into_a_waiting_poll(server: Server, domain: str) -> None:
    start(server, domain)
    task = poll(server, domain)
    server.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[timer("t", 1)])
    before = time.monotonic()
    task = poll(server, domain)
    assert 0.5 < time.monotonic() - before < 10
    assert task["events"][-3]["eventType"] == "TimerFired"


def test_each_task_goes_to_exactly_one_of_many_pollers(server: Server, domain: str) -> None:
    count = 40
    with ThreadPoolExecutor(count) as pool:
        polls = [pool.submit(poll, server, domain) for _ in range(count)]
        starts = ThreadPoolExecutor(4)
        for n in range(count):
            starts.submit(start, server, domain, str(n))
        got = [waiting.result(timeout=30)["workflowExecution"]["workflowId"] for waiting in polls]
        starts.shutdown()
    assert sorted(got, key=int) == [str(n) for n in range(count)]


def test_a_poller_that_went_away_is_not_handed_a_task(server: Server, domain: str) -> None:
    body = json.dumps({"domain": domain, "taskList": {"name": "decisions"}}).encode()
    for _ in range(3):
        host, port = server.address.split(":")
        gone = socket.create_connection((host, int(port)))
        gone.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.PollForDecisionTask\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        time.sleep(0.1)
        gone.close()
    time.sleep(0.2)
    start(server, domain)
    assert poll(server, domain)["startedEventId"] == 3


def test_a_poll_that_finds_nothing_is_answered_in_the_end(launch: Callable[..., Server]) -> None:
    server = launch(longest_poll_seconds=0.3)
    try:
        name = prepared(server)
        before = time.monotonic()
        assert poll(server, name) == {"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}
        assert 0.25 < time.monotonic() - before < 10
        start(server, name)
        assert poll(server, name)["taskToken"], "the poll that ended took nothing with it"
    finally:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_with_polls_open(launch: Callable[..., Server], number: int, tmp_path: Path) -> None:
    server = launch(str(tmp_path / "swf.db"))
    name = prepared(server)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(poll, server, name) for _ in range(3)]
        time.sleep(0.4)
        before = time.monotonic()
        assert server.stop(number) == (0, "")
        assert time.monotonic() - before < 10
        assert [one.result(timeout=5)["taskToken"] for one in waiting] == ["", "", ""]


def test_a_port_in_use_is_one_clear_line(server: Server) -> None:
    port = int(server.address.split(":")[1])
    with pytest.raises(
        ConfigurationError, match=rf"^cannot listen on 127\.0\.0\.1 port {port}: Address already in use$"
    ):
        serve("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("no.such.host.invalid", 0), ("127.0.0.1", -1)]
)
def test_an_address_that_cannot_be_had_is_one_clear_line(host: str, port: int) -> None:
    with pytest.raises(ConfigurationError, match=r"^cannot listen on [^\n]*$"):
        serve(host, port)


def test_serve_runs_off_the_main_thread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    thread = threading.Thread(target=serve, args=("127.0.0.1", port), daemon=True)
    thread.start()
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        pytest.fail("it does not listen")
