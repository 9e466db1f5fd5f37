"""A History says of its events what json.loads says of them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast._replay import History, Page
from pyswf_fast.exceptions import HistoryFormatError

from . import oracle
from .events import EVENT_TYPES, all_types, sample, started
from .wire import (
    RUN_ID,
    WORKFLOW_ID,
    Event,
    attributes,
    cut,
    dumps,
    event,
    history_body,
    task_bodies,
    task_body,
)

RECORDED = sorted((Path(__file__).parent.parent / "histories").glob("*.json"))
SEQUENCES = {
    "activities": oracle.ACTIVITY,
    "timers": oracle.TIMER,
    "child_workflows": oracle.CHILD,
    "lambdas": oracle.LAMBDA,
}
every_history = pytest.mark.parametrize(
    "path", [*RECORDED, None], ids=lambda path: path.stem if path else "all types"
)


def events_of(path: Path | None) -> list[Event]:
    return json.loads(path.read_bytes())["events"] if path else all_types()


def history_of(path: Path | None) -> History:
    return History.from_json(path) if path else History.from_pages([history_body(all_types())])


def seen(history: History) -> list[tuple[Any, ...]]:
    """Everything that a History shows of its events."""
    return [(one.event_id, one.event_type, one.timestamp, one.attributes) for one in history]


def expected(events: list[Event]) -> list[tuple[Any, ...]]:
    return [(one["eventId"], one["eventType"], one["eventTimestamp"], attributes(one)) for one in events]


@every_history
def test_events(path: Path | None) -> None:
    """Every field of every event is that of the JSON."""
    assert expected(events_of(path)) == seen(history_of(path))


def test_all_types() -> None:
    """The history of all types has all 54 of them."""
    assert len(EVENT_TYPES) == 54
    assert set(EVENT_TYPES) == {one.event_type for one in history_of(None)}


@every_history
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_states(path: Path | None, sequence: str) -> None:
    """Activities, timers, children and Lambda functions have the id and state that their events tell."""
    items = oracle.items(events_of(path), SEQUENCES[sequence])

    found = getattr(history_of(path), sequence)

    assert [(item.id, item.state) for item in items] == [(item.id, item.state) for item in found]


@every_history
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_fields(path: Path | None, sequence: str) -> None:
    """They have the fields of their events, named as Python names things."""
    items = oracle.items(events_of(path), SEQUENCES[sequence])

    for item, found in zip(items, getattr(history_of(path), sequence), strict=True):
        for member, value in item.members.items():
            assert value == getattr(found, oracle.snake(member)), member


@every_history
def test_signals_and_markers(path: Path | None) -> None:
    """Signals and markers have name and text as recorded; text that is absent is None."""
    events, history = events_of(path), history_of(path)

    signals = [attributes(one) for one in events if one["eventType"] == "WorkflowExecutionSignaled"]
    markers = [attributes(one) for one in events if one["eventType"] == "MarkerRecorded"]
    assert [(its["signalName"], its.get("input")) for its in signals] == [
        (one.name, one.input) for one in history.signals
    ]
    assert [(its["markerName"], its.get("details")) for its in markers] == [
        (one.name, one.details) for one in history.markers
    ]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("cancel_requested", "CANCELED"),
        ("failing_workflow_input", "FAILED"),
        ("wait_signal", "COMPLETED"),
    ],
)
def test_close_status(name: str, status: str) -> None:
    """A closed history tells how it was closed."""
    assert status == history_of(Path(__file__).parent.parent / "histories" / f"{name}.json").close_status


@pytest.mark.parametrize(
    ("close", "status"),
    [
        ("WorkflowExecutionCompleted", "COMPLETED"),
        ("WorkflowExecutionFailed", "FAILED"),
        ("WorkflowExecutionTimedOut", "TIMED_OUT"),
        ("WorkflowExecutionCanceled", "CANCELED"),
        ("WorkflowExecutionContinuedAsNew", "CONTINUED_AS_NEW"),
        ("WorkflowExecutionTerminated", "TERMINATED"),
        ("CompleteWorkflowExecutionFailed", None),
        ("ChildWorkflowExecutionCompleted", None),
    ],
)
def test_close_status_of_each_kind(close: str, status: str | None) -> None:
    """Each of the six closing events has its status; a refused close and a child's end close nothing."""
    history = History.from_pages([history_body([started(), sample(close)])])

    assert status == history.close_status


