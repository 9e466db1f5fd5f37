"""The service at the socket: many connections, slow ones, broken ones, and requests that are none."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE
from service_process import Server

FILES_OF_THE_TEST = 500
LIST = b'{"registrationStatus":"REGISTERED"}'


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    running.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    running.call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    yield running
    code, err = running.stop()
    assert code == 0
    assert "Traceback" not in err


def request(operation: str, body: bytes, version: str = "1.1", *extra: str) -> bytes:
    head = (f"POST / HTTP/{version}", "Host: localhost", f"X-Amz-Target: SimpleWorkflowService.{operation}")
    return "\r\n".join([*head, *extra, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


def connect(server: Server) -> Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = server.address.split(":")
    return asyncio.open_connection(host, int(port))


def exchange(server: Server, sent: bytes) -> bytes:
    """All that the service writes before it closes the connection."""
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def others_are_served(server: Server) -> None:
    assert server.call("DescribeDomain", name=DOMAIN)["domainInfo"]["status"] == "REGISTERED"


def test_five_hundred_polls_wait_at_once_and_each_gets_one_task(server: Server) -> None:
    count = 500
    poll = request(
        "PollForDecisionTask", json.dumps({"domain": DOMAIN, "taskList": {"name": "decisions"}}).encode()
    )

    async def scenario() -> None:
        streams = await asyncio.gather(*(connect(server) for _ in range(count)))
        for _, writer in streams:
            writer.write(poll)
        reader, writer = await connect(server)
        for n in range(count):
            start = {"domain": DOMAIN, "workflowId": str(n), "workflowType": WORKFLOW_TYPE}
            writer.write(request("StartWorkflowExecution", json.dumps(start).encode()))
            assert (await read_answer(reader))[0] == 200
        answers = await asyncio.gather(*(read_answer(reader) for reader, _ in streams))
        got = [json.loads(body)["workflowExecution"]["workflowId"] for _, body in answers]
        assert sorted(got, key=int) == [str(n) for n in range(count)]
        for _, one in (*streams, (reader, writer)):
            one.close()

    asyncio.run(scenario())


def test_thousands_of_idle_connections_are_open_and_others_are_served() -> None:
    """Ten thousand where the system lets a process have as many files; else as many as it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server()
    idle: list[socket.socket] = []
    try:
        count = min(10_000, (hard if hard != resource.RLIM_INFINITY else 20_000) - FILES_OF_THE_TEST)
        print(f"{count} connections")
        host, port = server.address.split(":")
        for _ in range(count):
            idle.append(socket.create_connection((host, int(port)), timeout=20))  # noqa: PERF401
        server.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
        for one in (idle[0], idle[-1]):
            one.sendall(request("ListDomains", LIST))
            assert one.recv(12) == b"HTTP/1.1 200"
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.stop() == (0, "")


def test_a_system_that_allows_few_files_is_said_and_survived(launch: Callable[..., Server]) -> None:
    """The first connections go on, and new ones are served as soon as others have left."""
    serve = "from pyswf_fast.service.http import serve; serve('127.0.0.1', 0)"
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120)); {serve}"
    server = launch(command=[sys.executable, "-c", limited])
    assert server.process.stdout is not None
    assert server.process.stdout.readline() == (
        "It takes 56 connections at once: this system allows 120 open files.\n"
    )
    first = server.connect()
    first.request("POST", "/", LIST, {"X-Amz-Target": "SimpleWorkflowService.ListDomains"})
    assert first.getresponse().read() == b'{"domainInfos":[]}'
    host, port = server.address.split(":")
    crowd = [socket.create_connection((host, int(port)), timeout=20) for _ in range(200)]
    first.request("POST", "/", LIST, {"X-Amz-Target": "SimpleWorkflowService.ListDomains"})
    assert first.getresponse().read() == b'{"domainInfos":[]}'
    for one in crowd:
        one.close()
    first.close()
    assert _is_served_in_time(server)
    assert server.stop()[0] == 0


def _is_served_in_time(server: Server) -> bool:
    """Whether a new connection is served once the service has seen that others left."""
    for _ in range(100):
        late = server.connect()
        try:
            late.request("POST", "/", LIST, {"X-Amz-Target": "SimpleWorkflowService.ListDomains"})
            return late.getresponse().read() == b'{"domainInfos":[]}'
        except ConnectionError:  # it has not seen it yet
            time.sleep(0.1)
        finally:
            late.close()
    return False


