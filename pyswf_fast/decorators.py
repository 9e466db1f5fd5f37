"""The decorators that make activities, deciders and cached functions of plain functions.

A decorated function is still itself: called outside of a decider it returns what it always returned. Called
inside one, it asks for work and returns a `Promise` of it. The call itself is compiled (its code is in
`_replay/decision.pyx`); here it is said what a call asks for.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast, overload

from pyswf_fast import constraints
from pyswf_fast._replay import Promise, Task
from pyswf_fast.annotations import Annotations, names_in_sight
from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.payload import Codec
from pyswf_fast.retry import RETRIED_STATES, Retry, policy_of
from pyswf_fast.serializers import Serializer
from pyswf_fast.storage.store import DataStore

__all__ = ["activity_task", "cached", "decision_task", "nondeterministic"]

P = ParamSpec("P")
R = TypeVar("R")

#: Seconds, or "NONE" for no limit.
Seconds = float | Literal["NONE"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How input and result travel; None is JSON, in SWF's own fields."""

    input_data_serializer: Serializer | None = None
    input_data_store: DataStore | None = None
    result_data_serializer: Serializer | None = None
    result_data_store: DataStore | None = None

    def codec(self, function: Callable[..., Any], annotations: Annotations | None) -> Codec:
        """Make the codec of a function."""
        given = {field.name: getattr(self, field.name) for field in fields(DataOptions)}
        return Codec(function.__qualname__, function, **given, annotations=annotations)


@dataclass(frozen=True, kw_only=True)
class ActivityOptions(DataOptions):
    """The keywords of `activity_task`."""

    swf_domain: str | None = None
    swf_task_type: str | None = None
    swf_task_version: str | None = None
    swf_task_list: str | None = None
    max_attempts: int = 5
    retry_states: Iterable[str] = RETRIED_STATES
    retry: Retry | None = None
    start_to_close_timeout: Seconds | None = None
    schedule_to_start_timeout: Seconds | None = None
    schedule_to_close_timeout: Seconds | None = None
    heartbeat_timeout: Seconds | None = None
    priority: int | None = None

    def attributes(self, name: str, version: str) -> dict[str, Any]:
        """Give the members of ScheduleActivityTask that are the same at every call."""
        members: dict[str, Any] = {"activityType": {"name": name, "version": version}}
        if self.swf_task_list is not None:
            members["taskList"] = {
                "name": constraints.name(self.swf_task_list, "swf_task_list", trimmed=True)
            }
        for member, keyword in (
            ("startToCloseTimeout", "start_to_close_timeout"),
            ("scheduleToStartTimeout", "schedule_to_start_timeout"),
            ("scheduleToCloseTimeout", "schedule_to_close_timeout"),
            ("heartbeatTimeout", "heartbeat_timeout"),
        ):
            value = getattr(self, keyword)
            if value is not None:
                members[member] = constraints.duration(value, keyword, none=True)
        if self.priority is not None:
            members["taskPriority"] = constraints.priority(self.priority, "priority")
        return members


@dataclass(frozen=True, kw_only=True)
class DecisionOptions(DataOptions):
    """The keywords of `decision_task`; `workflow_id` is for `options(…)` of one start or child."""

    swf_domain: str | None = None
    swf_workflow_type: str | None = None
    swf_workflow_version: str | None = None
    swf_task_list: str | None = None
    continues_indefinitely: bool = False
    max_attempts: int = 1
    retry_states: Iterable[str] = RETRIED_STATES
    retry: Retry | None = None
    execution_start_to_close_timeout: Seconds | None = None
    task_start_to_close_timeout: Seconds | None = None
    child_policy: str | None = None
    tags: Iterable[str] | None = None
    priority: int | None = None
    lambda_role: str | None = None
    workflow_id: str | None = None

    def attributes(self, name: str, version: str) -> dict[str, Any]:
        """Give the members of StartChildWorkflowExecution that are the same at every call."""
        members: dict[str, Any] = {"workflowType": {"name": name, "version": version}}
        if self.workflow_id is not None:
            members["workflowId"] = constraints.name(self.workflow_id, "workflow_id")
        if self.swf_task_list is not None:
            members["taskList"] = {
                "name": constraints.name(self.swf_task_list, "swf_task_list", trimmed=True)
            }
        for member, keyword in (
            ("executionStartToCloseTimeout", "execution_start_to_close_timeout"),
            ("taskStartToCloseTimeout", "task_start_to_close_timeout"),
        ):
            value = getattr(self, keyword)
            if value is not None:
                members[member] = constraints.duration(value, keyword)
        if self.child_policy is not None:
            members["childPolicy"] = constraints.child_policy(self.child_policy, "child_policy")
        if self.tags is not None:
            members["tagList"] = constraints.tags(self.tags, "tags")
        if self.priority is not None:
            members["taskPriority"] = constraints.priority(self.priority, "priority")
        if self.lambda_role is not None:
            members["lambdaRole"] = constraints.text(self.lambda_role, "lambda_role", 1600)
        return members


