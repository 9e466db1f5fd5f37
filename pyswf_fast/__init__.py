"""Amazon SWF deciders as plain Python functions, replayed by a compiled engine.

from pyswf_fast import LocalDecisionWorker, activity_task, decision_task

@activity_task
def square(n: int) -> int:
    return n * n

@decision_task
def total(n: int) -> int:
    return sum(p.result for p in [square(i) for i in range(n)])

LocalDecisionWorker(total).start(5)  # 30
"""

from __future__ import annotations

import importlib
import typing

from pyswf_fast import activity, workflow
from pyswf_fast._replay import Event, Failure, History, Promise
from pyswf_fast.datastores import DataStore, FileDataStore, MemoryDataStore, S3DataStore, SwfDataStore
from pyswf_fast.decorators import activity_task, cached, decision_task, nondeterministic
from pyswf_fast.exceptions import (
    ActivityTaskException,
    Canceled,
    ChildWorkflowException,
    ConfigurationError,
    ContinueAsNewException,
    ConversionError,
    DataStoreError,
    ExternalWorkflowException,
    HistoryFormatError,
    HistoryTooLongError,
    LambdaTaskException,
    NondeterminismError,
    PayloadTooLarge,
    RemoteError,
    SerializationError,
    ServiceFault,
    SwfError,
    TimerException,
    UnfulfilledPromiseException,
    UsageError,
    WaitTimeout,
    WorkflowCanceled,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    WorkflowWasCanceled,
)
from pyswf_fast.lambdas import lambda_task
from pyswf_fast.retry import RetryPolicy
from pyswf_fast.serializers import JsonSerializer, ProtobufSerializer, Serializer
from pyswf_fast.workflow import Marker, Timer, as_completed, sleep, spawn, wait_all, wait_any

if typing.TYPE_CHECKING:
    from pyswf_fast.client import Boto3Transport, Client, Execution
    from pyswf_fast.distributed import DistributedActivityWorker, DistributedDecisionWorker
    from pyswf_fast.local import LocalDecisionWorker
    from pyswf_fast.replayer import Replay, Replayer, Waiting
    from pyswf_fast.worker import Worker

__all__ = [
    "ActivityTaskException",
    "Boto3Transport",
    "Canceled",
    "ChildWorkflowException",
    "Client",
    "ConfigurationError",
    "ContinueAsNewException",
    "ConversionError",
    "DataStore",
    "DataStoreError",
    "DistributedActivityWorker",
    "DistributedDecisionWorker",
    "Event",
    "Execution",
    "ExternalWorkflowException",
    "Failure",
    "FileDataStore",
    "History",
    "HistoryFormatError",
    "HistoryTooLongError",
    "JsonSerializer",
    "LambdaTaskException",
    "LocalDecisionWorker",
    "Marker",
    "MemoryDataStore",
    "NondeterminismError",
    "PayloadTooLarge",
    "Promise",
    "ProtobufSerializer",
    "RemoteError",
    "Replay",
    "Replayer",
    "RetryPolicy",
    "S3DataStore",
    "SerializationError",
    "Serializer",
    "ServiceFault",
    "SwfDataStore",
    "SwfError",
    "Timer",
    "TimerException",
    "UnfulfilledPromiseException",
    "UsageError",
    "WaitTimeout",
    "Waiting",
    "Worker",
    "WorkflowCanceled",
    "WorkflowFailed",
    "WorkflowTerminated",
    "WorkflowTimedOut",
    "WorkflowWasCanceled",
    "activity",
    "activity_task",
    "as_completed",
    "cached",
    "decision_task",
    "lambda_task",
    "nondeterministic",
    "sleep",
    "spawn",
    "wait_all",
    "wait_any",
    "workflow",
]

# Whoever only defines deciders, or replays histories, does not wait for boto3 to be imported.
_IMPORTED_WHEN_ASKED_FOR = {
    "Boto3Transport": "client",
    "Client": "client",
    "DistributedActivityWorker": "distributed",
    "DistributedDecisionWorker": "distributed",
    "Execution": "client",
    "LocalDecisionWorker": "local",
    "Replay": "replayer",
    "Replayer": "replayer",
    "Waiting": "replayer",
    "Worker": "worker",
}


def __getattr__(name: str) -> object:
    if name not in _IMPORTED_WHEN_ASKED_FOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_IMPORTED_WHEN_ASKED_FOR[name]}")
    globals()[name] = getattr(module, name)
    return globals()[name]
