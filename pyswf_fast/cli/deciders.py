"""Which decider a history belongs to, of those that a command line names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyswf_fast.cli.filters import Filter
from pyswf_fast.cli.values import find_tasks, task_named
from pyswf_fast.exceptions import SwfError, UsageError

if TYPE_CHECKING:
    from pyswf_fast._replay import Bound, History, Task

__all__ = ["Deciders", "ForeignType", "type_of"]


class ForeignType(SwfError):
    """No decider at hand is of a history's type."""


class Deciders:
    """The deciders that a command line names.

    Parameters:
        target: MODULE:FUNCTION or MODULE:OBJECT.METHOD, which decides every history, or MODULE, whose
            deciders decide those of their types.
    """

    def __init__(self, target: str) -> None:
        from pyswf_fast.roster import Roster, read

        self._target = target
        self._only = task_named(target) if ":" in target else None
        deciders = [self._only] if self._only is not None else find_tasks((target,))[0]
        if not deciders:
            raise UsageError(f"nothing in {target} has @decision_task")
        self._roster = Roster(read("decider", deciders))
        self._types = {(one.name, one.version) for one in self._roster}

    @property
    def domain(self) -> str | None:
        """The domain that the deciders name, if it is one."""
        domains = {one.given.swf_domain for one in self._roster}
        return domains.pop() if len(domains) == 1 else None

    def narrow(self, sought: Filter) -> Filter:
        """Leave of the executions in SWF those that are meant; a type that nobody here decides cannot be."""
        names = sorted({name for name, _ in self._types})
        if self._only is None and sought.type_name and sought.type_name not in names:
            raise UsageError(
                f"{self._target} has no decider of type {sought.type_name}; it has {', '.join(names)}"
            )
        if self._only is None or sought.type_name or sought.workflow_id:
            return sought
        ((name, version),) = self._types
        return replace(sought, type_name=name, type_version=version)

    def check(self, named: tuple[str, str]) -> None:
        """Raise ForeignType where no decider is of a type."""
        if self._only is None and named not in self._types:
            raise ForeignType(f"{self._target} has no decider of type {named[0]} {named[1]}")

    def find(self, history: History) -> Task[Any, Any] | Bound:
        """The decider of a history."""
        if self._only is not None:
            return self._only
        named = type_of(history)
        self.check(named)
        return self._roster.find(named, str(history[0].attributes.get("taskList", {}).get("name")))


def type_of(history: History) -> tuple[str, str]:
    """Name and version of a history's type."""
    named = history[0].attributes.get("workflowType", {})
    return str(named.get("name")), str(named.get("version"))
