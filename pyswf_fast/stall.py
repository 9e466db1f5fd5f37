"""Deciders that block: the deciding thread watched, and where it stands reported.

A decider is to wait by Promises, which suspends it; code that blocks the thread instead (a socket, a lock,
``time.sleep``, a loop without end) holds up every execution of its process.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["StallWatch"]

logger = logging.getLogger("pyswf_fast.worker")

_OURS = __name__.partition(".")[0]


class StallWatch(threading.Thread):
    """Reports, once each time, that what runs ``within`` takes longer than the limit, with the stack.

    Parameters:
        limit_secs: The limit.
    """

    def __init__(self, limit_secs: float) -> None:
        super().__init__(name="stall watch", daemon=True)
        self._limit_secs = limit_secs
        self._changed = threading.Condition()
        self._what: object = None
        self._thread_id: int | None = None
        self._began = 0.0
        self._count = 0
        self._is_over = False

    @contextmanager
    def within(self, what: object) -> Iterator[None]:
        """Watch the calling thread while the block lasts."""
        began = time.monotonic()
        with self._changed:
            self._what, self._thread_id, self._began = what, threading.get_ident(), began
            self._count += 1
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._thread_id = None
                self._changed.notify()
            took = time.monotonic() - began
            if took > self._limit_secs:
                logger.warning("%s: the decider went on after it had blocked for %.1f s", what, took)

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def run(self) -> None:
        """Wait for each block to end, or to be too long."""
        with self._changed:
            while not self._is_over:
                if self._thread_id is None:
                    self._changed.wait()
                    continue
                count = self._count
                deadline = self._began + self._limit_secs
                while self._is_same(count) and (left := deadline - time.monotonic()) > 0:
                    self._changed.wait(left)
                if self._is_same(count):
                    self._report()
                    while self._is_same(count):
                        self._changed.wait()

    def _is_same(self, count: int) -> bool:
        return self._thread_id is not None and self._count == count and not self._is_over

    def _report(self) -> None:
        frame = sys._current_frames().get(self._thread_id or 0)
        logger.error(
            "%s: the decider has blocked its thread for %g s, and with it every other execution of this "
            "process. A decider waits by Promises only: move what blocks into an activity or a @cached "
            "function. It stands at:\n%s",
            self._what,
            self._limit_secs,
            _stack(frame),
        )


def _stack(frame: FrameType | None) -> str:
    """Tell where a frame stands, without the library's own frames around the user's."""
    lines = []
    for walked, line in traceback.walk_stack(frame):
        if str(walked.f_globals.get("__name__")).partition(".")[0] not in (_OURS, "threading"):
            code = walked.f_code
            lines.append(traceback.FrameSummary(code.co_filename, line, code.co_name))
    return "".join(traceback.StackSummary.from_list(lines[::-1]).format()) or "  (no frame of Python code)"
