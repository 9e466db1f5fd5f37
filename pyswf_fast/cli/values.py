"""What command lines name: JSON values, modules, and the tasks in modules."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import click

from pyswf_fast._replay import Bound
from pyswf_fast.decorators import ActivityTask, DecisionTask
from pyswf_fast.exceptions import UsageError

__all__ = ["find_tasks", "functions_named", "import_module", "json_value", "task_named"]


def json_value(text: str, name: str) -> Any:
    """The value of an argument that is JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        hint = f" (a string needs quotes of its own: '\"{text}\"')" if text[:1].isalpha() else ""
        raise click.BadParameter(f"{name} is not JSON: {error}{hint}") from None


def import_module(name: str) -> ModuleType:
    """Import a module; those of the directory we are in are found, as with `python -m`."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise  # it is there and itself imports what is not
        raise UsageError(f"there is no module {name!r} here") from None


def task_named(target: str) -> DecisionTask[..., Any] | Bound:
    """The decider that MODULE:FUNCTION or MODULE:OBJECT.METHOD names."""
    module_name, _, path = target.partition(":")
    found: Any = import_module(module_name)
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"module {module_name!r} has no {path!r}")
        found = getattr(found, name)
    task = found.task if isinstance(found, Bound) else found
    if not isinstance(task, DecisionTask):
        raise UsageError(f"{target} is no decider: put @decision_task on it")
    if task.is_method and task is found:
        raise UsageError(f"{target} is a method: name it by its object, MODULE:OBJECT.METHOD")
    return found  # type: ignore[no-any-return]


def functions_named(targets: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    """The functions that [NAME=]MODULE:FUNCTION names, by the name given or their own."""
    found: dict[str, Callable[..., Any]] = {}
    for target in targets:
        given, _, path = target.rpartition("=")
        module_name, _, name = path.partition(":")
        if not name:
            raise UsageError(f"{target!r} names no function: write MODULE:FUNCTION or NAME=MODULE:FUNCTION")
        function = getattr(import_module(module_name), name, None)
        if not callable(function):
            raise UsageError(f"module {module_name!r} has no function {name!r}")
        if (given or name) in found:
            raise UsageError(f"two functions are named {given or name!r}")
        found[given or name] = function
    return found


def find_tasks(names: tuple[str, ...]) -> tuple[list[DecisionTask[..., Any]], list[ActivityTask[..., Any]]]:
    """The deciders and activities at the top of modules, each once, imported ones included."""
    deciders: dict[int, DecisionTask[..., Any]] = {}
    activities: dict[int, ActivityTask[..., Any]] = {}
    for name in names:
        for value in vars(import_module(name)).values():
            if isinstance(value, DecisionTask):
                deciders[id(value)] = value
            elif isinstance(value, ActivityTask):
                activities[id(value)] = value
    if not deciders and not activities:
        raise UsageError(f"nothing in {', '.join(names)} has @decision_task or @activity_task")
    return list(deciders.values()), list(activities.values())
