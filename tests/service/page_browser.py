"""A headless Chromium that looks at the page."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

__all__ = ["DRIVER", "INSTALL", "Browser", "Keys"]

T = TypeVar("T")

DRIVER = shutil.which("chromedriver")
INSTALL = "install Chromium and its driver (Debian: apt-get install chromium chromium-driver)"
PATIENCE_SECONDS = 20


class Browser:
    """Chromium at the page of a service.

    Parameters:
        url: Where the service listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.chrome = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
        self.chrome.set_window_size(1360, 900)

    def open(self, **params: str) -> None:
        self.chrome.get(f"{self.url}/?{urlencode(params)}")
        self.until(lambda: self.all("#main > :not(noscript)"))

    def js(self, script: str, *arguments: Any) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        return self.chrome.find_elements("css selector", selector)

    def one(self, selector: str) -> WebElement:
        return self.until(lambda: next(iter(self.all(selector)), None))

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements, in one round trip."""
        found: list[str] = self.js(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
        )
        return found

    def text(self, selector: str) -> str:
        return " ".join(self.texts(selector))

    def click(self, selector: str) -> None:
        self.one(selector)
        self.js("document.querySelector(arguments[0]).click()", selector)

    def write(self, selector: str, *keys: str) -> None:
        """Type in the place of what a field holds."""
        self.js("arguments[0].select()", self.one(selector))
        self.one(selector).send_keys(*keys)

    def press(self, *keys: str) -> None:
        """Type keys at whatever has the focus."""
        ActionChains(self.chrome).send_keys(*keys).perform()

    def until(self, condition: Callable[[], T | None]) -> T:
        """What the condition comes to, once it comes to something."""
        last = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < last, f"{self.chrome.current_url}: {self.text('body')[:2000]}"
            time.sleep(0.05)
        return found

    def focus(self) -> str:
        """What has the focus: its tag, and its label or first words."""
        script = """const e = document.activeElement;
            return `${e.tagName.toLowerCase()} ${e.getAttribute('aria-label') || e.name || e.textContent}`"""
        return str(self.js(script))[:80]

    def emulate(self, **features: str) -> None:
        found = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": found})

    def offline(self, offline: bool) -> None:
        self.chrome.execute_cdp_cmd("Network.enable", {})
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.chrome.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    def complaints(self) -> list[str]:
        """What the console said since it was asked last."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.chrome.get_log("browser")]

    def quit(self) -> None:
        self.chrome.quit()
