"""A service in a process of its own, and a worker in another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cli_shell import Shell, start_service, stop


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The command line of a domain with a worker of `cli_tasks`."""
    folder = tmp_path_factory.mktemp("service")
    service, port = start_service(folder / "swf.db", folder / "service.log")
    shell = Shell(f"http://127.0.0.1:{port}")
    log = folder / "worker.log"
    with log.open("w") as stream:
        worker = shell.start("worker", "cli_tasks", stdout=stream, stderr=stream)
    try:
        shell.json("start", "cli_tasks:twice", "1", "--wait")  # domain and types are there, the worker works
        yield shell
        assert worker.poll() is None, log.read_text()
        assert stop(worker) == 0, log.read_text()
        assert "serving domain cli-tests" in log.read_text()
        assert "stopping: SIGTERM" in log.read_text()
    finally:
        worker.kill()
        stop(service)
