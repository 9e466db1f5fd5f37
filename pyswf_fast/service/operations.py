"""The one table of all operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from pyswf_fast.service import lifecycle, registration, tasking, visibility
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.request import Answer, Request

__all__ = ["OPERATIONS", "perform"]

OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    **registration.OPERATIONS,
    **lifecycle.OPERATIONS,
    **tasking.OPERATIONS,
    **visibility.OPERATIONS,
}


def perform(machine: Machine, now_ms: int, region: str, operation: str, params: dict[str, Any]) -> bytes:
    """Carry out a request that was checked; returns the body of the answer."""
    answer = OPERATIONS[operation](Request(machine, now_ms, params, region))
    if answer is None:
        return b""
    return answer if isinstance(answer, bytes) else orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)
