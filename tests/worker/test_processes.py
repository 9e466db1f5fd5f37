"""Workers and services in processes of their own: how they stop, die, and come back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import worker_fleet as fleet
from worker_processes import Service, WorkerProcess

from pyswf_fast import Boto3Transport, Client, DistributedActivityWorker, Worker


@pytest.fixture
def client(service: Service, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a domain of the test's own, where all types are registered."""
    with Client(request.node.name[:60], endpoint_url=service.url) as client:
        client.register(fleet.DECIDERS, fleet.ACTIVITIES)
        yield client


def test_sigterm_finishes_the_task_in_hand(service: Service, client: Client, tmp_path: Path) -> None:
    execution = client.start(fleet.naps, 1.5)
    with WorkerProcess(
        service, "worker_fleet.py", "all", log=tmp_path / "log", domain=client.domain
    ) as worker:
        worker.wait_for("napping")
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0
        assert "awake" in worker.output
        assert "left in order" in worker.output
        kinds = [event.event_type for event in execution.history()]
    assert "ActivityTaskCompleted" in kinds
    with WorkerProcess(service, "worker_fleet.py", "all", log=tmp_path / "other", domain=client.domain):
        assert execution.result(20) == "rested"


def test_a_second_signal_stops_at_once(service: Service, client: Client, tmp_path: Path) -> None:
    client.start(fleet.naps, 30)
    with WorkerProcess(
        service, "worker_fleet.py", "all", log=tmp_path / "log", domain=client.domain
    ) as worker:
        worker.wait_for("napping")
        worker.signal(signal.SIGINT)
        worker.wait_for("stopping: SIGINT")
        assert worker.process.poll() is None
        worker.signal(signal.SIGINT)
        assert worker.ended(within=5) == 0
        assert "stopping at once" in worker.output
        assert "awake" not in worker.output


def test_an_idle_worker_leaves_within_its_drain_time(
    service: Service, client: Client, tmp_path: Path
) -> None:
    with WorkerProcess(
        service, "worker_fleet.py", "all", "0.3", log=tmp_path / "log", domain=client.domain
    ) as worker:
        worker.wait_for("serving domain")
        time.sleep(0.3)
        began = time.monotonic()
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0
        assert 0.3 <= time.monotonic() - began < 3


def test_the_task_of_a_killed_worker_times_out_and_is_done_again(
    service: Service, client: Client, tmp_path: Path
) -> None:
    execution = client.start(fleet.stumbles, str(tmp_path / "tries"))
    log = tmp_path / "log"
    with (
        WorkerProcess(service, "worker_fleet.py", "activities", log=log, domain=client.domain) as first,
        WorkerProcess(service, "worker_fleet.py", "deciders", log=tmp_path / "two", domain=client.domain),
    ):
        first.wait_for("dying")
        assert first.ended() == -signal.SIGKILL
        with WorkerProcess(service, "worker_fleet.py", "activities", log=log, domain=client.domain):
            assert execution.result(30) == 2
    assert "ActivityTaskTimedOut" in [event.event_type for event in execution.history()]


def test_a_service_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    with (
        Service(tmp_path / "swf.db") as service,
        WorkerProcess(service, "worker_fleet.py", "all", log=tmp_path / "log", domain="comes-back") as worker,
        Client("comes-back", endpoint_url=service.url) as client,
    ):
        client.register(fleet.DECIDERS, fleet.ACTIVITIES)
        worker.wait_for("serving domain")
        executions = [client.start(fleet.squares, 8) for _ in range(3)]
        for _ in range(2):
            time.sleep(0.4)
            service.kill()
            time.sleep(0.2)
            service.start()
        expected = [n * n + (n + 1) * (n + 1) for n in range(8)]

        assert [execution.result(60) for execution in executions] == [expected] * 3
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0
    assert " goes on" in worker.output


def test_a_service_that_forgot_everything_is_told_again(tmp_path: Path) -> None:
    with (
        Service(tmp_path / "swf.db") as service,
        WorkerProcess(service, "worker_fleet.py", "all", log=tmp_path / "log", domain="forgotten") as worker,
    ):
        worker.wait_for("serving domain")
        service.kill()
        service.db = tmp_path / "another.db"
        service.start()
        worker.wait_for("UnknownResourceFault")
        with Client("forgotten", endpoint_url=service.url) as client:
            assert client.start(fleet.squares, 1).result(20) == [1]


def test_a_worker_waits_for_a_service_that_is_not_there_yet(tmp_path: Path) -> None:
    service = Service(tmp_path / "swf.db")
    with service:
        pass  # it has a port now
    with WorkerProcess(service, "worker_fleet.py", "all", log=tmp_path / "log", domain="not-yet") as worker:
        worker.wait_for("the service does not answer")
        with service:
            worker.wait_for("serving domain")
    with WorkerProcess(service, "worker_fleet.py", "all", log=tmp_path / "other", domain="not-yet") as worker:
        worker.wait_for("the service does not answer")
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0


def test_off_the_main_thread_signals_stay_where_they_were(service: Service, client: Client) -> None:
    before = signal.getsignal(signal.SIGTERM)
    transport = Boto3Transport(endpoint_url=service.url)
    worker = Worker(client.domain, fleet.DECIDERS, fleet.ACTIVITIES, transport=transport, drain_timeout=0.1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert client.start(fleet.squares, 2).result(20) == [1, 5]
    assert signal.getsignal(signal.SIGTERM) is before
    began = time.monotonic()
    worker.stop()
    thread.join(20)

    assert not thread.is_alive()
    assert time.monotonic() - began < 5
    transport.close()


def test_a_stopped_worker_takes_nothing_more(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its polls are closed: what is scheduled later is for others."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", service.url)
    workers = [DistributedActivityWorker(fleet.square, swf_domain=client.domain) for _ in range(2)]
    for worker in workers:
        worker.drain_timeout = 0.1
        thread = threading.Thread(target=worker.start)
        thread.start()
        time.sleep(0.5)
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()
    transport = Boto3Transport(endpoint_url=service.url)
    last = Worker(client.domain, fleet.DECIDERS, [fleet.square], transport=transport, drain_timeout=0.1)
    thread = threading.Thread(target=last.run)
    thread.start()
    try:
        assert client.start(fleet.squares, 5).result(10) == [1, 5, 13, 25, 41]
    finally:
        last.stop()
        thread.join(20)
        transport.close()
