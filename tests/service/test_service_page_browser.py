"""The page for people, in a browser: lists, filters, keys, the timeline, the history, what is pending."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_scenes import BYTES, EVIL, EVIL_ID, LARGE, MANY_ACTIVITIES, Page, make_database
from service_driver import DOMAIN, WORKFLOW_TYPE, attributes, d

pytest.importorskip("selenium", reason="`make test` brings it")
from page_browser import DRIVER, INSTALL, Browser, Keys

MOST_NODES = 2_500


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if DRIVER is None:
        if os.environ.get("PYSWF_BROWSER") == "required":
            pytest.fail(f"there is no chromedriver: {INSTALL}")
        pytest.skip(f"NOT TESTED, there is no chromedriver: {INSTALL}")
    db = tmp_path_factory.mktemp("page") / "swf.db"
    make_database(db)
    running = Page(db)
    start(running, "deserted", "nobody is here")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium(page: Page) -> Iterator[Browser]:
    running = Browser(page.url)
    yield running
    running.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser; whatever a test does, the console has nothing to say."""
    chromium.complaints()
    yield chromium
    assert chromium.complaints() == []


def start(page: Page, workflow_id: str, task_list: str) -> None:
    page.swf.start_workflow_execution(
        domain=DOMAIN, workflowId=workflow_id, workflowType=WORKFLOW_TYPE, taskList={"name": task_list}
    )


def open_run(browser: Browser, page: Page, workflow_id: str, **params: str) -> None:
    browser.open(domain=DOMAIN, run=page.run_id(workflow_id), **params)
    browser.until(lambda: browser.all(".lane, .event"))


def names(browser: Browser) -> list[str]:
    return browser.texts("tbody .name")


def test_serve_prints_its_page(page: Page) -> None:
    assert f"page for people: {page.url}/\n" in page.greeting
    assert f"storage: {page.process.args[-1]}\n" in page.greeting  # type: ignore[index]


def test_executions_are_listed_newest_first_and_filtered(browser: Browser, page: Page) -> None:
    browser.open()
    assert names(browser)[:2] == ["deserted", EVIL_ID]
    assert browser.text("select#domain option:checked") == DOMAIN
    shown = browser.texts("tbody tr")
    assert [row for row in shown if "completed" in row and "night-child" in row]
    assert [row for row in shown if "continued as new" in row]

    browser.write("input[name=workflow]", "OLD-11")
    browser.until(lambda: names(browser) == [f"old-11{n}" for n in range(9, -1, -1)])
    assert "workflow=OLD-11" in browser.chrome.current_url
    browser.write("input[name=tag]", "odd")
    browser.until(lambda: names(browser) == [f"old-11{n}" for n in range(9, 0, -2)])
    browser.write("input[name=workflow]", Keys.BACKSPACE)
    browser.write("input[name=tag]", "ends")
    browser.until(lambda: set(names(browser)) == {"completed", "failed", "canceled", "continued"})
    browser.one("select[name=status]").send_keys("failed")
    browser.until(lambda: names(browser) == ["failed"])
    browser.write("input[name=type]", "no such type")
    browser.until(lambda: "No execution passes these filters" in browser.text(".empty:not([hidden])"))
    browser.press(Keys.ESCAPE, "c")
    browser.until(lambda: len(names(browser)) == 50)

    first = int(page.history("old-000")[0]["eventTimestamp"].timestamp())
    browser.open(domain=DOMAIN, since=str(first + 10), until=str(first + 15))
    assert 5 <= len(browser.until(lambda: names(browser))) <= 6
    assert browser.one("input[name=since]").get_attribute("value")


def test_older_ones_are_on_further_pages(browser: Browser) -> None:
    browser.open(domain=DOMAIN, workflow="old-")
    assert browser.until(lambda: names(browser))[0] == "old-119"
    browser.press("o")
    browser.until(lambda: names(browser)[:1] == ["old-069"])
    browser.press("o")
    browser.until(lambda: names(browser)[:1] == ["old-019"])
    assert browser.texts(".paging a") == ["« Newest"]
    browser.press("n")
    browser.until(lambda: names(browser)[:1] == ["old-119"])


