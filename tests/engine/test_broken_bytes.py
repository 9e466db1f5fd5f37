"""Bytes that are no history give HistoryFormatError: never a crash, a hang, or a silent guess."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast._replay import History, Page
from pyswf_fast.exceptions import HistoryFormatError

from .events import EVENT_TYPES, REFERENCES, all_types, sample, started
from .wire import Event, attributes, attributes_key, dumps, event, history_body, task_body

#: Bytes that mean something to a JSON scanner, and two that UTF-8 has nowhere.
TELLING = b'"\\{],9\x00\xff'


def read(body: bytes) -> list[tuple[int, str, float, dict[str, Any]]]:
    """Read everything that a history of one page shows; the views too, for they follow references."""
    history = History.from_pages([body])
    for sequence in (history.activities, history.timers, history.child_workflows, history.lambdas):
        for item in sequence:
            item.id, item.state, item.attempt, repr(item)
    for signal in history.signals:
        signal.name, signal.input
    for marker in history.markers:
        marker.name, marker.details
    return [(one.event_id, one.event_type, one.timestamp, one.attributes) for one in history]


def check(body: bytes) -> bool:
    """A body is refused, or read as json.loads reads it; tells whether it was read."""
    try:
        found = read(body)
    except HistoryFormatError:
        return False
    events = json.loads(body).get("events") or []
    assert len(events) == len(found)
    for one, (event_id, event_type, timestamp, its) in zip(events, found, strict=True):
        assert (one["eventId"], one["eventType"]) == (event_id, event_type)
        assert one.get(attributes_key(event_type), {}) == its
        assert timestamp == pytest.approx(one["eventTimestamp"], abs=1e-3)
    return True


def test_truncations() -> None:
    """A page cut off anywhere is refused; the error says where reading stopped."""
    body = task_body(all_types(), 6, next_page_token="more")

    for length in range(len(body)):
        with pytest.raises(HistoryFormatError) as caught:
            Page(body[:length])
        assert caught.value.offset is not None
        assert 0 <= caught.value.offset <= length


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_truncations_of_each_type(event_type: str) -> None:
    """A page that ends within its event is refused, for each type of event."""
    body = bytes(alike(event_type, 2))

    assert check(body)
    for length in range(len(body)):
        assert not check(body[:length])


def alike(event_type: str, count: int) -> bytearray:
    """A page with so many events of a type, which are the same but for their ids and times."""
    return bytearray(history_body([started(), *(sample(event_type, 2 + n) for n in range(count))]))


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_replaced_bytes(event_type: str, before: int) -> None:
    """With any byte of an event replaced, a page is refused or read as json.loads reads it.

    Also where events just like it stand before: the scanner compares an event with the one before.
    """
    body = alike(event_type, before + 1)
    begins = len(alike(event_type, before)) - len("]}") + 1

    for place in range(begins, len(body)):
        original = body[place]
        for value in TELLING:
            body[place] = value
            check(bytes(body))
        body[place] = original


def test_replaced_bytes_of_the_envelope() -> None:
    """With any byte of the envelope replaced, a page is refused or has the envelope that json.loads reads."""
    body = bytearray(task_body([], 6, 3, next_page_token="more"))

    for place in range(len(body)):
        original = body[place]
        for value in TELLING:
            body[place] = value
            try:
                page = Page(bytes(body))
                found = (
                    page.task_token,
                    page.started_event_id,
                    page.previous_started_event_id,
                    page.workflow_id,
                    page.run_id,
                    page.workflow_type,
                    page.next_page_token,
                )
            except HistoryFormatError:
                continue
            # A name that is no UTF-8 means nothing to us; text that we read must be.
            envelope = json.loads(bytes(body).decode("utf-8", "replace"))
            execution = envelope.get("workflowExecution", {})
            type_ = envelope.get("workflowType")
            assert found == (
                envelope.get("taskToken", ""),
                envelope.get("startedEventId", 0),
                envelope.get("previousStartedEventId", 0),
                execution.get("workflowId", ""),
                execution.get("runId", ""),
                type_ and (type_.get("name", ""), type_.get("version", "")),
                envelope.get("nextPageToken"),
            )
        body[place] = original


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("value", [None, True, 1.5, "5", [], {}, -1, 3, 2**31, 2**63, 2**64, 10**30])
def test_references(event_type: str, value: Any) -> None:
    """A reference of the wrong JSON type, or to no event that there is, is refused; null is no reference."""
    for member in REFERENCES:
        one = sample(event_type)
        if member not in attributes(one):
            continue
        attributes(one)[member] = value
        body = json.dumps({"events": [started(), one]}).encode()
        if value is None:
            check(body)
            continue
        # Nothing depends on the cancel request that an ActivityTaskCanceled names.
        assert not check(body) or member == "latestCancelRequestedEventId", f"{member}={value}"


@pytest.mark.parametrize(
    "value", [None, True, "2", 2.5, 2.0, 0, -2, 3, 2**31, 2**32 + 2, 2**63, 2**64 + 2, 10**30, [2], {"2": 2}]
)
def test_event_ids(value: Any) -> None:
    """An event id that is no integer, or not the next one, is refused."""
    one = sample("MarkerRecorded")
    one["eventId"] = value
    body = json.dumps({"events": [started(), one]}).encode()

    with pytest.raises(HistoryFormatError):
        History.from_pages([body])


@pytest.mark.parametrize(
    "text", ["02", "+2", "2e0", "2.", ".2", "0x2", "2-", "--2", "NaN", "Infinity", "1e999", "２"]
)
def test_odd_numbers(text: str) -> None:
    """What only looks like a number is refused."""
    body = history_body([started(), sample("MarkerRecorded")]).replace(
        b'"eventId":2', f'"eventId":{text}'.encode()
    )

    with pytest.raises(HistoryFormatError):
        History.from_pages([body])


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "9" * 400, "1" + "0" * 308, "0." + "0" * 400 + "1", "1e-999"]
)
def test_huge_timestamps(text: str) -> None:
    """A time beyond all numbers is refused or read as json.loads reads it."""
    body = history_body([started()])
    at = body.index(b'"eventTimestamp":') + len(b'"eventTimestamp":')
    body = body[:at] + text.encode() + body[body.index(b",", at) :]

    try:
        found = History.from_pages([body])[0].timestamp
    except HistoryFormatError:
        return
    assert float(json.loads(body)["events"][0]["eventTimestamp"]) == found


@pytest.mark.parametrize(
    "ids",
    [[1, 3], [1, 1], [1, 2, 2], [1, 2, 4], [2, 1, 2], [1, 3, 2], [3, 1], [3, 2, 2], [2, 3], [5], [0], [0, 1]],
)
def test_gaps(ids: list[int]) -> None:
    """Event ids of a page that leave a gap, repeat or do not begin with 1 are refused."""
    events = [sample("DecisionTaskScheduled", number) if number > 1 else started() for number in ids]
    for one, number in zip(events, ids, strict=True):
        one["eventId"] = number

    with pytest.raises(HistoryFormatError):
        History.from_pages([history_body(events)])


def test_gap_between_pages() -> None:
    """A page that is missing is noticed, and named by the event that it should have begun with."""
    events = all_types()
    with pytest.raises(HistoryFormatError) as caught:
        History.from_pages([history_body(events[:10]), history_body(events[11:])])
    assert caught.value.event_id == 11

    history = History.from_pages([history_body(events[:10])])
    with pytest.raises(HistoryFormatError) as caught:
        history.append_page(history_body(events[11:]))
    assert caught.value.event_id == 11
    assert len(history) == 10


def test_refused_page_leaves_history() -> None:
    """A page that is refused leaves the history as it was, and the right page still fits."""
    events = all_types()
    history = History.from_pages([history_body(events[:10])])
    wrong = event(11, "ActivityTaskStarted", scheduledEventId=4000)
    with pytest.raises(HistoryFormatError):
        history.append_page(history_body([wrong]))
    assert len(history) == 10

    history.append_page(history_body(events[10:]))

    assert [(one["eventId"], attributes(one)) for one in events] == [
        (e.event_id, e.attributes) for e in history
    ]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":[', b'{"a":[{"b":'])
@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("closed", [False, True])
def test_deep_nesting(opening: bytes, depth: int, closed: bool) -> None:
    """A value nested however deep is refused or passed over, wherever it stands; the stack bears it."""
    closing = opening.translate(bytes.maketrans(b"[{", b"]}"), b'"ab:')[::-1]
    nested = opening * depth + b"0" + (closing * depth if closed else b"")
    body = history_body([started()])
    for name in (
        b'"input"',
        b'"taskList"',
        b'"events"',
        b'"eventTimestamp"',
        b'"eventId"',
        b'"workflowType"',
    ):
        at = body.index(name + b":") + len(name) + 1
        for broken in (body[:at] + nested + body[at:], b'{"x":' + nested + b"," + body[1:], nested):
            with contextlib.suppress(HistoryFormatError):
                for one in History.from_pages([broken]):
                    one.attributes


def test_deep_member() -> None:
    """An unknown member nested moderately deep is passed over."""
    body = history_body([started()])
    deep = b'{"deep":' + b"[" * 50 + b"]" * 50 + b"," + body[1:]

    assert len(History.from_pages([deep])) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"0",
        b'""',
        b"{",
        b'{"events"}',
        b'{"events":}',
        b'{"events":null}',
        b'{"events":{}}',
        b'{"events":"x"}',
        b'{"events":[1]}',
        b'{"events":[null]}',
        b'{"events":[{}]}',
        b'{"events":[[]]}',
        b'{"events":[,]}',
        b'{"events":[]]}',
        b'{"events":[]}}',
        b'{"events":[]} x',
        b'{"events":[],}',
        b'{"events":[],"events":[]}',
        b"\xef\xbb\xbf{}",
        b"<html>502 Bad Gateway</html>",
        b"\x00" * 64,
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_no_history(body: bytes) -> None:
    """What is no object with events is refused; `{}` and an empty list are pages without events."""
    try:
        history = History.from_json(body)
    except HistoryFormatError:
        return
    events = json.loads(body)["events"]
    assert len(events or []) == len(history)


@pytest.mark.parametrize("missing", ["eventId", "eventType", "eventTimestamp"])
def test_missing_members(missing: str) -> None:
    """An event without id, type or time is refused."""
    one = sample("MarkerRecorded")
    del one[missing]
    with pytest.raises(HistoryFormatError):
        History.from_pages([history_body([started(), one])])


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("value", [None, 0, "text", [], {"a": []}])
def test_members_of_another_type(event_type: str, value: Any) -> None:
    """Any member of another JSON type than SWF's is refused, or shown as it is."""
    for member in attributes(sample(event_type)):
        one = sample(event_type)
        attributes(one)[member] = value
        check(json.dumps({"events": [started(), one]}).encode())
    one = sample(event_type)
    one[attributes_key(event_type)] = value
    check(json.dumps({"events": [started(), one]}).encode())


