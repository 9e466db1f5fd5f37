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
    """What an operation is given: the state, the instant, the members, which are valid, and the region."""

    machine: Machine
    now_ms: int
    params: dict[str, Any]
    region: str

    @property
    def domain(self) -> Domain:
        """The domain that the member `domain` names; a fault if there is none."""
        return self.the_domain(self.params["domain"])

    def the_domain(self, name: str) -> Domain:
        """The domain of that name in the request's region; a fault if there is none."""
        return self.machine.domain(self.region, name)

    def settle(self, execution: Execution) -> None:
        """Carry out what a step of `execution` asks of others."""
        self.machine.settle(self.now_ms, execution)
