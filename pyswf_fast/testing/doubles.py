"""What stands in for activities: functions of the test, failures, delays, answers that never come."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyswf_fast import registration
from pyswf_fast._replay import Bound, Task
from pyswf_fast.exceptions import UsageError
from pyswf_fast.perform import ActivityTask, LetGo

__all__ = ["Doubles", "InjectedFailure"]

Function = Task[Any, Any] | Bound
#: An activity: its decorated function, or the name of its type.
Named = Any


class InjectedFailure(Exception):
    """What an activity fails with that a test lets fail."""


@dataclass
class _Turn:
    """What happens to some attempts before, or instead of, the function."""

    act: Callable[[], object]
    left: int | None  # how many attempts, None for all

    def take(self) -> None:
        if self.left is None:
            self.act()
        elif self.left > 0:
            self.left -= 1
            self.act()


class Doubles:
    """Who stands in for which activity.

    Parameters:
        report: Is told of an assertion of the test that failed within a function of the test.
    """

    def __init__(self, report: Callable[[BaseException], None]) -> None:
        self._report = report
        self._functions: dict[tuple[str, str | None], Callable[..., Any]] = {}
        self._turns: dict[tuple[str, str | None], list[_Turn]] = {}

    def replace(self, activity: Named, function: Callable[..., Any]) -> None:
        """Have `function` called with the activity's arguments."""
        if not callable(function):
            raise UsageError(f"an activity is replaced by a function, not by {function!r}")
        self._functions[_key(activity)] = function

    def restore(self, activity: Named) -> None:
        """Take back what was said of an activity."""
        key = _key(activity)
        self._functions.pop(key, None)
        self._turns.pop(key, None)

    def before(self, activity: Named, act: Callable[[], object], times: int | None) -> None:
        """Have `act` called first in the next attempts; if it raises, that is what they come to."""
        self._turns.setdefault(_key(activity), []).append(_Turn(act, times))

    def around(self, find: Callable[[ActivityTask], Function]) -> Callable[[ActivityTask], Function]:
        """Find the function of a task, or who stands in for it."""

        def found(task: ActivityTask) -> Function:
            original = find(task)
            keys = (task.type, (task.type[0], None))
            turns = [turn for key in keys for turn in self._turns.get(key, ())]
            function = next((self._functions[key] for key in keys if key in self._functions), None)
            if function is None and not turns:
                return original
            call = _plain(original) if function is None else self._watched(function)

            def stand_in(*args: Any, **kwargs: Any) -> Any:
                for turn in turns:
                    turn.take()
                return call(*args, **kwargs)

            return _StandIn(original, stand_in)

        return found

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Have assertions of the test that fail in the function fail the test, not the activity alone."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            with self._reporting():
                result = function(*args, **kwargs)
            return finished(result) if inspect.iscoroutine(result) else result

        async def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
            with self._reporting():
                return await coroutine

        return watched

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (LetGo, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            # pytest.fail() raises what is no Exception
            if isinstance(error, AssertionError) or not isinstance(error, Exception):
                self._report(error)
            raise


class _StandIn(Task[Any, Any]):
    """A function in the place of another: called with the same arguments, its result written the same way."""

    def __init__(self, original: Function, function: Callable[..., Any]) -> None:
        task, self.given = registration.task_of(original, "activity")
        super().__init__(
            "activity", function, task.name, task.version, task.attributes, task.codec, task.policy
        )


def _plain(original: Function) -> Callable[..., Any]:
    """The function itself, with its object if it is a method."""
    if isinstance(original, Bound):
        return partial(original.task.function, original.instance)
    return original.function


def _key(activity: Named) -> tuple[str, str | None]:
    """Name and version of an activity's type; a name alone is any version."""
    if isinstance(activity, str):
        return activity, None
    task, _ = registration.task_of(activity, "activity")
    return task.name, task.version
