"""Values ↔ text: how arguments and results are written before they travel through SWF.

A serializer is any object with the four methods of `Serializer`. Nothing here unpickles, and no name found in
data is ever imported.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib
import json
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import orjson

from pyswf_fast.exceptions import SerializationError

__all__ = ["JsonSerializer", "ProtobufSerializer", "Serializer"]

#: No integer of fewer digits lies beyond 64 bits, where orjson would read it as a float.
WIDE_INTEGER_DIGITS = 19

_ALL_DIGITS_ARE_ZERO = bytes(ord("0") if 48 <= code <= 57 else code for code in range(256))
_WIDE_INTEGER = b"0" * WIDE_INTEGER_DIGITS
_KEY_TYPES = (str, int, float, bool, type(None))


@runtime_checkable
class Serializer(Protocol):
    """Turns a function's input and result into str or bytes, and back."""

    def serialize_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | bytes:
        """Write the arguments of one call."""

    def deserialize_input(self, text: Any) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Read what `serialize_input` wrote, as ``(args, kwargs)``; the type of text is kept."""

    def serialize_result(self, result: Any) -> str | bytes:
        """Write one value."""

    def deserialize_result(self, text: Any) -> Any:
        """Read what `serialize_result` wrote; the type of text is kept."""


class JsonSerializer:
    """Plain JSON: an input is ``[args, kwargs]``, a result its value, as PySwfAws wrote them.

    Written and read by orjson, and by the standard json wherever orjson would refuse or change a value that
    JSON carries: integers beyond 64 bits, NaN and the infinities, keys that are not strings, lone surrogates.
    Tuples come back as lists; dataclasses, datetimes, UUIDs and enums as what orjson writes for them.
    """

    def serialize_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """Write ``[args, kwargs]``."""
        return _write([list(args), dict(kwargs)])

    def deserialize_input(self, text: str | bytes) -> tuple[list[Any], dict[str, Any]]:
        """Read ``[args, kwargs]``."""
        value = _read(text)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not isinstance(value[0], list)
            or not isinstance(value[1], dict)
        ):
            raise SerializationError(
                f"expected the JSON array [args, kwargs] (such as [[1, 2], {{}}]), found {_shape(value)}"
            )
        return value[0], value[1]

    def serialize_result(self, result: Any) -> str:
        """Write one value."""
        return _write(result)

    def deserialize_result(self, text: str | bytes) -> Any:
        """Read one value."""
        return _read(text)

    def __repr__(self) -> str:
        return "JsonSerializer()"


class ProtobufSerializer:
    """Protocol buffers: the input is one message, the only argument of the call, and so is the result.

    Needs the package protobuf (``pip install pyswf-fast[protobuf]``).

    Parameters:
        message_class: The generated class of the message.
    """

    def __init__(self, message_class: type[Any]) -> None:
        try:
            base = importlib.import_module("google.protobuf.message").Message
        except ImportError as missing:
            raise SerializationError(
                "ProtobufSerializer needs the package protobuf: pip install 'pyswf-fast[protobuf]'"
            ) from missing
        if not (isinstance(message_class, type) and issubclass(message_class, base)):
            raise SerializationError(f"{message_class!r} is no generated protobuf message class")
        self._message_class = message_class

    def serialize_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
        """Write the one argument; it arrives as a positional one."""
        values = [*args, *kwargs.values()]
        if len(values) != 1:
            raise SerializationError(f"a protobuf input is exactly one argument, this call has {len(values)}")
        return self.serialize_result(values[0])

    def deserialize_input(self, text: bytes) -> tuple[list[Any], dict[str, Any]]:
        """Read the one argument."""
        return [self.deserialize_result(text)], {}

    def serialize_result(self, result: Any) -> bytes:
        """Write one message."""
        if not isinstance(result, self._message_class):
            raise SerializationError(
                f"expected a {self._message_class.__qualname__} message, found {_shape(result)}"
            )
        try:
            written: bytes = result.SerializeToString(deterministic=True)
        except Exception as refusal:
            raise SerializationError(f"{self._message_class.__qualname__}: {refusal}") from refusal
        return written

    def deserialize_result(self, text: bytes) -> Any:
        """Read one message."""
        if not isinstance(text, bytes):
            raise SerializationError(
                f"expected the bytes of a {self._message_class.__qualname__}, found {_shape(text)}"
            )
        message = self._message_class()
        try:
            message.ParseFromString(text)
        except Exception as refusal:
            raise SerializationError(f"no {self._message_class.__qualname__}: {refusal}") from refusal
        return message

    def __repr__(self) -> str:
        return f"ProtobufSerializer({self._message_class.__qualname__})"


def _read(text: str | bytes) -> Any:
    if len(text) < WIDE_INTEGER_DIGITS:
        wide = False
    else:
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        wide = _WIDE_INTEGER in raw.translate(_ALL_DIGITS_ARE_ZERO)
    try:
        if not wide:
            return orjson.loads(text)
    except ValueError:
        pass  # perhaps NaN, a lone surrogate, 1e400: the standard json has the last word
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as refusal:
        raise SerializationError(f"this is no JSON: {refusal}") from refusal


def _write(value: Any) -> str:
    try:
        raw = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _write_slowly(value)
    # orjson writes NaN and the infinities as null, in silence
    if b"null" in raw and _has_nonfinite(value):
        return _write_slowly(value)
    return raw.decode()


def _write_slowly(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        try:
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(value, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as refusal:
        raise SerializationError(_complaint(value) or str(refusal)) from refusal
    lost = _find_key_twice(value, "")
    if lost:
        raise SerializationError(lost)
    return text


def _plain(value: Any) -> Any:
    """Do what orjson does with the types that the standard json does not know."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time, uuid.UUID)):
        return orjson.loads(orjson.dumps(value))
    raise TypeError(f"{_shape(value)} is no JSON value")


