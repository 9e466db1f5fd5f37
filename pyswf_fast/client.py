"""What starts executions and finds them again: `Client`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pyswf_fast import constraints, registration
from pyswf_fast.exceptions import ConfigurationError, ServiceFault, SwfError, UsageError
from pyswf_fast.execution import (
    Execution,
    ExecutionDetail,
    ExecutionInfo,
    ask,
    explain_refusal,
    find_run,
    scope_of,
    summary,
)
from pyswf_fast.payload import Codec
from pyswf_fast.signatures import check_arguments
from pyswf_fast.transport import Boto3Transport, Transport

__all__ = ["Boto3Transport", "Client", "Execution", "ExecutionDetail", "ExecutionInfo", "Transport"]


class Client:
    """Starts executions in one domain, and finds them again.

    Parameters:
        domain: The SWF domain; None is the decider's own, then that of ``PYSWF_DOMAIN``.
        transport: What carries requests; None is a `Boto3Transport` made of what follows.
        session: A boto3 session.
        region: AWS region.
        profile: Profile of the AWS configuration.
        endpoint_url: Where SWF is.
    """

    #: What the executions are that it starts and finds.
    execution_type: type[Execution] = Execution

    def __init__(
        self,
        domain: str | None = None,
        *,
        transport: Transport | None = None,
        session: Any = None,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        self._domain = domain
        self._own_transport: Boto3Transport | None = None
        if transport is None:
            transport = self._own_transport = Boto3Transport(
                session, region=region, profile=profile, endpoint_url=endpoint_url
            )
        elif any(given is not None for given in (session, region, profile, endpoint_url)):
            raise UsageError("give transport, or session, region, profile and endpoint_url, not both")
        self.transport: Transport = transport

    @property
    def domain(self) -> str:
        """The domain of what belongs to no decider."""
        return registration.resolve_domain(self._domain)

    def start(self, decider: Any, *args: Any, workflow_id: str | None = None, **kwargs: Any) -> Execution:
        """Start an execution.

        Parameters:
            decider: A decision task; options for this start are given by ``decider.options(…)``.
            args: The function's positional arguments.
            workflow_id: Its name; no open execution of the domain may have the same. None makes a new one.
            kwargs: The function's keyword arguments.

        Raises:
            UsageError: The function does not take these arguments, or the workflow id is in use.
        """
        task, options = registration.task_of(decider, "decider")
        check_arguments(
            f"start of {task.name}",
            task.function,
            args,
            kwargs,
            is_method=task.is_method or task is not decider,
            keywords=("workflow_id",),
        )
        domain = registration.resolve_domain(self._domain, options.swf_domain)
        given_id = workflow_id if workflow_id is not None else options.workflow_id
        new_id = f"{task.name[:200]}-{uuid.uuid4()}"
        name = constraints.name(new_id if given_id is None else given_id, "workflow_id")
        params = {
            **task.attributes,
            "domain": domain,
            "workflowId": name,
            "input": task.codec.encode_input(args, kwargs, scope_of(domain, name, f"start-{uuid.uuid4()}")),
        }
        task_list = registration.find_task_list(options.swf_task_list)
        if task_list is not None:  # else the type's default
            params["taskList"] = {"name": task_list}
        try:
            run_id = str(ask(self.transport, "StartWorkflowExecution", params)["runId"])
        except ServiceFault as fault:
            if fault.type == "WorkflowExecutionAlreadyStartedFault" and given_id is None:
                # nobody else can have this name: an earlier try of the same request went through
                run_id = find_run(self.transport, domain, name)
            else:
                raise self._explain_start(fault, task, domain, name) from fault
        return self.execution_type(self.transport, domain, name, run_id, codec=task.codec, is_new=True)

    def execution(self, workflow_id: str, run_id: str | None = None, *, decider: Any = None) -> Execution:
        """Find an execution again.

        Parameters:
            workflow_id: Its name.
            run_id: The run; None is the open one, else the one that started last.
            decider: Its decision task, which knows how results are written; None reads them as JSON.
        """
        if decider is None:
            return self.execution_type(self.transport, self.domain, workflow_id, run_id)
        task, options = registration.task_of(decider, "decider")
        domain = registration.resolve_domain(self._domain, options.swf_domain)
        return self.execution_type(self.transport, domain, workflow_id, run_id, codec=task.codec)

    def register(self, deciders: Iterable[Any] = (), activities: Iterable[Any] = ()) -> None:
        """Make the domains and types that are missing; those that exist stay as they are."""
        by_domain: dict[str, tuple[list_[Any], list_[Any]]] = {}
        for index, (role, tasks) in enumerate((("decider", deciders), ("activity", activities))):
            for item in tasks:
                _, options = registration.task_of(item, role)
                domain = registration.resolve_domain(self._domain, options.swf_domain)
                by_domain.setdefault(domain, ([], []))[index].append(item)
        for domain, (some_deciders, some_activities) in by_domain.items() or [(self.domain, ([], []))]:
            registration.register(self.transport, domain, some_deciders, some_activities)

    def list(
        self,
        *,
        status: str | None = None,
        workflow_id: str | None = None,
        type_name: str | None = None,
        type_version: str | None = None,
        tag: str | None = None,
        since: dt.datetime | float = 0,
        until: dt.datetime | float | None = None,
        limit: int | None = None,
    ) -> Iterator[ExecutionInfo]:
        """List executions, those that started last first; the open ones before the closed ones.

        Parameters:
            status: OPEN, CLOSED, or one way of closing, such as FAILED; None is all.
            workflow_id: Only this workflow's. SWF takes one of this, type, tag and a way of closing.
            type_name: Only executions of this type.
            type_version: Only executions of this version of it.
            tag: Only executions with this tag.
            since: Only executions that started at or after this.
            until: Only executions that started at or before this.
            limit: At most so many.
        """
        found = 0
        for kind, params in self._filters(status, workflow_id, type_name, type_version, tag, since, until):
            if limit is not None:
                params["maximumPageSize"] = min(1000, max(1, limit - found))
            while True:
                page = ask(self.transport, f"List{kind}WorkflowExecutions", params)
                for item in page.get("executionInfos", ()):
                    if limit is not None and found >= limit:
                        return
                    found += 1
                    yield summary(item)
                if not page.get("nextPageToken"):
                    break
                params["nextPageToken"] = page["nextPageToken"]

    def count(
        self,
        *,
        status: str | None = None,
        workflow_id: str | None = None,
        type_name: str | None = None,
        type_version: str | None = None,
        tag: str | None = None,
        since: dt.datetime | float = 0,
        until: dt.datetime | float | None = None,
    ) -> int:
        """Count executions; the parameters are those of `list`. SWF may stop at a number of its own."""
        return sum(
            int(ask(self.transport, f"Count{kind}WorkflowExecutions", params)["count"])
            for kind, params in self._filters(status, workflow_id, type_name, type_version, tag, since, until)
        )

    def complete_activity(
        self, token: str, result: Any = None, *, exception: BaseException | None = None, activity: Any = None
    ) -> None:
        """Answer an activity that said ``activity.complete_later()``.

        Parameters:
            token: Its task token.
            result: What it returns.
            exception: What it fails with, instead of returning.
            activity: The activity task, which knows how its result is written; None writes it as JSON.
        """
        codec = Codec("activity") if activity is None else registration.task_of(activity, "activity")[0].codec
        scope = f"activities/{uuid.uuid4()}"
        if exception is None:
            answer = {"taskToken": token, "result": codec.encode_result(result, scope)}
            self.transport.call("RespondActivityTaskCompleted", answer)
        else:
            reason, details = codec.encode_failure(exception, scope)
            answer = {"taskToken": token, "reason": reason, "details": details}
            self.transport.call("RespondActivityTaskFailed", answer)

    def encode_input(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> str:
        """Write the input of a decider that is known by its type's name alone, as JSON."""
        return Codec("start").encode_input(args, kwargs or {}, "")

    def close(self) -> None:
        """Give up the connections; a transport that was given stays open."""
        if self._own_transport is not None:
            self._own_transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _filters(
        self,
        status: str | None,
        workflow_id: str | None,
        type_name: str | None,
        type_version: str | None,
        tag: str | None,
        since: dt.datetime | float,
        until: dt.datetime | float | None,
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the visibility operations to ask, Open or Closed, with their parameters."""
        params: dict[str, Any] = {
            "domain": self.domain,
            "startTimeFilter": {"oldestDate": _epoch(since)}
            | ({} if until is None else {"latestDate": _epoch(until)}),
        }
        filters: dict[str, Any] = {}
        if workflow_id is not None:
            filters["executionFilter"] = {"workflowId": workflow_id}
        if type_name is not None:
            filters["typeFilter"] = {"name": type_name} | ({"version": type_version} if type_version else {})
        if tag is not None:
            filters["tagFilter"] = {"tag": tag}
        if status not in (None, "OPEN", "CLOSED"):
            filters["closeStatusFilter"] = {"status": status}
        if len(filters) > 1:
            raise UsageError(
                "SWF filters by one of workflow_id, type_name, tag and a way of closing, not by two"
            )
        if "closeStatusFilter" not in filters and status != "CLOSED":
            yield "Open", {**params, **filters}
        if status != "OPEN":
            yield "Closed", {**params, **filters}

    def _explain_start(self, fault: ServiceFault, task: Any, domain: str, workflow_id: str) -> SwfError:
        if fault.type == "DefaultUndefinedFault":
            keyword = _KEYWORDS.get(fault.message, fault.message)
            return ConfigurationError(
                f"type {task.name} {task.version} is registered without a default ({fault.message}): "
                f"give {keyword}=… to @decision_task"
            )
        if fault.type == "UnknownResourceFault":
            return ServiceFault(
                fault.type,
                f"{fault.message} (in domain {domain!r}; "
                f"client.register(deciders=[{task.name}]) or a worker makes what is missing)",
            )
        return explain_refusal(fault, self.transport, domain, workflow_id)


list_ = list  # `Client.list` hides the type inside the class

_KEYWORDS = {
    "childPolicy": "child_policy",
    "defaultChildPolicy": "child_policy",
    "defaultExecutionStartToCloseTimeout": "execution_start_to_close_timeout",
    "defaultTaskList": "swf_task_list",
    "defaultTaskStartToCloseTimeout": "task_start_to_close_timeout",
    "executionStartToCloseTimeout": "execution_start_to_close_timeout",
    "taskList": "swf_task_list",
    "taskStartToCloseTimeout": "task_start_to_close_timeout",
}


def _epoch(moment: dt.datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, dt.datetime) else float(moment)
