"""Throttling, faults of the service, lost requests and lost answers: waited out, told once, nothing lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pyswf_fast import (
    Client,
    ConfigurationError,
    ServiceFault,
    SwfError,
    Worker,
    activity,
    activity_task,
    decision_task,
    polling,
)
from pyswf_fast.service import EmbeddedSwf

Serve = Callable[[Worker], Any]


@activity_task(swf_task_list="work")
def beat(number: int) -> int:
    activity.heartbeat(number)
    return number


@decision_task(swf_task_list="flows")
def beats(rounds: int) -> int:
    total = 0
    for _ in range(rounds):
        total += sum(promise.result for promise in [beat(1) for _ in range(4)])
    return total


class Shaky:
    """A service that is hard to reach.

    Parameters:
        swf: The service.
        troubles: What happens instead of an answer, drawn by chance.
    """

    def __init__(self, swf: EmbeddedSwf, troubles: list[Callable[[], Exception]]) -> None:
        self.swf = swf
        self.troubles = troubles
        self.count = 0
        self._random = random.Random(20121)
        self._lock = threading.Lock()

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        with self._lock:
            is_bad, is_late = self._random.random() < 0.3, self._random.random() < 0.5
            trouble = self._random.choice(self.troubles)
            self.count += is_bad
        if is_bad and not (is_late and not operation.startswith("Poll")):
            raise trouble()
        body = self.swf.call(operation, params)
        if is_bad:
            raise trouble()  # it was carried out, but the answer is lost
        return body


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_BACKOFF_SECS", 0.002)
    monkeypatch.setattr(polling, "LONGEST_BACKOFF_SECS", 0.02)


@pytest.mark.parametrize(
    "troubles",
    [
        [lambda: SwfError("connection dropped")],
        [lambda: ServiceFault("ThrottlingException", "Rate exceeded")],
        [lambda: ServiceFault("503", ""), lambda: ServiceFault("InternalFailure", "")],
        [lambda: ServiceFault("ExpiredTokenException", ""), lambda: ServiceFault("RequestExpired", "")],
    ],
    ids=["dropped", "throttled", "broken", "expired"],
)
def test_a_workflow_runs_through_trouble(
    swf: EmbeddedSwf, serve: Serve, troubles: list[Callable[[], Exception]]
) -> None:
    shaky = Shaky(swf, troubles)
    client = Client("test", transport=swf)
    client.register([beats], [beat])
    with serve(Worker("test", [beats], [beat], transport=shaky)):
        assert client.start(beats, 10).result(30) == 40
    assert shaky.count > 20


class Down:
    """A service that is away for a while."""

    def __init__(self, swf: EmbeddedSwf) -> None:
        self.swf = swf
        self.is_down = False

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        if self.is_down:
            raise SwfError("nobody is there")
        return self.swf.call(operation, params)


def test_an_outage_is_told_once(swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    down = Down(swf)
    client = Client("test", transport=swf)
    client.register([beats], [beat])
    with serve(Worker("test", [beats], [beat], transport=down)):
        assert client.start(beats, 1).result(20) == 4
        down.is_down = True
        time.sleep(0.3)
        down.is_down = False
        assert client.start(beats, 1).result(20) == 4

    lines = [record.getMessage() for record in caplog.records if record.name == "pyswf_fast.worker"]
    assert len([line for line in lines if "nobody is there" in line]) == 1, lines
    assert len([line for line in lines if "goes on" in line]) == 1, lines


def test_what_a_start_cannot_mend_ends_it(swf: EmbeddedSwf) -> None:
    class Forbidding:
        def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
            raise ServiceFault("UnrecognizedClientException", "The security token is invalid")

    class Unconfigured:
        def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
            raise ConfigurationError("no AWS credentials")

    with pytest.raises(ServiceFault, match="security token"):
        Worker("test", [beats], transport=Forbidding()).run()
    with pytest.raises(ConfigurationError, match="no AWS credentials"):
        Worker("test", [beats], transport=Unconfigured()).run()


def test_a_worker_that_waits_for_its_service_can_be_stopped(swf: EmbeddedSwf) -> None:
    down = Down(swf)
    down.is_down = True
    worker = Worker("test", [beats], transport=down)
    thread = threading.Thread(target=worker.run)
    thread.start()
    time.sleep(0.1)
    worker.stop()
    thread.join(10)

    assert not thread.is_alive()


def test_a_stopping_worker_does_not_wait_for_ever(
    swf: EmbeddedSwf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(polling, "LAST_ANSWER_PATIENCE_SECS", 0.2)
    down = Down(swf)

    @activity_task(swf_task_list="work", swf_task_type="pulls_the_plug")
    def pulls_the_plug() -> None:
        down.is_down = True

    @decision_task(swf_task_list="flows", swf_workflow_type="unlucky")
    def unlucky() -> None:
        pulls_the_plug().result

    client = Client("test", transport=swf)
    client.register([unlucky], [pulls_the_plug])
    client.start(unlucky)
    worker = Worker("test", [unlucky], [pulls_the_plug], transport=down)
    thread = threading.Thread(target=worker.run)
    thread.start()
    while not down.is_down:
        time.sleep(0.01)
    worker.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert "could not be answered: nobody is there" in caplog.text
