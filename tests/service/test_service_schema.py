"""Files of this and of older releases: opened, migrated, gone on with; those of newer ones are refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from service_driver import DOMAIN, Driver, d

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.sqlite import SCHEMA_VERSION

#: One file of each version, written by the release that had it: a deprecated domain and type, a closed run,
#: and an open one with a decision task, a timer, a child, an activity that runs and one that waits.
DATABASES = Path(__file__).parent / "databases"
VERSIONS = range(1, SCHEMA_VERSION + 1)
FILES_WERE_CLOSED_AT = 1_700_000_002.0


@pytest.fixture(params=VERSIONS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    copy = tmp_path / "swf.db"
    shutil.copy(DATABASES / f"schema-{request.param}.db", copy)
    return copy


def schema(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as db:
        tables = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
        found = [(name, " ".join(sql.split())) for name, sql in tables]
        found.append(db.execute("PRAGMA user_version").fetchone())
    db.close()
    return found


class Reopened(Driver):
    """A driver of a service that has the domain and the types already."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(FILES_WERE_CLOSED_AT)
        self.restarts = False
        self.swf = EmbeddedSwf(str(path), clock=self.clock)
        self.runs: dict[str, str] = {}


def test_a_file_of_any_version_becomes_one_of_this_release(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for one in (path, new):
        EmbeddedSwf(str(one)).close()
    assert schema(path) == schema(new)


def test_a_file_of_any_version_is_gone_on_with(path: Path) -> None:
    swf = Reopened(path)
    deprecated = swf("ListDomains", registrationStatus="DEPRECATED")["domainInfos"]
    assert [info["name"] for info in deprecated] == ["old"]
    closed = swf("ListClosedWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0})[
        "executionInfos"
    ]
    assert [info["tagList"] for info in closed] == [["a", "b"]]
    swf.runs["closed"] = closed[0]["execution"]["runId"]
    assert swf.kinds("closed")[-1] == "WorkflowExecutionCompleted"
    assert swf.last("MarkerRecorded", "closed")["details"] == "größer"

    swf.open_run("open")
    assert swf.describe("open")["openCounts"] == {
        "openActivityTasks": 2,
        "openChildWorkflowExecutions": 1,
        "openDecisionTasks": 1,
        "openLambdaFunctions": 0,
        "openTimers": 1,
    }
    assert swf.work()["activityId"] == "waiting"
    swf.advance(600)
    assert swf.last("ActivityTaskTimedOut", "open")["details"] == "half", "the heartbeat was kept"
    swf.advance(3_000)
    assert "TimerFired" in swf.kinds("open")
    swf.decide(d("CompleteWorkflowExecution"))
    swf.decide(d("CompleteWorkflowExecution"))
    swf.swf.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "swf.db"
    shutil.copy(DATABASES / "schema-1.db", path)
    before = schema(path)
    with monkeypatch.context() as broken:
        broken.setattr("pyswf_fast.service.sqlite.release", lambda _: object())  # the last statement fails
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            EmbeddedSwf(str(path))
    assert schema(path) == before
    EmbeddedSwf(str(path)).close()
    assert schema(path) != before


def test_a_file_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "swf.db"
    EmbeddedSwf(str(path)).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        db.execute("UPDATE writer SET release = '9.9'")
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        ConfigurationError,
        match=rf"has schema version {SCHEMA_VERSION + 1}, written by "
        rf"pyswf-fast 9\.9; this release, .*, reads up to {SCHEMA_VERSION}",
    ):
        EmbeddedSwf(str(path))
    assert path.read_bytes() == before


def test_the_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="belongs to another program"):
        EmbeddedSwf(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_gives_back_what_retention_removed(tmp_path: Path) -> None:
    path, clock = tmp_path / "swf.db", VirtualClock()
    swf = Driver(lambda: EmbeddedSwf(str(path), clock=clock), clock, restarts=False)

    def size() -> int:
        swf.swf.close()  # the log is written into the file
        swf.swf = EmbeddedSwf(str(path), clock=clock)
        return path.stat().st_size

    def fill() -> int:
        for n in range(20):
            swf.start(str(n), input="i" * 30_000)
            swf.decide(d("CompleteWorkflowExecution", result="r" * 30_000))
        return size()

    empty = size()
    full = fill()
    assert full > empty + 1_000_000
    for _ in range(2):
        swf.advance(8 * 86_400)
        closed = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}
        assert swf("CountClosedWorkflowExecutions", **closed)["count"] == 0
        assert size() < empty + 100_000
        assert fill() < full + 100_000
    swf.swf.close()