def _fields(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if not f.name.startswith("_")}


def _children(value: Any) -> list[tuple[str, Any]]:
    """List what lies inside a value, each with its step of a path."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, enum.Enum):
        return [(".value", value.value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(f".{name}", item) for name, item in _fields(value).items()]
    return []


def _has_nonfinite(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float):
            if not math.isfinite(item):
                return True
        elif item is not None and not isinstance(item, (str, int)):
            stack.extend(child for _, child in _children(item))
        elif isinstance(item, enum.Enum):
            stack.append(item.value)
    return False


def _find_key_twice(value: Any, path: str) -> str | None:
    """Tell of keys that are two in Python and one in JSON, such as 1 and "1"."""
    if isinstance(value, dict) and not all(type(key) is str for key in value):
        seen: dict[str, Any] = {}
        for key in value:
            written = json.loads(json.dumps({key: 0}))
            name = next(iter(written))
            if name in seen:
                return f"at {path or 'the top'}: the keys {seen[name]!r} and {key!r} are one in JSON"
            seen[name] = key
    for step, child in _children(value):
        found = _find_key_twice(child, path + step)
        if found:
            return found
    return None


def _complaint(value: Any) -> str | None:
    """Say where in a value the first thing lies that JSON cannot carry."""
    stack: list[tuple[str, Any, tuple[int, ...]]] = [("", value, ())]
    while stack:
        path, item, above = stack.pop()
        where = f"at {path}: " if path else ""
        if id(item) in above:
            return f"{where}it contains itself"
        if len(above) > 900:
            return f"at {path[:60]}…: it is nested too deeply"
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, _KEY_TYPES):
                    return f"{where}the key {key!r:.80} is {_shape(key)}; JSON's keys are strings"
        children = _children(item)
        if children:
            stack.extend((path + step, child, (*above, id(item))) for step, child in reversed(children))
            continue
        try:
            json.dumps(item, default=_plain)
        except (TypeError, ValueError, RecursionError):
            return f"{where}{_shape(item)} is no JSON value"
    return None


def _shape(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{article} {name}"
