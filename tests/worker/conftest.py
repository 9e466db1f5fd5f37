"""A service in a process of its own, one in this process, and a raw decider that asks for activities."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from worker_processes import Service
from worker_script import Script

from pyswf_fast import Worker
from pyswf_fast.service import EmbeddedSwf


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's owner configured plays no part."""
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SWF",
        "PYSWF_DOMAIN",
        "PYSWF_TASK_LIST",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over HTTP, in a process of its own; tests keep apart by their domains."""
    with Service(tmp_path_factory.mktemp("service") / "swf.db") as running:
        yield running


@pytest.fixture
def swf() -> Iterator[EmbeddedSwf]:
    """A service in this process."""
    running = EmbeddedSwf()
    yield running
    running.close()


@contextmanager
def _serve(worker: Worker) -> Iterator[Worker]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Callable[[Worker], Any]:
    """Run a worker in a thread while a `with` lasts."""
    return _serve


@pytest.fixture
def script(swf: EmbeddedSwf) -> Script:
    return Script(swf, "script")
