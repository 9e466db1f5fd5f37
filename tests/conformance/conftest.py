"""A service behind real HTTP, asked by plain boto3, on a clock that the test moves."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import uvicorn
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from service_conformance import check_history, loads
from service_driver import Driver
from starlette.types import Receive, Scope, Send

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.app import SwfApp

from . import recorder as record
from .page import write
from .recorder import Recorder

WRITE = bool(os.environ.get("PYSWF_WRITE_CONFORMANCE"))


class Server:
    """One HTTP server for all tests of a worker; each test puts a service of its own behind it."""

    def __init__(self) -> None:
        self.app: SwfApp | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self, log_level="warning", lifespan="off")
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._listener],))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(20)
        self._listener.close()


class Client(Driver):
    """The driver of the service's own tests, with boto3 and HTTP between it and the service."""

    def __init__(self, boto: Any, server: Server, recorder: Recorder, **options: Any) -> None:
        self.boto = boto
        self._recorder = recorder
        clock = VirtualClock()

        def make() -> EmbeddedSwf:
            service = EmbeddedSwf(clock=clock, longest_poll_seconds=0.02, **options)
            server.app = SwfApp(service)
            return service

        with recorder.paused():  # what comes before each test is shown by none
            super().__init__(make, clock, restarts=False)

    def __call__(self, operation: str, /, **params: Any) -> Any:
        """The answer as it came over the wire; a fault is raised as the service's own tests know it."""
        try:
            getattr(self.boto, xform_name(operation))(**params)
        except ClientError as error:
            raise ServiceFault(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        return loads(self._recorder.body.bytes)

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due in it happens with the next request."""
        self.clock.advance(seconds)

    def check_everything(self) -> None:
        """Whatever a test did, every history keeps the rules."""
        for domain in self.swf.machine.domains.values():
            for run in domain.runs.values():
                check_history([loads(event) for event in self.swf.machine.events(run, 1, run.state.last_id)])


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def _boto(_server: Server, _recorder: Recorder) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    client = boto3.client(
        "swf",
        endpoint_url=_server.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=config,
    )
    _recorder.watch(client)
    yield client
    client.close()


@pytest.fixture(scope="session")
def _record(request: pytest.FixtureRequest) -> Iterator[dict[str, record.Shown]]:
    if not WRITE:
        yield record.load()
        return
    assert not hasattr(request.config, "workerinput"), "the record is written in one process: -p no:xdist"
    written: dict[str, record.Shown] = {}
    yield written
    record.save(written)
    write(written)


@pytest.fixture
def make_swf(
    request: pytest.FixtureRequest,
    _boto: Any,
    _server: Server,
    _recorder: Recorder,
    _record: dict[str, record.Shown],
) -> Iterator[Callable[..., Client]]:
    """Makes services: `make_swf(limits=…)`. What the test showed must be what the record says."""
    made: list[Client] = []
    _recorder.reset()

    def make(**options: Any) -> Client:
        made.append(Client(_boto, _server, _recorder, **options))
        return made[-1]

    yield make
    for client in made:
        client.check_everything()
        client.swf.close()
    test, shown = f"{request.path.stem}::{request.node.name}", _recorder.shown()
    if WRITE:
        _record[test] = shown
    else:
        assert shown == _record.get(test), "what is shown is not what record.json says: write it anew"


@pytest.fixture
def swf(make_swf: Callable[..., Client]) -> Client:
    """A service with the usual domain and types."""
    return make_swf()
