"""What the state machine and a store have to do with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pyswf_fast.service.domain import Domain, RegisteredType
from pyswf_fast.service.execution import Execution

__all__ = ["Archive", "Changes"]


class Archive(Protocol):
    """Where the events of closed executions are read from."""

    def read(self, row: int, first: int, last: int) -> Sequence[bytes]:
        """The events `first` to `last` of the execution stored as `row`."""
        ...


@dataclass(slots=True)
class Changes:
    """What was changed since the store was last brought up to date; dicts keep the order."""

    domains: dict[str, Domain] = field(default_factory=dict)
    types: dict[tuple[str, str, str, str], RegisteredType | None] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    heartbeats: dict[tuple[int, int], tuple[int, str | None]] = field(default_factory=dict)
    removed: dict[int, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.executions or self.domains or self.types or self.heartbeats or self.removed)
