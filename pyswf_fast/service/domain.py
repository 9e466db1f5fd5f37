"""Domains and types: what is registered, its defaults, and how a start resolves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.faults import type_text, unknown_type
from pyswf_fast.service.timeline import Timeline

if TYPE_CHECKING:
    from pyswf_fast.service.execution import Execution
    from pyswf_fast.service.limits import Limits

__all__ = [
    "ACTIVITY_TYPE",
    "DEFAULT_REGION",
    "DEPRECATED",
    "REGISTERED",
    "WORKFLOW_TYPE",
    "Domain",
    "RegisteredType",
    "Undefined",
    "domain_key",
    "region_of",
]

REGISTERED, DEPRECATED = "REGISTERED", "DEPRECATED"
ACTIVITY_TYPE, WORKFLOW_TYPE = "ActivityType", "WorkflowType"
DAY_MS = 86_400_000
DEFAULT_REGION = "us-east-1"  # of requests that are not signed

# Which values each kind of type must resolve, in the order in which a missing one is reported, and the
# part of the failure cause DEFAULT_…_UNDEFINED that names it.
_REQUIRED = {
    WORKFLOW_TYPE: {
        "executionStartToCloseTimeout": (
            "defaultExecutionStartToCloseTimeout",
            "EXECUTION_START_TO_CLOSE_TIMEOUT",
        ),
        "taskList": ("defaultTaskList", "TASK_LIST"),
        "taskStartToCloseTimeout": ("defaultTaskStartToCloseTimeout", "TASK_START_TO_CLOSE_TIMEOUT"),
        "childPolicy": ("defaultChildPolicy", "CHILD_POLICY"),
    },
    ACTIVITY_TYPE: {
        "scheduleToCloseTimeout": ("defaultTaskScheduleToCloseTimeout", "SCHEDULE_TO_CLOSE_TIMEOUT"),
        "taskList": ("defaultTaskList", "TASK_LIST"),
        "scheduleToStartTimeout": ("defaultTaskScheduleToStartTimeout", "SCHEDULE_TO_START_TIMEOUT"),
        "startToCloseTimeout": ("defaultTaskStartToCloseTimeout", "START_TO_CLOSE_TIMEOUT"),
        "heartbeatTimeout": ("defaultTaskHeartbeatTimeout", "HEARTBEAT_TIMEOUT"),
    },
}
_OPTIONAL = {
    WORKFLOW_TYPE: {"taskPriority": "defaultTaskPriority", "lambdaRole": "defaultLambdaRole"},
    ACTIVITY_TYPE: {"taskPriority": "defaultTaskPriority"},
}


class Undefined(Exception):
    """A value is neither given nor has the type a default for it."""

    def __init__(self, default: str, cause: str) -> None:
        super().__init__(default)
        self.default = default
        self.cause = f"DEFAULT_{cause}_UNDEFINED"


@dataclass(slots=True)
class RegisteredType:
    """One version of an activity or workflow type."""

    kind: str
    name: str
    version: str
    created_ms: int
    defaults: dict[str, Any]
    description: str | None = None
    status: str = REGISTERED
    deprecated_ms: int | None = None

    def __str__(self) -> str:
        return type_text(self.kind, self.name, self.version)

    def resolve(self, given: dict[str, Any]) -> dict[str, Any]:
        """The configuration that `given` and the defaults make; raises Undefined for what is missing."""
        resolved = {}
        for member, (default, cause) in _REQUIRED[self.kind].items():
            value = given.get(member, self.defaults.get(default))
            if value is None:
                raise Undefined(default, cause)
            resolved[member] = value
        for member, default in _OPTIONAL[self.kind].items():
            value = given.get(member, self.defaults.get(default))
            if value is not None:
                resolved[member] = value
        return resolved

    def info(self) -> dict[str, Any]:
        """The type as lists and descriptions show it."""
        kind = self.kind[0].lower() + self.kind[1:]
        info: dict[str, Any] = {
            kind: {"name": self.name, "version": self.version},
            "status": self.status,
            "creationDate": self.created_ms / 1000,
        }
        if self.description is not None:
            info["description"] = self.description
        if self.deprecated_ms is not None:
            info["deprecationDate"] = self.deprecated_ms / 1000
        return info


def domain_key(region: str, name: str) -> str:
    """What tells a domain from all others: its name, in any but the default region after the region's."""
    return name if region == DEFAULT_REGION else f"{region}/{name}"  # no name holds a slash


