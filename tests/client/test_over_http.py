"""The client against the service as it is served: sockets, signatures and long polls included."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import uvicorn

from pyswf_fast.client import Boto3Transport, Client
from pyswf_fast.exceptions import ServiceFault, WorkflowTerminated
from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.service.http import SwfApp


@pytest.fixture
def url(swf: EmbeddedSwf, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(SwfApp(swf), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", address)
    yield address
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client("shop") as made:
        yield made


def poll(transport: Boto3Transport) -> dict[str, Any]:
    body = transport.call("PollForDecisionTask", {"domain": "shop", "taskList": {"name": "l"}})
    task: dict[str, Any] = orjson.loads(body)
    return task


def test_a_workflow_runs(client: Client, make_decider: Any) -> None:
    decider = make_decider(swf_task_list="l")
    client.register([decider])
    execution = client.start(decider, "ü😀")
    with Boto3Transport() as worker:
        task = poll(worker)
        decision = {
            "decisionType": "CompleteWorkflowExecution",
            "completeWorkflowExecutionDecisionAttributes": {"result": '{"x":[0,null]}'},
        }
        worker.call("RespondDecisionTaskCompleted", {"taskToken": task["taskToken"], "decisions": [decision]})
    assert execution.result(timeout=20) == {"x": [0, None]}
    assert [item.status for item in client.list()] == ["COMPLETED"]


def test_a_fault_comes_through(client: Client) -> None:
    with pytest.raises(ServiceFault, match="UnknownResourceFault: Unknown domain: shop"):
        client.count()


def test_an_end_comes_through(client: Client, make_decider: Any) -> None:
    decider = make_decider(swf_task_list="l")
    client.register([decider])
    execution = client.start(decider)
    execution.terminate("enough")
    with pytest.raises(WorkflowTerminated, match="enough"):
        execution.result(timeout=20)


def test_a_poll_that_was_ended_takes_no_task_with_it(client: Client, make_decider: Any) -> None:
    decider = make_decider(swf_task_list="l")
    client.register([decider])
    idle = Boto3Transport()
    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: answers.append(poll(idle)))
    thread.start()
    time.sleep(0.4)
    assert thread.is_alive()
    idle.close_polls()
    thread.join(5)
    assert answers == [{"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}]
    execution = client.start(decider)
    with Boto3Transport() as worker:
        assert poll(worker)["workflowExecution"]["runId"] == execution.run_id
    idle.close()
