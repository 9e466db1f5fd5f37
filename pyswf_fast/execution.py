"""An execution, seen from outside: what SWF tells of it, its end, and what can be done to it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from pyswf_fast import constraints
from pyswf_fast.exceptions import (
    ServiceFault,
    SwfError,
    UsageError,
    WaitTimeout,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    WorkflowWasCanceled,
)
from pyswf_fast.pace import pace_of
from pyswf_fast.payload import Codec
from pyswf_fast.transport import Transport

if TYPE_CHECKING:
    from pyswf_fast._replay import History

__all__ = [
    "Execution",
    "ExecutionDetail",
    "ExecutionInfo",
    "ask",
    "explain_refusal",
    "find_run",
    "scope_of",
    "summary",
]

#: Waits between looks at an execution: a tenth of the time waited so far, within these bounds.
SHORTEST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 5.0
#: For how long a service that does not answer is asked again.
OUTAGE_PATIENCE_SECONDS = 60.0
#: For how long an execution just started may be unknown: SWF's reads are eventually consistent.
NEW_EXECUTION_PATIENCE_SECONDS = 10.0

_PASSING_FAULTS = frozenset(
    {"InternalFailure", "InternalServerError", "RequestTimeout", "ServiceUnavailable", "Throttling"}
    | {"ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)
_CLOSED_WITH = {
    "WorkflowExecutionFailed": WorkflowFailed,
    "WorkflowExecutionTimedOut": WorkflowTimedOut,
    "WorkflowExecutionTerminated": WorkflowTerminated,
    "WorkflowExecutionCanceled": WorkflowWasCanceled,
}


@dataclass(frozen=True)
class ExecutionInfo:
    """What SWF's lists tell of an execution.

    Parameters:
        workflow_id: Its workflowId.
        run_id: The run.
        name: Name of its type.
        version: Version of its type.
        status: OPEN, or how it closed: COMPLETED, FAILED, CANCELED, TERMINATED, CONTINUED_AS_NEW, TIMED_OUT.
        started_at: When it started.
        closed_at: When it closed, or None.
        tags: Its tags.
        parent: ``(workflowId, runId)`` of its parent, or None.
        cancel_requested: Whether it was asked to cancel.
    """

    workflow_id: str
    run_id: str
    name: str
    version: str
    status: str
    started_at: dt.datetime
    closed_at: dt.datetime | None
    tags: tuple[str, ...]
    parent: tuple[str, str] | None
    cancel_requested: bool


@dataclass(frozen=True)
class ExecutionDetail:
    """What SWF tells of one execution.

    Parameters:
        info: What its lists tell too.
        configuration: Timeouts, task list, child policy, … as SWF names them.
        open_counts: How many activities, timers, … are open, as SWF names them.
        execution_context: What its latest decision left there, or None.
        latest_activity_at: When an activity was last scheduled or ended, or None.
    """

    info: ExecutionInfo
    configuration: Mapping[str, Any]
    open_counts: Mapping[str, int]
    execution_context: str | None
    latest_activity_at: dt.datetime | None


class Execution:
    """One execution, seen from outside: a workflow id and a run.

    What acts on it (signal, cancel, terminate) and what waits for it (result) follows the run where it was
    continued as a new one; what looks at it (describe, history, status) stays with the run itself.
    """

    def __init__(
        self,
        transport: Transport,
        domain: str,
        workflow_id: str,
        run_id: str | None = None,
        *,
        codec: Codec | None = None,
        is_new: bool = False,
    ) -> None:
        self._transport = transport
        self._domain = domain
        self._run_id = run_id
        self._codec = codec or Codec(workflow_id)
        self._is_new = is_new
        self.workflow_id = workflow_id

    @property
    def run_id(self) -> str:
        """The run; where none was given, the open one, else the one that started last."""
        if self._run_id is None:
            self._run_id = find_run(self._transport, self._domain, self.workflow_id)
        return self._run_id

    @property
    def status(self) -> str:
        """OPEN, or how the run closed, as `ExecutionInfo` has it."""
        return self.describe().info.status

    def describe(self) -> ExecutionDetail:
        """Tell what SWF knows of the run."""
        found = self._ask("DescribeWorkflowExecution", {"execution": self._named(self.run_id)})
        return ExecutionDetail(
            summary(found["executionInfo"]),
            found["executionConfiguration"],
            found["openCounts"],
            found.get("latestExecutionContext"),
            _moment(found.get("latestActivityTaskTimestamp")),
        )

    def history(self) -> History:
        """Read the run's whole history, which knows whose it is."""
        from pyswf_fast._replay import History, Page

        params: dict[str, Any] = {"domain": self._domain, "execution": self._named(self.run_id)}
        # what SWF answers does not say which execution it is of
        pages = [orjson.dumps({"workflowExecution": params["execution"]})]
        while True:
            pages.append(self._transport.call("GetWorkflowExecutionHistory", params))
            token = Page(pages[-1]).next_page_token
            if not token:
                return History.from_pages(pages)
            params["nextPageToken"] = token

    def result(self, timeout: float | None = None) -> Any:
        """Wait until the workflow has closed, and return its result.

        Parameters:
            timeout: How many seconds to wait at most; None waits for as long as it takes.

        Raises:
            WorkflowFailed: It failed, or closed otherwise than by completing (then of a kin class); its cause
                is what the decider raised, as a `RemoteError`.
            WaitTimeout: It was still open when the time was over.
        """
        pace = pace_of(self._transport)
        began = pace.now()
        silent_since: float | None = None
        run_id = self.run_id
        while True:
            event: dict[str, Any] | None = None
            try:
                event = self._last_event(run_id)
                silent_since = None
            except SwfError as error:
                now = pace.now()
                silent_since = silent_since or now
                if not self._may_pass(error, now - began, now - silent_since):
                    raise
            if event is not None:
                if event["eventType"] != "WorkflowExecutionContinuedAsNew":
                    return self._result_of(run_id, event)
                run_id = _attributes(event)["newExecutionRunId"]
                continue
            waited = pace.now() - began
            pause = min(LONGEST_LOOK_SECONDS, max(SHORTEST_LOOK_SECONDS, waited / 10))
            left = None if timeout is None else timeout - waited
            if left is not None and left <= 0:
                raise WaitTimeout(f"workflow {self.workflow_id!r} has not closed within {timeout} s")
            if silent_since is not None:  # what happened may be there already: ask again soon
                left = pause if left is None else min(pause, left)
            pace.look_again(pause, left)

    def signal(self, name: str, value: Any = None) -> None:
        """Send a signal.

        Parameters:
            name: The signal's name.
            value: What the decider receives, as JSON carries it.
        """
        params = {"signalName": constraints.text(name, "the signal's name")}
        if value is not None:
            scope = scope_of(self._domain, self.workflow_id, f"signal-{uuid.uuid4()}")
            params["input"] = self._codec.encode_value(value, scope, f"signal {name!r}")
        self._act("SignalWorkflowExecution", params)

    def cancel(self) -> None:
        """Ask the workflow to cancel itself; its decider says what that means."""
        self._act("RequestCancelWorkflowExecution", {})

    def terminate(
        self, reason: str | None = None, details: str | None = None, child_policy: str | None = None
    ) -> None:
        """End the workflow at once; its decider is not asked.

        Parameters:
            reason: Why, for the history.
            details: More of it.
            child_policy: What becomes of its children; None is what the execution says.
        """
        params = {}
        if reason is not None:
            params["reason"] = constraints.text(reason, "the reason", 256, least=0)
        if details is not None:
            params["details"] = constraints.text(details, "details", 32_768, least=0)
        if child_policy is not None:
            params["childPolicy"] = constraints.child_policy(child_policy, "child_policy")
        self._act("TerminateWorkflowExecution", params)

    def __repr__(self) -> str:
        return f"Execution({self.workflow_id!r}, {self._run_id!r})"

    def _named(self, run_id: str) -> dict[str, str]:
        return {"workflowId": self.workflow_id, "runId": run_id}

    def _ask(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return ask(self._transport, operation, {"domain": self._domain, **params})

    def _act(self, operation: str, params: Mapping[str, Any]) -> None:
        """Do something to the open run, which may be a later one than ours."""
        run_id = self._run_id
        while True:
            named = {"workflowId": self.workflow_id} if run_id is None else self._named(run_id)
            try:
                self._transport.call(operation, {"domain": self._domain, **named, **params})
            except ServiceFault as fault:
                if fault.type != "UnknownResourceFault":
                    raise
                event = None if run_id is None else self._last_event(run_id)
                if event is None or event["eventType"] != "WorkflowExecutionContinuedAsNew":
                    raise explain_refusal(
                        fault, self._transport, self._domain, self.workflow_id, run_id
                    ) from fault
                run_id = _attributes(event)["newExecutionRunId"]
            else:
                return

    def _last_event(self, run_id: str) -> dict[str, Any] | None:
        """Return the event that closed a run, or None while it is open."""
        page = self._ask(
            "GetWorkflowExecutionHistory",
            {"execution": self._named(run_id), "reverseOrder": True, "maximumPageSize": 1},
        )
        events = page.get("events")
        if not events:
            return None
        event: dict[str, Any] = events[0]
        kind = event["eventType"]
        is_close = kind in _CLOSED_WITH or kind in (
            "WorkflowExecutionCompleted",
            "WorkflowExecutionContinuedAsNew",
        )
        return event if is_close else None

    def _result_of(self, run_id: str, event: dict[str, Any]) -> Any:
        attributes = _attributes(event)
        kind = _CLOSED_WITH.get(event["eventType"])
        if kind is None:
            return self._codec.decode_result(attributes.get("result"))
        reason = attributes.get("reason") or attributes.get("timeoutType") or attributes.get("cause")
        details = attributes.get("details")
        failure = kind(self.workflow_id, run_id, reason, details)
        if kind is WorkflowFailed:
            raise failure from self._codec.decode_failure(reason, details)
        raise failure

    def _may_pass(self, error: SwfError, waited: float, silent: float) -> bool:
        """Tell whether to go on asking after an error."""
        if isinstance(error, UsageError):
            return False
        if isinstance(error, ServiceFault) and not (error.type in _PASSING_FAULTS or error.type.isdigit()):
            return (
                error.type == "UnknownResourceFault"
                and self._is_new
                and waited < NEW_EXECUTION_PATIENCE_SECONDS
            )
        return silent < OUTAGE_PATIENCE_SECONDS


def ask(transport: Transport, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Make a request whose answer is small, and parse it."""
    body = transport.call(operation, params)
    if not body:
        return {}
    try:
        answer: dict[str, Any] = orjson.loads(body)
    except ValueError:
        answer = json.loads(body)  # lone surrogates in somebody's text
    return answer


def find_run(transport: Transport, domain: str, workflow_id: str) -> str:
    """Find the open run of a workflow, else the one that started last."""
    for kind in ("Open", "Closed"):
        params = {
            "domain": domain,
            "startTimeFilter": {"oldestDate": 0},
            "executionFilter": {"workflowId": workflow_id},
            "maximumPageSize": 1,
        }
        found = ask(transport, f"List{kind}WorkflowExecutions", params).get("executionInfos")
        if found:
            return str(found[0]["execution"]["runId"])
    raise UsageError(f"there is no workflow {workflow_id!r} in domain {domain!r}")


def explain_refusal(
    fault: ServiceFault, transport: Transport, domain: str, workflow_id: str, run_id: str | None = None
) -> ServiceFault:
    """Say in a fault what it concerns: the name that is in use, or the run that has closed.

    Parameters:
        fault: What a start, signal, cancel request or termination was answered with.
        transport: Where the run is looked up.
        domain: Its domain.
        workflow_id: Whom the request was for.
        run_id: Which run; None is the open one, else the one that started last.

    Returns:
        A fault of the same type; the same fault where there is nothing to add.
    """
    if fault.type == "WorkflowExecutionAlreadyStartedFault":
        return ServiceFault(
            fault.type,
            f"workflow {workflow_id!r} of domain {domain!r} is open already: give another workflow id, "
            f"or wait until that one has closed (or cancel or terminate it)",
        )
    if fault.type != "UnknownResourceFault" or not fault.message.startswith("Unknown execution"):
        return fault
    try:
        run_id = run_id or find_run(transport, domain, workflow_id)
        named = {"workflowId": workflow_id, "runId": run_id}
        found = ask(transport, "DescribeWorkflowExecution", {"domain": domain, "execution": named})
    except SwfError:  # it never was
        return fault
    status = summary(found["executionInfo"]).status
    if status == "OPEN":
        return fault
    return ServiceFault(fault.type, f"workflow {workflow_id!r} (run {run_id}) has closed: {status}")


def scope_of(*parts: str) -> str:
    """Join names into the prefix of store keys, each percent-encoded."""
    return "/".join(quote(part, safe="") for part in parts)


def _attributes(event: dict[str, Any]) -> dict[str, Any]:
    kind = event["eventType"]
    attributes: dict[str, Any] = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
    return attributes


def summary(item: Mapping[str, Any]) -> ExecutionInfo:
    """Read an item of SWF's lists."""
    parent = item.get("parent")
    started_at = _moment(item["startTimestamp"])
    assert started_at is not None  # noqa: S101 - for the type checker: it is a required member
    return ExecutionInfo(
        workflow_id=item["execution"]["workflowId"],
        run_id=item["execution"]["runId"],
        name=item["workflowType"]["name"],
        version=item["workflowType"]["version"],
        status=item.get("closeStatus") or item["executionStatus"],
        started_at=started_at,
        closed_at=_moment(item.get("closeTimestamp")),
        tags=tuple(item.get("tagList", ())),
        parent=(parent["workflowId"], parent["runId"]) if parent else None,
        cancel_requested=bool(item.get("cancelRequested")),
    )


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
