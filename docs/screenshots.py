"""Makes the pictures of the embedded service's page: python docs/screenshots.py [directory]

Needs Chromium with its driver (Debian: chromium, chromium-driver) and selenium (`pip install --group test`).
The service runs on a clock that the script moves, so that days pass at once.
"""

from __future__ import annotations

import json
import linecache
import shutil
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3
from selenium import webdriver

from pyswf_fast.failures import failure_to_text
from pyswf_fast.service import VirtualClock
from pyswf_fast.service.http import serve

DOMAIN = "shop"
START = 1_796_030_000.0


class Shop:
    """A service with a domain, and the workers that it takes, played by hand."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.clock = clock
        self.swf = boto3.client(
            "swf",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        self.swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="30")
        for name in ("orders.order", "orders.invoice", "reports.weekly"):
            task_list = "invoices" if name == "orders.invoice" else "deciders"
            self.swf.register_workflow_type(
                domain=DOMAIN,
                name=name,
                version="1.0",
                defaultTaskList={"name": task_list},
                defaultChildPolicy="REQUEST_CANCEL",
                defaultTaskStartToCloseTimeout="30",
                defaultExecutionStartToCloseTimeout="2592000",
            )
        for name in ("orders.price", "orders.charge", "orders.pack", "orders.ship", "reports.page"):
            self.swf.register_activity_type(
                domain=DOMAIN,
                name=name,
                version="1.0",
                defaultTaskList={"name": "workers"},
                defaultTaskStartToCloseTimeout="300",
                defaultTaskScheduleToStartTimeout="NONE",
                defaultTaskScheduleToCloseTimeout="NONE",
                defaultTaskHeartbeatTimeout="NONE",
            )

    def start(self, workflow_id: str, name: str, input: Any, *tags: str) -> None:
        self.swf.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": name, "version": "1.0"},
            input=json.dumps(input),
            tagList=list(tags),
        )

    def decide(self, *decisions: dict[str, Any], seconds: float = 0.08, task_list: str = "deciders") -> None:
        self.clock.advance(0.03)
        task = self.swf.poll_for_decision_task(
            domain=DOMAIN, taskList={"name": task_list}, identity="app-1 4711"
        )
        self.clock.advance(seconds)
        self.swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=list(decisions))

    def take(self, waited: float = 0.05) -> str:
        self.clock.advance(waited)
        task = self.swf.poll_for_activity_task(
            domain=DOMAIN, taskList={"name": "workers"}, identity="worker-2 902"
        )
        token: str = task["taskToken"]
        return token

    def finish(self, token: str, seconds: float, result: Any) -> None:
        self.clock.advance(seconds)
        self.swf.respond_activity_task_completed(taskToken=token, result=json.dumps(result))

    def fail(self, token: str, seconds: float, file: str, line: str) -> None:
        self.clock.advance(seconds)
        name = f"/srv/shop/{file}"
        linecache.cache[name] = (len(line), None, [line], name)
        try:
            exec(compile(line, name, "exec"), {})
        except Exception as raised:  # noqa: BLE001
            users = getattr(raised.__traceback__, "tb_next", None)  # without this script's line
            reason, details = failure_to_text(raised.with_traceback(users))
        self.swf.respond_activity_task_failed(taskToken=token, reason=reason, details=details)

    def order(self, number: int, *, items: int, is_open: bool) -> None:
        """An order: prices, a charge that fails once, a night's wait, parcels side by side, an invoice."""
        item = {"item": "hammer", "amount": items, "price": 25.0}
        self.start(f"order-{number}", "orders.order", [[item], {"customer": "Ada"}], "web", "gift")
        self.decide(activity("1", "orders.price", item))
        self.finish(self.take(), 0.4, 25.0 * items)
        self.decide(activity("2", "orders.charge", [25.0 * items]))
        self.fail(self.take(), 1.2, "bank.py", "raise ConnectionError('the bank does not answer')")
        self.decide(timer("a2-2", 2))
        self.clock.advance(2)
        self.decide(activity("2-2", "orders.charge", [25.0 * items]))
        self.finish(self.take(), 0.9, {"receipt": "R-2231", "charged": 25.0 * items})
        self.decide(marker("cache", {"exchange rate": 1.08}), timer("1", 14 * 3600))
        self.clock.advance(9 * 3600)
        self.swf.signal_workflow_execution(
            domain=DOMAIN,
            workflowId=f"order-{number}",
            signalName="address changed",
            input='"Downing Street"',
        )
        self.decide()
        self.clock.advance(5 * 3600)
        self.decide(*(activity(str(n + 3), "orders.pack", [n]) for n in range(items)))
        tokens = [self.take(0.2) for _ in range(items)]
        for n, token in enumerate(tokens[:-1]):
            self.finish(token, 0.7, {"parcel": n, "kilograms": 1.5 + n})
            self.decide()
        self.finish(tokens[-1], 0.7, {"parcel": items - 1, "kilograms": 0.5})
        invoice = child(f"invoice-{number}", "orders.invoice")
        self.decide(invoice, activity(str(items + 3), "orders.ship", [number]))
        self.decide()
        if is_open:
            return
        token = self.take()
        self.decide(
            d("CompleteWorkflowExecution", result='{"invoice": "I-17"}'), seconds=0.5, task_list="invoices"
        )
        self.decide()
        self.finish(token, 2.4, "shipped")
        total = {"state": "shipped", "total": 25.0 * items, "receipt": "R-2231"}
        self.decide(d("CompleteWorkflowExecution", result=json.dumps(total)))

    def report(self, pages: int) -> None:
        """A report of many pages, made by eight workers at once."""
        self.start("weekly-48", "reports.weekly", {"week": 48, "pages": pages}, "internal")
        self.decide(*(activity(str(n + 1), "reports.page", {"page": n}) for n in range(pages)), seconds=0.4)
        at_work: list[str] = []
        for n in range(pages):
            at_work.append(self.take(0.02))
            if len(at_work) == 8:
                if n % 37 == 5:
                    self.fail(
                        at_work.pop(0), 0.09, "pages.py", f"raise ValueError('page {n - 7} has no title')"
                    )
                else:
                    self.finish(at_work.pop(0), 0.03 + n % 11 / 60, {"page": n - 7})
        for token in at_work:
            self.finish(token, 0.2, {"page": "one of the last"})
        self.decide(d("CompleteWorkflowExecution", result=json.dumps({"pages": pages})))

    def others(self) -> None:
        """Executions for the list: of all ends, and some that wait."""
        for number in range(1, 5):
            self.start(f"invoice-{2000 + number}", "orders.invoice", [number], "mail")
            end = (
                d("CompleteWorkflowExecution", result='"sent"'),
                d("FailWorkflowExecution", reason="ValueError: no such customer"),
                d("CancelWorkflowExecution"),
                d("CompleteWorkflowExecution", result='"sent"'),
            )[number - 1]
            self.decide(end, task_list="invoices", seconds=0.2 * number)
            self.clock.advance(700)


