"""The service that clients talk to; histories are judged by the rules of the service's own tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients_service import Service, end


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.stop()


@pytest.fixture
def start(service: Service) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts programs that do not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def launch(*command: str | Path) -> subprocess.Popen[str]:
        started.append(service.start(list(command)))
        return started[-1]

    yield launch
    for program in started:
        if program.poll() is None:
            end(program)
        program.communicate()