@given(sizes=st.lists(st.integers(1, 30), max_size=8), reverse=st.booleans())
def test_pages_and_order(sizes: list[int], reverse: bool) -> None:
    """Where pages are cut, and whether they come oldest or newest first, makes no difference."""
    events = all_types()
    bodies = task_bodies(cut(events, sizes), len(events), reverse=reverse)

    history = History.from_pages(bodies)

    assert expected(events) == seen(history)
    assert [one.state for one in history_of(None).activities] == [one.state for one in history.activities]


@given(sizes=st.lists(st.integers(1, 30), max_size=8), overlap=st.integers(0, 5), parsed=st.booleans())
def test_append_page(sizes: list[int], overlap: int, parsed: bool) -> None:
    """A history that grows by pages is the one read at once; events that it knows are skipped."""
    events = all_types()
    history = History.from_pages([])
    at = 0
    for page in cut(events, sizes):
        body = history_body(events[max(0, at - overlap) : at + len(page)])
        history.append_page(Page(body) if parsed else body)
        at += len(page)
        assert expected(events[:at]) == seen(history)

    for sequence, kind in SEQUENCES.items():
        items = oracle.items(events, kind)
        assert [(i.id, i.state) for i in items] == [(i.id, i.state) for i in getattr(history, sequence)]


def test_known_page() -> None:
    """A page of known events changes nothing."""
    history = history_of(None)
    history.append_page(history_body(all_types()[10:20]))

    assert expected(all_types()) == seen(history)


def test_events_after_the_task() -> None:
    """What happened after the task's DecisionTaskStarted is no part of its view."""
    events = all_types()

    history = History.from_pages([task_body(events, 6)])

    assert expected(events[:6]) == seen(history)
    assert history.started_event_id == 6


def test_task_body() -> None:
    """The body of a poll names run, workflow, type and task."""
    history = History.from_pages([task_body(all_types(), 6, workflow_type=("order", "2.0"))])

    assert (
        history.workflow_id,
        history.run_id,
        history.workflow_type,
    ) == (WORKFLOW_ID, RUN_ID, ("order", "2.0"))


def test_page() -> None:
    """A page shows the envelope of its body."""
    page = Page(task_body(all_types()[3:9], 9, 6, next_page_token="more"))

    assert (
        page.task_token,
        page.started_event_id,
        page.previous_started_event_id,
    ) == ("AAAAKgAAAAEAAAAAAAAAAg==", 9, 6)
    assert (page.workflow_id, page.run_id, page.workflow_type) == (WORKFLOW_ID, RUN_ID, ("order", "1.0"))
    assert (page.next_page_token, page.first_event_id, page.last_event_id, len(page)) == ("more", 4, 9, 6)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"taskToken":""}', b'{"previousStartedEventId":0,"startedEventId":0,"taskToken":""}']
)
def test_empty_poll(body: bytes) -> None:
    """A poll that found nothing is a page without a task, whichever way the service says so."""
    page = Page(body)

    assert (
        page.task_token,
        page.started_event_id,
        page.first_event_id,
        len(page),
        page.next_page_token,
    ) == ("", 0, 0, 0, None)


def test_sequence() -> None:
    """A History is a sequence: length, places from both ends, slices, IndexError beyond."""
    history, events = history_of(None), all_types()

    assert len(events) == len(history)
    assert (1, len(events)) == (history[0].event_id, history[-1].event_id)
    assert [one["eventId"] for one in events[3:20:4]] == [one.event_id for one in history[3:20:4]]
    for place in (len(events), -len(events) - 1, 10**7):
        with pytest.raises(IndexError):
            history[place]


def test_attempts() -> None:
    """A retry is an item of its own and knows which attempt it is."""
    assert [(one.id, one.attempt) for one in history_of(None).activities] == [
        ("1", 1),
        ("2", 1),
        ("3", 1),
        ("4", 1),
        ("4-2", 2),
    ]