def region_of(key: str) -> str:
    """The region of the domain that has that key."""
    return key.rpartition("/")[0] or DEFAULT_REGION


@dataclass(slots=True)
class Domain:
    """A domain with its types and executions."""

    key: str
    retention: str
    limits: Limits
    description: str | None = None
    status: str = REGISTERED
    tags: dict[str, str | None] = field(default_factory=dict)
    types: dict[tuple[str, str, str], RegisteredType] = field(default_factory=dict)
    open: dict[str, Execution] = field(default_factory=dict)  # by workflowId
    runs: dict[str, Execution] = field(default_factory=dict)  # by runId, open and closed
    closed: dict[str, dict[str, Execution]] = field(default_factory=dict)  # by workflowId and runId
    open_by_start: Timeline = field(default_factory=Timeline)
    closed_by_start: Timeline = field(default_factory=Timeline)
    closed_by_close: Timeline = field(default_factory=Timeline)

    @property
    def name(self) -> str:
        """Its name, which is its own in its region."""
        return self.key.rpartition("/")[2]

    @property
    def region(self) -> str:
        """Its region."""
        return region_of(self.key)

    @property
    def retention_ms(self) -> int:
        """How long the record of a closed execution is kept."""
        return 0 if self.retention == "NONE" else int(self.retention) * DAY_MS

    def find_type(self, kind: str, reference: dict[str, str]) -> RegisteredType | None:
        """The type that `reference` (name and version) names, or None."""
        return self.types.get((kind, reference["name"], reference["version"]))

    def the_type(self, kind: str, reference: dict[str, str]) -> RegisteredType:
        """The type that `reference` names; a fault if there is none."""
        found = self.find_type(kind, reference)
        if found is None:
            raise unknown_type(kind, reference["name"], reference["version"])
        return found

    def add_open(self, execution: Execution) -> None:
        """Take in a run that is open; to be called once its start is recorded."""
        self.open[execution.workflow_id] = self.runs[execution.run_id] = execution
        self.open_by_start.add(execution.state.started_ms, execution)

    def add_closed(self, execution: Execution) -> None:
        """Take in a run that is closed."""
        self.runs[execution.run_id] = execution
        self.closed.setdefault(execution.workflow_id, {})[execution.run_id] = execution
        self.closed_by_start.add(execution.state.started_ms, execution)
        self.closed_by_close.add(execution.closed_ms, execution)

    def close(self, execution: Execution) -> None:
        """Move a run that was open to those that are closed."""
        del self.open[execution.workflow_id]
        self.open_by_start.remove(execution.state.started_ms, execution)
        self.add_closed(execution)

    def forget(self, execution: Execution) -> None:
        """Let a closed run go."""
        del self.runs[execution.run_id]
        of_workflow = self.closed[execution.workflow_id]
        del of_workflow[execution.run_id]
        if not of_workflow:
            del self.closed[execution.workflow_id]
        self.closed_by_start.remove(execution.state.started_ms, execution)
        self.closed_by_close.remove(execution.closed_ms, execution)

    def of_workflow(self, workflow_id: str, is_open: bool) -> list[Execution]:
        """The open run of that workflowId, or its closed ones."""
        if not is_open:
            return list(self.closed.get(workflow_id, {}).values())
        return [self.open[workflow_id]] if workflow_id in self.open else []

    def require_registered(self) -> None:
        """A deprecated domain takes no new types and no new executions."""
        if self.status == DEPRECATED:
            raise ServiceFault("DomainDeprecatedFault", self.name)

    def info(self) -> dict[str, Any]:
        """The domain as lists and descriptions show it."""
        info = {"name": self.name, "status": self.status, "arn": self.arn}
        if self.description is not None:
            info["description"] = self.description
        return info

    @property
    def arn(self) -> str:
        """The domain's ARN; this service has one account."""
        return f"arn:aws:swf:{self.region}:000000000000:/domain/{self.name}"
