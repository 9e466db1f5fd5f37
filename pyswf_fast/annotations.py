"""What a function's annotations say of its arguments and its result, and values made to fit them."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from pyswf_fast.conversion import Converter, Mismatch, UnknownType, converter, name_of
from pyswf_fast.exceptions import ConversionError
from pyswf_fast.plain import shape_of

__all__ = ["Annotations", "converted", "names_in_sight"]

_NAME = re.compile(r"[^\W\d]\w*")
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Annotations:
    """The annotations of one function, looked at when the first value is to be read.

    Until then the classes that they name may be defined further down in its module.

    Parameters:
        function: The plain function; None has none.
        name: What errors call it; None is its qualified name.
        in_sight: What names stand for where it is defined, beside its module's; see `names_in_sight`.
    """

    def __init__(
        self,
        function: Callable[..., Any] | None,
        name: str | None = None,
        in_sight: Mapping[str, Any] | None = None,
    ) -> None:
        self._function = function
        self._name = name or getattr(function, "__qualname__", "function")
        self._in_sight = in_sight or {}
        self._converters: dict[str, Converter | None] = {}

    @property
    def is_result_plain(self) -> bool:
        """Whether results are handed over as JSON has them."""
        try:
            return self._converter("return") is None
        except ConversionError:  # said where a result is read
            return False

    def result(self, value: Any) -> Any:
        """Make of what was read as a result the type that is annotated."""
        return self._converted(value, "return", "result")

    def arguments(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Make of what was read as arguments the types that are annotated.

        Arguments that the function does not take stay as they are: its call will say so.
        """
        if not self._has_typed_parameters:
            return args, kwargs
        by_place, rest, by_name, others = self._parameters
        places = by_place + [rest] * (len(args) - len(by_place))
        return (
            [self._argument(value, place, place) for value, place in zip(args, places, strict=False)],
            {name: self._argument(value, by_name.get(name, others), name) for name, value in kwargs.items()},
        )

    def _argument(self, value: Any, parameter: str | None, name: str | None) -> Any:
        return value if parameter is None else self._converted(value, parameter, f"argument {name!r}")

    def _converted(self, value: Any, key: str, what: str) -> Any:
        convert = self._converter(key)
        if convert is None:
            return value
        try:
            return convert(value)
        except (UnknownType, NameError) as refusal:
            raise self._error(key, what, _unusable(refusal)) from refusal
        except Mismatch as refusal:
            raise self._error(key, what, f"found {shape_of(value)}: {refusal}") from refusal.__cause__

    def _converter(self, key: str) -> Converter | None:
        if key not in self._converters:
            self._converters[key] = self._made(key)
        return self._converters[key]

    def _made(self, key: str) -> Converter | None:
        if key not in self._written:
            return None
        try:
            annotation = self._resolved(self._written[key])
            if key in self._parameters_by_name and self._parameters_by_name[key].default is None:
                annotation = typing.Optional[annotation]  # noqa: UP045 - of what is no class too
            return converter(annotation)
        except Exception as refusal:
            what = "result" if key == "return" else f"argument {key!r}"
            raise self._error(key, what, _unusable(refusal)) from refusal

    def _error(self, key: str, what: str, why: str) -> ConversionError:
        annotation = name_of(self._written[key])
        said = f"-> {annotation}" if key == "return" else f"{key}: {annotation}"
        return ConversionError(f"{what} of {self._name}(), annotated `{said}`: {why}")

    def _resolved(self, annotation: Any) -> Any:
        """Evaluate an annotation by itself: another one may be beyond that."""
        if not isinstance(annotation, str) and not _forward(annotation):
            return annotation
        function: Any = inspect.unwrap(self._function) if self._function else None
        function = getattr(function, "__func__", function)
        names = {each.__name__: each for each in getattr(function, "__type_params__", ())}
        for name, cell in zip(*_closure(function), strict=False):
            with contextlib.suppress(ValueError):  # it has no value yet
                names[name] = cell.cell_contents
        alone = types.SimpleNamespace(__annotations__={"_": annotation})
        return typing.get_type_hints(
            alone, getattr(function, "__globals__", {}), {**self._in_sight, **names}, include_extras=True
        )["_"]

    @cached_property
    def _signature(self) -> inspect.Signature | None:
        return _signature(_described(self._function)) if self._function else None

    @cached_property
    def _parameters_by_name(self) -> dict[str, inspect.Parameter]:
        """What the function takes, without the object of a method."""
        parameters = list(self._signature.parameters.values()) if self._signature else []
        if parameters and parameters[0].name in ("self", "cls"):
            del parameters[0]
        return {parameter.name: parameter for parameter in parameters}

    @cached_property
    def _written(self) -> dict[str, Any]:
        """Annotations as they are written: by parameter, and ``return``."""
        found = {name: parameter.annotation for name, parameter in self._parameters_by_name.items()}
        if self._signature:
            found["return"] = self._signature.return_annotation
        return {
            key: annotation for key, annotation in found.items() if annotation is not inspect.Signature.empty
        }

    @cached_property
    def _has_typed_parameters(self) -> bool:
        return any(self._converter(name) is not None for name in self._parameters_by_name)

    @cached_property
    def _parameters(self) -> tuple[list[str | None], str | None, dict[str, str], str | None]:
        """Parameters by place, ``*rest``, by name, ``**others``."""
        known = self._parameters_by_name.values()
        by_place: list[str | None] = [each.name for each in known if each.kind in _BY_PLACE]
        rest, others = (next((each.name for each in known if each.kind is kind), None) for kind in _REST)
        return by_place, rest, {each.name: each.name for each in known if each.kind in _BY_NAME}, others


