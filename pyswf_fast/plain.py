"""Python's values → the values that JSON has: what stands for a datetime, a set, a dataclass, a NaN.

`stand_in` takes one step, for a type that JSON has no form of. `carried` goes through the whole value, and
says of what cannot travel where it lies.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import math
import pathlib
import sys
import uuid
from typing import Any

from pyswf_fast.exceptions import SerializationError

__all__ = ["NONFINITE", "carried", "has_nonfinite", "shape_of", "stand_in"]

#: The key of ``{"$numberDouble": "NaN"}``, as MongoDB's Extended JSON writes what JSON has no number for. A
#: dict of the user's that has this key alone is wrapped in another, so that it comes back as it was.
NONFINITE = "$numberDouble"

_MINUTE = dt.timedelta(minutes=1)


@functools.singledispatch
def stand_in(value: Any) -> Any:
    """Give what is written for a value of a type that JSON does not have; its parts may need the same."""
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return {name: getattr(value, name) for name in _field_names(kind)}
    if hasattr(kind, "model_dump"):  # pydantic
        return value.model_dump(mode="json", by_alias=True, round_trip=True)
    if hasattr(kind, "__struct_fields__") or hasattr(kind, "__attrs_attrs__"):
        import msgspec

        return msgspec.to_builtins(value, str_keys=True, enc_hook=stand_in, order="deterministic")
    numpy = sys.modules.get("numpy")  # without it, nothing is of its types
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if value.dtype.kind == "M":
            return numpy.datetime_as_string(value).tolist()
        if value.dtype.kind in "biufUO":
            return value.tolist()
    if isinstance(value, (str, int, float)):  # of a class of their own
        return next(base(value) for base in (str, int, float) if isinstance(value, base))
    raise TypeError(f"{shape_of(value)} is no JSON value")


@stand_in.register
def _(value: enum.Enum) -> Any:
    return value.value


@stand_in.register
def _(value: dt.datetime) -> str:
    # RFC 3339, and what reads it, knows offsets in whole minutes; local times before 1972 have others.
    offset = value.utcoffset()
    return (
        value.astimezone(dt.timezone.utc) if offset is not None and offset % _MINUTE else value
    ).isoformat()


@stand_in.register(dt.date)
@stand_in.register(dt.time)
def _(value: dt.date | dt.time) -> str:
    return value.isoformat()


@stand_in.register
def _(value: dt.timedelta) -> str:
    import msgspec

    written: str = msgspec.to_builtins(value)  # ISO 8601
    return written


@stand_in.register(uuid.UUID)
@stand_in.register(decimal.Decimal)
@stand_in.register(pathlib.PurePath)
def _(value: object) -> str:
    return str(value)


@stand_in.register(bytes)
@stand_in.register(bytearray)
@stand_in.register(memoryview)
def _(value: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(value).decode()


@stand_in.register
def _(value: tuple) -> list[Any]:  # type: ignore[type-arg]
    return list(value)  # a NamedTuple


@stand_in.register(set)
@stand_in.register(frozenset)
def _(value: set[Any] | frozenset[Any]) -> list[Any]:
    """In an order that is the same in every process, so that equal inputs are equal texts."""
    if all(type(item) is str for item in value) or all(type(item) is int for item in value):
        return sorted(value)
    return sorted(value, key=lambda item: repr(carried(item)))


@functools.lru_cache(maxsize=512)
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def carried(value: Any) -> Any:
    """Give the whole of a value as dicts, lists, texts, numbers, booleans and None.

    Raises:
        SerializationError: A part of it cannot travel; which, where, and why.
    """
    try:
        return _walk(value, set())
    except _Unwritable as refusal:
        where = "".join(reversed(refusal.steps))
        raise SerializationError(f"at {where}: {refusal}" if where else str(refusal)) from refusal.__cause__
    except RecursionError as refusal:
        raise SerializationError("it is nested too deeply") from refusal


class _Unwritable(Exception):
    """Something within a value; the steps that lead there, the last one first."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.steps: list[str] = []


def _walk(value: Any, above: set[int]) -> Any:
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, float) and not isinstance(value, enum.Enum):
        return float(value) if math.isfinite(value) else {NONFINITE: _name_of(value)}
    if id(value) in above:
        raise _Unwritable("it contains itself")
    above.add(id(value))
    walked: Any
    if isinstance(value, dict):
        walked = _walk_dict(value, above)
    elif type(value) in (list, tuple):
        walked = []
        for index, item in enumerate(value):
            try:
                walked.append(_walk(item, above))
            except _Unwritable as refusal:  # noqa: PERF203 - to say where
                refusal.steps.append(f"[{index}]")
                raise
    else:
        walked = _walk(_one_step(value), above)
    above.discard(id(value))
    return walked


def _walk_dict(value: dict[Any, Any], above: set[int]) -> dict[str, Any]:
    walked: dict[str, Any] = {}
    for key, item in value.items():
        name = key if type(key) is str else _key_text(key)
        if name in walked:
            twin = next(other for other in value if other is not key and _key_text(other) == name)
            raise _Unwritable(f"the keys {twin!r} and {key!r} are one in JSON")
        try:
            walked[name] = _walk(item, above)
        except _Unwritable as refusal:
            refusal.steps.append(f"[{key!r}]")
            raise
    return {NONFINITE: walked} if walked.keys() == {NONFINITE} else walked


def _one_step(value: Any) -> Any:
    try:
        return stand_in(value)
    except _Unwritable:
        raise
    except Exception as refusal:
        raise _Unwritable(str(refusal) or repr(refusal)) from refusal


def _key_text(key: Any) -> str:
    if isinstance(key, enum.Enum):
        return _key_text(key.value)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, float):
        return float.__repr__(key) if math.isfinite(key) else _name_of(key)
    if isinstance(key, int):
        return int.__repr__(key)
    text = key if isinstance(key, str) else None
    if isinstance(key, (dt.date, dt.time, dt.timedelta, uuid.UUID, decimal.Decimal, bytes, pathlib.PurePath)):
        text = stand_in(key)
    if text is None:
        raise _Unwritable(f"the key {key!r:.80} is {shape_of(key)}; JSON's keys are strings")
    return str(text)


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def has_nonfinite(value: Any) -> bool:
    """Tell whether NaN or an infinity lies anywhere in a value that can be written."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float):
            if not math.isfinite(item):
                return True
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
        elif not (item is None or isinstance(item, (str, int))):
            stack.append(stand_in(item))
    return False


def shape_of(value: Any) -> str:
    """Name a value's type with its article, for errors."""
    if value is None:
        return "None"
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{article} {name}"
