"""Stand-ins: an HTTP server that answers as it is told, decorated functions, a service in process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pyswf_fast.decorators import activity_task, decision_task
from pyswf_fast.service import EmbeddedSwf


def add(*args: Any, **kwargs: Any) -> Any:
    """Stand for a decider; nothing here decides."""


def work(*args: Any, **kwargs: Any) -> Any:
    """Stand for an activity; nothing here works."""


@pytest.fixture
def make_decider() -> Callable[..., Any]:
    return lambda name="add", **options: decision_task(swf_workflow_type=name, **options)(add)


@pytest.fixture
def make_activity() -> Callable[..., Any]:
    return lambda name="work", **options: activity_task(swf_task_type=name, **options)(work)


class Server(ThreadingHTTPServer):
    """Answers with ``answers[operation]``: bytes, "drop", "hang", ``(status, bytes)`` or that and the length
    it claims; a list of these, or a function that gives one.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Any] = {}
        self.requests: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.connections = 0
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        pass

    def count(self, operation: str) -> int:
        return sum(asked == operation for asked, _, _ in self.requests)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_POST(self) -> None:
        params = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.requests.append((operation, params, dict(self.headers)))
        answer = self.server.answers.get(operation, b"{}")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(params)
        if answer == "drop":
            self.close_connection = True
            return
        if answer == "hang":
            self.server.released.wait(20)
            self.close_connection = True
            return
        status, body, *length = answer if isinstance(answer, tuple) else (200, answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(*length or [len(body)]))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = bool(length)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.released.set()
        running.shutdown()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the machine's owner configured for AWS or for us plays a part."""
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SWF",
        "AWS_MAX_ATTEMPTS",
        "PYSWF_DOMAIN",
        "PYSWF_TASK_LIST",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def swf() -> Iterator[EmbeddedSwf]:
    service = EmbeddedSwf()
    yield service
    service.close()