@pytest.mark.parametrize(
    "text",
    [rb"\u12", rb"\ud800", rb"\udc00\ud800", rb"\x41", b"\\", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x01"],
)
def test_broken_text(text: bytes) -> None:
    """Escapes and UTF-8 are checked when a text is read at the latest: it is refused or what json reads."""
    body = history_body([started(), sample("MarkerRecorded"), sample("WorkflowExecutionSignaled", 3)])
    for place in (b'"details":"', b'"markerName":"', b'"signalName":"', b'"input":"{'):
        at = body.index(place) + len(place)
        check(body[:at] + text + body[at:])


@given(st.data())
def test_splices(data: st.DataObject) -> None:
    """Bodies cut up and put together anew are refused or read as json.loads reads them."""
    body = history_body(all_types()[:12])
    for _ in range(data.draw(st.integers(1, 3))):
        first, second = sorted(data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        pieces = [b"", b'"', b"{}", b"[]", b",", b'\\"', b":", b"null", b"-1", body[first:second]]
        insert = data.draw(st.sampled_from(pieces))
        at = data.draw(st.integers(0, len(body)))
        body = (
            body[:first] + insert + body[second:]
            if data.draw(st.booleans())
            else body[:at] + insert + body[at:]
        )
    check(body)


@given(st.binary(max_size=200))
def test_noise(noise: bytes) -> None:
    """Noise is refused, or is JSON by chance."""
    try:
        Page(noise)
    except HistoryFormatError:
        return
    assert isinstance(json.loads(noise), dict)


@pytest.mark.parametrize("body", [None, 5, "text", object()])
def test_no_bytes(body: Any) -> None:
    """What is no bytes at all is a TypeError, as anywhere in Python."""
    with pytest.raises(TypeError):
        Page(body)


def test_payload_that_looks_like_json() -> None:
    """Text that looks like an event, inside a payload, is a payload."""
    trap = dumps(sample("ActivityTaskScheduled", 99)).decode() + '"}]},{"eventId":7'
    events: list[Event] = [started(), sample("MarkerRecorded")]
    attributes(events[1])["details"] = trap

    history = History.from_pages([history_body(events)])

    assert [trap] == [one.details for one in history.markers]
    assert len(history) == 2
