"""Which decorated functions a decider's code still names: evidence for what a change of it was."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["tasks_named_in"]

_MOST_FUNCTIONS = 500


def tasks_named_in(decider: Callable[..., Any], instance: object, task_type: tuple[type, ...]) -> set[str]:
    """Give the decorated functions' names that a decider's code knows, also by functions that it calls."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting: list[Any] = [decider]
    while waiting and len(seen) < _MOST_FUNCTIONS:
        function = waiting.pop()
        if isinstance(function, types.MethodType):
            function = function.__func__
        if not isinstance(function, types.FunctionType) or id(function) in seen:
            continue
        seen.add(id(function))
        for value in _values(function, instance):
            if issubclass(type(value), task_type):  # isinstance would ask a proxy what it stands for
                found.add(value.name)
            else:
                waiting.append(value)
    return found


def _values(function: types.FunctionType, instance: object) -> Iterator[Any]:
    """What the names in a function's code stand for, as far as that can be told without running it."""
    names = set(_names(function.__code__))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # not filled yet
        names.discard(name)
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, types.ModuleType):
            yield from (vars(value)[inner] for inner in names if inner in vars(value))
        elif value is not None:
            yield value
        if instance is not None:
            inherited = next((vars(one)[name] for one in type(instance).__mro__ if name in vars(one)), None)
            if inherited is not None:
                yield inherited


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
