"""What survives: a SIGKILL at any moment, a restart; and databases that cannot be had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from service_conformance import check_history, loads
from service_driver import (
    ACTIVITY_DEFAULTS,
    ACTIVITY_TYPE,
    DOMAIN,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    Driver,
    activity,
    child,
    d,
    timer,
)
from service_process import Server

from pyswf_fast.exceptions import ConfigurationError, ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock


def prepare(call: Callable[..., Any]) -> None:
    call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    call("RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)


def test_after_sigkill_tasks_timers_and_tokens_go_on(launch: Callable[..., Server], tmp_path: Path) -> None:
    db = str(tmp_path / "swf.db")
    server = launch(db)
    prepare(server.call)
    asked: dict[str, Any] = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    server.call("StartWorkflowExecution", domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE)
    task = server.call("PollForDecisionTask", **asked)
    decisions = [
        timer("t", 1),
        activity("running"),
        activity("waiting"),
        activity("beating", heartbeatTimeout="60"),
    ]
    server.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)
    work: dict[str, Any] = {"domain": DOMAIN, "taskList": {"name": "activities"}}
    running = server.call("PollForActivityTask", **work)
    server.kill()
    server = launch(db)
    try:
        server.call("RespondActivityTaskCompleted", taskToken=running["taskToken"], result="kept")
        rest = [server.call("PollForActivityTask", **work)["activityId"] for _ in range(2)]
        assert rest == ["waiting", "beating"]
        task = server.call("PollForDecisionTask", **asked)
        server.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"])
        kinds = [event["eventType"] for event in task["events"]]
        if "TimerFired" not in kinds:
            task = server.call("PollForDecisionTask", **asked)
            kinds = [event["eventType"] for event in task["events"]]
        assert "TimerFired" in kinds
        assert "ActivityTaskCompleted" in kinds
        check_history(task["events"])
    finally:
        server.stop()


def test_a_restart_goes_on_exactly_where_it_was(make_driver: Callable[..., Driver]) -> None:
    """The same steps, once without and once with a restart before each, make the same histories."""
    histories = []
    for restarts in (False, True):
        swf = make_driver(restarts=restarts)
        swf.start(taskPriority="2")
        swf.decide(activity("1", heartbeatTimeout="20"), activity("2"), timer("t", 30), child("c"))
        task = swf.work()
        swf.advance(15)
        swf("RecordActivityTaskHeartbeat", taskToken=task["taskToken"], details="half")
        swf.advance(10)
        running = swf.poll()
        swf.signal()
        swf.advance(4)
        swf.respond(running, d("RequestCancelActivityTask", activityId="2"), taskList={"name": "x"})
        swf.advance(60)
        swf.decide(d("CompleteWorkflowExecution"))
        events = swf.history()
        for event in events:  # run ids are random
            for value in event.values():
                if isinstance(value, dict):
                    value.pop("workflowExecution", None)
        histories.append(events)
        assert swf.swf.next_due() is not None
    assert histories[0] == histories[1]


def test_a_history_is_read_from_the_file_once_the_run_is_closed(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(restarts=True)
    swf.start()
    for n in range(5):
        swf.decide(*(d("RecordMarker", markerName=f"{n}-{m}") for m in range(n + 1)))
        swf.signal()
    before = swf.history()
    swf.decide(d("CompleteWorkflowExecution", result="r"))
    events = swf.history()
    assert events[: len(before)] == before
    asked = {"domain": DOMAIN, "execution": swf.execution()}
    for size in (1, 3, 7):
        for reverse in (False, True):
            page: dict[str, Any] = {}
            read: list[dict[str, Any]] = []
            while True:
                page = swf(
                    "GetWorkflowExecutionHistory",
                    maximumPageSize=size,
                    reverseOrder=reverse,
                    **asked,
                    **({"nextPageToken": page["nextPageToken"]} if page else {}),
                )
                read += page["events"]
                if "nextPageToken" not in page:
                    break
            assert read == (events[::-1] if reverse else events)


def test_a_page_reads_little_beside_itself_also_where_one_answer_made_the_history(tmp_path: Path) -> None:
    path = str(tmp_path / "swf.db")
    clock = VirtualClock()
    swf = Driver(lambda: EmbeddedSwf(path, clock=clock), clock, restarts=True)
    swf.start()
    swf.decide(*(d("RecordMarker", markerName=str(n)) for n in range(350)), d("CompleteWorkflowExecution"))
    asked = {"domain": DOMAIN, "execution": swf.execution()}
    whole = swf.history()
    for size in (99, 100, 101):
        first = swf("GetWorkflowExecutionHistory", maximumPageSize=size, **asked)
        token = first["nextPageToken"]
        second = swf("GetWorkflowExecutionHistory", maximumPageSize=size, nextPageToken=token, **asked)
        assert first["events"] + second["events"] == whole[: 2 * size]
    swf.swf.close()
    with closing(sqlite3.connect(path)) as db:
        rows = [body.count(b"\n") + 1 for (body,) in db.execute("SELECT body FROM events ORDER BY id")]
    assert sum(rows) == len(whole)
    assert max(rows) == 100


def test_a_change_that_could_not_be_stored_has_not_happened(tmp_path: Path) -> None:
    """A file that may not grow refuses as a full disk does; the task of the poll that failed is not lost."""
    path = str(tmp_path / "swf.db")
    swf = EmbeddedSwf(path)
    prepare(lambda operation, **params: swf.call(operation, params))
    start = {"domain": DOMAIN, "workflowId": "w", "workflowType": WORKFLOW_TYPE, "input": "i" * 30_000}
    asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    swf.call("StartWorkflowExecution", start)
    execute = swf._store._db.execute  # type: ignore[attr-defined]
    (pages,), (most,) = (execute(f"PRAGMA {n}").fetchone() for n in ("page_count", "max_page_count"))
    execute(f"PRAGMA max_page_count = {pages}")
    full = "changes cannot be stored: database or disk is full"
    with pytest.raises(ServiceFault, match=full):
        swf.call("StartWorkflowExecution", {**start, "workflowId": "x"})
    signal = {"domain": DOMAIN, "workflowId": "w", "signalName": "s"}
    with suppress(ServiceFault):  # until the last page is full, too
        for _ in range(100):
            swf.call("SignalWorkflowExecution", signal)
    with pytest.raises(ServiceFault, match=full):
        swf.call("PollForDecisionTask", {**asked, "identity": "i" * 256})
    assert loads(swf.call("CountPendingDecisionTasks", asked))["count"] == 1
    execute(f"PRAGMA max_page_count = {most}")
    task = loads(swf.call("PollForDecisionTask", asked))
    check_history(task["events"])
    swf.close()
    swf = EmbeddedSwf(path)
    swf.call("RespondDecisionTaskCompleted", {"taskToken": task["taskToken"]})
    counted = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}
    assert loads(swf.call("CountOpenWorkflowExecutions", counted))["count"] == 1
    swf.close()


def test_a_file_that_cannot_be_read_for_a_while_is_read_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swf = EmbeddedSwf(str(tmp_path / "swf.db"))
    prepare(lambda operation, **params: swf.call(operation, params))
    with monkeypatch.context() as broken:
        for name in ("save", "load"):
            broken.setattr(swf._store, name, lambda _: (_ for _ in ()).throw(sqlite3.OperationalError("I/O")))
        with pytest.raises(ServiceFault, match="changes cannot be stored: I/O"):
            swf.call("DeprecateDomain", {"name": DOMAIN})
        with pytest.raises(ServiceFault, match="the store cannot be read: I/O"):
            swf.call("DescribeDomain", {"name": DOMAIN})
    described = loads(swf.call("DescribeDomain", {"name": DOMAIN}))
    assert described["domainInfo"]["status"] == "REGISTERED"
    swf.close()


def test_a_database_serves_one_process_at_a_time(launch: Callable[..., Server], tmp_path: Path) -> None:
    path = str(tmp_path / "swf.db")
    server = launch(path)
    try:
        with pytest.raises(ConfigurationError, match=r"^database .*swf\.db is in use by another process$"):
            EmbeddedSwf(path)
    finally:
        server.stop()
    EmbeddedSwf(path).close()


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("This is no database, but it is long enough to look at. " * 20)
    for path, message in (
        (text, "cannot be opened: file is not a database"),
        (tmp_path / "none" / "swf.db", "there is no such directory"),
    ):
        with pytest.raises(ConfigurationError, match=message) as caught:
            EmbeddedSwf(str(path))
        assert "\n" not in str(caught.value)
    assert text.read_text().startswith("This is no database")


def test_many_open_executions_are_loaded(tmp_path: Path) -> None:
    path, clock = str(tmp_path / "swf.db"), VirtualClock()
    swf = EmbeddedSwf(path, clock=clock)
    prepare(lambda operation, **params: swf.call(operation, params))
    for n in range(300):
        params = {"domain": DOMAIN, "workflowId": str(n), "workflowType": WORKFLOW_TYPE}
        swf.call("StartWorkflowExecution", params)
    due = swf.next_due()
    swf.close()
    swf = EmbeddedSwf(path, clock=clock)
    asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    assert loads(swf.call("CountPendingDecisionTasks", asked))["count"] == 300
    assert swf.next_due() == due
    first = loads(swf.call("PollForDecisionTask", asked))["workflowExecution"]["workflowId"]
    assert first == "0", "tasks keep their order"
    swf.close()


def test_power_loss_is_an_option(tmp_path: Path) -> None:
    swf = EmbeddedSwf(str(tmp_path / "swf.db"), survive_power_loss=True)
    swf.call("RegisterDomain", {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"})
    swf.close()
