"""JSON's values → the type that an annotation names.

msgspec converts; here is said what it is asked to do beyond its own: models of pydantic, numpy's arrays,
paths, and the types that it refuses as a whole because of one part (unions whose members look alike in JSON,
enums of other values than texts and integers).

An annotation whose values JSON has itself (``int``, ``list[dict[str, float]]``, ``str | None``) needs no
converter: what was read is handed over as it is, unchecked, as Python hands over what a function returns.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import enum
import pathlib
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pyswf_fast.jsontext import write
from pyswf_fast.plain import carried, shape_of

__all__ = ["Converter", "Mismatch", "UnknownType", "converter", "name_of"]

Converter = Callable[[Any], Any]

_SCALARS = (str, int, float, bool, type(None))
_LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection)
_DICTS = (dict, abc.Mapping, abc.MutableMapping)
#: Made of a list, by themselves.
_MADE_OF_LISTS = (*_LISTS, set, frozenset, abc.Set, abc.MutableSet)
_ANYTHING = (Any, object, typing.NoReturn, getattr(typing, "Never", Any), abc.Callable)
_EVENTUAL = (abc.Awaitable, abc.Coroutine)


class Mismatch(ValueError):
    """A value that is not of the type: what was expected, what was found, and where in the value."""

    def __init__(self, why: str, path: str = "$") -> None:
        super().__init__(why if path == "$" else f"{why} - at `{path}`")
        self.why = why
        self.path = path

    @classmethod
    def of(cls, refusal: Exception) -> Mismatch:
        """Take over msgspec's message, which ends with its path."""
        if isinstance(refusal, Mismatch):
            return refusal
        why, mark, path = str(refusal).rpartition(" - at `")
        return cls(why, path.rstrip("`")) if mark and path.startswith("$") else cls(str(refusal))

    def within(self, step: str) -> Mismatch:
        """Say the same from one step further out."""
        return Mismatch(self.why, f"${step}{self.path[1:]}")


class UnknownType(TypeError):
    """An annotation into which nothing can be converted."""


def converter(annotation: Any) -> Converter | None:
    """Make the function that turns JSON's value into what an annotation names; None where it is that already.

    Raises:
        UnknownType: Nothing can be converted into it.
    """
    return None if _is_plain(annotation) else _reader(annotation)


def name_of(annotation: Any) -> str:
    """Name an annotation as it is written, without the modules of its parts."""
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")


def _is_plain(annotation: Any, above: tuple[Any, ...] = ()) -> bool:
    annotation = _unwrapped(annotation)
    if annotation in above:  # a type within itself
        return True
    above = (*above, annotation)
    if annotation in _ANYTHING or annotation in _SCALARS or annotation in (None, list, dict):
        return True
    if isinstance(annotation, typing.TypeVar):
        return annotation.__bound__ is None and not annotation.__constraints__
    if _is_typed_dict(annotation):
        return all(_is_plain(hint, above) for hint in _hints(annotation).values())
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in _ANYTHING:
        return True
    if origin is typing.Literal:
        return all(type(value) in _SCALARS for value in arguments)
    if _is_union(origin):
        # Text stays text where a union has it, whatever else is written as text.
        return all(_is_plain(member, above) for member in arguments)
    if origin in _LISTS:
        return _is_plain(arguments[0], above)
    if origin in _DICTS:
        return _unwrapped(arguments[0]) in (str, Any) and _is_plain(arguments[1], above)
    return False


