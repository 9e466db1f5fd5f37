"""Where changes are kept: nowhere beside the machine itself, or in an SQLite file (see `sqlite.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pyswf_fast.service.changes import Changes
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.sqlite import SqliteStore

__all__ = ["MemoryStore", "Store", "open_store"]


class Store(Protocol):
    """What the service needs of a store."""

    durable: bool  # whether it keeps anything

    def load(self, machine: Machine) -> None:
        """Give an empty machine all that is stored."""
        ...

    def save(self, changes: Changes) -> None:
        """Keep `changes`, all or none."""
        ...

    def read(self, row: int, first: int, last: int) -> Sequence[bytes]:
        """The events `first` to `last` of the execution stored as `row`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class MemoryStore:
    """Keeps nothing: the machine itself holds everything."""

    durable = False

    def load(self, machine: Machine) -> None:
        """There is nothing to load."""

    def save(self, changes: Changes) -> None:
        """There is nothing to save."""

    def read(self, row: int, first: int, last: int) -> Sequence[bytes]:
        """Never asked, since no history leaves the machine."""
        raise LookupError(f"events {first} to {last} of execution {row} are in no store")

    def close(self) -> None:
        """There is nothing to close."""


def open_store(path: str, survive_power_loss: bool = False) -> Store:
    """The store at `path`."""
    if path == ":memory:":
        return MemoryStore()
    return SqliteStore(path, survive_power_loss)
