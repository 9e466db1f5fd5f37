"""An event and the bytes that SWF sends for it.

An event is encoded once, when it is recorded, and those bytes are stored and sent: to read a history is
to join them. Keys stand in alphabetical order and timestamps are written as the real service writes
them (`1.504871454307E9`), so that readers meet the same bytes here as there.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import orjson

__all__ = ["Attributes", "Event", "attributes_member", "decode", "encode", "timestamp"]

Attributes = dict[str, Any]


class Event(NamedTuple):
    """Something that happened to an execution."""

    event_type: str
    event_id: int
    now_ms: int
    attributes: Attributes


@cache
def attributes_member(event_type: str) -> str:
    """The member of a history event that holds the attributes of `event_type`."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


def timestamp(now_ms: int) -> bytes:
    """An instant in milliseconds as the JSON number that Java's `Double.toString` gives for its seconds."""
    digits = str(now_ms)
    if len(digits) != 13:  # before 2001 or after 2286: only a virtual clock goes there
        return orjson.dumps(now_ms / 1000)
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}E9".encode()


class _Frame:
    """What surrounds the attributes of one event type: the member's name decides which side comes first."""

    __slots__ = ("attributes_first", "member", "tail")

    def __init__(self, event_type: str) -> None:
        member = attributes_member(event_type)
        self.attributes_first = member < "eventId"
        self.member = f'"{member}":'.encode()
        self.tail = f',"eventType":"{event_type}"'.encode()


_frames: dict[str, _Frame] = {}


def encode(event: Event) -> bytes:
    """The event as SWF sends it."""
    frame = _frames.get(event.event_type)
    if frame is None:
        frame = _frames[event.event_type] = _Frame(event.event_type)
    body = orjson.dumps(event.attributes, option=orjson.OPT_SORT_KEYS)
    head = b'"eventId":%d,"eventTimestamp":%s%s' % (event.event_id, timestamp(event.now_ms), frame.tail)
    if frame.attributes_first:
        return b"{%s%s,%s}" % (frame.member, body, head)
    return b"{%s,%s%s}" % (head, frame.member, body)


def decode(encoded: bytes) -> Event:
    """The event that was encoded."""
    fields = orjson.loads(encoded)
    event_type: str = fields["eventType"]
    now_ms = round(fields["eventTimestamp"] * 1000)
    return Event(event_type, fields["eventId"], now_ms, fields[attributes_member(event_type)])
