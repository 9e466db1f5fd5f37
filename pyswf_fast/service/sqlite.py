"""An SQLite file that holds what the machine acknowledged.

The machine in memory is the authority while the service runs; the file follows it request by request and
is read only at the start and for the histories of closed executions. What a commit appended to a history
is one row, or some if it was much, so that no page reads much beside itself: events, separated by line
breaks, which JSON text cannot contain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version as release
from pathlib import Path
from typing import Any

import orjson

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service.changes import Changes
from pyswf_fast.service.domain import Domain, RegisteredType
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import Machine

__all__ = ["SCHEMA_VERSION", "SqliteStore"]

SCHEMA_VERSION = 2
APPLICATION_ID = 0x50535746  # "PSWF"
LOCK_TIMEOUT_SECONDS = 0.5
LARGEST_IDLE_LOG = 16 << 20  # bytes that the write-ahead log keeps after a checkpoint
PAGES_FREED_AT_ONCE = 2048

EVENTS_OF_A_ROW = 100

# A row of `events` is found by its number: the execution's row and, in the low bits, its first event id.
EVENT_BITS = 20

_SCHEMA = f"""
CREATE TABLE domains (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE types (
    domain TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (domain, kind, name, version)
) WITHOUT ROWID;
CREATE TABLE executions (
    id INTEGER PRIMARY KEY, domain TEXT NOT NULL, workflow_id TEXT NOT NULL, run_id TEXT NOT NULL,
    summary TEXT  -- of a closed one
);
CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE heartbeats (
    execution INTEGER NOT NULL, scheduled INTEGER NOT NULL, at INTEGER NOT NULL, details TEXT,
    PRIMARY KEY (execution, scheduled)
) WITHOUT ROWID;
CREATE TABLE writer (release TEXT NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""
# What leads from each version to the next.
_MIGRATIONS = {1: "CREATE TABLE writer (release TEXT NOT NULL)"}


class SqliteStore:
    """The store in the file `path`, which no other process can have open meanwhile."""

    durable = True

    def __init__(self, path: str, survive_power_loss: bool = False) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(
                path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._cannot_open(error) from None
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            version = self._schema_version()
            if version == 0:
                self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA journal_size_limit = {LARGEST_IDLE_LOG}")
            self._db.execute(f"PRAGMA synchronous = {'FULL' if survive_power_loss else 'NORMAL'}")
            with self._transaction():
                self._bring_up_to_date(version)
        except sqlite3.Error as error:
            self._db.close()
            raise self._cannot_open(error) from None
        except ConfigurationError:
            self._db.close()
            raise

    def _cannot_open(self, error: sqlite3.Error) -> ConfigurationError:
        if "locked" in str(error):
            return ConfigurationError(f"database {self._path} is in use by another process")
        if isinstance(error, sqlite3.OperationalError) and not Path(self._path).parent.is_dir():
            return ConfigurationError(f"database {self._path}: there is no such directory")
        if Path(self._path).is_dir():
            return ConfigurationError(f"database {self._path} is a directory; name a file in it")
        return ConfigurationError(f"database {self._path} cannot be opened: {error}")

    def _schema_version(self) -> int:
        """The file's version, 0 for an empty one; a file that is not for this release is left as it is."""
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            return 0
        if application != APPLICATION_ID:
            raise ConfigurationError(f"database {self._path} belongs to another program")
        if version > SCHEMA_VERSION:
            (writer,) = self._db.execute("SELECT max(release) FROM writer").fetchone()
            raise ConfigurationError(
                f"database {self._path} has schema version {version}, written by pyswf-fast {writer}; "
                f"this release, {release('pyswf-fast')}, reads up to {SCHEMA_VERSION}: use that one or newer"
            )
        return version

    def _bring_up_to_date(self, version: int) -> None:
        if version == 0:
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
        elif version < SCHEMA_VERSION:
            for older in range(version, SCHEMA_VERSION):
                self._db.execute(_MIGRATIONS[older])
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._db.execute("DELETE FROM writer")
        self._db.execute("INSERT INTO writer VALUES (?)", (release("pyswf-fast"),))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # some errors end it by themselves
                self._db.execute("ROLLBACK")

    def save(self, changes: Changes) -> None:
        """Keep `changes`, all or none."""
        execute = self._db.execute
        with self._transaction():
            for domain in changes.domains.values():
                execute("REPLACE INTO domains VALUES (?, ?)", (domain.key, _dumps(_domain_body(domain))))
            for key, registered in changes.types.items():
                if registered is None:
                    execute("DELETE FROM types WHERE (domain, kind, name, version) = (?, ?, ?, ?)", key)
                else:
                    execute(
                        "REPLACE INTO types VALUES (?, ?, ?, ?, ?)", (*key, _dumps(_type_body(registered)))
                    )
            self._db.executemany(
                "REPLACE INTO heartbeats VALUES (?, ?, ?, ?)",
                [(*key, *heartbeat) for key, heartbeat in changes.heartbeats.items()],
            )
            for execution in changes.executions.values():
                self._save_execution(execution)  # deletes the heartbeats of one that closed
            for row in changes.removed:
                execute("DELETE FROM events WHERE id BETWEEN ? AND ?", _event_range(row))
                execute("DELETE FROM executions WHERE id = ?", (row,))
                execute("DELETE FROM heartbeats WHERE execution = ?", (row,))
        if changes.removed:
            with suppress(sqlite3.Error):  # what was removed is removed; its pages are used again anyway
                # `execute` would do a single step of it, which frees one page.
                self._db.executescript(f"PRAGMA incremental_vacuum({PAGES_FREED_AT_ONCE})")
        for execution in changes.executions.values():
            execution.stored = execution.state.last_id
            if not execution.is_open:
                execution.archive()

    def _save_execution(self, execution: Execution) -> None:
        new = execution.events[execution.stored :]
        if not new:
            return
        row = execution.row
        summary = None if execution.is_open else _dumps(execution.summary())
        if execution.stored == 0:
            self._db.execute(
                "INSERT INTO executions VALUES (?, ?, ?, ?, ?)",
                (row, execution.domain, execution.workflow_id, execution.run_id, summary),
            )
        elif summary is not None:
            self._db.execute("UPDATE executions SET summary = ? WHERE id = ?", (summary, row))
        if summary is not None:
            self._db.execute("DELETE FROM heartbeats WHERE execution = ?", (row,))
        number = (row << EVENT_BITS) + execution.stored + 1
        self._db.executemany(
            "INSERT INTO events VALUES (?, ?)",
            (
                (number + first, b"\n".join(new[first : first + EVENTS_OF_A_ROW]))
                for first in range(0, len(new), EVENTS_OF_A_ROW)
            ),
        )

    def read(self, row: int, first: int, last: int) -> Sequence[bytes]:
        """The events `first` to `last` of the execution stored as `row`."""
        lowest, highest = _event_range(row)
        (start,) = self._db.execute(
            "SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", (lowest, lowest + first)
        ).fetchone()
        chunks = self._db.execute(
            "SELECT body FROM events WHERE id BETWEEN ? AND ? ORDER BY id",
            (start, min(highest, lowest + last)),
        )
        events = [event for (body,) in chunks for event in body.split(b"\n")]
        skipped = first - (start - lowest)
        return events[skipped : skipped + last - first + 1]

    def load(self, machine: Machine) -> None:
        """Give an empty machine all that is stored."""
        for key, body in self._db.execute("SELECT name, body FROM domains ORDER BY name"):
            machine.domains[key] = Domain(key=key, limits=machine.limits, **orjson.loads(body))
        for domain, kind, name, version, body in self._db.execute("SELECT * FROM types"):
            registered = RegisteredType(kind=kind, name=name, version=version, **orjson.loads(body))
            machine.domains[domain].types[kind, name, version] = registered
        rows = self._db.execute("SELECT id, domain, workflow_id, run_id, summary FROM executions ORDER BY id")
        for row, domain, workflow_id, run_id, summary in rows.fetchall():
            execution = Execution(row, domain, workflow_id, run_id, machine.limits.history_events)
            if summary is None:
                execution.restore(self._all_events(row))
            else:
                execution.restore_closed(orjson.loads(summary))
            machine.adopt(machine.domains[domain], execution)
        self._load_heartbeats(machine)
        machine.resume()

    def _all_events(self, row: int) -> list[bytes]:
        chunks = self._db.execute(
            "SELECT body FROM events WHERE id BETWEEN ? AND ? ORDER BY id", _event_range(row)
        )
        return [event for (body,) in chunks for event in body.split(b"\n")]

    def _load_heartbeats(self, machine: Machine) -> None:
        by_row = {run.row: run for domain in machine.domains.values() for run in domain.open.values()}
        for row, scheduled_id, at, details in self._db.execute("SELECT * FROM heartbeats"):
            activity = by_row[row].state.activities.get(scheduled_id) if row in by_row else None
            if activity is not None:
                activity.heartbeat_ms, activity.details = at, details

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _event_range(row: int) -> tuple[int, int]:
    return row << EVENT_BITS, ((row + 1) << EVENT_BITS) - 1


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _domain_body(domain: Domain) -> dict[str, Any]:
    return {
        "retention": domain.retention,
        "description": domain.description,
        "status": domain.status,
        "tags": domain.tags,
    }


def _type_body(registered: RegisteredType) -> dict[str, Any]:
    return {
        "created_ms": registered.created_ms,
        "defaults": registered.defaults,
        "description": registered.description,
        "status": registered.status,
        "deprecated_ms": registered.deprecated_ms,
    }
