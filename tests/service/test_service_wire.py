"""Bad input on the wire: the answer is a fault that its sender can read, and the next request is served."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from service_process import Server

JSON = "application/x-amz-json-1.0"
LIST = "SimpleWorkflowService.ListDomains"
LISTING = b'{"registrationStatus":"REGISTERED"}'
DESCRIBE = "SimpleWorkflowService.DescribeDomain"
CORAL = "com.amazon.coral.service#"
SERIALIZATION = f"{CORAL}SerializationException"
UNKNOWN_OPERATION = f"{CORAL}UnknownOperationException"
VALIDATION = "com.amazon.coral.validate#ValidationException"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    code, err = running.stop()
    assert code == 0
    assert set(err.splitlines()) <= {"WARNING:  Invalid HTTP request received."}


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    """A connection that is still good after the test."""
    made = server.connect()
    yield made
    assert ask(made, LISTING, {"X-Amz-Target": LIST})[0] == 200
    made.close()


def ask(
    connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]
) -> tuple[int, Any, bytes]:
    """Status, headers and body of the answer to a POST."""
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def fault(connection: http.client.HTTPConnection, body: bytes, **headers: str) -> tuple[int, str, str]:
    """Status, type and message of the fault that the answer must be."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, answered, content = ask(connection, body, {"X-Amz-Target": DESCRIBE, **named})
    assert answered["content-type"] == JSON
    assert answered["x-amzn-requestid"]
    found = json.loads(content)
    assert set(found) == {"__type", "message"}
    return status, found["__type"], found["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name":"a"',
        b'{"name":"a"}}',
        b"{'name':'a'}",
        b'{"name":"a",}',
        b'{"name":NaN}',
        b'{"name":Infinity}',
        b'{"name":01}',
        b'{"name":1e400}',
        b'{"name":"\xff"}',
        b'{"name":"\xed\xa0\x80"}',  # a surrogate encoded as if it were a character
        b'{"name":"\\ud800"}',
        b'{"name":"a\nb"}',
        b"\xef\xbb\xbf{}",  # a byte order mark
        b"[" * 100_000,
        b'{"name":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[]",
        b"null",
        b'"name"',
        b"1",
        b'{"name":1}',
        b'{"name":{}}',
        b'{"name":[]}',
        b'{"name":1e308}',
        b'{"name":123456789012345678901234567890}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_cannot_be_read(connection: http.client.HTTPConnection, body: bytes) -> None:
    status, kind, _ = fault(connection, body)
    assert (status, kind) == (400, SERIALIZATION)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", VALIDATION),
        (b'{"name":null}', VALIDATION),
        (b'{"name":"b","name":"a"}', "com.amazonaws.swf.base.model#UnknownResourceFault"),  # the last counts
        (b' \r\n\t{ "name" : "a" } ', "com.amazonaws.swf.base.model#UnknownResourceFault"),
        (b'{"name":"\\ud83d\\ude00"}', "com.amazonaws.swf.base.model#UnknownResourceFault"),
    ],
)
def test_a_body_that_can_be_read(connection: http.client.HTTPConnection, body: bytes, kind: str) -> None:
    status, found, message = fault(connection, body)
    assert (status, found) == (400, kind)
    assert message[-1] != "b", "of a member that is there twice the last counts"


@pytest.mark.parametrize(
    ("target", "taken"),
    [
        (LIST, True),
        ("com.amazonaws.swf.service.model.SimpleWorkflowService.ListDomains", True),
        ("", False),
        ("ListDomains.", False),
        ("SimpleWorkflowService.listDomains", False),
        ("SimpleWorkflowService.ListDomains ", True),  # white space around a header's value is no part of it
        ("SimpleWorkflowService.ListDomains/", False),
        ("SimpleWorkflowService.__init__", False),
        ("SimpleWorkflowService.\xe9", False),
        ("x" * 8_000, False),
    ],
)
def test_targets(connection: http.client.HTTPConnection, target: str, taken: bool) -> None:
    status, _, content = ask(connection, LISTING, {"X-Amz-Target": target})
    if taken:
        assert status == 200
    else:
        assert (status, json.loads(content)["__type"]) == (400, UNKNOWN_OPERATION)


def test_a_missing_target(connection: http.client.HTTPConnection) -> None:
    status, _, content = ask(connection, LISTING, {"Content-Type": JSON})
    assert (status, json.loads(content)["__type"]) == (400, UNKNOWN_OPERATION)


