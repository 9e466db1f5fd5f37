"""Events and response bodies as Amazon SWF writes them: keys in alphabetical order, no nulls, no spaces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

Event = dict[str, Any]
RUN_ID = "22uyVUDaasNO8Dbs8ei1FBS3LbRenpgCwZEOl+oVaaTj4="
WORKFLOW_ID = "order-1"
START_MS = 1_492_443_961_284

_NUMBER = re.compile(r'("eventTimestamp"):(\d+)\.(\d+)')


def _scientific(match: re.Match[str]) -> str:
    whole, fraction = match[2], match[3]
    digits = (whole + fraction).rstrip("0")
    return f"{match[1]}:{digits[0]}.{digits[1:] or '0'}E{len(whole) - 1}"


def attributes_key(event_type: str) -> str:
    """The member that holds the attributes of an event of this type."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


def event(event_id: int, event_type: str, ms: int = START_MS, **attributes: Any) -> Event:
    """One event as the API shows it; attributes that are None are left out."""
    return {
        "eventId": event_id,
        "eventTimestamp": ms / 1000.0,
        "eventType": event_type,
        attributes_key(event_type): {name: value for name, value in attributes.items() if value is not None},
    }


def attributes(one: Event) -> dict[str, Any]:
    """The attributes of an event, whatever its type."""
    return one.get(attributes_key(one["eventType"]), {})


def dumps(value: Any) -> bytes:
    """JSON as the service writes it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _NUMBER.sub(_scientific, text).encode("utf-8", "surrogatepass")


def history_body(events: Iterable[Event], next_page_token: str | None = None) -> bytes:
    """The body of a GetWorkflowExecutionHistory response."""
    members: dict[str, Any] = {"events": list(events)}
    if next_page_token is not None:
        members["nextPageToken"] = next_page_token
    return dumps(members)


def task_body(
    events: Iterable[Event],
    started_event_id: int,
    previous_started_event_id: int = 0,
    *,
    run_id: str = RUN_ID,
    workflow_id: str = WORKFLOW_ID,
    workflow_type: tuple[str, str] = ("order", "1.0"),
    next_page_token: str | None = None,
) -> bytes:
    """The body of a PollForDecisionTask response."""
    members: dict[str, Any] = {
        "events": list(events),
        "previousStartedEventId": previous_started_event_id,
        "startedEventId": started_event_id,
        "taskToken": "AAAAKgAAAAEAAAAAAAAAAg==",
        "workflowExecution": {"runId": run_id, "workflowId": workflow_id},
        "workflowType": {"name": workflow_type[0], "version": workflow_type[1]},
    }
    if next_page_token is not None:
        members["nextPageToken"] = next_page_token
    return dumps(members)


def cut(events: Sequence[Event], sizes: Iterable[int]) -> list[list[Event]]:
    """The events in pages of the given sizes (the last size goes on to the end); no page is empty."""
    pages, at = [], 0
    for size in sizes:
        if at >= len(events):
            break
        pages.append(list(events[at : at + max(1, size)]))
        at += max(1, size)
    if at < len(events):
        pages.append(list(events[at:]))
    return pages


def task_bodies(
    pages: Sequence[Sequence[Event]],
    started_event_id: int,
    previous_started_event_id: int = 0,
    *,
    reverse: bool = False,
    **members: Any,
) -> list[bytes]:
    """The bodies of one decision task, in the order in which the service would hand them out."""
    ordered = [list(reversed(page)) for page in reversed(pages)] if reverse else [list(p) for p in pages]
    last = len(ordered) - 1
    return [
        task_body(
            page,
            started_event_id,
            previous_started_event_id,
            next_page_token=None if index == last else f"token-{index + 1}",
            **members,
        )
        for index, page in enumerate(ordered)
    ]
