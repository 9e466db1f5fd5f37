"""Deciders and workers in threads beside a program, which a failure in one of them ends."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

__all__ = ["end", "run_beside"]


def run_beside(*loops: Callable[[], object]) -> None:
    """Run each of `loops` in a thread."""
    for loop in loops:
        threading.Thread(target=_run, args=(loop,), daemon=True).start()


def _run(loop: Callable[[], object]) -> None:
    try:
        loop()
    except BaseException:  # noqa: BLE001 (whatever it is, the test is to see it)
        traceback.print_exc()
        end(1)


def end(code: int = 0) -> NoReturn:
    """End at once: the threads poll for up to a minute."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
