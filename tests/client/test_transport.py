"""boto3 underneath: bodies as they came, faults and troubles told apart, polls that can be ended."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import pytest

from pyswf_fast.exceptions import ConfigurationError, ServiceFault, SwfError, UsageError
from pyswf_fast.transport import POLL_READ_TIMEOUT_SECONDS, Boto3Transport

POLL = {"domain": "d", "taskList": {"name": "l"}}


@pytest.fixture
def transport(server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", server.url)
    with Boto3Transport() as made:
        yield made


@pytest.mark.parametrize(
    "operation",
    [
        "PollForDecisionTask",
        "GetWorkflowExecutionHistory",
        "PollForActivityTask",
        "DescribeWorkflowExecution",
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"{}", b' {"events": [{"eventId":1,\n"bogus": "\\ud800"}]}', b"no json", b"\xff\x00"]
)
def test_bodies_arrive_as_they_came(server: Any, transport: Any, operation: str, body: bytes) -> None:
    server.answers[operation] = body
    assert transport.call(operation, POLL if "Poll" in operation else {"domain": "d"}) == body


def test_parameters_are_sent_as_they_are(server: Any, transport: Any) -> None:
    params = {
        "taskToken": "t" * 2000,
        "decisions": [
            {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "ü😀\x00"}}
        ],
        "executionContext": "",
    }
    transport.call("RespondDecisionTaskCompleted", params)
    ((operation, received, headers),) = server.requests
    assert (operation, received) == ("RespondDecisionTaskCompleted", params)
    assert headers["X-Amz-Target"] == "SimpleWorkflowService.RespondDecisionTaskCompleted"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256")


@pytest.mark.parametrize("operation", ["DescribeDomain", "PollForActivityTask"])
def test_faults_have_type_and_message(server: Any, transport: Any, operation: str) -> None:
    body = b'{"__type":"com.amazonaws.swf.base.model#UnknownResourceFault","message":"Unknown domain: d"}'
    server.answers[operation] = (400, body)
    with pytest.raises(ServiceFault) as caught:
        transport.call(operation, POLL if "Poll" in operation else {"name": "d"})
    assert (caught.value.type, caught.value.message) == ("UnknownResourceFault", "Unknown domain: d")
    assert server.count(operation) == 1


def test_an_operation_is_retried_by_boto3(server: Any, transport: Any) -> None:
    server.answers["StartWorkflowExecution"] = [(503, b""), "drop", b'{"runId":"r"}']
    assert transport.call("StartWorkflowExecution", {"domain": "d"}) == b'{"runId":"r"}'
    assert server.count("StartWorkflowExecution") == 3


@pytest.mark.parametrize(
    "trouble", [(503, b""), (500, b"oops"), "drop", (400, b'{"__type":"x#ThrottlingException"}')]
)
@pytest.mark.parametrize("operation", ["PollForActivityTask", "PollForDecisionTask"])
def test_a_poll_is_never_sent_twice(
    server: Any, transport: Any, monkeypatch: pytest.MonkeyPatch, operation: str, trouble: Any
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    server.answers[operation] = trouble
    with pytest.raises(SwfError):
        transport.call(operation, POLL)
    assert server.count(operation) == 1


def test_the_next_page_of_a_poll_starts_no_task_and_is_retried(server: Any, transport: Any) -> None:
    server.answers["PollForDecisionTask"] = ["drop", b"{}"]
    assert transport.call("PollForDecisionTask", {**POLL, "nextPageToken": "p"}) == b"{}"


def test_polls_wait_longer_than_the_service(transport: Any) -> None:
    assert POLL_READ_TIMEOUT_SECONDS >= 70
    client = transport._client(True)
    assert client.meta.config.read_timeout == POLL_READ_TIMEOUT_SECONDS
    assert client.meta.config.max_pool_connections >= 100


def test_connections_are_kept(server: Any, transport: Any) -> None:
    for _ in range(5):
        transport.call("PollForActivityTask", POLL)
        transport.call("DescribeDomain", {"name": "d"})
    assert server.connections == 2


def test_an_answer_cut_short_is_an_error(server: Any, transport: Any) -> None:
    server.answers["PollForDecisionTask"] = (200, b'{"taskToken":', 1000)
    with pytest.raises(SwfError, match="PollForDecisionTask: 13 read, but total bytes expected is 1000"):
        transport.call("PollForDecisionTask", POLL)


def in_flight(server: Any, operation: str, count: int = 1) -> None:
    deadline = time.monotonic() + 10
    while server.count(operation) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_polls_in_flight_can_be_ended_from_another_thread(server: Any, transport: Any) -> None:
    server.answers["PollForActivityTask"] = server.answers["PollForDecisionTask"] = "hang"
    ended: list[bytes] = []
    threads = [
        threading.Thread(target=lambda op=operation: ended.append(transport.call(op, POLL)))
        for operation in ("PollForActivityTask", "PollForDecisionTask") * 3
    ]
    for thread in threads:
        thread.start()
    in_flight(server, "PollForActivityTask", 3)
    in_flight(server, "PollForDecisionTask", 3)
    transport.close_polls()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 6
    assert all(b'"taskToken":""' in body for body in ended)
    assert b'"taskToken":""' in transport.call("PollForActivityTask", POLL)
    assert server.count("PollForActivityTask") == 3
    # what is in hand can still be answered
    assert transport.call("RespondActivityTaskCompleted", {"taskToken": "t"}) == b"{}"


def test_a_closed_transport_says_so(transport: Any) -> None:
    transport.call("DescribeDomain", {"name": "d"})
    transport.close()
    with pytest.raises(ConfigurationError, match="has been closed"):
        transport.call("DescribeDomain", {"name": "d"})


def test_a_timeout_is_no_fault(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyswf_fast.transport.POLL_READ_TIMEOUT_SECONDS", 0.2)
    server.answers["PollForActivityTask"] = "hang"
    with (
        Boto3Transport(endpoint_url=server.url) as transport,
        pytest.raises(SwfError, match="PollForActivityTask: Read timeout") as caught,
    ):
        transport.call("PollForActivityTask", POLL)
    assert not isinstance(caught.value, (ServiceFault, UsageError))


def test_no_connection_is_no_fault() -> None:
    with pytest.raises(SwfError, match="PollForActivityTask: Could not connect") as caught:
        Boto3Transport(endpoint_url="http://127.0.0.1:9").call("PollForActivityTask", POLL)
    assert not isinstance(caught.value, (ServiceFault, UsageError))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "no AWS region: set AWS_REGION"),
        ({"region": "eu-west-1"}, "no AWS credentials: set AWS_PROFILE"),
        ({"region": "no such region"}, "no such region"),
        ({"profile": "nobody"}, r"profile \(nobody\) could not be found"),
        ({"endpoint_url": "nonsense"}, "Invalid endpoint: nonsense"),
        ({"endpoint_url": "http://swf.example.com"}, "no AWS region"),
    ],
)
def test_what_is_missing_is_named(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Boto3Transport(**arguments).call("DescribeDomain", {"name": "d"})


def test_keys_come_in_pairs() -> None:
    with pytest.raises(ConfigurationError, match="together or neither"):
        Boto3Transport(aws_access_key_id="id")


def test_given_keys_and_region_sign_the_request(server: Any) -> None:
    Boto3Transport(
        region="eu-west-3", endpoint_url=server.url, aws_access_key_id="ME", aws_secret_access_key="s"
    ).call("DescribeDomain", {"name": "d"})
    assert "Credential=ME/" in server.requests[0][2]["Authorization"]
    assert "/eu-west-3/swf/" in server.requests[0][2]["Authorization"]


def test_a_session_is_used(server: Any) -> None:
    session = boto3.session.Session(
        aws_access_key_id="SESS", aws_secret_access_key="s", region_name="sa-east-1"
    )
    Boto3Transport(session, endpoint_url=server.url).call("DescribeDomain", {"name": "d"})
    assert "Credential=SESS/" in server.requests[0][2]["Authorization"]


@pytest.mark.parametrize(
    ("operation", "params"), [("NoSuchThing", {}), ("DescribeDomain", {"domain": "it is called name"})]
)
def test_what_swf_does_not_have_is_a_usage_error(
    transport: Any, operation: str, params: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        transport.call(operation, params)