class _Decorated(Task[P, R], Generic[P, R]):
    """What the decorated callables have in common: they look like the functions that they wrap."""

    def _wrap(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(cast("Any", self), function)

    @property
    def orig(self) -> Callable[..., Any]:
        """The plain function, by PySwfAws's name."""
        return self.function

    def __set_name__(self, owner: type, name: str) -> None:
        # Called through the class, a method has its object as first argument.
        self.is_method = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.version}>"


class ActivityTask(_Decorated[P, R]):
    """A function decorated with `activity_task`."""

    def __init__(
        self,
        function: Callable[P, R],
        options: ActivityOptions,
        *,
        is_method: bool = False,
        annotations: Annotations | None = None,
    ) -> None:
        name, version = _type_of(function, options.swf_task_type, options.swf_task_version, "swf_task")
        super().__init__(
            "activity",
            function,
            name,
            version,
            options.attributes(name, version),
            options.codec(function, annotations),
            policy_of(options.retry, options.max_attempts, options.retry_states),
            is_method=is_method,
            domain=options.swf_domain,
        )
        self._wrap(function)
        self._options = options

    @property
    def swf_options(self) -> dict[str, Any]:
        """Domain, type and task list, as PySwfAws had them."""
        given = self._options
        return {
            "domain": given.swf_domain,
            "task_type": self.name,
            "task_version": self.version,
            "task_list": given.swf_task_list,
        }

    @property
    def retry_options(self) -> dict[str, Any]:
        """Attempts and states, as PySwfAws had them."""
        return {"max_attempts": self._options.max_attempts, "retry_states": self._options.retry_states}

    @property
    def serialization_options(self) -> dict[str, Any]:
        """Serializers and stores, as PySwfAws had them."""
        return _serialization_options(self._options)

    @property
    def given(self) -> ActivityOptions:
        """The keywords it was decorated with."""
        return self._options

    def options(self, **overrides: Any) -> ActivityTask[P, R]:
        """Make a copy with other keywords of `activity_task`, for one call: ``f.options(priority=9)(x)``."""
        return ActivityTask(
            self.function,
            _replaced(self, self._options, overrides),
            is_method=self.is_method,
            annotations=self.codec.annotations,
        )


class DecisionTask(_Decorated[P, R]):
    """A function decorated with `decision_task`."""

    def __init__(
        self,
        function: Callable[P, R],
        options: DecisionOptions,
        *,
        is_method: bool = False,
        annotations: Annotations | None = None,
    ) -> None:
        name, version = _type_of(
            function, options.swf_workflow_type, options.swf_workflow_version, "swf_workflow"
        )
        super().__init__(
            "decision",
            function,
            name,
            version,
            options.attributes(name, version),
            options.codec(function, annotations),
            policy_of(options.retry, options.max_attempts, options.retry_states),
            is_method=is_method,
            continues_indefinitely=options.continues_indefinitely,
            domain=options.swf_domain,
        )
        self._wrap(function)
        self._options = options

    @property
    def swf_options(self) -> dict[str, Any]:
        """Domain, type and task list, as PySwfAws had them."""
        given = self._options
        return {
            "domain": given.swf_domain,
            "wf_type": self.name,
            "wf_version": self.version,
            "task_list": given.swf_task_list,
        }

    @property
    def serialization_options(self) -> dict[str, Any]:
        """Serializers and stores, as PySwfAws had them."""
        return _serialization_options(self._options)

    @property
    def given(self) -> DecisionOptions:
        """The keywords it was decorated with."""
        return self._options

    def options(self, **overrides: Any) -> DecisionTask[P, R]:
        """Make a copy with other keywords of `decision_task`, or a `workflow_id`, for one start or child."""
        return DecisionTask(
            self.function,
            _replaced(self, self._options, overrides),
            is_method=self.is_method,
            annotations=self.codec.annotations,
        )


