"""The last heartbeat of an attempt is there for the next: serially, over HTTP, after a worker's death."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import worker_fleet as fleet
from worker_processes import Service, WorkerProcess

from pyswf_fast import (
    Client,
    DataStore,
    Failure,
    FileDataStore,
    LocalDecisionWorker,
    activity,
    activity_task,
    decision_task,
)

PRINTABLE = "".join(
    chr(code) for code in range(0x23, 0x7F) if chr(code) != "\\"
)  # JSON writes them as they are


def noise(size: int) -> str:
    """Text that does not compress."""
    return "".join(Random(7).choices(PRINTABLE, k=size))


def attempts(store: DataStore | None = None, size: int = 1) -> tuple[Any, list[Any]]:
    """A decider whose activity goes through four attempts, and what these find as the last heartbeat."""
    found: list[Any] = []

    @activity_task(max_attempts=5, input_data_store=store)
    def climb(text: str) -> int:
        found.append(activity.info.last_heartbeat)
        attempt = activity.info.attempt
        if attempt == 1:
            activity.heartbeat({"camp": 1})
            activity.heartbeat({"camp": 2})
            activity.heartbeat()  # says nothing new
            raise ValueError("storm")
        if attempt == 2:
            raise KeyError("no heartbeat in this one")
        if attempt == 3:
            activity.heartbeat(0)
            raise ValueError("storm")
        return len(text)

    @decision_task
    def expedition() -> int:
        return climb(noise(size)).result

    return expedition, found


def test_serial_mode() -> None:
    expedition, found = attempts()
    assert LocalDecisionWorker(expedition, paranoid=True).start() == 1
    assert found == [None, {"camp": 2}, {"camp": 2}, 0]


def test_a_store_makes_room_for_it(tmp_path: Path) -> None:
    expedition, found = attempts(FileDataStore(tmp_path), 32_700)
    assert LocalDecisionWorker(expedition, paranoid=True).start() == 32_700
    assert found == [None, {"camp": 2}, {"camp": 2}, 0]


def test_without_room_the_attempt_is_made_without_it(caplog: pytest.LogCaptureFixture) -> None:
    expedition, found = attempts(size=32_754)
    with caplog.at_level(logging.WARNING, "pyswf_fast.worker"):
        assert LocalDecisionWorker(expedition, paranoid=False).start() == 32_754
    assert found == [None, None, None, 0]
    assert sum("next attempt begins without it" in message for message in caplog.messages) == 1


def test_a_policy_sees_it() -> None:
    seen: list[Any] = []

    def policy(failure: Failure) -> bool:
        seen.append((failure.attempt, failure.exception_types[0], failure.last_heartbeat))
        return True

    @activity_task(retry=policy)
    def climb() -> str:
        if activity.info.attempt == 1:
            activity.heartbeat("half way")
            raise OSError("slipped")
        return "up"

    @decision_task
    def expedition() -> str:
        return climb().result

    assert LocalDecisionWorker(expedition, paranoid=False).start() == "up"
    assert seen == [(1, "builtins.OSError", "half way")]


def test_a_killed_worker(service: Service, tmp_path: Path) -> None:
    """Over HTTP: a worker is killed in the middle of an activity, and the next goes on from there."""
    with Client("killed-in-the-middle", endpoint_url=service.url) as client:
        client.register(fleet.DECIDERS, fleet.ACTIVITIES)
        execution = client.start(fleet.climbs, 3)
        log, other = tmp_path / "log", tmp_path / "other"
        with (
            WorkerProcess(service, "worker_fleet.py", "deciders", log=other, domain=client.domain),
            WorkerProcess(service, "worker_fleet.py", "activities", log=log, domain=client.domain) as first,
        ):
            first.wait_for("at camp 2")
            first.signal(signal.SIGKILL)
            assert first.ended() == -signal.SIGKILL
            with WorkerProcess(service, "worker_fleet.py", "activities", log=log, domain=client.domain):
                assert execution.result(30) == [2, 2, 3]
        [timed_out] = [one for one in execution.history() if one.event_type == "ActivityTaskTimedOut"]
        assert timed_out.attributes["timeoutType"] == "HEARTBEAT"
