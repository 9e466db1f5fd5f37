"""The compiled engine: pages of bytes in, decisions out. Its source is `_replay/`."""

import random as _random
import uuid as _uuid
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from os import PathLike
from types import FrameType
from typing import Any, Final, Generic, Literal, NoReturn, ParamSpec, TypeVar, final, overload

from typing_extensions import Self, disjoint_base

__all__ = [
    "BUILD",
    "Activity",
    "Bound",
    "ChildWorkflow",
    "Event",
    "Failure",
    "History",
    "Lambda",
    "Page",
    "Promise",
    "RecordedMarker",
    "RecordedSignal",
    "Run",
    "SignalQueue",
    "StartedTimer",
    "Task",
    "Work",
    "as_completed",
    "cancel_external",
    "continue_as_new",
    "continue_with",
    "current_run",
    "deprecate_patch",
    "patched",
    "record_marker",
    "signal_external",
    "signals",
    "sleep",
    "spawn",
    "start_timer",
    "wait_all",
    "wait_any",
]

_P = ParamSpec("_P")
_R_co = TypeVar("_R_co", covariant=True)
_R = TypeVar("_R")
_T = TypeVar("_T")
_S = TypeVar("_S")

BUILD: Final[str]

@final
class Page:
    body: Final[bytes]
    task_token: Final[str]
    started_event_id: Final[int]
    previous_started_event_id: Final[int]
    workflow_id: Final[str]
    run_id: Final[str]
    workflow_type: Final[tuple[str, str] | None]
    next_page_token: Final[str | None]
    first_event_id: Final[int]
    def __new__(cls, body: bytes) -> Self: ...
    def __len__(self) -> int: ...
    @property
    def last_event_id(self) -> int: ...

@final
class Event:
    event_id: Final[int]
    timestamp: Final[float]
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def event_type(self) -> str: ...
    @property
    def attributes(self) -> dict[str, Any]: ...

@final
class History(Sequence[Event]):
    workflow_id: Final[str]
    run_id: Final[str]
    workflow_type: Final[tuple[str, str] | None]
    started_event_id: Final[int]
    def __new__(cls) -> Self: ...
    @staticmethod
    def from_pages(bodies: Iterable[bytes | Page]) -> History: ...
    @staticmethod
    def from_json(source: str | PathLike[str] | bytes) -> History: ...
    def append_page(self, page: bytes | Page) -> None: ...
    def until(self, event_id: int) -> History: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, position: int, /) -> Event: ...
    @overload
    def __getitem__(self, position: slice, /) -> list[Event]: ...
    def __iter__(self) -> Iterator[Event]: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def activities(self) -> list[Activity]: ...
    @property
    def timers(self) -> list[StartedTimer]: ...
    @property
    def child_workflows(self) -> list[ChildWorkflow]: ...
    @property
    def lambdas(self) -> list[Lambda]: ...
    @property
    def signals(self) -> list[RecordedSignal]: ...
    @property
    def markers(self) -> list[RecordedMarker]: ...
    @property
    def unknown_types(self) -> list[str]: ...
    @property
    def close_status(self) -> str | None: ...