def test_everything_can_be_done_by_keys(browser: Browser) -> None:
    browser.open(domain=DOMAIN)
    browser.until(lambda: names(browser))
    browser.press("?")
    assert "filter by workflow id" in browser.text("dialog[open]")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog[open]"))
    browser.press("/")
    browser.until(lambda: "workflow" in browser.focus())
    browser.press("night", Keys.ESCAPE)
    browser.until(lambda: names(browser) == ["night-child", "night"])
    browser.press("/", Keys.ENTER)  # to the first that was found
    browser.until(lambda: browser.focus() == "a night-child")
    browser.press("j", "k", "j", Keys.ENTER)
    browser.until(lambda: browser.text("h1") == "night" and browser.all(".lane"))
    assert "Timeline" in browser.focus()
    browser.press(Keys.ARROW_DOWN, Keys.END)
    assert "Child workflow flow 1 night-child" in browser.text(".panel")
    browser.press("h")
    browser.until(lambda: browser.all(".event"))
    browser.press(Keys.ARROW_DOWN)
    browser.until(lambda: "WorkflowExecutionStarted" in browser.text(".panel"))
    browser.js("document.querySelector('.skip').focus()")
    seen = [browser.focus()]
    while len(seen) < 60:
        browser.press(Keys.TAB)
        outline = browser.js("return getComputedStyle(document.activeElement).outlineStyle")
        if browser.focus().startswith("body"):
            break
        assert outline == "solid", f"{browser.focus()} shows no focus"
        seen.append(browser.focus())
    bar = ("Skip to content", "pyswf-fast", "Keys", "Download history")
    for wanted in (*bar, "History", "Event type", "Search", "Events"):
        assert any(wanted in one for one in seen), (wanted, seen)
    browser.press("u")
    browser.until(lambda: browser.text("h1") == "Executions")


def test_the_timeline_tells_what_the_history_tells(browser: Browser, page: Page) -> None:
    open_run(browser, page, "night")
    history = page.history("night")
    browser.press("f")  # unfolded, an instant is where its share of the time is
    browser.until(lambda: not browser.all(".fold"))
    assert browser.texts(".lane-name") == [
        "Execution", "Decisions", "Signals and marks", "act 11", "timer night", "act 12", "flow 1night-child",
    ]  # fmt: skip
    browser.press("f")
    browser.until(lambda: browser.all(".fold"))
    fold = browser.one(".fold")
    assert fold.get_attribute("aria-label") == "10 h idle, folded: unfold"
    assert fold.get_attribute("aria-expanded") == "false"

    def bar(kind: str, n: int) -> dict[str, float]:
        found: list[dict[str, float]] = browser.js(
            """return [...document.querySelectorAll(arguments[0])].map((e) => ({left: e.offsetLeft,
            width: e.offsetWidth, track: e.parentElement.offsetWidth, event: Number(e.dataset.event)}))""",
            kind,
        )
        return found[n]

    instant = {event["eventId"]: event["eventTimestamp"].timestamp() for event in history}
    scheduled = next(event for event in history if event["eventType"] == "ActivityTaskScheduled")
    ran = bar(".bar.activity.run", 0)
    waited = bar(".bar.activity.wait", 0)
    assert waited["event"] == scheduled["eventId"]
    completed = next(event for event in history if event["eventType"] == "ActivityTaskCompleted")
    assert attributes(completed)["scheduledEventId"] == ran["event"]
    started = attributes(completed)["startedEventId"]
    seconds = [
        instant[started] - instant[scheduled["eventId"]],
        instant[completed["eventId"]] - instant[started],
    ]
    assert seconds == [2, 4]
    assert ran["width"] / waited["width"] == pytest.approx(2, abs=0.1), "widths are as durations are"
    night = bar(".bar.timer", 0)
    assert night["width"] < night["track"] / 4, "the night is folded"
    failed = bar(".bar.activity.run.failed", 0)
    assert failed["left"] > night["left"] + night["width"]
    assert browser.all(".bar.mark.signal")
    assert browser.all(".bar.child.run.completed")

    fold.click()
    browser.until(lambda: bar(".bar.timer", 0)["width"] > night["track"] * 0.9)
    assert browser.one(".fold").get_attribute("aria-expanded") == "true"
    browser.one(".fold").click()
    browser.until(lambda: bar(".bar.timer", 0)["width"] == night["width"])

    before = bar(".bar.activity.run", 0)["width"]
    browser.press("+")
    browser.until(
        lambda: (
            "of 7 lanes" in browser.text(".timeline .said") or bar(".bar.timer", 0)["width"] > night["width"]
        )
    )
    browser.press("0")
    browser.until(lambda: bar(".bar.activity.run", 0)["width"] == before)
    browser.click(".lane:nth-child(4)")
    browser.click(".panel .links a")
    browser.until(lambda: f"ActivityTaskScheduled #{scheduled['eventId']}" in browser.text(".panel"))


