"""Values ↔ text: how arguments and results are written before they travel through SWF.

A serializer is any object with the four methods of `Serializer`. Nothing here unpickles, and no name found in
data is ever imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from pyswf_fast import jsontext
from pyswf_fast.exceptions import SerializationError
from pyswf_fast.plain import shape_of

__all__ = ["JsonSerializer", "ProtobufSerializer", "Serializer"]


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
    """Plain JSON (RFC 8259): an input is ``[args, kwargs]``, a result its value, as PySwfAws wrote them.

    Written and read by orjson, and by the standard json wherever orjson would refuse or change a value that
    JSON carries: integers beyond 64 bits, keys that are not strings, lone surrogates. What JSON has no form
    of is written so:

    ===================================  ==============================================================
    datetime, date, time, timedelta      ISO 8601, with the offset where there is one
    UUID, Decimal, path                  text
    bytes, bytearray, memoryview         base64
    Enum                                 its value
    dataclass, msgspec, attrs, pydantic  an object with its fields
    tuple, NamedTuple                    an array
    set, frozenset                       an array, sorted
    numpy                                nested arrays and numbers
    NaN, the infinities                  ``{"$numberDouble": "NaN"}``, as MongoDB's Extended JSON does
    ===================================  ==============================================================

    Reading gives plain values of JSON, and NaN. What a function's annotations name is made of these by who
    knows the function (``annotations.py``).
    """

    def serialize_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """Write ``[args, kwargs]``."""
        return jsontext.write([list(args), dict(kwargs)])

    def deserialize_input(self, text: str | bytes) -> tuple[list[Any], dict[str, Any]]:
        """Read ``[args, kwargs]``."""
        value = jsontext.read(text)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not isinstance(value[0], list)
            or not isinstance(value[1], dict)
        ):
            raise SerializationError(
                f"expected the JSON array [args, kwargs] (such as [[1, 2], {{}}]), found {shape_of(value)}"
            )
        return value[0], value[1]

    def serialize_result(self, result: Any) -> str:
        """Write one value."""
        return jsontext.write(result)

    def deserialize_result(self, text: str | bytes) -> Any:
        """Read one value."""
        return jsontext.read(text)

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
                f"expected a {self._message_class.__qualname__} message, found {shape_of(result)}"
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
                f"expected the bytes of a {self._message_class.__qualname__}, found {shape_of(text)}"
            )
        message = self._message_class()
        try:
            message.ParseFromString(text)
        except Exception as refusal:
            raise SerializationError(f"no {self._message_class.__qualname__}: {refusal}") from refusal
        return message

    def __repr__(self) -> str:
        return f"ProtobufSerializer({self._message_class.__qualname__})"