class CachedFunction(_Decorated[P, R]):
    """A function decorated with `cached`."""

    def __init__(
        self, function: Callable[P, R], data: DataOptions, *, annotations: Annotations | None = None
    ) -> None:
        codec = data.codec(function, annotations)
        super().__init__("cached", function, function.__qualname__, "", {}, codec, None)
        self._wrap(function)


@overload
def activity_task(function: Callable[P, Coroutine[Any, Any, R]], /) -> ActivityTask[P, Promise[R]]: ...
@overload
def activity_task(function: Callable[P, R], /) -> ActivityTask[P, Promise[R]]: ...
@overload
def activity_task(
    *,
    swf_domain: str | None = None,
    swf_task_type: str | None = None,
    swf_task_version: str | None = None,
    swf_task_list: str | None = None,
    input_data_serializer: Serializer | None = None,
    input_data_store: DataStore | None = None,
    result_data_serializer: Serializer | None = None,
    result_data_store: DataStore | None = None,
    max_attempts: int = 5,
    retry_states: Iterable[str] = RETRIED_STATES,
    retry: Retry | None = None,
    start_to_close_timeout: Seconds | None = None,
    schedule_to_start_timeout: Seconds | None = None,
    schedule_to_close_timeout: Seconds | None = None,
    heartbeat_timeout: Seconds | None = None,
    priority: int | None = None,
) -> Callable[[Callable[P, R]], ActivityTask[P, Promise[R]]]: ...
def activity_task(function: Any = None, /, **keywords: Any) -> Any:
    """Decorate a function as an activity: work that a worker does when a decider asks for it.

    Times are in seconds; fractions are rounded up. What is None is not sent: the registered type's default
    rules.

    Parameters:
        swf_domain: The domain of the type; else the worker's or client's, then ``PYSWF_DOMAIN``.
        swf_task_type: The type's name; default ``function.__qualname__``.
        swf_task_version: The type's version; default "1.0".
        swf_task_list: The list on which it is scheduled.
        input_data_serializer, result_data_serializer: How values become text; default JSON.
        input_data_store, result_data_store: Where text goes that SWF's fields do not hold.
        max_attempts: How often it is tried in all.
        retry_states: The failures that are tried again.
        retry: What decides instead of `max_attempts` and `retry_states`: a `RetryPolicy`, or a callable that
            is given the `Failure` and answers True, False or seconds.
        start_to_close_timeout, heartbeat_timeout: SWF's limits for a worker.
        schedule_to_start_timeout, schedule_to_close_timeout: SWF's limits from the call on.
        priority: Higher goes first.

    Raises:
        ConfigurationError: A name, duration or state that SWF would refuse.

    Example:
        >>> @activity_task(swf_task_list="images", start_to_close_timeout=60)
        ... def resize(path: str, width: int) -> str: ...
    """
    return _decorate(function, ActivityTask, ActivityOptions, keywords, "activity_task")


@overload
def decision_task(function: Callable[P, Coroutine[Any, Any, R]], /) -> DecisionTask[P, Promise[R]]: ...
@overload
def decision_task(function: Callable[P, R], /) -> DecisionTask[P, Promise[R]]: ...
@overload
def decision_task(
    *,
    swf_domain: str | None = None,
    swf_workflow_type: str | None = None,
    swf_workflow_version: str | None = None,
    swf_task_list: str | None = None,
    input_data_serializer: Serializer | None = None,
    input_data_store: DataStore | None = None,
    result_data_serializer: Serializer | None = None,
    result_data_store: DataStore | None = None,
    continues_indefinitely: bool = False,
    max_attempts: int = 1,
    retry_states: Iterable[str] = RETRIED_STATES,
    retry: Retry | None = None,
    execution_start_to_close_timeout: Seconds | None = None,
    task_start_to_close_timeout: Seconds | None = None,
    child_policy: str | None = None,
    tags: Iterable[str] | None = None,
    priority: int | None = None,
    lambda_role: str | None = None,
) -> Callable[[Callable[P, R]], DecisionTask[P, Promise[R]]]: ...
def decision_task(function: Any = None, /, **keywords: Any) -> Any:
    """Decorate a function as a decider; called inside another decider it is a child workflow.

    Times are in seconds. What is None is not sent: the registered type's default rules.

    Parameters:
        swf_domain: The domain of the type; else the worker's or client's, then ``PYSWF_DOMAIN``.
        swf_workflow_type: The type's name; default ``function.__qualname__``.
        swf_workflow_version: The type's version; default "1.0".
        swf_task_list: The list on which its decision tasks are scheduled.
        input_data_serializer, result_data_serializer: How values become text; default JSON.
        input_data_store, result_data_store: Where text goes that SWF's fields do not hold.
        continues_indefinitely: When the function returns, the run continues as new: with what
            ``workflow.continue_with`` was given last, else with the same input.
        max_attempts, retry_states, retry: Whether a child that fails is started again, as for activities; by
            default it is tried once.
        execution_start_to_close_timeout, task_start_to_close_timeout: SWF's limits.
        child_policy: TERMINATE, REQUEST_CANCEL or ABANDON its own children if it is terminated or times out.
        tags: At most five.
        priority: Higher goes first.
        lambda_role: The IAM role for Lambda functions.

    Raises:
        ConfigurationError: A name, duration or state that SWF would refuse.

    Example:
        >>> @decision_task
        ... def total(n: int) -> int:
        ...     return sum(p.result for p in [square(i) for i in range(n)])
    """
    return _decorate(function, DecisionTask, DecisionOptions, keywords, "decision_task")


