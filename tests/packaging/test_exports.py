"""What is importable is what is promised."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types

import pytest

import pyswf_fast

NAMES = [
    module.name for module in pkgutil.iter_modules(pyswf_fast.__path__) if not module.name.startswith("_")
]

PROMISED = [
    "activity_task", "decision_task", "cached", "nondeterministic", "Timer", "sleep", "Marker", "wait_all",
    "wait_any", "spawn", "workflow", "activity", "Promise", "LocalDecisionWorker",
    "DistributedDecisionWorker", "DistributedActivityWorker", "Worker", "Client", "Execution", "Serializer",
    "JsonSerializer", "DataStore", "SwfDataStore", "History", "Replayer", "SwfError", "ActivityTaskException",
    "ChildWorkflowException", "UnfulfilledPromiseException", "RemoteError", "NondeterminismError",
    "HistoryFormatError", "WaitTimeout", "WorkflowFailed", "Canceled",
]  # fmt: skip


def test_all_names_are_there_and_none_twice() -> None:
    assert sorted(set(pyswf_fast.__all__)) == sorted(pyswf_fast.__all__)
    assert [name for name in pyswf_fast.__all__ if not hasattr(pyswf_fast, name)] == []


def test_every_public_name_is_in_all() -> None:
    public = {
        name
        for name, value in vars(pyswf_fast).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert public <= set(pyswf_fast.__all__)


def test_what_users_are_promised_is_exported() -> None:
    assert [name for name in PROMISED if name not in pyswf_fast.__all__] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_module_has_what_its_all_says(name: str) -> None:
    module = importlib.import_module(f"pyswf_fast.{name}")
    assert [each for each in module.__all__ if not is_there(module, each)] == []


def is_there(module: types.ModuleType, name: str) -> bool:
    """Whether a module has a name; some are there only while a worker works."""
    try:
        getattr(module, name)
    except AttributeError:
        return False
    except pyswf_fast.UsageError:
        return True
    return True


@pytest.mark.parametrize(
    "name",
    [
        "decorators",
        "serializers",
        "datastores",
        "activityworker",
        "decisionworker",
        "promise",
        "exceptions",
        "models",
    ],
)
def test_the_module_names_of_pyswfaws_exist(name: str) -> None:
    importlib.import_module(f"pyswf_fast.{name}")


@pytest.mark.parametrize("name", [".", *(f".{name}" for name in NAMES)])
def test_each_module_can_be_imported_first(name: str) -> None:
    code = f"import importlib; importlib.import_module('pyswf_fast{name.rstrip('.')}')"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
