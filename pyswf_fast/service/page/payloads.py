"""Events as people read them: payload fields decoded, and shortened where many events are shown at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from pyswf_fast.exceptions import DataStoreError, RemoteError, SwfError
from pyswf_fast.payload import PREFIX, Codec
from pyswf_fast.service.events import attributes_member
from pyswf_fast.storage import SwfDataStore, Tiers

__all__ = ["brief", "contains", "full"]

FIELDS = ("input", "result", "details", "control", "executionContext")
LONGEST_BRIEF = 200  # characters of a field
LONGEST_FULL = 400_000
LONGEST_HEX = 4096  # bytes
LONGEST_AS_STORED = 600  # bytes of an event that is handed on as it is
MOST_BRIEF_BYTES, MOST_FULL_BYTES = 65_536, 1_048_576  # of a payload, once decompressed

_MARK = f'"{PREFIX}'.encode()  # begins a field that is not plain text, in an encoded event

# They have no data store: what lies in one is shown as the reference to it. What a few compressed characters
# of a history become is bounded, since it is decompressed on the loop that serves workers.
_brief_codec, _full_codec = (
    Codec("this history", input_data_store=store, result_data_store=store)
    for store in (SwfDataStore(tiers=Tiers(max_bytes=size)) for size in (MOST_BRIEF_BYTES, MOST_FULL_BYTES))
)


def brief(event: bytes) -> bytes:
    """An event with its payloads decoded and its long texts cut."""
    if len(event) <= LONGEST_AS_STORED and _MARK not in event:
        return event
    shown = orjson.loads(event)
    attributes = _attributes(shown)
    for name, value in attributes.items():
        if isinstance(value, str):
            text = _payload(value, _brief_codec)[1] if name in FIELDS else value
            attributes[name] = text if len(text) <= LONGEST_BRIEF else f"{text[: LONGEST_BRIEF - 1]}…"
    return orjson.dumps(shown)


def full(event: bytes) -> dict[str, Any]:
    """An event, and what is in each of its payload fields.

    Returns:
        `event` as it is stored, and `payloads` by the name of the field: the `kind`, the `text` to be shown
        (`json` indented, `text` as it is, `bytes` in hex, of a `failure` its traceback, of something `stored`
        elsewhere the reference, of something `unreadable` why), and the `size` of the field.
    """
    shown = orjson.loads(event)
    attributes = _attributes(shown)
    payloads = {}
    for name in FIELDS:
        field = attributes.get(name)
        if isinstance(field, str):
            told = _failure(attributes.get("reason"), field) if name == "details" else None
            kind, text = told or _payload(field)
            payloads[name] = _shown(kind, text, len(field))
            heartbeat = _heartbeat(field) if name == "input" else None
            if heartbeat is not None:
                payloads["heartbeat of the attempt before"] = _shown("text", heartbeat, len(heartbeat))
    return {"event": shown, "payloads": payloads}


def contains(event: bytes, text: str) -> bool:
    """Whether a text, in small letters, is in an event's type or in one of its attributes, decoded."""
    shown = orjson.loads(event)
    return any(text in one.casefold() for one in (shown["eventType"], *_texts(_attributes(shown))))


def _attributes(event: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = event[attributes_member(event["eventType"])]
    return attributes


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _payload(value)[1] if value.startswith(PREFIX) else value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    else:
        yield str(value)


def _payload(field: str, codec: Codec = _full_codec) -> tuple[str, str]:
    """Of which kind a payload is, and its text."""
    try:
        written = codec.written_input(field)
    except SwfError as error:
        is_stored = type(error) is DataStoreError  # there is no store to be asked
        return ("stored", field) if is_stored else ("unreadable", str(error))
    if isinstance(written, str):
        return "text", written
    return "bytes", written[:LONGEST_HEX].hex(" ") + (" …" if len(written) > LONGEST_HEX else "")


def _heartbeat(field: str) -> str | None:
    """The heartbeat that an input brings from the attempt before."""
    try:
        heartbeat = _full_codec.decode_heartbeat(field)
    except SwfError as error:
        return str(error)
    return None if heartbeat is None else json.dumps(heartbeat, ensure_ascii=False)


def _failure(reason: str | None, details: str) -> tuple[str, str] | None:
    """What pyswf_fast's workers make of an exception: its tracebacks, the cause first, as in Python."""
    tracebacks: list[str] = []
    try:
        error: BaseException | None = _full_codec.decode_failure(reason, details)
    except SwfError:
        return None  # which is told as of any payload
    while isinstance(error, RemoteError) and error.traceback:
        tracebacks.insert(0, error.traceback)
        error = error.__cause__
    return ("failure", "\n\n".join(tracebacks)) if tracebacks else None


def _shown(kind: str, text: str, size: int) -> dict[str, Any]:
    """A payload as the page shows it: JSON is indented, what is very long cut."""
    if kind == "text":
        with suppress(ValueError, RecursionError):  # other text
            kind, text = "json", json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return {"kind": kind, "text": text[:LONGEST_FULL], "size": size, "cut": len(text) > LONGEST_FULL}