def _unwrapped(annotation: Any) -> Any:
    """Give what an alias, a NewType or Annotated stands for, and what an awaitable brings."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated or getattr(origin, "_name", None) in ("Required", "NotRequired"):
            annotation = typing.get_args(annotation)[0]
        elif origin in _EVENTUAL:
            annotation = typing.get_args(annotation)[-1]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__"):  # of a `type` statement
            annotation = annotation.__value__
        else:
            return annotation


def _is_union(origin: Any) -> bool:
    return origin is typing.Union or origin is types.UnionType


def _reader(annotation: Any) -> Converter:
    """Make a converter that also checks; of the types that msgspec refuses, part by part."""
    import msgspec

    annotation = _unwrapped(annotation)
    try:
        msgspec.json.Decoder(annotation, dec_hook=_foreign)
    except TypeError as refusal:
        return _by_parts(annotation, str(refusal))
    except NameError as refusal:
        raise UnknownType(
            f"{refusal}: it must be importable where {name_of(annotation)} is defined"
        ) from refusal

    def read(value: Any) -> Any:
        try:
            return msgspec.convert(value, annotation, dec_hook=_foreign, str_keys=True)
        except msgspec.ValidationError as refusal:
            raise Mismatch.of(refusal) from refusal.__cause__

    return read


def _foreign(kind: Any, value: Any) -> Any:
    """Make what msgspec does not know; what is returned it checks against the type."""
    origin = typing.get_origin(kind) or kind
    if hasattr(origin, "model_validate_json"):
        return _pydantic(kind, value)
    if issubclass(origin, (pathlib.PurePath, str)) and isinstance(value, str):
        return origin(value)
    if issubclass(origin, (int, float)) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return origin(value)
    if issubclass(origin, (list, dict)) and isinstance(value, (list, dict)):
        return origin(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(origin, numpy.ndarray):
        wanted = [typing.get_args(part) for part in typing.get_args(kind)[1:]]
        scalar = wanted[0][0] if wanted and wanted[0] else None
        is_concrete = isinstance(scalar, type) and issubclass(scalar, numpy.generic)
        return numpy.array(value, scalar if is_concrete else None)
    if numpy is not None and issubclass(origin, numpy.generic):
        return origin(value)
    return value


def _pydantic(model: Any, value: Any) -> Any:
    try:
        return model.model_validate_json(write(value))
    except ValueError as refusal:
        errors = refusal.errors(include_url=False, include_input=False, include_context=False)  # type: ignore[attr-defined]
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
        raise Mismatch(f"{model.__qualname__}: {said}") from None


def _by_parts(annotation: Any, refusal: str) -> Converter:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if _is_union(origin):
        return _union(annotation, arguments)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _values(annotation, tuple(annotation))
    if origin is typing.Literal:
        return _values(annotation, arguments)
    kind = origin or annotation
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False)))
    if kind is tuple and arguments and arguments[-1] is not ...:
        return _tuple([_reader(part) for part in arguments])
    if (kind in _MADE_OF_LISTS or kind is tuple) and arguments:
        made = kind if isinstance(kind, type) and not kind.__module__.startswith("collections") else list
        made = set if kind in (abc.Set, abc.MutableSet) else made
        return _collection(made, _reader(arguments[0]))
    if kind in _DICTS and arguments:
        keys: Any = types.GenericAlias(dict, (arguments[0], Any))
        return _dictionary(_reader(keys), _reader(arguments[1]))
    if _is_typed_dict(kind):
        return _typed_dict(kind)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        parts = [_reader(_hints(kind).get(name, Any)) for name in kind._fields]
        return _named_tuple(kind, parts)
    raise UnknownType(refusal)


def _union(annotation: Any, members: tuple[Any, ...]) -> Converter:
    """Take the first member that fits: scalars that JSON has before all others, its lists and dicts last."""
    plain = [member for member in members if _is_plain(member)]
    if str in members and any(member in (bytes, bytearray, memoryview) for member in members):
        raise UnknownType(f"bytes are text in JSON: nothing tells them from str in {name_of(annotation)}")
    scalars = [
        member for member in plain if typing.get_origin(member) is None and member in (*_SCALARS, None)
    ]
    rest = [member for member in members if member not in scalars]
    ordered = scalars + [m for m in rest if m not in plain] + [m for m in rest if m in plain]
    readers = [_reader(member) for member in ordered]

    def read(value: Any) -> Any:
        fitting = []
        for reader in readers:
            try:
                made = reader(value)
            except ValueError:
                continue
            if not _loses(value, made):
                return made
            fitting.append(made)
        if fitting:
            return fitting[0]
        raise Mismatch(f"Expected `{name_of(annotation)}`, got {shape_of(value)} that is none of them")

    return read


def _loses(value: Any, made: Any) -> bool:
    """Tell whether what was made of an object lacks members of it: another type may fit better."""
    return isinstance(value, dict) and not value.keys() <= carried(made).keys()


def _values(kind: Any, values: tuple[Any, ...]) -> Converter:
    """Take one of few: the members of an enum, or of a Literal."""
    by_text = {write(value): value for value in values}

    def read(value: Any) -> Any:
        try:
            return by_text[write(value)]
        except KeyError:
            raise Mismatch(f"Expected a value of `{name_of(kind)}`, got {shape_of(value)}") from None

    return read


def _parts(readers: Iterator[tuple[str, Converter, Any]]) -> Iterator[Any]:
    for step, reader, value in readers:
        try:
            yield reader(value)
        except ValueError as refusal:  # noqa: PERF203 - to say where
            raise Mismatch.of(refusal).within(step) from refusal.__cause__


def _expect(kind: type[Any], value: Any) -> None:
    if not isinstance(value, kind):
        raise Mismatch(f"Expected {'an array' if kind is list else 'an object'}, got {shape_of(value)}")


def _collection(kind: Callable[[list[Any]], Any], reader: Converter) -> Converter:
    def read(value: Any) -> Any:
        _expect(list, value)
        return kind(list(_parts((f"[{index}]", reader, item) for index, item in enumerate(value))))

    return read


def _tuple(readers: list[Converter]) -> Converter:
    def read(value: Any) -> Any:
        _expect(list, value)
        if len(value) != len(readers):
            raise Mismatch(f"Expected an array of length {len(readers)}, got {len(value)}")
        places = zip(range(len(value)), readers, value, strict=True)
        return tuple(_parts((f"[{index}]", reader, item) for index, reader, item in places))

    return read


def _named_tuple(kind: Any, readers: list[Converter]) -> Converter:
    def read(value: Any) -> Any:
        _expect(list, value)
        least = len(readers) - len(kind._field_defaults)
        if not least <= len(value) <= len(readers):
            raise Mismatch(f"Expected an array of length {least} to {len(readers)}, got {len(value)}")
        places = zip(range(len(value)), readers, value, strict=False)
        return kind(*_parts((f"[{index}]", reader, item) for index, reader, item in places))

    return read


def _dictionary(keys: Converter, reader: Converter) -> Converter:
    def read(value: Any) -> Any:
        _expect(dict, value)
        parts = list(_parts((f"[{key!r}]", reader, item) for key, item in value.items()))
        return dict(zip(keys(dict.fromkeys(value)), parts, strict=True))

    return read


def _typed_dict(kind: Any) -> Converter:
    readers: dict[str, Converter] = {}

    def read(value: Any) -> Any:
        _expect(dict, value)
        if not readers:  # not before it is needed: a type may lie within itself
            readers.update((name, _reader(hint)) for name, hint in _hints(kind).items())
        for name in kind.__required_keys__:
            if name not in value:
                raise Mismatch(f"Object missing required field `{name}`")
        known = [name for name in readers if name in value]
        return dict(zip(known, _parts((f".{n}", readers[n], value[n]) for n in known), strict=True))

    return read


def _dataclass(kind: Any, given: dict[Any, Any]) -> Converter:
    readers: dict[str, Converter] = {}

    def read(value: Any) -> Any:
        _expect(dict, value)
        if not readers:  # not before it is needed: a type may lie within itself
            hints = _hints(kind)
            fields = [field.name for field in dataclasses.fields(kind) if field.init]
            readers.update((name, _reader(given.get(hints[name], hints[name]))) for name in fields)
        known = [name for name in readers if name in value]
        parts = _parts((f".{name}", readers[name], value[name]) for name in known)
        try:
            return kind(**dict(zip(known, parts, strict=True)))
        except TypeError as refusal:
            raise Mismatch(str(refusal)) from refusal

    return read


def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _is_typed_dict(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__required_keys__")
