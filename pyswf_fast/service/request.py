"""A request on its way through the operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyswf_fast.service.domain import Domain
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import Machine

__all__ = ["Answer", "Request"]

Answer = bytes | dict[str, Any] | None  # None is an empty body


@dataclass(frozen=True, slots=True)
class Request:
    """What an operation is given: the state, the instant and the members, which are valid."""

    machine: Machine
    now_ms: int
    params: dict[str, Any]

    @property
    def domain(self) -> Domain:
        """The domain that the member `domain` names; a fault if there is none."""
        return self.machine.domain(self.params["domain"])

    def settle(self, execution: Execution) -> None:
        """Carry out what a step of `execution` asks of others."""
        self.machine.settle(self.now_ms, execution)