@pytest.mark.parametrize(
    "content_type",
    [JSON, "application/x-amz-json-1.1", "application/json", "Application/JSON; charset=utf-8"],
)
def test_content_types_that_mean_json(connection: http.client.HTTPConnection, content_type: str) -> None:
    assert ask(connection, LISTING, {"X-Amz-Target": LIST, "Content-Type": content_type})[0] == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "\xff"]
)
def test_other_content_types(connection: http.client.HTTPConnection, content_type: str) -> None:
    status, kind, message = fault(connection, LISTING, Content_Type=content_type)
    assert (status, kind) == (404, UNKNOWN_OPERATION)
    assert f"Content-Type: {JSON}" in message, "the message says what is right"


def test_the_query_protocol_is_refused_in_xml(connection: http.client.HTTPConnection) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, headers, content = ask(connection, b"Action=ListDomains&Version=2012-01-25", form)
    assert (status, headers["content-type"]) == (404, "text/xml")
    error = ET.fromstring(content).find("Error")
    assert error is not None
    assert error.findtext("Code") == "UnknownOperationException"
    assert "JSON protocol 1.0" in str(error.findtext("Message"))


def test_cbor_is_refused_in_cbor(connection: http.client.HTTPConnection) -> None:
    asked = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
    status, headers, content = ask(connection, b"\xa0", asked)
    assert (status, headers["content-type"]) == (404, "application/cbor")
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    assert content.startswith(
        b"\xa2\x79\x00\x06__type\x79\x00\x19UnknownOperationException\x79\x00\x07message"
    )


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "nonsense",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=a/20100101/us-east-1/swf/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20261129/us-east-1/s3/aws4_request",
        "AWS3-HTTPS AWSAccessKeyId=a,Algorithm=HmacSHA256,Signature=b",
        "\xff" * 100,
    ],
)
def test_no_signature_is_checked(connection: http.client.HTTPConnection, authorization: str | None) -> None:
    given = {} if authorization is None else {"Authorization": authorization}
    assert ask(connection, LISTING, {"X-Amz-Target": LIST, **given})[0] == 200


def test_content_encodings(connection: http.client.HTTPConnection) -> None:
    status, kind, message = fault(connection, gzip.compress(LISTING), Content_Encoding="gzip")
    assert (status, kind) == (400, SERIALIZATION)
    assert "gzip" in message
    for coding in ("identity", "amz-1.0"):  # the second is boto 2's for plain JSON
        assert ask(connection, LISTING, {"X-Amz-Target": LIST, "Content-Encoding": coding})[0] == 200


@pytest.mark.parametrize("size", [1_048_577, 10_000_000])
def test_a_body_that_is_too_long(connection: http.client.HTTPConnection, size: int) -> None:
    status, kind, _ = fault(connection, b" " * size)
    assert (status, kind) == (413, f"{CORAL}RequestEntityTooLargeException")


def test_a_body_that_is_just_not_too_long(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, LISTING.ljust(1_048_576), {"X-Amz-Target": LIST})[0] == 200


def test_a_body_in_chunks(connection: http.client.HTTPConnection) -> None:
    chunks = iter([LISTING[:10], LISTING[10:]])
    connection.request("POST", "/", chunks, {"X-Amz-Target": LIST}, encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (200, {"domainInfos": []})


def raw(server: Server, data: bytes, then: bytes = b"") -> bytes:
    """What comes back for `data`, and for `then` after the first answer, until the service closes."""
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        sock.sendall(data)
        received = sock.recv(65536)
        if then:
            sock.sendall(then)
        while more := sock.recv(65536):
            received += more
        return received


def test_a_client_that_asks_before_it_sends_a_body(server: Server) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {LIST}\r\nContent-Length: {len(LISTING)}\r\n"
    asked = f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode()
    received = raw(server, asked, LISTING)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert received.endswith(b'{"domainInfos":[]}')


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 60,  # TLS
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    ],
)
def test_what_is_no_http_is_answered_400_and_closed(server: Server, data: bytes) -> None:
    assert raw(server, data).startswith(b"HTTP/1.1 400 ")
    assert server.post(LIST, LISTING)[0] == 200


def test_an_answer_to_head_and_other_methods(server: Server) -> None:
    connection = server.connect()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        connection.request(method, "/", LISTING, {"X-Amz-Target": LIST})
        response = connection.getresponse()
        response.read()
        assert 400 <= response.status < 500, method
    connection.close()
    assert server.post(LIST, LISTING)[0] == 200
