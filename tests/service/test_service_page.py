"""The page's JSON and headers: what it refuses, what it looks at, and that looking changes nothing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE, Driver, activity, d, timer
from service_process import Server

from pyswf_fast.service.page import STATIC, listing, pending
from pyswf_fast.service.page.guard import is_loopback
from pyswf_fast.service.page.listing import Filters, list_executions
from pyswf_fast.service.pollers import MOST_LISTS, Pollers

PICTURES = Path(__file__).parents[2] / "docs" / "images"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    running.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="7")
    running.call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    yield running
    running.stop()


def start(server: Server, workflow_id: str = "w") -> str:
    run_id: str = server.call(
        "StartWorkflowExecution", domain=DOMAIN, workflowId=workflow_id, workflowType=WORKFLOW_TYPE
    )["runId"]
    return run_id


def get(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection: http.client.HTTPConnection = server.connect()
    try:
        connection.request(
            method, path, headers={name.capitalize(): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def api(server: Server, name: str, **params: Any) -> Any:
    status, _, body = get(server, f"/api/{name}?{urlencode(params)}")
    return json.loads(body) if status == 200 else (status, json.loads(body)["error"])


# Who is let in.


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "localhost:1", "LOCALHOST", "swf.localhost:80", "[::1]:9", "127.8.8.8"]
)
def test_loopback_names_are_served(server: Server, host: str) -> None:
    assert get(server, "/", host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "[", "192.168.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/api/domains"])
def test_a_name_that_was_rebound_to_this_machine_is_refused(server: Server, host: str, path: str) -> None:
    status, _, body = get(server, path, host=host)
    assert status == 403
    assert b"listens for this machine alone" in body


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example:8765"])
def test_no_web_page_from_elsewhere_can_call_the_service(server: Server, origin: str) -> None:
    headers = {"origin": origin, "x-amz-target": "SimpleWorkflowService.ListDomains"}
    assert get(server, "/", "POST", **headers)[0] == 403
    assert get(server, "/api/domains", origin=origin)[0] == 403


def test_programs_may_call_it_by_any_name(server: Server) -> None:
    """They say no `Origin`; what their `Host` is called is not for a web page to choose."""
    status, _, body = get(
        server, "/", "POST", host="swf.test:8765", **{"x-amz-target": "SimpleWorkflowService.ListDomains"}
    )
    assert status == 400
    assert b"The body is not JSON" in body, "it was SWF that answered"


def test_what_a_loopback_name_is() -> None:
    assert [is_loopback(name) for name in ("127.0.0.1", "::1", "localhost", "a.localhost")] == [True] * 4
    assert [is_loopback(name) for name in ("0.0.0.0", "::", "10.0.0.1", "example.org", "")] == [False] * 5


def test_answers_run_nothing_but_the_pages_own_scripts(server: Server) -> None:
    for path in ("/", "/page/app.js", "/api/domains", "/api/executions", "/nothing"):
        headers = get(server, path)[1]
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]


def test_the_pages_files_name_nothing_outside() -> None:
    for file in STATIC.iterdir():
        text = file.read_text()
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), file
        assert "innerHTML" not in text
        assert "style=" not in text.replace("h(", ""), f"{file}: the policy forbids it"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/domains", "/api/history", "/page/app.js"])
def test_there_is_nothing_but_get(server: Server, path: str, method: str) -> None:
    assert get(server, path, method)[0] == 405


def test_nothing_beside_the_pages_files_is_served(server: Server) -> None:
    for path in (
        "/page/../api.py",
        "/page/%2e%2e/api.py",
        "/page/",
        "/page//etc/passwd",
        "/api",
        "/api/nothing",
    ):
        assert get(server, path)[0] == 404


# What it tells.


def test_what_is_not_there_is_told(server: Server) -> None:
    run_id = start(server, "w-told")
    assert api(server, "executions", domain="none") == (404, "There is no domain 'none'.")
    assert api(server, "execution", domain=DOMAIN, run="none")[0] == 404
    assert api(server, "event", domain=DOMAIN, run=run_id, event=3) == (
        404,
        "There is no event 3: this history ends with 2.",
    )
    wrong = [("since", "x"), ("since", "1e306"), ("until", "nan"), ("limit", "inf")]
    for name, value in [*wrong, ("before", "9"), ("before", f"{'1' * 5_000}-1")]:
        assert api(server, "executions", domain=DOMAIN, **{name: value})[0] == 400
    assert api(server, "executions", domain=DOMAIN, status="DANCING")[0] == 400


def test_looking_changes_nothing(server: Server) -> None:
    run_id = start(server, "w-looked-at")
    execution = {"workflowId": "w-looked-at", "runId": run_id}
    before = server.call("GetWorkflowExecutionHistory", domain=DOMAIN, execution=execution)
    for name in ("domains", "executions", "execution", "events", "event", "search", "history"):
        status, _, _ = get(
            server, f"/api/{name}?{urlencode({'domain': DOMAIN, 'run': run_id, 'event': 1, 'text': 'w'})}"
        )
        assert status == 200
    assert server.call("GetWorkflowExecutionHistory", domain=DOMAIN, execution=execution) == before
    assert (
        server.call(
            "CountPendingDecisionTasks", domain=DOMAIN, taskList=WORKFLOW_DEFAULTS["defaultTaskList"]
        )["count"]
        > 0
    )


def test_a_search_finds_what_is_decoded(server: Server) -> None:
    run_id = start(server, "searched")
    for text in ('{"Größe":"A \\"quoted\\" word"}', "~tPlain", "~bYWJj", "~h4:BEATrest"):
        server.call(
            "SignalWorkflowExecution", domain=DOMAIN, workflowId="searched", signalName="s", input=text
        )

    def found(text: str) -> list[int]:
        ids: list[int] = api(server, "search", domain=DOMAIN, run=run_id, text=text)["events"]
        return ids

    assert found("größe") == [3]
    assert found('"quoted\\"') == [3]
    assert found("PLAIN") == [4]
    assert found("61 62 63") == [5]
    assert found("workflowexecutionsignaled") == [3, 4, 5, 6]
    assert found("nowhere") == []


# In this process.


def test_one_answer_looks_at_a_bounded_number(
    make_driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", 4)
    swf = make_driver()
    for n in range(10):
        swf.start(f"w{n}", tagList=["first"] if n == 0 else [])
    domain = swf.swf.machine.domains[DOMAIN]
    before, pages = None, []
    while True:
        page = list_executions(domain, Filters(tag="first"), before, 50)
        pages.append([one["execution"]["workflowId"] for one in page["executions"]])
        before = page["before"]
        if before is None:
            break
    assert pages == [[], [], ["w0"]]


def test_pages_follow_each_other_without_gaps(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    for n in range(7):
        swf.start(f"w{n}")
        swf.clock.advance(1)
    domain = swf.swf.machine.domains[DOMAIN]
    found: list[str] = []
    before = None
    while True:
        page = list_executions(domain, Filters(), before, 3)
        assert len(page["executions"]) <= 3
        found += [one["execution"]["workflowId"] for one in page["executions"]]
        before = page["before"]
        if before is None:
            break
        swf.start(f"later{len(found)}")  # what is started meanwhile does not move the pages
    assert found == [f"w{n}" for n in range(6, -1, -1)]


def test_what_is_pending_tells_since_when_until_when_and_who(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.start()
    swf.clock.advance(5)
    swf.decide(activity("a", heartbeatTimeout="20"), activity("b"), timer("t", 60))
    begun = swf.clock.now()
    swf.clock.advance(1)
    swf.work(identity="me")
    pollers = Pollers(swf.swf.now_ms)
    machine = swf.swf.machine
    execution = machine.run(swf.runs["w"])
    assert execution is not None

    def told() -> dict[str, list[dict[str, Any]]]:
        return {kind["kind"]: kind["items"] for kind in pending.pending(machine, execution, pollers)}

    first, second = told()["activity"]
    assert (first["name"], first["type"], first["since"], first["started"]) == (
        "a",
        "act 1",
        begun,
        begun + 1,
    )
    assert (first["identity"], first["timeout"], first["due"]) == ("me", "HEARTBEAT", begun + 21)
    assert (second["due"], second["list"]) == (None, {"name": "activities", "here": {}, "last": None})
    (waits,) = told()["timer"]
    assert (waits["name"], waits["since"], waits["due"]) == ("t", begun, begun + 60)
    with pollers.at(("activity", DOMAIN, "activities"), "you"):
        assert told()["activity"][1]["list"]["here"] == {"you": 1}
    assert told()["activity"][1]["list"]["last"] == {"at": begun + 1, "identity": "you"}
    swf.signal()
    swf.decide(d("CompleteWorkflowExecution"))
    assert told() == {}


def test_of_very_many_only_the_first_are_shown(
    make_driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "MOST_SHOWN", 2)
    swf = make_driver()
    swf.start()
    swf.decide(*(activity(str(n)) for n in range(5)))
    machine = swf.swf.machine
    execution = machine.run(swf.runs["w"])
    assert execution is not None
    (kind,) = pending.pending(machine, execution, Pollers(swf.swf.now_ms))
    assert (kind["count"], [item["name"] for item in kind["items"]]) == (5, ["0", "1"])


def test_pollers_are_counted_while_they_are_there() -> None:
    now = 1_000
    pollers = Pollers(lambda: now)
    key = ("decision", "domain", "list")
    assert pollers.last(key) is None
    with pollers.at(key, "a"), pollers.at(key, "b"):
        with pollers.at(key, "a"):
            assert pollers.here(key) == {"a": 2, "b": 1}
        assert pollers.here(key) == {"a": 1, "b": 1}
        now = 5_000
    assert pollers.here(key) == {}
    assert pollers.last(key) == (5_000, "a")


def test_lists_that_were_polled_long_ago_are_forgotten() -> None:
    pollers = Pollers(lambda: 0)
    for n in range(MOST_LISTS + 5):
        with pollers.at(("decision", "domain", str(n)), ""):
            pass
    assert pollers.last(("decision", "domain", "4")) is None
    assert pollers.last(("decision", "domain", "5")) is not None


def test_pictures_are_small() -> None:
    for picture in PICTURES.glob("*.png"):
        assert picture.stat().st_size < 150_000, picture
