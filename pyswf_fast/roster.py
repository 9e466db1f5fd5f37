"""Who serves what: the functions of a worker by type, version and task list."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyswf_fast import registration
from pyswf_fast._replay import Bound, Task
from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.transport import Transport

__all__ = ["Roster", "Served", "bind", "choose_domain", "read"]

logger = logging.getLogger("pyswf_fast.worker")


@dataclass(frozen=True)
class Served:
    """A function under the names that its tasks come by.

    Parameters:
        role: ``decider`` or ``activity``.
        name: Name of its type.
        version: Version of its type.
        task_list: The list that it is served from.
        given: The keywords of its decorator.
        function: The decorated function, bound to its object if it has one.
    """

    role: str
    name: str
    version: str
    task_list: str
    given: Any
    function: Task[Any, Any] | Bound

    def __str__(self) -> str:
        return f"{self.name!r} {self.version!r} on list {self.task_list!r}"

    def register(self, transport: Transport, domain: str) -> bool:
        """Make its type, and the domain, where they are missing; tell whether the type was."""
        # it stands in for the function, which may be served under another name and from another list
        if self.role == "decider":
            return registration.register(transport, domain, deciders=[self]) > 0
        return registration.register(transport, domain, activities=[self]) > 0

    def check_list(self, transport: Transport, domain: str) -> None:
        """Warn if its type was registered with another list, where calls that name none would go.

        A function that names its list sends it with every call. Deciders are started on any list.
        """
        _, options = registration.task_of(self.function, self.role)
        if self.role == "decider" or options.swf_task_list:
            return
        registered = registration.default_task_list(transport, domain, self.name, self.version)
        if registered not in (None, self.task_list):
            logger.warning(
                "activity %r %r is registered with the default task list %r, this worker serves it on %r: "
                "calls that name no list go to %r and never come here; serve that list, or name "
                "@activity_task(swf_task_list=%r), or register a new swf_task_version",
                self.name,
                self.version,
                registered,
                self.task_list,
                registered,
                self.task_list,
            )


def bind(function: Any, instance: Any) -> Any:
    """Bind a decorated method to its object, if there is one and it is not bound yet."""
    return function if instance is None or isinstance(function, Bound) else Bound(function, instance)


def read(
    role: str,
    functions: Iterable[Any],
    task_list: str | None = None,
    *,
    given_list: str | None = None,
    given_name: str | None = None,
    given_version: str | None = None,
) -> list[Served]:
    """Read what a worker is given to serve.

    Parameters:
        role: ``decider`` or ``activity``.
        functions: Decorated functions and methods.
        task_list: The list of those that name none.
        given_list: The list of all, whatever they name.
        given_name: The type's name, whatever they are called.
        given_version: Likewise its version.
    """
    served = []
    for function in functions:
        task, options = registration.task_of(function, role)
        chosen_list = registration.resolve_task_list(
            given_list,
            options.swf_task_list,
            task_list,
            os.environ.get("PYSWF_TASK_LIST"),
            registration.DEFAULT_TASK_LIST,
        )
        served.append(
            Served(
                role,
                given_name or task.name,
                given_version or task.version,
                chosen_list,
                replace(options, swf_task_list=chosen_list),
                function,
            )
        )
    return served


def choose_domain(domain: str | None, served: Iterable[Served]) -> str:
    """Find the domain to serve: what is given, else what the functions name, else ``PYSWF_DOMAIN``."""
    named = sorted({one.given.swf_domain for one in served if one.given.swf_domain})
    if not domain and len(named) > 1:
        raise ConfigurationError(
            f"the functions name several domains ({', '.join(named)}): give the worker one"
        )
    return registration.resolve_domain(domain, *named)


class Roster:
    """The functions of one kind that a worker serves.

    Parameters:
        served: The functions.
        takes_all: Whether a task of any type goes to the only function.
    """

    def __init__(self, served: Sequence[Served], *, takes_all: bool = False) -> None:
        self._served = served
        self._takes_all = takes_all
        self._foreign: set[tuple[str, str]] = set()
        self._by_key: dict[tuple[str, str, str], Task[Any, Any] | Bound] = {}
        for one in served:
            key = one.name, one.version, one.task_list
            if self._by_key.setdefault(key, one.function) is not one.function:
                raise ConfigurationError(f"two functions serve {one}: give one another name, version or list")

    def __bool__(self) -> bool:
        return bool(self._served)

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served)

    @property
    def task_lists(self) -> list[str]:
        """The lists to poll."""
        return sorted({one.task_list for one in self._served})

    def find(self, type: tuple[str, str], task_list: str) -> Task[Any, Any] | Bound:
        """Give the function that serves a task.

        A type that is served from other lists only is served if there is no doubt by which function.

        Parameters:
            type: Name and version.
            task_list: The list that the task belongs to.
        """
        if self._takes_all:
            self._note_foreign(type, task_list)
            return self._served[0].function
        exact = self._by_key.get((*type, task_list))
        if exact is not None:
            return exact
        of_type = [one.function for one in self._served if (one.name, one.version) == type]
        if len(of_type) == 1:
            return of_type[0]
        name, version = type
        raise ConfigurationError(
            f"no {self._served[0].role} of this worker serves {name!r} {version!r} on list {task_list!r}; "
            f"it serves {'; '.join(map(str, self._served))}"
        )

    def _note_foreign(self, type: tuple[str, str], task_list: str) -> None:
        """Warn, once for each type, that the only function is given another type's tasks."""
        only = self._served[0]
        if type in self._foreign or type == (only.name, only.version):
            return
        self._foreign.add(type)
        name, version = type
        logger.warning(
            "workflows of type %r %r on list %r are decided by the function of %r %r, as this worker decides "
            "all tasks of its list; if it should not, give one of the two types a list of its own "
            "(swf_task_list=…)",
            name,
            version,
            task_list,
            only.name,
            only.version,
        )
