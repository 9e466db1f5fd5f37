"""Domains and types: what SWF must know before anything can start, made where it is missing.

A type cannot be changed once it is registered. So what a decorator says is sent with every start and schedule
too, and the registered defaults speak only where it says nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from pyswf_fast import constraints
from pyswf_fast.exceptions import ConfigurationError, ServiceFault, SwfError, UsageError
from pyswf_fast.transport import Transport

__all__ = [
    "activity_type",
    "decider_type",
    "default_task_list",
    "find_task_list",
    "register",
    "resolve_domain",
    "resolve_task_list",
    "task_of",
]

logger = logging.getLogger("pyswf_fast")

RETENTION_DAYS = "7"
DEFAULT_TASK_LIST = "default"
EXECUTION_SECONDS = "31536000"
DECISION_TASK_SECONDS = "30"
ACTIVITY_SECONDS = "3600"
CHILD_POLICY = "TERMINATE"

_FORBIDDEN = ("OperationNotPermittedFault", "AccessDeniedException")


def register(
    transport: Transport, domain: str, deciders: Iterable[Any] = (), activities: Iterable[Any] = ()
) -> int:
    """Make the domain and the types that are missing; those that exist stay as they are.

    Whoever may not register is not stopped by that: the types may exist, and a start tells if they do not.

    Parameters:
        transport: Where to.
        domain: The domain's name.
        deciders: Decision tasks.
        activities: Activity tasks.

    Returns:
        How many types were missing.
    """
    constraints.name(domain, "the domain", trimmed=True)
    requests = [("RegisterWorkflowType", decider_type(decider)) for decider in deciders]
    requests += [("RegisterActivityType", activity_type(activity)) for activity in activities]
    if not requests:
        _ensure_domain(transport, domain)
    made = 0
    for operation, params in requests:
        with _passing_over(*_FORBIDDEN):
            made += _register_type(transport, operation, {"domain": domain, **params})
    return made


def default_task_list(transport: Transport, domain: str, name: str, version: str) -> str | None:
    """Tell which task list an activity type was registered with; None where that cannot be known."""
    params = {"domain": domain, "activityType": {"name": name, "version": version}}
    try:
        found = orjson.loads(transport.call("DescribeActivityType", params))
    except SwfError as error:
        logger.debug("passed over: %s", error)
        return None
    task_list: str | None = found["configuration"].get("defaultTaskList", {}).get("name")
    return task_list


def decider_type(decider: Any) -> dict[str, Any]:
    """Give what RegisterWorkflowType is told of a decision task, but for the domain."""
    task, options = task_of(decider, "decider")
    execution = options.execution_start_to_close_timeout
    decision = options.task_start_to_close_timeout
    params = {
        **_named(task),
        "defaultExecutionStartToCloseTimeout": EXECUTION_SECONDS
        if execution is None
        else constraints.duration(execution, "execution_start_to_close_timeout"),
        "defaultTaskStartToCloseTimeout": DECISION_TASK_SECONDS
        if decision is None
        else constraints.duration(decision, "task_start_to_close_timeout"),
        "defaultChildPolicy": constraints.child_policy(options.child_policy or CHILD_POLICY, "child_policy"),
        "defaultTaskList": {"name": _own_task_list(options)},
    }
    if options.priority is not None:
        params["defaultTaskPriority"] = constraints.priority(options.priority, "priority")
    if options.lambda_role is not None:
        params["defaultLambdaRole"] = options.lambda_role
    return params


def activity_type(activity: Any) -> dict[str, Any]:
    """Give what RegisterActivityType is told of an activity task, but for the domain."""
    task, options = task_of(activity, "activity")
    params: dict[str, Any] = {**_named(task), "defaultTaskList": {"name": _own_task_list(options)}}
    for member, option, default in (
        ("defaultTaskStartToCloseTimeout", "start_to_close_timeout", ACTIVITY_SECONDS),
        ("defaultTaskScheduleToStartTimeout", "schedule_to_start_timeout", "NONE"),
        ("defaultTaskScheduleToCloseTimeout", "schedule_to_close_timeout", "NONE"),
        ("defaultTaskHeartbeatTimeout", "heartbeat_timeout", "NONE"),
    ):
        seconds = getattr(options, option)
        params[member] = default if seconds is None else constraints.duration(seconds, option, none=True)
    if options.priority is not None:
        params["defaultTaskPriority"] = constraints.priority(options.priority, "priority")
    return params


def task_of(function: Any, role: str) -> tuple[Any, Any]:
    """Find the task behind a decorated function or method, and its options.

    Parameters:
        function: What a decorator made.
        role: ``decider`` or ``activity``, what it must be.
    """
    task = getattr(function, "task", function)
    options = getattr(task, "given", None)
    marker, decorator = (
        ("child_policy", "@decision_task") if role == "decider" else ("heartbeat_timeout", "@activity_task")
    )
    if not hasattr(options, marker):
        named = getattr(function, "__qualname__", None) or repr(function)
        raise UsageError(f"{named} is no {role}: put {decorator} on it")
    return task, options


def resolve_domain(*candidates: str | None) -> str:
    """Take the first domain that is given, the environment's last."""
    for domain in (*candidates, os.environ.get("PYSWF_DOMAIN")):
        if domain:
            return constraints.name(domain, "the domain", trimmed=True)
    raise ConfigurationError(
        "no SWF domain: give it to the client or worker, as swf_domain=… to the decorator, "
        "or set PYSWF_DOMAIN (on the command line --domain)"
    )


def find_task_list(*candidates: str | None) -> str | None:
    """Take the first task list that is given, the environment's last; None is the type's default."""
    for task_list in (*candidates, os.environ.get("PYSWF_TASK_LIST")):
        if task_list:
            return constraints.name(task_list, "the task list", trimmed=True)
    return None


def resolve_task_list(*candidates: str | None) -> str:
    """Take the first task list that is given, the environment's last; there must be one."""
    task_list = find_task_list(*candidates)
    if task_list is None:
        raise ConfigurationError(
            "no SWF task list: give it to the worker, as swf_task_list=… to the decorator, "
            "or set PYSWF_TASK_LIST (on the command line --task-list)"
        )
    return task_list


def _own_task_list(options: Any) -> str:
    return constraints.name(options.swf_task_list or DEFAULT_TASK_LIST, "swf_task_list", trimmed=True)


def _named(task: Any) -> dict[str, str]:
    return {
        "name": constraints.name(task.name, "the type's name"),
        "version": constraints.name(task.version, f"the version of {task.name}", constraints.VERSION_LIMIT),
    }


def _register_type(transport: Transport, operation: str, params: Mapping[str, Any]) -> bool:
    """Register a type; tell whether it was missing."""
    try:
        with _passing_over("TypeAlreadyExistsFault"):
            transport.call(operation, params)
            return True
    except ServiceFault as fault:
        if fault.type != "UnknownResourceFault":
            raise
        _ensure_domain(transport, params["domain"])
        with _passing_over("TypeAlreadyExistsFault"):  # somebody else may have been as quick
            transport.call(operation, params)
            return True
    return False


def _ensure_domain(transport: Transport, domain: str) -> None:
    with _passing_over("DomainAlreadyExistsFault"):
        transport.call(
            "RegisterDomain", {"name": domain, "workflowExecutionRetentionPeriodInDays": RETENTION_DAYS}
        )


@contextmanager
def _passing_over(*types: str) -> Iterator[None]:
    try:
        yield
    except ServiceFault as fault:
        if fault.type not in types:
            raise
        logger.debug("passed over: %s", fault)