def d(decision: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionType": decision, f"{decision[0].lower()}{decision[1:]}DecisionAttributes": attributes}


def activity(id: str, name: str, input: Any) -> dict[str, Any]:
    kind = {"name": name, "version": "1.0"}
    return d("ScheduleActivityTask", activityId=id, activityType=kind, input=json.dumps(input))


def timer(id: str, seconds: int) -> dict[str, Any]:
    return d("StartTimer", timerId=id, startToFireTimeout=str(seconds))


def marker(name: str, details: Any) -> dict[str, Any]:
    return d("RecordMarker", markerName=name, details=json.dumps(details))


def child(workflow_id: str, name: str) -> dict[str, Any]:
    kind = {"name": name, "version": "1.0"}
    return d("StartChildWorkflowExecution", workflowId=workflow_id, workflowType=kind)


WIDTH = 1240
PICTURES = {  # name: workflow id (none: the list), tab, the row to choose, height of the window
    "page-list": (None, "", 0, 760),
    "page-timeline": ("order-1042", "timeline", 4, 960),
    "page-history": ("order-1042", "history", 12, 900),
    "page-pending": ("order-1043", "timeline", 4, 960),
}


def main(directory: Path) -> None:
    """Make all pictures."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    clock = VirtualClock(START)
    threading.Thread(target=serve, args=("127.0.0.1", port), kwargs={"clock": clock}, daemon=True).start()
    time.sleep(1)
    url = f"http://127.0.0.1:{port}"
    shop = Shop(url, clock)
    shop.others()
    shop.report(120)
    shop.order(1042, items=3, is_open=False)
    clock.advance(900)
    shop.order(1043, items=5, is_open=True)
    clock.advance(95)
    browser = make_browser()
    try:
        for theme in ("light", "dark"):
            browser.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
            )
            for name, picture in PICTURES.items():
                take(browser, url, *picture)
                browser.save_screenshot(str(directory / f"{name}-{theme}.png"))
    finally:
        browser.quit()


def take(browser: Any, url: str, workflow_id: str | None, tab: str, row: int, height: int) -> None:
    browser.set_window_size(WIDTH, height)
    browser.get(f"{url}/?domain={DOMAIN}")
    wait(browser, "tbody tr")
    if workflow_id:
        browser.execute_script("arguments[0].click()", browser.find_element("link text", workflow_id))
        wait(browser, ".lane")
        browser.execute_script("document.getElementById(arguments[0]).click()", f"tab-{tab}")
        choose(browser, {"timeline": ".lane", "history": ".event"}[tab], row)
    time.sleep(0.6)


def choose(browser: Any, selector: str, index: int) -> None:
    wait(browser, selector)
    browser.execute_script("arguments[0].click()", browser.find_elements("css selector", selector)[index])


def wait(browser: Any, selector: str) -> None:
    for _ in range(100):
        if browser.find_elements("css selector", selector):
            return
        time.sleep(0.1)
    raise SystemExit(f"{browser.current_url} shows no {selector}: {browser.get_log('browser')}")


def make_browser() -> Any:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = shutil.which("chromedriver")
    if driver is None:
        raise SystemExit(
            "there is no chromedriver: install it (Debian: apt-get install chromium chromium-driver)"
        )
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