def test_payloads_are_decoded(browser: Browser, page: Page) -> None:
    open_run(browser, page, "payloads", tab="history")
    assert '"größe": [\n    1,\n    2,\n    12345678901234567890123\n  ]' in browser.text(".payloads pre")
    assert browser.texts(".payloads .kind") == ["JSON", "JSON", "JSON"]  # with the heartbeat, and the result

    def payload(event_id: int) -> tuple[str, str]:
        browser.click(f".event:nth-child({event_id})")
        browser.until(lambda: f"#{event_id}" in browser.text(".panel h2"))
        return browser.text(".panel .kind"), browser.text(".panel pre")

    first = next(e["eventId"] for e in page.history("payloads") if e["eventType"] == "ActivityTaskScheduled")
    assert payload(first) == ("text", "~not a prefix")
    assert payload(first + 1) == ("bytes", BYTES.hex(" "))
    assert payload(first + 2) == ("in a data store", "~ss3://bucket/base/key")
    kind, text = payload(first + 3)
    assert kind == "cannot be read"
    assert "'~qfuture'" in text
    assert payload(first + 4) == ("text", "plain words")
    kind, text = payload(first + 5)
    assert kind == "JSON"
    assert json.loads(text) == LARGE
    kind, text = payload(first + 6)
    assert (kind, "~z" in text) == ("cannot be read", False)
    failed = next(e["eventId"] for e in page.history("payloads") if e["eventType"] == "ActivityTaskFailed")
    kind, text = payload(failed)
    assert kind == "traceback"
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.rstrip().endswith("ConnectionError: the bank does not answer")
    browser.click(".panel dd a")
    browser.until(lambda: "ActivityTaskScheduled" in browser.text(".panel h2"))

    browser.write(".history input", "PLAIN WORDS")
    browser.until(lambda: browser.texts(".event .id") == [str(first + 4)])
    browser.write(".history input", "bank does not", Keys.ESCAPE)
    browser.until(lambda: browser.texts(".event .id") == [str(failed)])
    browser.write(".history input", Keys.BACKSPACE)
    browser.one(".history select").send_keys("DecisionTaskStarted")
    browser.until(lambda: set(browser.texts(".event .type")) == {"DecisionTaskStarted"})


def test_nothing_in_a_history_becomes_html(browser: Browser, page: Page) -> None:
    open_run(browser, page, EVIL_ID)
    assert browser.text("h1") == EVIL_ID
    assert EVIL in browser.text(".facts")
    assert EVIL in browser.text(".payloads")
    browser.press("h")
    for n in range(len(page.history(EVIL_ID))):
        browser.press(Keys.ARROW_DOWN)
        browser.until(lambda n=n: f"#{n + 1}" in browser.text(".panel h2"))
    assert EVIL in browser.text(".panel")
    browser.open(domain=DOMAIN, workflow=EVIL_ID, tag=EVIL)
    assert browser.until(lambda: names(browser)) == [EVIL_ID]
    browser.open(domain=EVIL)
    browser.until(lambda: EVIL in browser.text("main"))
    assert browser.js("return window.hacked") is None
    parse = "try { document.body.innerHTML = '<p>'; return null } catch (e) { return e.name }"
    assert browser.js(parse) == "TypeError", "even the page's own scripts cannot"
    browser.chrome.get("about:blank")
    # A domain that is not there, and the attempt, are what it complains of.
    assert [one for one in browser.complaints() if "404" not in one and "TrustedHTML" not in one] == []


