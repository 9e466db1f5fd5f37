"""What the worker of the command line's tests serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pyswf_fast import Timer, activity_task, decision_task, wait_all, workflow


@activity_task(start_to_close_timeout=30)
def double(value: Any) -> Any:
    return value * 2


@activity_task(start_to_close_timeout=30, max_attempts=1)
def refuse(why: str) -> None:
    raise ValueError(why)


@decision_task
def twice(value: Any, suffix: Any = None) -> Any:
    doubled = double(value).result
    return doubled if suffix is None else [doubled, suffix]


@dataclass
class Bill:
    total: Decimal
    due: date
    scan: bytes


@decision_task
def billed(total: Decimal) -> Bill:
    return Bill(total, date(2026, 1, 31), b"scan")


@decision_task
def refused(why: str) -> None:
    wait_all(refuse(why))


@decision_task
def wait_for_word() -> Any:
    return workflow.signals("word").get()


@decision_task
def talkative() -> None:
    workflow.status("waits\nfor nobody " + 300 * "x")
    wait_all(Timer.get(3600))


@decision_task
def sleep_long() -> None:
    wait_all(Timer.get(3600))
