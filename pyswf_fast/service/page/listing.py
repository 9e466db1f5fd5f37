"""Executions for people: newest first, filtered, some at a time.

A domain keeps its executions in the order of their starts, so nothing is ever sorted. A filter that matches
little would still walk through all of them, on the loop that serves workers: one answer looks at
`MOST_LOOKED_AT` at most, and says where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from math import ceil, floor
from operator import itemgetter
from typing import Any

from pyswf_fast.service.domain import Domain
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.state import CLOSE_STATUS
from pyswf_fast.service.timeline import Place
from pyswf_fast.service.visibility import info

__all__ = ["Filters", "list_domains", "list_executions"]

MOST_LOOKED_AT = 2_500
STATUSES = ("OPEN", "CLOSED", *CLOSE_STATUS.values())


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted; "" and None let everything pass.

    Parameters:
        workflow: Part of the workflow id, in any case.
        type: Part of the type's name and version, in any case.
        tag: A tag.
        status: One of `STATUSES`.
        since: The earliest start, in seconds since the epoch.
        until: The latest.
    """

    workflow: str = ""
    type: str = ""
    tag: str = ""
    status: str = ""
    since: float | None = None
    until: float | None = None

    def matches(self, execution: Execution) -> bool:
        """Whether an execution is wanted, among those started in time and open, or closed, as asked for."""
        state = execution.state
        if self.status not in ("", "OPEN", "CLOSED", state.close_status):
            return False
        if self.workflow and self.workflow not in execution.workflow_id.casefold():
            return False
        if self.type:
            kind = state.started["workflowType"]
            if self.type not in f"{kind['name']} {kind['version']}".casefold():
                return False
        return not self.tag or self.tag in state.started.get("tagList", ())


def list_domains(domains: Mapping[str, Domain]) -> list[dict[str, Any]]:
    """All domains, in the order of their names."""
    return [
        {
            **domain.info(),
            "domain": key,
            "region": domain.region,
            "retention": domain.retention,
            "open": len(domain.open),
            "executions": len(domain.runs),
        }
        for key, domain in sorted(domains.items(), key=lambda item: (item[1].name, item[0]))
    ]


def list_executions(domain: Domain, filters: Filters, before: Place | None, limit: int) -> dict[str, Any]:
    """A page of a domain's executions.

    Parameters:
        domain: The domain.
        filters: Which executions.
        before: Where the page before ended; None is the newest.
        limit: The most executions of a page.

    Returns:
        `executions`, and `before` for the next page, None if this is the last. A page may hold less than
        `limit`, even nothing, and not be the last: then the search went on for long enough.
    """
    found: list[dict[str, Any]] = []
    looked_at, last = 0, None
    for place, execution in _newest_first(domain, filters, before):
        if len(found) == limit or looked_at == MOST_LOOKED_AT:
            return {"executions": found, "before": last}
        looked_at, last = looked_at + 1, place
        if filters.matches(execution):
            found.append(_row(execution))
    return {"executions": found, "before": None}


def _newest_first(
    domain: Domain, filters: Filters, before: Place | None
) -> Iterator[tuple[Place, Execution]]:
    oldest_ms = 0 if filters.since is None else ceil(filters.since * 1000)
    latest_ms = None if filters.until is None else floor(filters.until * 1000)
    timelines = []
    if filters.status in ("", "OPEN"):
        timelines.append(domain.open_by_start)
    if filters.status != "OPEN":
        timelines.append(domain.closed_by_start)
    found = (timeline.between(oldest_ms, latest_ms, before, newest_first=True) for timeline in timelines)
    return merge(*found, key=itemgetter(0), reverse=True)


def _row(execution: Execution) -> dict[str, Any]:
    return {
        **info(execution),
        "events": execution.state.last_id,
        "openCounts": execution.final_counts or execution.state.counts(),
    }
