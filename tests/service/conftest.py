"""The service under test, in memory and restarted before every call, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service_driver import Driver
from service_process import Server

from pyswf_fast.service import EmbeddedSwf, VirtualClock


@pytest.fixture
def make_driver(tmp_path: Path) -> Iterator[Callable[..., Driver]]:
    """Makes drivers: `make_driver(restarts=True, limits=…)`."""
    made: list[Driver] = []

    def make(restarts: bool = False, **options: Any) -> Driver:
        clock = VirtualClock()
        path = str(tmp_path / f"{len(made)}.db") if restarts else ":memory:"
        made.append(Driver(lambda: EmbeddedSwf(path, clock=clock, **options), clock, restarts))
        return made[-1]

    yield make
    for driver in made:
        driver.swf.close()


@pytest.fixture(params=["memory", "restarting"])
def swf(request: pytest.FixtureRequest, make_driver: Callable[..., Driver]) -> Driver:
    """A service; the second time the test runs, every call meets one that was just started again."""
    return make_driver(restarts=request.param == "restarting")


@pytest.fixture
def launch() -> Iterator[Callable[..., Server]]:
    """Starts servers that do not outlive the test, however it ends."""
    launched: list[Server] = []

    def start(*args: Any, **options: Any) -> Server:
        launched.append(Server(*args, **options))
        return launched[-1]

    yield start
    for server in launched:
        server.kill()
