"""JSON text ↔ values: by orjson, and by the standard json wherever orjson would refuse or change a value."""

from __future__ import annotations

import json
from typing import Any

import orjson

from pyswf_fast.exceptions import SerializationError
from pyswf_fast.plain import NONFINITE, carried, has_nonfinite, stand_in

__all__ = ["WIDE_INTEGER_DIGITS", "read", "write"]

#: No integer of fewer digits lies beyond 64 bits, where orjson would read it as a float.
WIDE_INTEGER_DIGITS = 19

_ALL_DIGITS_ARE_ZERO = bytes(ord("0") if 48 <= code <= 57 else code for code in range(256))
_WIDE_INTEGER = b"0" * WIDE_INTEGER_DIGITS
_NONFINITE_BYTES = NONFINITE.encode()

#: orjson would leave out fields of dataclasses that begin with "_", write what cached properties left there,
#: and round the offsets of old local times.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def read(text: str | bytes) -> Any:
    """Read a value.

    Raises:
        SerializationError: The text is no JSON.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    extended = _NONFINITE_BYTES in raw
    if not extended and not (
        len(raw) >= WIDE_INTEGER_DIGITS and _WIDE_INTEGER in raw.translate(_ALL_DIGITS_ARE_ZERO)
    ):
        try:
            return orjson.loads(raw)
        except ValueError:
            pass  # perhaps NaN, a lone surrogate, 1e400: the standard json has the last word
    try:
        value = json.loads(text)
        return _restored(value) if extended else value
    except (ValueError, RecursionError) as refusal:
        raise SerializationError(f"this is no JSON: {refusal}") from refusal


def write(value: Any) -> str:
    """Write a value, as text that every reader of JSON reads (RFC 8259).

    Raises:
        SerializationError: A part of it cannot travel; which, where, and why.
    """
    try:
        raw = orjson.dumps(value, stand_in, _OPTIONS)
        # orjson writes NaN and the infinities as null, in silence
        if _NONFINITE_BYTES not in raw and not (b"null" in raw and has_nonfinite(value)):
            return raw.decode()
    except (TypeError, ValueError, RecursionError):
        pass  # a wide integer, keys that are no strings, a lone surrogate, depth; or what cannot travel
    plain = carried(value)
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
    except RecursionError as refusal:
        raise SerializationError("it is nested too deeply") from refusal
    return text


def _restored(value: Any) -> Any:
    """Give the floats, and the dicts, that `carried` wrote under `NONFINITE`."""
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {NONFINITE}:
        inner = value[NONFINITE]
        if inner in ("NaN", "Infinity", "-Infinity"):
            return float(inner)
        if isinstance(inner, dict) and inner.keys() == {NONFINITE}:
            value = inner
    return {key: _restored(item) for key, item in value.items()}