@overload
def cached(function: Callable[P, R], /) -> CachedFunction[P, R]: ...
@overload
def cached(
    *, result_data_store: DataStore | None = None, result_data_serializer: Serializer | None = None
) -> Callable[[Callable[P, R]], CachedFunction[P, R]]: ...
def cached(function: Any = None, /, **keywords: Any) -> Any:
    """Decorate a function whose result is recorded: each call runs once, replays take what was recorded.

    For what is not deterministic or costs too much to do again: queries, random numbers, the environment.
    Called several times, it runs several times (it is not memoized by its arguments). An exception is
    recorded too; it is raised as its builtin type, or as `RemoteError` if it is of no builtin one.

    Parameters:
        result_data_store: Where results go that SWF's fields do not hold.
        result_data_serializer: How results become text; default JSON.

    Example:
        >>> @cached
        ... def prices() -> dict[str, float]: ...
    """
    return _decorate(function, CachedFunction, DataOptions, keywords, "cached")


nondeterministic = cached


def _meant(keyword: str, known: Iterable[str]) -> str | None:
    """The keyword that was probably meant; activities and deciders name their types by different ones."""
    for theirs, ours in (("swf_task_", "swf_workflow_"), ("swf_workflow_", "swf_task_")):
        twin = ours + keyword.removeprefix(theirs)
        if keyword.startswith(theirs) and twin in known:
            return twin
    return next(iter(difflib.get_close_matches(keyword, known, 1)), None)


def _decorate(function: Any, made: Any, options: Any, keywords: dict[str, Any], name: str) -> Any:
    known = {field.name for field in fields(options)} - {"workflow_id"}
    if made is CachedFunction:
        known = {"result_data_store", "result_data_serializer"}
    for keyword in keywords:
        if keyword not in known:
            meant = _meant(keyword, known)
            hint = f"; did you mean {meant!r}?" if meant else ""
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{hint}")
    if function is None:
        return lambda function: _decorate(function, made, options, keywords, name)
    if (
        not callable(function)
        or isinstance(function, (staticmethod, classmethod))
        or not hasattr(function, "__qualname__")
    ):
        raise ConfigurationError(
            f"@{name} decorates functions, found {function!r}; put @staticmethod above it"
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(
            f"@{name} decorates functions that return; {function.__qualname__} is a generator"
        )
    # Where the decorator stands: two calls up, through itself or through the lambda above.
    annotations = Annotations(function, in_sight=names_in_sight(function, depth=2))
    return made(function, options(**keywords), annotations=annotations)


def _type_of(function: Any, name: str | None, version: str | None, keyword: str) -> tuple[str, str]:
    return (
        constraints.name(name if name is not None else function.__qualname__, f"{keyword}_type"),
        constraints.name(
            version if version is not None else "1.0", f"{keyword}_version", constraints.VERSION_LIMIT
        ),
    )


def _replaced(task: Any, options: Any, overrides: dict[str, Any]) -> Any:
    try:
        return replace(options, **overrides)
    except TypeError:
        known = {field.name for field in fields(options)}
        unknown = ", ".join(sorted(set(overrides) - known))
        raise TypeError(f"{task.name}.options() got unexpected keywords: {unknown}") from None


def _serialization_options(options: DataOptions) -> dict[str, Any]:
    return {
        "input_serializer": options.input_data_serializer,
        "input_data_store": options.input_data_store,
        "result_serializer": options.result_data_serializer,
        "result_data_store": options.result_data_store,
    }