@pytest.mark.parametrize(
    "sent",
    [
        b"GET",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        request("PollForDecisionTask", b'{"domain":"test","taskList":{"name":"nobody"}}'),
    ],
    ids=["method", "headers", "body", "chunk", "poll"],
)
def test_slow_and_half_closed_clients_hold_nobody_up(server: Server, sent: bytes) -> None:
    host, port = server.address.split(":")
    slow = [socket.create_connection((host, int(port)), timeout=20) for _ in range(20)]
    for one in slow:
        one.sendall(sent)
    others_are_served(server)
    for n, one in enumerate(slow):
        if n % 2:
            one.shutdown(socket.SHUT_WR)
        else:  # a reset instead of a goodbye
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
    others_are_served(server)
    for one in slow[1::2]:
        while one.recv(65536):
            pass
        one.close()


def test_a_request_that_comes_byte_by_byte_is_answered(server: Server) -> None:
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request("ListDomains", LIST):
            connection.sendall(bytes([byte]))
        assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_refused_without_being_held(server: Server, chunked: bool) -> None:
    """On the same connection the next request is answered: the rest was read and thrown away."""

    def high_water() -> int:
        with open(f"/proc/{server.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

    body = b" " * 10_000_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
    if chunked:
        chunk = b"%x\r\n%s\r\n" % (100_000, body[:100_000])
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100 + b"0\r\n\r\n"
    else:
        sent = head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    async def scenario() -> None:
        reader, writer = await connect(server)
        writer.write(sent)
        status, content = await asyncio.wait_for(read_answer(reader), 20)
        assert status == 413
        assert b"RequestEntityTooLarge" in content
        writer.write(request("ListDomains", LIST))
        assert (await asyncio.wait_for(read_answer(reader), 20))[0] == 200
        writer.close()

    try:
        before = high_water()
    except OSError:  # no Linux
        before = 0
    asyncio.run(scenario())
    if before:
        assert high_water() - before < 8_000, "kB"
    others_are_served(server)


def test_requests_in_a_row_on_one_connection_are_answered_in_order(server: Server) -> None:
    names = [DOMAIN, "none", DOMAIN, "none", DOMAIN]
    last = "Connection: close"
    sent = b"".join(
        request("DescribeDomain", json.dumps({"name": name}).encode(), "1.1", *[last] * (n == len(names) - 1))
        for n, name in enumerate(names)
    )
    received = exchange(server, sent)
    statuses = [int(part.split()[1]) for part in received.split(b"HTTP/1.1")[1:] for part in [b"x" + part]]
    assert statuses == [200, 400, 200, 400, 200]


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    received = exchange(server, request("ListDomains", LIST, "1.0"))
    assert received.split()[1] == b"200"
    assert b"connection: close" in received.lower()
    assert json.loads(received.partition(b"\r\n\r\n")[2])["domainInfos"]


def test_a_chunked_body_is_a_body(server: Server) -> None:
    head = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
        b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in LIST) + b"0\r\n\r\n"
    assert exchange(server, head + chunks).split()[1] == b"200"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", b"405"),
        (b"DELETE /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_of_swf_gets_an_answer_of_http(server: Server, sent: bytes, status: bytes) -> None:
    assert exchange(server, sent).split()[1] == status
    others_are_served(server)


def test_no_task_is_lost_to_polls_whose_clients_leave(launch: Callable[..., Server], tmp_path: Path) -> None:
    """Each client closes its side at any moment and reads on, so that whatever was sent to it is seen."""
    count = 150
    server = launch(str(tmp_path / "swf.db"))
    server.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    server.call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    got: Counter[str] = Counter()
    chance = random.Random(1)

    async def poll() -> None:
        while len(got) < count:
            reader, writer = await connect(server)
            writer.write(request("PollForDecisionTask", json.dumps(asked).encode()))
            answer = asyncio.ensure_future(read_answer(reader))
            await asyncio.wait([answer], timeout=chance.uniform(0, 0.01))
            writer.write_eof()
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                _, body = await answer
                got[json.loads(body)["workflowExecution"]["workflowId"]] += 1
            writer.close()

    async def start() -> None:
        reader, writer = await connect(server)
        for n in range(count):
            one = {"domain": DOMAIN, "workflowId": str(n), "workflowType": WORKFLOW_TYPE}
            writer.write(request("StartWorkflowExecution", json.dumps(one).encode()))
            assert (await read_answer(reader))[0] == 200
        writer.close()

    async def scenario() -> None:
        await asyncio.wait_for(asyncio.gather(start(), *(poll() for _ in range(10))), 30)

    asyncio.run(scenario())
    assert set(got.values()) == {1}
    assert server.stop() == (0, "")
