"""What of a store nobody needs any more: mark, then sweep.

    open and retained executions ── their histories ──► folders and keys in use    (a file, not memory)
    the store's objects ── older than two days, in no such folder, no such key ──► run asked for ──► dead

Marking is over before anything is swept, and done once more before anything is deleted. Whatever cannot be
asked or read ends the whole without a deletion.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from pyswf_fast.cli.filters import Filter, executions
from pyswf_fast.cli.session import Session
from pyswf_fast.cli.stores import keys_in, run_folder
from pyswf_fast.exceptions import ServiceFault, SwfError
from pyswf_fast.storage.compression import DICTIONARY_FOLDER
from pyswf_fast.storage.keys import PART_LIMIT, clean_key
from pyswf_fast.storage.sealed import SealedStore, StoredObject

__all__ = ["LEAST_AGE", "InUse", "domain_folder", "in_use", "owner_of", "sweep"]

#: Nothing younger is deleted: it may belong to an execution that no list shows yet. What a live run writes
#: again, though it is there, becomes young by that (storage/sealed.py).
LEAST_AGE = dt.timedelta(days=2)
#: An execution that closes while lists are read may be in none of them: they are read until nothing is new.
MOST_READINGS = 5


class InUse:
    """The folders of known runs, and the keys that histories refer to outside of their own run's folder.

    Beside them what is in no use, until it is deleted.

    Parameters:
        path: A file for them, which may become large.
    """

    def __init__(self, path: Path) -> None:
        import sqlite3

        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE folders (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("CREATE TABLE keys (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("CREATE TABLE dead (name TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID")

    def add_folder(self, name: str) -> bool:
        """Mark a run; whether it is new."""
        return self._db.execute("INSERT OR IGNORE INTO folders VALUES (?)", (name,)).rowcount == 1

    def add_keys(self, names: set[str]) -> None:
        """Mark objects."""
        self._db.executemany("INSERT OR IGNORE INTO keys VALUES (?)", ((name,) for name in names))

    def add_dead(self, each: StoredObject) -> None:
        """Note an object to be deleted, once all are known: a store that is listed should not change."""
        self._db.execute("INSERT OR IGNORE INTO dead VALUES (?, ?)", (each.key, each.size))

    def dead(self) -> Iterator[tuple[str, int]]:
        """Give the objects to be deleted, with their sizes: those that have not been marked since."""
        for name, size in self._db.execute("SELECT name, size FROM dead"):
            if not self.has(name):
                yield name, size

    def has(self, key: str) -> bool:
        """Whether an object is marked, or lies in the folder of a run that is."""
        return self.has_folder(f"{key.rpartition('/')[0]}/") or self._has("keys", key)

    def has_folder(self, name: str) -> bool:
        """Whether a run is marked."""
        return self._has("folders", name)

    def _has(self, table: str, name: str) -> bool:
        found = self._db.execute(f"SELECT 1 FROM {table} WHERE name = ?", (name,))  # noqa: S608 - our own names
        return found.fetchone() is not None

    @property
    def runs(self) -> int:
        """How many runs are marked."""
        return int(self._db.execute("SELECT count(*) FROM folders").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@contextlib.contextmanager
def in_use(session: Session, store: SealedStore) -> Iterator[InUse]:
    """Mark what the open and the retained executions of a domain have stored, or refer to."""
    with tempfile.TemporaryDirectory(prefix="pyswf-fast-") as folder:
        marked = InUse(Path(folder) / "in-use.db")
        try:
            _mark(session, store, marked)
            yield marked
        finally:
            marked.close()


def _mark(session: Session, store: SealedStore, marked: InUse) -> None:
    """Read the lists until they show nothing new."""
    domain = session.client.domain
    for _ in range(MOST_READINGS):
        if not _mark_new(session, domain, store, marked):
            return
    raise SwfError(f"the lists of domain {domain!r} change too fast to be relied on: try again")


def _mark_new(session: Session, domain: str, store: SealedStore, marked: InUse) -> bool:
    """Read the lists once, and the histories of executions that are new; whether any is."""
    is_any_new = False
    for info in executions(session, Filter()):
        own = run_folder(domain, info["execution"])
        if not marked.add_folder(own):
            continue
        is_any_new = True
        for page in session.pages("GetWorkflowExecutionHistory", execution=info["execution"]):
            keys = {key for event in page["events"] for key in keys_in(event, store)}
            marked.add_keys({key for key in keys if not key.startswith(own)})
    return is_any_new


def domain_folder(domain: str) -> str:
    """The beginning of all keys of a domain."""
    return clean_key(quote(domain, safe="")) + "/"


def owner_of(key: str) -> tuple[str, str] | None:
    """WorkflowId and run that a key names; None if a name was too long to stand there whole."""
    parts = key.split("/")
    if len(parts) < 4 or any(len(part) >= PART_LIMIT for part in parts[1:3]):
        return None
    return unquote(parts[1]), unquote(parts[2])


def sweep(session: Session, store: SealedStore, marked: InUse, least_age: dt.timedelta = LEAST_AGE) -> None:
    """Note the objects of a domain that nobody needs.

    Parameters:
        session: Where a run that the lists did not show is asked for once more.
        store: Where the objects are.
        marked: What is needed, and where the others are noted.
        least_age: Younger ones are spared; at least two days.
    """
    before = dt.datetime.now(dt.timezone.utc) - max(least_age, LEAST_AGE)
    folder, is_gone = "", False
    for each in store.list(domain_folder(session.client.domain)):
        if each.modified >= before or each.key.startswith(f"{DICTIONARY_FOLDER}/") or marked.has(each.key):
            continue
        if each.key.rpartition("/")[0] != folder:
            folder = each.key.rpartition("/")[0]
            is_gone = _is_gone(session, owner_of(each.key))
        if is_gone:
            marked.add_dead(each)
    _mark(
        session, store, marked
    )  # what began meanwhile, or was in no list for a moment, spares what it needs


def _is_gone(session: Session, owner: tuple[str, str] | None) -> bool:
    """Ask SWF for a run by itself: lists are eventually consistent, and a wrong guess loses data."""
    if owner is None:
        return False
    workflow_id, run_id = owner
    if run_id.startswith(("start-", "signal-")):  # written before there was a run; only references count
        return True
    try:
        session.call("DescribeWorkflowExecution", execution={"workflowId": workflow_id, "runId": run_id})
    except ServiceFault as fault:
        if fault.type == "UnknownResourceFault" and fault.message.startswith("Unknown execution"):
            return True
        raise
    return False
