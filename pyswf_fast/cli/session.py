"""What every command that talks to SWF shares: its options, the connection, one call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pyswf_fast.cli.output import read_json
from pyswf_fast.exceptions import ServiceFault, UsageError

if TYPE_CHECKING:
    from pyswf_fast.client import Client

__all__ = ["Session", "with_session"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """The options of one command line that say where SWF is and how to print."""

    region: str | None
    profile: str | None
    endpoint_url: str | None
    domain: str | None
    json: bool

    @functools.cached_property
    def client(self) -> Client:
        """The client for this domain; boto3 is imported here and not before."""
        from pyswf_fast.client import Client

        return Client(self.domain, region=self.region, profile=self.profile, endpoint_url=self.endpoint_url)

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """One operation in this domain; members that are None are left out."""
        given = {name: value for name, value in members.items() if value is not None}
        body = self.client.transport.call(operation, {"domain": self.client.domain, **given})
        answer: dict[str, Any] = read_json(body)
        return answer

    def act(
        self, operation: str, workflow_id: str, run_id: str | None = None, **members: Any
    ) -> dict[str, Any]:
        """One operation on an execution; a fault says what is the matter with it."""
        from pyswf_fast.execution import explain_refusal

        try:
            return self.call(operation, workflowId=workflow_id, runId=run_id, **members)
        except ServiceFault as fault:
            transport, domain = self.client.transport, self.client.domain
            raise explain_refusal(fault, transport, domain, workflow_id, run_id) from fault

    def pages(self, operation: str, **members: Any) -> Iterator[dict[str, Any]]:
        """The answers of a paged operation, each asked for when the one before is used up."""
        token = None
        while True:
            page = self.call(operation, nextPageToken=token, **members)
            yield page
            token = page.get("nextPageToken")
            if not token:
                return

    def find(self, workflow_id: str, run_id: str | None) -> dict[str, str]:
        """The run meant: the one given, else the open one, else the one that started last."""
        if run_id:
            return {"workflowId": workflow_id, "runId": run_id}
        for kind in ("Open", "Closed"):
            found = self.call(
                f"List{kind}WorkflowExecutions",
                startTimeFilter={"oldestDate": 0},
                executionFilter={"workflowId": workflow_id},
                maximumPageSize=1,
            )["executionInfos"]
            if found:
                execution: dict[str, str] = found[0]["execution"]
                return execution
        raise UsageError(f"no workflow {workflow_id!r} in domain {self.client.domain!r}")


def with_session(command: F) -> F:
    """Add the options that every command has which talks to SWF; it gets them as a `Session` first."""

    @click.option("--domain", envvar="PYSWF_DOMAIN", help="SWF domain  [env: PYSWF_DOMAIN]")
    @click.option("--region", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region")
    @click.option("--profile", help="profile of the AWS configuration  [env: AWS_PROFILE]")
    @click.option("--endpoint-url", help="where SWF is  [env: AWS_ENDPOINT_URL_SWF]")
    @click.option("--json", "as_json", is_flag=True, help="print JSON")
    @click.option("--debug", is_flag=True, help="show the traceback of an error")
    @functools.wraps(command)
    def wrapper(
        domain: str | None,
        region: str | None,
        profile: str | None,
        endpoint_url: str | None,
        as_json: bool,
        debug: bool,
        **rest: Any,
    ) -> Any:
        del debug  # read where errors are shown
        return command(Session(region, profile, endpoint_url, domain, as_json), **rest)

    return wrapper  # type: ignore[return-value]
