"""Commands that look at executions: list, show, history."""

from __future__ import annotations

import itertools
from typing import Any

import click

from pyswf_fast.cli.filters import Filter, executions, with_filter
from pyswf_fast.cli.output import clock, fields, print_json, table
from pyswf_fast.cli.session import Session, with_session

__all__ = ["history", "list_executions", "show"]

PAGE_EVENTS = 1000
DETAIL_CHARACTERS = 100
LINE_CHARACTERS = 200
# What one wants to see first of an event, in this order; the rest is in the JSON.
TELLING = (
    "workflowId", "activityId", "timerId", "signalName", "markerName", "id", "name", "workflowType",
    "activityType", "workflowExecution", "cause", "timeoutType", "reason", "startToFireTimeout",
    "input", "result", "details", "scheduledEventId", "initiatedEventId", "startedEventId",
)  # fmt: skip


@click.command("list")
@with_filter(limit=100)
@with_session
def list_executions(session: Session, sought: Filter) -> None:
    """List executions, open ones first, newest first."""
    found = list(executions(session, sought))
    if session.json:
        print_json({"executionInfos": found})
        return
    table(
        ("workflow", "run", "type", "started", "status"),
        (
            (
                info["execution"]["workflowId"],
                info["execution"]["runId"],
                kind(info["workflowType"]),
                clock(info["startTimestamp"]),
                info.get("closeStatus", "OPEN"),
            )
            for info in found
        ),
        empty="no executions",
    )


@click.command()
@click.argument("workflow_id")
@click.option("--run-id", help="this run, not the open or last one")
@with_session
def show(session: Session, workflow_id: str, run_id: str | None) -> None:
    """Show one execution: its state, its settings, what it has open."""
    found = session.call("DescribeWorkflowExecution", execution=session.find(workflow_id, run_id))
    if session.json:
        print_json(found)
        return
    info, settings, counts = found["executionInfo"], found["executionConfiguration"], found["openCounts"]
    fields(
        [
            ("workflow", info["execution"]["workflowId"]),
            ("run", info["execution"]["runId"]),
            ("type", kind(info["workflowType"])),
            ("status", info.get("closeStatus", info["executionStatus"])),
            ("started", clock(info["startTimestamp"])),
            ("closed", clock(info.get("closeTimestamp"))),
            ("reason", reason(session, info)),
            ("cancel requested", "yes" if info.get("cancelRequested") else None),
            ("parent", info.get("parent", {}).get("workflowId")),
            ("tags", ", ".join(info.get("tagList", ()))),
            ("task list", settings["taskList"]["name"]),
            ("execution timeout", f"{settings['executionStartToCloseTimeout']} s"),
            ("decision timeout", f"{settings['taskStartToCloseTimeout']} s"),
            ("child policy", settings["childPolicy"]),
            ("open activities", counts["openActivityTasks"]),
            ("open timers", counts["openTimers"]),
            ("open children", counts["openChildWorkflowExecutions"]),
            ("open decisions", counts["openDecisionTasks"]),
            ("last activity", clock(found.get("latestActivityTaskTimestamp"))),
            ("says", status(found.get("latestExecutionContext", ""))),
        ]
    )


@click.command()
@click.argument("workflow_id")
@click.option("--run-id", help="this run, not the open or last one")
@click.option("--reverse", is_flag=True, help="newest first")
@click.option("--limit", type=click.IntRange(min=1), help="at most so many events")
@with_session
def history(session: Session, workflow_id: str, run_id: str | None, reverse: bool, limit: int | None) -> None:
    """Show the events of one execution; as JSON it is the document that `History.from_json` reads."""
    execution = session.find(workflow_id, run_id)
    pages = session.pages(
        "GetWorkflowExecutionHistory",
        execution=execution,
        reverseOrder=True if reverse else None,
        maximumPageSize=min(limit or PAGE_EVENTS, PAGE_EVENTS),
    )
    events = itertools.islice((event for page in pages for event in page["events"]), limit)
    if session.json:
        print_json({"workflowExecution": execution, "events": list(events)})
        return
    table(
        ("id", "time", "event", "of it"),
        ((str(e["eventId"]), clock(e["eventTimestamp"]), e["eventType"], gist(e)) for e in events),
        empty="no events",
    )


def attributes_of(event: dict[str, Any]) -> dict[str, Any]:
    """What an event says beside its type."""
    name = event["eventType"]
    attributes: dict[str, Any] = event.get(f"{name[0].lower()}{name[1:]}EventAttributes", {})
    return attributes


def gist(event: dict[str, Any]) -> str:
    """The attributes of an event that tell most, shortened."""
    attributes = attributes_of(event)
    parts = []
    for key in TELLING:
        value = attributes.get(key)
        if value in (None, "", 0):
            continue
        if isinstance(value, dict):
            value = kind(value) if "version" in value else value.get("workflowId", value.get("name"))
        text = str(value)
        parts.append(
            f"{key}={text if len(text) <= DETAIL_CHARACTERS else text[: DETAIL_CHARACTERS - 1] + '…'}"
        )
    return " ".join(parts)


def reason(session: Session, info: dict[str, Any]) -> str | None:
    """Why a closed execution ended, where it says so."""
    if "closeStatus" not in info:
        return None
    page = session.call(
        "GetWorkflowExecutionHistory", execution=info["execution"], reverseOrder=True, maximumPageSize=1
    )
    attributes = attributes_of(page["events"][0])
    told = (attributes.get(key) for key in ("reason", "timeoutType", "cause", "details"))
    return next((first_line(text) for text in told if text), None)


def status(context: str) -> str:
    """What a decider says of itself; the library's own line at the end of it is not for people."""
    return first_line("\n".join(line for line in context.splitlines() if not line.startswith('{"pyswf":')))


def first_line(text: str) -> str:
    """The beginning of a text, on one line."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= LINE_CHARACTERS else f"{line[: LINE_CHARACTERS - 1]}…"


def kind(type: dict[str, str]) -> str:
    """A workflow or activity type as one word or two."""
    return f"{type['name']} {type['version']}"
