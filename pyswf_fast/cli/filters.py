"""Which executions a command is about: options that filter them, and the executions that they leave."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from pyswf_fast.cli.session import Session
from pyswf_fast.exceptions import UsageError

__all__ = ["Filter", "executions", "with_filter"]

F = TypeVar("F", bound=Callable[..., Any])

STATUSES = [
    "open",
    "closed",
    "completed",
    "failed",
    "canceled",
    "terminated",
    "continued_as_new",
    "timed_out",
]


@dataclass(frozen=True)
class Filter:
    """What the options of a command line leave of a domain's executions."""

    status: str | None = None
    workflow_id: str | None = None
    run_id: str | None = None
    type_name: str | None = None
    type_version: str | None = None
    tag: str | None = None
    since: datetime | None = None
    limit: int | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is any."""
        return self != Filter()

    def takes(self, info: dict[str, Any]) -> bool:
        """Whether an execution passes."""
        execution, kind = info["execution"], info["workflowType"]
        return (
            self.status in (None, "open", "closed", info.get("closeStatus", "OPEN").lower())
            and self.workflow_id in (None, execution["workflowId"])
            and self.run_id in (None, execution["runId"])
            and self.type_name in (None, kind["name"])
            and self.type_version in (None, kind["version"])
            and (self.tag is None or self.tag in info.get("tagList", ()))
        )


def with_filter(limit: int | None) -> Callable[[F], F]:
    """Add the options that filter executions; the command gets them as a `Filter`, `sought`.

    Parameters:
        limit: How many executions are taken at most where nothing else is said; None is all.
    """

    def decorate(command: F) -> F:
        @click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="only these")
        @click.option("--workflow-id", metavar="ID", help="only this workflow's")
        @click.option("--type", "type_name", metavar="NAME", help="only this workflow type")
        @click.option("--tag", help="only those with this tag")
        @click.option(
            "--since", type=click.DateTime(), metavar="DATE", help="only those started at this time or later"
        )
        @click.option(
            "--days", type=click.FloatRange(min=0), help="only those started in the last so many days"
        )
        @click.option(
            "--limit", type=click.IntRange(min=1), default=limit, show_default=True, help="at most so many"
        )
        @functools.wraps(command)
        def wrapper(
            *args: Any,
            status: str | None,
            workflow_id: str | None,
            type_name: str | None,
            tag: str | None,
            since: datetime | None,
            days: float | None,
            limit: int | None,
            **rest: Any,
        ) -> Any:
            if days is not None:
                if since is not None:
                    raise click.UsageError("Give --since or --days, not both.")
                since = datetime.now() - timedelta(days=days)
            sought = Filter(status and status.lower(), workflow_id, None, type_name, None, tag, since, limit)
            return command(*args, sought=sought, **rest)

        return wrapper  # type: ignore[return-value]

    return decorate


def executions(session: Session, sought: Filter) -> Iterator[dict[str, Any]]:
    """Infos of executions as SWF gives them, open ones first, newest first; asked for page by page."""
    return itertools.islice(filter(sought.takes, _listed(session, sought)), sought.limit)


def _listed(session: Session, sought: Filter) -> Iterator[dict[str, Any]]:
    """A superset: SWF takes one filter besides the time, so the others are ours."""
    if sought.run_id and not sought.workflow_id:
        raise UsageError("a run is found by its workflow: give --workflow-id, too")
    narrowest: dict[str, Any] = {}
    if sought.workflow_id:
        narrowest["executionFilter"] = {"workflowId": sought.workflow_id}
    elif sought.type_name:
        narrowest["typeFilter"] = {"name": sought.type_name}
    elif sought.tag:
        narrowest["tagFilter"] = {"tag": sought.tag}
    oldest = int(sought.since.timestamp()) if sought.since else 0
    for side, wanted in (("Open", sought.status in (None, "open")), ("Closed", sought.status != "open")):
        if wanted:
            for page in session.pages(
                f"List{side}WorkflowExecutions", startTimeFilter={"oldestDate": oldest}, **narrowest
            ):
                yield from page["executionInfos"]