def test_cli_document(tmp_path: Path) -> None:
    """A document as the AWS CLI prints it: indented, escaped, times as ISO text, keys in any order."""
    document = {"events": [dict(reversed(one.items())) for one in all_types()]}
    for one in document["events"]:
        moment = datetime.fromtimestamp(one["eventTimestamp"], timezone.utc)
        one["eventTimestamp"] = moment.isoformat()
    path = tmp_path / "history.json"
    path.write_text(json.dumps(document, indent=4), "ascii")

    for history in (
        History.from_json(path),
        History.from_json(str(path)),
        History.from_json(path.read_bytes()),
    ):
        found = seen(history)
        for one, (event_id, event_type, timestamp, its) in zip(all_types(), found, strict=True):
            assert (one["eventId"], one["eventType"], attributes(one)) == (event_id, event_type, its)
            assert one["eventTimestamp"] == pytest.approx(timestamp, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.492443961284E9", 1492443961.284),
        ("1492443961.284", 1492443961.284),
        ("1492443961", 1492443961.0),
        ("1.492443961E+9", 1492443961.0),
        ("1492443961284e-3", 1492443961.284),
        ("0", 0.0),
        ('"2017-04-17T15:46:01.284000+00:00"', 1492443961.284),
        ('"2017-04-17T17:46:01.284+02:00"', 1492443961.284),
        ('"2017-04-17T15:46:01Z"', 1492443961.0),
    ],
)
def test_timestamps(text: str, seconds: float) -> None:
    """Times come as numbers of any notation, and as ISO text."""
    body = history_body([started()])
    at = body.index(b'"eventTimestamp":') + len(b'"eventTimestamp":')
    body = body[:at] + text.encode() + body[body.index(b",", at) :]

    assert seconds == pytest.approx(History.from_pages([body])[0].timestamp, abs=1e-6)


def test_unknown_type() -> None:
    """A type of event that is not invented yet is kept, with its attributes."""
    events = [started(), event(2, "ActivityTaskTeleported", to="Mars", scheduledEventId=1)]

    history = History.from_pages([history_body(events)])

    assert expected(events) == seen(history)


def test_reference_to_the_wrong_kind() -> None:
    """A reference to an event of another kind is kept and changes no state, as recordings have it."""
    events = [
        started(),
        event(2, "ActivityTaskScheduled", activityId="1", activityType={"name": "a", "version": "1"}),
        event(3, "ActivityTaskCompleted", scheduledEventId=1, startedEventId=2, result="1"),
        event(4, "TimerFired", timerId="1", startedEventId=2),
        event(5, "ChildWorkflowExecutionCompleted", initiatedEventId=2, startedEventId=2),
    ]

    history = History.from_pages([history_body(events)])

    assert expected(events) == seen(history)
    assert [one.state for one in history.activities] == ["SCHEDULED"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        '"quoted \\ back/slash"',
        "ümläut ☃ 🐍",
        "\x00\x1f\x7f",
        "line\nline\ttab",
        "é" * 100,
        "x" * 32768,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("escaped", [False, True])
def test_text(text: str, escaped: bool) -> None:
    """Any text comes out as it went in, whether the service escaped it or not."""
    events = [started(), sample("MarkerRecorded"), sample("WorkflowExecutionSignaled", 3)]
    attributes(events[1]).update(details=text, markerName=text[:256] or "m")
    attributes(events[2]).update(input=text, signalName=text[:256] or "s")
    body = json.dumps({"events": events}).encode() if escaped else history_body(events)

    history = History.from_pages([body])

    assert [(text[:256] or "m", text)] == [(one.name, one.details) for one in history.markers]
    assert [(text[:256] or "s", text)] == [(one.name, one.input) for one in history.signals]
    assert text == history[1].attributes["details"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=6,
    )
)
def test_members_of_the_future(value: Any) -> None:
    """Members that nobody knows yet are passed over and shown, whatever is in them."""
    one = started()
    attributes(one)["later"] = value
    one["alsoLater"] = value
    body = dumps({"alsoLater": value, "events": [one]})

    assert value == json.loads(json.dumps(History.from_pages([body])[0].attributes["later"]))


def test_runs_do_not_mix() -> None:
    """Pages of two runs are no history."""
    events = all_types()
    with pytest.raises(HistoryFormatError, match="run"):
        History.from_pages([task_body(events[:3], 3), task_body(events[3:6], 6, run_id="another")])


def test_no_pages() -> None:
    """No pages are a history of no events."""
    history = History.from_pages([])

    assert (len(history), list(history.activities), history.close_status) == (0, [], None)