@disjoint_base
class Work:
    state: Final[str]
    scheduled_event_id: Final[int]
    started_event_id: Final[int]
    closed_event_id: Final[int]
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def name(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    def __getattr__(self, name: str) -> Any: ...
    def __dir__(self) -> list[str]: ...

class Activity(Work): ...
class StartedTimer(Work): ...
class ChildWorkflow(Work): ...
class Lambda(Work): ...

@final
class RecordedSignal:
    event_id: Final[int]
    name: Final[str]
    input: Final[str | None]

@final
class RecordedMarker:
    event_id: Final[int]
    name: Final[str]
    details: Final[str | None]

@disjoint_base
class Promise(Generic[_R_co]):
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @classmethod
    def __class_getitem__(cls, item: Any) -> type[Promise[Any]]: ...
    @property
    def result(self) -> _R_co: ...
    @property
    def is_ready(self) -> bool: ...
    @property
    def exception(self) -> BaseException | None: ...
    def cancel(self) -> None: ...
    def __await__(self) -> Generator[Any, Any, _R_co]: ...

@overload
def wait_all(*promises: Promise[_T], timeout: float | None = None) -> list[_T]: ...
@overload
def wait_all(promises: Iterable[Promise[_T]], /, *, timeout: float | None = None) -> list[_T]: ...
@overload
def wait_any(*promises: Promise[_T], timeout: float | None = None) -> Promise[_T]: ...
@overload
def wait_any(promises: Iterable[Promise[_T]], /, *, timeout: float | None = None) -> Promise[_T]: ...

@final
class as_completed(Generic[_T]):
    @overload
    def __init__(self, *promises: Promise[_T], timeout: float | None = None) -> None: ...
    @overload
    def __init__(self, promises: Iterable[Promise[_T]], /, *, timeout: float | None = None) -> None: ...
    def __iter__(self) -> Iterator[Promise[_T]]: ...
    def __next__(self) -> Promise[_T]: ...
    def __aiter__(self) -> AsyncIterator[Promise[_T]]: ...
    async def __anext__(self) -> Promise[_T]: ...

@final
class SignalQueue(Generic[_T]):
    name: Final[str]
    @classmethod
    def __class_getitem__(cls, item: Any) -> type[SignalQueue[Any]]: ...
    def __len__(self) -> int: ...
    def get(self, timeout: float | None = None) -> Any: ...
    def __iter__(self) -> Iterator[_T]: ...
    def __next__(self) -> _T: ...
    def __aiter__(self) -> AsyncIterator[_T]: ...
    async def __anext__(self) -> _T: ...

@final
class Failure:
    kind: Final[str]
    id: Final[str]
    name: Final[str]
    version: Final[str]
    attempt: Final[int]
    throttled: Final[int]
    state: Final[str]
    cause: Final[str | None]
    timeout_type: Final[str | None]
    reason: Final[str | None]
    details: Final[str | None]
    elapsed: Final[float]
    def __init__(
        self,
        kind: str = "activity",
        *,
        id: str = "1",
        name: str = "",
        version: str = "",
        attempt: int = 1,
        throttled: int = 0,
        state: str = "FAILED",
        cause: str | None = None,
        timeout_type: str | None = None,
        reason: str | None = None,
        details: str | None = None,
        exception_types: Iterable[str] = (),
        elapsed: float = 0.0,
        last_heartbeat: Any = None,
        seed: str = "",
    ) -> None: ...
    @property
    def exception_types(self) -> tuple[str, ...]: ...
    @property
    def last_heartbeat(self) -> Any: ...
    @property
    def random(self) -> _random.Random: ...

@disjoint_base
class Task(Generic[_P, _R]):
    function: Final[Callable[..., Any]]
    name: Final[str]
    version: Final[str]
    attributes: Final[dict[str, Any]]
    codec: Final[Any]
    policy: Final[Any]
    is_method: bool
    continues_indefinitely: Final[bool]
    domain: Final[str | None]
    def __init__(
        self,
        kind: Literal["activity", "decision", "cached", "lambda"],
        function: Callable[..., Any] | None,
        name: str,
        version: str,
        attributes: dict[str, Any],
        codec: Any,
        policy: Any,
        *,
        is_method: bool = False,
        continues_indefinitely: bool = False,
        domain: str | None = None,
    ) -> None: ...
    @classmethod
    def __class_getitem__(cls, item: Any) -> type[Task[Any, Any]]: ...
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    def map(self, iterable: Iterable[Any], limit: int | None = None) -> list[_R]: ...
    @overload
    def __get__(self, instance: None, owner: type | None = None, /) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None, /) -> Bound: ...

@final
class Bound:
    instance: Final[object]
    @property
    def task(self) -> Task[Any, Any]: ...
    def __init__(self, task: Task[Any, Any], instance: object) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def map(self, iterable: Iterable[Any], limit: int | None = None) -> list[Any]: ...
    def __getattr__(self, name: str) -> Any: ...

@final
class Run:
    history: Final[History]
    @property
    def task(self) -> Task[Any, Any]: ...
    instance: Final[object]
    scope: Final[str | None]
    originals: dict[str, BaseException] | None
    decisions: Final[list[dict[str, Any]]]
    execution_context: Final[str | None]
    is_closing: Final[bool]
    failure: Final[BaseException | None]
    not_run: Final[list[str]]
    batch: Final[int]
    now_seconds: Final[float]
    cancel_requested: Final[bool]
    def __init__(
        self,
        decider: Task[Any, Any] | Bound,
        history: History,
        *,
        run_id: str | None = None,
        scope: str | None = "",
        domain: str | None = None,
        stamp: Mapping[str, str] | None = None,
        run_cached: bool = True,
        on_error: Callable[[Run, BaseException], None] | None = None,
        strict: bool = False,
    ) -> None: ...
    def append_page(self, page: bytes | Page) -> None: ...
    def rehearse(self) -> Run: ...
    def close(self) -> None: ...
    @property
    def run_id(self) -> str: ...
    @property
    def random(self) -> _random.Random: ...
    def uuid4(self) -> _uuid.UUID: ...
    def started_attributes(self) -> dict[str, Any]: ...
    def set_status(self, text: str) -> None: ...
    def shield(self, step: int) -> None: ...
    @property
    def is_replaying(self) -> bool: ...
    @property
    def history_length(self) -> int: ...
    @property
    def standing(self) -> list[tuple[int, Callable[..., Any], str, FrameType]]: ...
    @property
    def calls(self) -> dict[tuple[str, str], tuple[Task[Any, Any], object]]: ...

def current_run() -> Run | None: ...
def start_timer(seconds: float) -> Promise[None]: ...
def sleep(seconds: float) -> Any: ...
def record_marker(name: str, details: object = None) -> Promise[RecordedMarker]: ...
@overload
def spawn(function: Callable[_P, Awaitable[_R]], *args: _P.args, **kwargs: _P.kwargs) -> Promise[_R]: ...
@overload
def spawn(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> Promise[_R]: ...
@overload
def signals(name: str) -> SignalQueue[Any]: ...
@overload
def signals(name: str, type: type[_T]) -> SignalQueue[_T]: ...
@overload
def signals(name: str, type: Any = None) -> SignalQueue[Any]: ...
def signal_external(
    workflow_id: str, name: str, input: str | None = None, run_id: str | None = None
) -> Promise[None]: ...
def cancel_external(workflow_id: str, run_id: str | None = None) -> Promise[None]: ...
def patched(id: str) -> bool: ...
def deprecate_patch(id: str) -> None: ...
def continue_with(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None: ...
def continue_as_new(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], overrides: dict[str, Any] | None
) -> NoReturn: ...
