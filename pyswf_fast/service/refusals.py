"""What is refused on demand, as an IAM policy would: operations by a fault, decisions by an event.

In IAM the decisions are actions like the operations (`swf:StartTimer`), so one set of names serves both.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyswf_fast.exceptions import ConfigurationError, ServiceFault
from pyswf_fast.service.validation import DECISIONS, OPERATIONS, failure_causes

__all__ = ["NOT_PERMITTED", "Refusals"]

NOT_PERMITTED = "OPERATION_NOT_PERMITTED"


class Refusals:
    """The operations and decisions that are refused now; none at first."""

    def __init__(self) -> None:
        self._causes: dict[str, str] = {}

    def deny(self, *names: str, cause: str = NOT_PERMITTED) -> None:
        """Refuse operations and decisions from now on; see `EmbeddedSwf.deny`."""
        for name in names:
            _check(name, cause)
        self._causes.update(dict.fromkeys(names, cause))

    def allow(self, *names: str) -> None:
        """Refuse these no longer; without names, nothing."""
        for name in names or tuple(self._causes):
            self._causes.pop(name, None)

    def check(self, operation: str) -> None:
        """Raise the fault of an operation that is refused."""
        if operation in self._causes:
            message = f"The caller is not authorized to perform: swf:{operation}"
            raise ServiceFault("OperationNotPermittedFault", message)

    def cause(self, decision: str) -> str | None:
        """The cause for which decisions of this type are refused, None where they are not."""
        return self._causes.get(decision)


def _check(name: str, cause: str) -> None:
    if name in OPERATIONS:
        known: Sequence[str] = (NOT_PERMITTED,)
    elif name in DECISIONS:
        known = failure_causes(name)
    else:
        raise ConfigurationError(f"cannot deny {name!r}: SWF has no operation and no decision of that name")
    if cause not in known:
        raise ConfigurationError(f"{name} is never refused for {cause}, but for {', '.join(known)}")
