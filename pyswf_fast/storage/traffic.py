"""Many payloads at once: readings ahead of their being asked for, and the writings of one decision.

A payload that is asked for, and not in the cache, is fetched together with those that the code will probably
ask for next; who asks for one of these while it is on its way waits for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from pyswf_fast.storage.offloaded import Draft, Offloaded

__all__ = ["AT_ONCE", "fetch", "write_all"]

#: Requests in flight.
AT_ONCE = 32
#: What is fetched ahead together, in bytes as they are stored.
MOST_AHEAD_BYTES = 64 * 1024 * 1024


class _Traffic:
    """The threads of a process that talk to stores, and what they are fetching."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pyswf-payloads")
        self.coming: dict[str, Future[str | bytes]] = {}

    def begin(self, payload: Offloaded) -> Future[str | bytes]:
        """Start to fetch a payload, unless it is on its way."""
        with self.lock:
            future = self.coming.get(payload.field)
            if future is None:
                future = self.coming[payload.field] = self.pool.submit(self.load, payload)
            return future

    def load(self, payload: Offloaded) -> str | bytes:
        try:
            return payload.load()  # which leaves it in the cache
        finally:
            with self.lock:
                self.coming.pop(payload.field, None)


_traffic = _Traffic()


def _forget() -> None:
    """Begin anew in a forked child: it has the parent's pool, and none of its threads."""
    global _traffic
    _traffic = _Traffic()


os.register_at_fork(after_in_child=_forget)


def fetch(payload: Offloaded, ahead: Callable[[], Iterable[Offloaded]] | None = None) -> str | bytes:
    """Give what a serializer wrote, from the cache or from its store.

    Parameters:
        payload: What is asked for.
        ahead: Gives what will probably be asked for next; called if the payload must be fetched.

    Raises:
        DataStoreError: It cannot be had. That something of `ahead` cannot is told when it is asked for.
    """
    found = payload.cached()
    if found is not None:
        return found
    coming = _traffic.coming.get(payload.field)
    if coming is not None:
        return coming.result()
    others = [] if ahead is None or payload.cache is None else _within_bounds(payload, ahead())
    if not others:
        return payload.load()
    first = _traffic.begin(payload)
    for other in others:
        _traffic.begin(other)
    return first.result()


def _within_bounds(payload: Offloaded, ahead: Iterable[Offloaded]) -> list[Offloaded]:
    """Choose what is fetched with a payload: new, and no more than the cache keeps until it is asked for."""
    assert payload.cache is not None  # noqa: S101 - for the type checker: the caller has asked
    # half of it: what comes out of the next ones is a guess
    room = min(MOST_AHEAD_BYTES, payload.cache.memory_bytes / 2 / payload.cache.expansion) - payload.size
    chosen: dict[str, Offloaded] = {}
    for other in ahead:
        if other.field == payload.field or other.field in chosen or other.cached() is not None:
            continue
        room -= other.size
        if room < 0:
            break
        chosen[other.field] = other
    return list(chosen.values())


def write_all(drafts: Iterable[Draft]) -> None:
    """Put drafts into their stores, side by side; then each has its field.

    Raises:
        DataStoreError: One of them could not be written; the others were, as far as they could.
    """
    waiting = [draft for draft in drafts if not draft.is_written]
    if len(waiting) < 2:
        for draft in waiting:
            draft.write()
        return
    futures: list[Future[Any]] = [_traffic.pool.submit(draft.write) for draft in waiting]
    failures = [failure for failure in (future.exception() for future in futures) if failure is not None]
    if failures:
        raise failures[0]
