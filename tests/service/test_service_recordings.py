"""The service beside recordings of the real one: the same bytes, and rules that hold for both."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from service_conformance import check_history, member_of
from service_driver import Driver, activity, child, d, timer

from pyswf_fast.service.events import decode, encode
from pyswf_fast.service.execution import Execution

RECORDINGS = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> bytes:
    path: Path = request.param
    return path.read_bytes().strip()


def test_events_are_written_byte_for_byte_as_the_real_service_writes_them(recording: bytes) -> None:
    events = [decode(orjson.dumps(event)) for event in orjson.loads(recording)["events"]]
    assert b'{"events":[%s]}' % b",".join(map(encode, events)) == recording


def test_the_rules_that_histories_here_keep_hold_for_the_real_service(recording: bytes) -> None:
    check_history(json.loads(recording)["events"])


def test_a_recorded_history_folds_into_the_state_it_ended_in(recording: bytes) -> None:
    events = orjson.loads(recording)["events"]
    execution = Execution(1, "d", "w", "r", 25_000)
    execution.restore([orjson.dumps(event) for event in events])
    assert execution.state.last_id == len(events)
    status = execution.state.close_status
    assert events[-1]["eventType"] == "WorkflowExecution" + "".join(
        part.capitalize() for part in (status or "").split("_")
    )


def test_events_here_have_the_members_that_recorded_ones_have(swf: Driver) -> None:
    assert RECORDINGS
    recorded: dict[str, set[frozenset[str]]] = {}
    for path in RECORDINGS:
        for event in json.loads(path.read_bytes())["events"]:
            kind = event["eventType"]
            recorded.setdefault(kind, set()).add(frozenset(event[member_of(kind)]))
    swf.start(input="i")
    swf.decide(
        activity("1", input="i"), activity("2", input="i"), timer("t"), timer("u"), child("c", input="i")
    )
    swf("RespondActivityTaskCompleted", taskToken=swf.work(identity="me")["taskToken"], result="r")
    swf("RespondActivityTaskFailed", taskToken=swf.work(identity="me")["taskToken"], reason="r")
    swf.advance(5)
    task = swf.poll(identity="me")
    if task["workflowExecution"]["workflowId"] == "c":
        swf.respond(task, d("FailWorkflowExecution", reason="r", details="d"))
        task = swf.poll(identity="me")
    swf.respond(
        task, timer("v"), d("CancelTimer", timerId="v"), d("RecordMarker", markerName="m", details="d")
    )
    swf.signal(input="i")
    swf.poll(identity="me")
    seen = set()
    for event in swf.history():
        kind = event["eventType"]
        members = set(event[member_of(kind)]) | {"identity"}  # which `decide` of these tests leaves out
        if kind in recorded:
            seen.add(kind)
            assert any(known <= members for known in recorded[kind]), (kind, members, recorded[kind])
    assert len(seen) > 12