def test_a_real_workflow_is_watched_and_its_download_replayed(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    worker = page.start_worker("page_tasks")
    try:
        assert page.run_cli("start", "page_tasks:order", '"hammer"', "--workflow-id", "real").returncode == 0
        open_run(browser, page, "real")
        browser.until(lambda: "only a signal" in browser.text(".pending"))  # all that, while it is looked at
        assert browser.text(".status") == "open"
        assert browser.text("#live") == "live"
        lanes = browser.texts(".lane-name")
        assert "charge 1.02" in lanes
        assert len([lane for lane in lanes if lane.startswith("charge")]) == 1, "attempts share a lane"
        browser.js(
            "[...document.querySelectorAll('.lane')].find((e) => e.textContent.includes('charge')).click()"
        )
        assert "2 attempts" in browser.text(".panel")
        assert [text for text in browser.texts(".panel tbody td:first-child") if text] == [
            "wait", "run", "back-off", "wait", "run",
        ]  # fmt: skip
        page.swf.signal_workflow_execution(
            domain=DOMAIN, workflowId="real", signalName="address", input='"Oak St"'
        )
        browser.until(lambda: browser.text(".status") == "completed" and browser.text("#live") == "final")
        assert '"said": "Oak St"' in browser.text(".payloads")
    finally:
        worker.terminate()
        worker.communicate(timeout=20)
    link = browser.one("a[download]").get_attribute("href")
    assert link is not None
    with urllib.request.urlopen(link) as answer:
        assert "real.json" in answer.headers["content-disposition"]
        document = answer.read()
    (tmp_path / "real.json").write_bytes(document)
    replayed = page.run_cli("replay", "page_tasks:order", str(tmp_path / "real.json"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    events = json.loads(document)["events"]
    told = page.history("real")
    assert [event["eventId"] for event in events] == [event["eventId"] for event in told]
    assert [event["eventType"] for event in events] == [event["eventType"] for event in told]


def test_what_is_pending_and_who_polls_for_it(browser: Browser, page: Page) -> None:
    open_run(browser, page, "deserted")
    row = browser.text(".pending tbody tr")
    assert "Decision task" in row
    assert "no worker polls this list; none has since the service was started" in row
    start(page, "watched", "watched")
    task = page.swf.poll_for_decision_task(domain=DOMAIN, taskList={"name": "watched"}, identity="decider 7")
    open_run(browser, page, "watched")
    assert "with decider 7" in browser.text(".pending tbody tr")
    waiting = d(
        "ScheduleActivityTask",
        activityId="a",
        activityType={"name": "act", "version": "1"},
        taskList={"name": "lonely"},
    )
    page.swf.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[waiting, d("StartTimer", timerId="t", startToFireTimeout="5000"),
                   d("StartChildWorkflowExecution", workflowId="pending-child", workflowType=WORKFLOW_TYPE)],
    )  # fmt: skip
    browser.until(lambda: len(browser.texts(".pending tbody tr")) == 4)
    polled = page.swf.poll_for_activity_task
    busy = page.swf.poll_for_decision_task(domain=DOMAIN, taskList={"name": "watched"}, identity="decider 7")
    assert busy["taskToken"]
    poll = threading.Thread(
        target=polled, kwargs={"domain": DOMAIN, "taskList": {"name": "watched too"}, "identity": "worker 9"}
    )
    poll.start()
    browser.until(
        lambda: (
            set(browser.texts(".pending tbody td:first-child"))
            == {"Decision task", "Activity", "Timer", "Child workflow"}
        )
    )
    rows = browser.texts(".pending tbody tr")
    activity = next(row for row in rows if row.startswith("Activity"))
    assert "act 1 a" in activity
    assert "waits in list lonely: no worker polls this list" in activity
    timer = next(row for row in rows if row.startswith("Timer"))
    assert "in 1 h 23 min" in timer
    child = next(row for row in rows if row.startswith("Child"))
    assert "runs: pending-child" in child
    browser.click(".pending tbody tr[data-kind=child] td:nth-child(4) a")
    browser.until(lambda: browser.text("h1") == "pending-child")
    browser.js("[...document.querySelectorAll('.facts a')].find((e) => e.textContent == 'watched').click()")
    browser.until(lambda: browser.text("h1") == "watched")
    start(page, "activity at", "other")
    other = page.swf.poll_for_decision_task(domain=DOMAIN, taskList={"name": "other"})
    page.swf.terminate_workflow_execution(domain=DOMAIN, workflowId="watched")
    browser.until(lambda: browser.text(".status") == "terminated")
    page.swf.respond_decision_task_completed(
        taskToken=other["taskToken"],
        decisions=[
            d(
                "ScheduleActivityTask",
                activityId="b",
                activityType={"name": "act", "version": "1"},
                taskList={"name": "watched too"},
            )
        ],
    )  # the waiting poll takes it
    poll.join(20)
    open_run(browser, page, "activity at")
    assert "with worker 9" in browser.text(".pending tbody tr")


def test_runs_are_linked_to_the_runs_that_continue_them(browser: Browser, page: Page) -> None:
    open_run(browser, page, "continued")
    browser.js(
        "[...document.querySelectorAll('.facts a')].find((e) => e.textContent == 'the run before').click()"
    )
    browser.until(lambda: browser.text(".status") == "continued as new")
    assert "the next run" in browser.texts(".facts a")


def test_a_history_of_25_000_events_needs_few_elements(browser: Browser, page: Page) -> None:
    def nodes() -> int:
        return int(browser.js("return document.getElementsByTagName('*').length"))

    open_run(browser, page, "many")
    browser.until(lambda: browser.text(".timeline .said") == f"{MANY_ACTIVITIES + 3:,} lanes")
    assert nodes() < MOST_NODES
    browser.press(Keys.END)
    browser.until(lambda: f"act 1{MANY_ACTIVITIES - 1}" in browser.texts(".lane-name"))
    browser.press("+", "+", "+", "+", "+", "+")
    browser.until(lambda: "of 8,003 lanes" in browser.text(".timeline .said"))
    assert nodes() < MOST_NODES
    browser.press("g", "0")
    browser.until(lambda: "act 18,000 ×" in browser.texts(".lane-name"))
    assert nodes() < MOST_NODES
    browser.press("h")
    browser.until(lambda: browser.text(".history .said") == "25,000 events")
    browser.press(Keys.END)
    browser.until(lambda: "WorkflowExecutionCompleted" in browser.text(".panel h2"))
    browser.write(".history input", "m99")
    browser.until(lambda: "of 25,000 events" in browser.text(".history .said"))
    assert all("m99" in text for text in browser.texts(".event .gist"))
    assert nodes() < MOST_NODES


def test_it_says_when_the_service_does_not_answer_and_goes_on(browser: Browser, page: Page) -> None:
    browser.open(domain=DOMAIN, workflow="appears")
    browser.offline(True)
    browser.until(lambda: "does not answer" in browser.text("#trouble:not([hidden])"))
    assert browser.text("#live") == "no answer"
    start(page, "appears", "nobody is here")
    browser.offline(False)
    browser.until(lambda: names(browser) == ["appears"])
    assert browser.one("#trouble").get_attribute("hidden") is not None
    assert all("ERR_INTERNET_DISCONNECTED" in entry for entry in browser.complaints())


# Texts whose contrast with what is behind them is below 4.5:1, the limit of WCAG 2.2 AA.
CONTRAST = """
const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const parse = (color) => {
  pixel.fillStyle = color;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data];
};
const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const ground = (e) => {
  for (; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return parse(color);
  }
};
const texts = [...document.querySelectorAll("main *, header *")].filter((e) => e.offsetParent &&
  [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
return texts.map((e) => {
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`];
}).filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(browser: Browser, page: Page, scheme: str) -> None:
    browser.emulate(prefers_color_scheme=scheme)
    try:
        browser.open(domain=DOMAIN, tag="ends")
        browser.until(lambda: names(browser))
        ground = browser.js("return getComputedStyle(document.documentElement).backgroundColor")
        assert ground == {"light": "rgb(245, 246, 248)", "dark": "rgb(15, 17, 22)"}[scheme]
        assert browser.js(CONTRAST) == []
        for workflow_id in ("night", "deserted"):
            open_run(browser, page, workflow_id)
            assert browser.js(CONTRAST) == []
        open_run(browser, page, "payloads", tab="history", event="8")
        browser.until(lambda: browser.all(".panel pre"))
        assert browser.js(CONTRAST) == []
    finally:
        browser.emulate(prefers_color_scheme="")


def test_a_narrow_screen_shows_all_of_it(browser: Browser, page: Page) -> None:
    width = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    browser.chrome.set_window_size(500, 900)
    try:
        browser.open(domain=DOMAIN)
        browser.until(lambda: names(browser))
        assert browser.js(width) == 0
        for tab in ("timeline", "history"):
            open_run(browser, page, "night", tab=tab)
            assert browser.js(width) == 0
    finally:
        browser.chrome.set_window_size(1360, 900)


def test_a_service_without_domains_says_how_to_begin(browser: Browser, tmp_path: Path) -> None:
    empty = Page(tmp_path / "empty.db")
    try:
        browser.chrome.get(empty.url)
        browser.until(lambda: "No domains yet" in browser.text(".empty"))
        assert f"AWS_ENDPOINT_URL_SWF={empty.url}" in browser.text(".empty pre")
    finally:
        browser.chrome.get("about:blank")
        empty.stop()
