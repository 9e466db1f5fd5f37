"""Threads for what blocks; unlike those of `concurrent.futures` they do not keep the process alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["DaemonExecutor"]

T = TypeVar("T")


class DaemonExecutor(Executor):
    """Calls functions on at most so many threads, which are started as they are needed.

    Parameters:
        most: How many threads there may be; further calls wait.
        name: What the threads are called.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have `function` called by the next thread that is free."""
        future: Future[T] = Future()
        with self._lock:
            self._unfinished += 1
            if self._threads < min(self._most, self._unfinished):
                self._threads += 1
                threading.Thread(target=self._run, name=f"{self._name} {self._threads}", daemon=True).start()
        self._calls.put((future, lambda: function(*args, **kwargs)))
        return future

    def _run(self) -> None:
        while True:
            future, call = self._calls.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 (it is for whoever asks the future)
                    future.set_exception(error)
            with self._lock:
                self._unfinished -= 1
            del future, call