def converted(value: Any, annotation: Any, what: str) -> Any:
    """Make of what was read the type that is named where it is read.

    Raises:
        ConversionError: It is not of that type; `what` tells what it is.
    """
    try:
        convert = converter(annotation)
        return value if convert is None else convert(value)
    except (UnknownType, NameError) as refusal:
        raise ConversionError(f"{what} as {name_of(annotation)}: {_unusable(refusal)}") from refusal
    except Mismatch as refusal:
        raise ConversionError(
            f"{what} as {name_of(annotation)}: found {shape_of(value)}: {refusal}"
        ) from refusal.__cause__


def names_in_sight(function: Callable[..., Any], depth: int) -> dict[str, Any]:
    """Look up what the texts among a function's annotations name, where it is being decorated.

    A class of the surrounding function or class is not to be found later.

    Parameters:
        function: What is decorated.
        depth: How many calls up it is defined.
    """
    frame = sys._getframe(depth + 1)
    if frame.f_locals is frame.f_globals:
        return {}
    signature = _signature(_described(function))
    if signature is None:
        return {}
    written = [*(each.annotation for each in signature.parameters.values()), signature.return_annotation]
    names = {name for each in written if isinstance(each, str) for name in _NAME.findall(each)}
    return {
        name: frame.f_locals[name] for name in names if name in frame.f_locals and not hasattr(builtins, name)
    }


def _described(function: Any) -> Any:
    """Find whose signature is meant: a wrapper that takes anything hands it on to what it wraps."""
    while hasattr(function, "__wrapped__"):
        signature = _signature(function)
        parameters = list(signature.parameters.values()) if signature else []
        if parameters and parameters[0].name in ("self", "cls"):
            del parameters[0]
        if not all(each.kind in _REST for each in parameters):
            break
        function = function.__wrapped__
    return function


def _signature(function: Any) -> inspect.Signature | None:
    options: dict[str, Any] = {"follow_wrapped": False}
    if sys.version_info >= (3, 14):
        import annotationlib

        options["annotation_format"] = annotationlib.Format.FORWARDREF
    try:
        return inspect.signature(function, **options)
    except (TypeError, ValueError):  # Python does not know
        return None


def _closure(function: Any) -> tuple[tuple[str, ...], tuple[types.CellType, ...]]:
    code = getattr(function, "__code__", None)
    return (code.co_freevars, function.__closure__ or ()) if code else ((), ())


def _forward(annotation: Any) -> bool:
    """Tell whether something in an annotation is still to be looked up."""
    if isinstance(annotation, (str, typing.ForwardRef)):
        return typing.get_origin(annotation) is not typing.Literal
    if typing.get_origin(annotation) is typing.Literal:
        return False
    return any(_forward(part) for part in typing.get_args(annotation))


def _unusable(refusal: Exception) -> str:
    if isinstance(refusal, UnknownType):
        return f"nothing can be converted into it: {refusal}"
    hint = "; what is imported for type checkers alone is not there" if isinstance(refusal, NameError) else ""
    return f"it cannot be resolved at run time: {type(refusal).__name__}: {refusal}{hint}"
