"""Values ↔ the payload fields of SWF: serialize, then the first tier that fits (``storage/tiers.py``).

value ── serializer ──► text or bytes ──► field: as it is, or compressed, or a reference into a data store
value ◄── serializer ◄── text or bytes ◄── field
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, overload

from pyswf_fast.annotations import Annotations, converted
from pyswf_fast.exceptions import (
    ConversionError,
    DataStoreError,
    PayloadTooLarge,
    RemoteError,
    SerializationError,
    SwfError,
)
from pyswf_fast.failures import (
    DETAILS_LIMIT,
    exception_types,
    failure_from_text,
    failure_to_text,
    heartbeat_in_failure,
)
from pyswf_fast.serializers import JsonSerializer, Serializer
from pyswf_fast.storage.fields import offloaded, read_field, write_field
from pyswf_fast.storage.offloaded import Draft, Offloaded
from pyswf_fast.storage.store import DataStore, SwfDataStore
from pyswf_fast.storage.tiers import PREFIX, references, unwrapped, wrapped
from pyswf_fast.storage.traffic import write_all

__all__ = ["DATA_LIMIT", "LIMITED_DATA_LIMIT", "PREFIX", "Codec", "Draft"]

#: Characters of ``input``, ``result``, ``details``, ``control``, ``executionContext``.
DATA_LIMIT = 32_768
#: Characters of a heartbeat's ``details``.
LIMITED_DATA_LIMIT = 2_048
#: Characters of a failure's details that a compressed one may have before it is cut, or stored.
LONGEST_FAILURE = 1_000_000

#: Gives the fields that the code will probably ask for next, each with its codec (None: the asking one's) and
#: whether it is a result.
Ahead: TypeAlias = "Callable[[], Iterable[tuple[Codec | None, str, bool]]]"

logger = logging.getLogger("pyswf_fast.worker")

_JSON = JsonSerializer()
_INLINE = SwfDataStore()


class Codec:
    """How one function's input, result and failures are written and read.

    Parameters:
        name: The function's qualified name, for errors.
        function: The function itself, whose parameters' names errors tell; may be None.
        input_data_serializer: Writes the arguments; None is a `JsonSerializer`.
        input_data_store: Takes inputs that are too long; None is a `SwfDataStore`.
        result_data_serializer: Writes the result; None is a `JsonSerializer`.
        result_data_store: Takes results that are too long; None is a `SwfDataStore`.
        annotations: As which types arguments and results are read; None are the function's own. A serializer
            that is no `JsonSerializer` chooses the types itself.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any] | None = None,
        *,
        input_data_serializer: Serializer | None = None,
        input_data_store: DataStore | None = None,
        result_data_serializer: Serializer | None = None,
        result_data_store: DataStore | None = None,
        annotations: Annotations | None = None,
    ) -> None:
        self.name = name
        self.input_serializer: Serializer = input_data_serializer or _JSON
        self.input_store: DataStore = input_data_store or _INLINE
        self.result_serializer: Serializer = result_data_serializer or _JSON
        self.result_store: DataStore = result_data_store or _INLINE
        self.annotations = annotations or Annotations(function, name)
        self._function = function

    @property
    def plain_results(self) -> bool:
        """Whether results that do not begin with `PREFIX` are plain JSON, which the engine reads by itself.

        What orjson refuses, or may change (`WIDE_INTEGER_DIGITS` digits in a row, a ``$``), is for
        `decode_result`.
        """
        return type(self.result_serializer) is JsonSerializer and self.annotations.is_result_plain

    @overload
    def encode_input(self, args: Sequence[Any], kwargs: Mapping[str, Any], scope: str | None) -> str: ...
    @overload
    def encode_input(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], scope: str | None, later: Literal[True]
    ) -> str | Draft: ...
    def encode_input(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], scope: str | None, later: bool = False
    ) -> str | Draft:
        """Write the arguments of a call.

        Parameters:
            args: Positional arguments, without the object of a method.
            kwargs: Keyword arguments.
            scope: Prefix of the keys under which stores keep what is too long; None stores nothing, the field
                then says that it would have.
            later: What is to be stored is returned as a `Draft`, and written when the caller says so.
        """
        return self._put(self._input(args, kwargs), scope, self.input_store, "input", DATA_LIMIT, later)

    def draft_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | bytes:
        """Serialize the arguments of a call, to be compared with `written_input`."""
        return self._checked(self._input(args, kwargs), "input")

    def written_input(self, field: str) -> str | bytes:
        """Find what the serializer made of the arguments of a call."""
        return self._get(unwrapped(field)[1], self.input_store, "input")

    def _input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        try:
            return self.input_serializer.serialize_input(args, kwargs)
        except Exception as refusal:
            raise self._blame_argument(args, kwargs, refusal) from refusal

    def decode_input(self, text: str | None) -> tuple[list[Any], dict[str, Any]]:
        """Read the arguments of a call; no text is a call without arguments."""
        _, text = unwrapped(text)
        if not text:
            return [], {}
        written = self._get(text, self.input_store, "input")
        try:
            args, kwargs = self.input_serializer.deserialize_input(written)
            args, kwargs = list(args), dict(kwargs)
            if isinstance(self.input_serializer, JsonSerializer):
                return self.annotations.arguments(args, kwargs)
        except ConversionError:
            raise
        except Exception as refusal:
            raise SerializationError(f"input of {self.name}(): {_said(refusal)}") from refusal
        return args, kwargs

    @overload
    def encode_again(self, recorded: str | None, heartbeat: str, scope: str | None) -> str: ...
    @overload
    def encode_again(
        self, recorded: str | None, heartbeat: str, scope: str | None, later: Literal[True]
    ) -> str | Draft: ...
    def encode_again(
        self, recorded: str | None, heartbeat: str, scope: str | None, later: bool = False
    ) -> str | Draft:
        """Write the input of a further attempt: the recorded one, with the last heartbeat before it.

        Where both do not fit, the input is compressed, or goes into the data store; without one, the
        heartbeat is dropped.

        Parameters:
            recorded: The input field of the attempt before, which may bring an older heartbeat.
            heartbeat: Details of the last heartbeat, as SWF has them.
            scope: As for `encode_input`.
            later: As for `encode_input`.
        """
        older, text = unwrapped(recorded)
        if len(wrapped(heartbeat, text)) <= DATA_LIMIT:
            return wrapped(heartbeat, text)
        room = DATA_LIMIT - len(wrapped(heartbeat, ""))
        try:
            field = self._put(
                self._get(text, self.input_store, "input"), scope, self.input_store, "input", room, True
            )
        except PayloadTooLarge:
            logger.warning(
                "the last heartbeat of %s() has %d characters and its input %d, and SWF takes %d together: "
                "the next attempt begins %s; give its decorator an input_data_store",
                *(self.name, len(heartbeat), len(text), DATA_LIMIT),
                "without it" if older is None else "with an older one",
            )
            return recorded or ""
        if isinstance(field, str):
            return wrapped(heartbeat, field)
        field.heartbeat = heartbeat
        return field if later else field.field

    def carry_input(self, recorded: str | None, scope: str | None) -> str | Draft | None:
        """Write the recorded input of a run for the run that continues it.

        What is stored is stored again, for the next run: its predecessor's payloads may be deleted by age.
        """
        if recorded is None or not references(recorded) or scope is None:
            return recorded
        written = self._get(unwrapped(recorded)[1], self.input_store, "input")
        return self._put(written, scope, self.input_store, "input", DATA_LIMIT, True)

    def decode_heartbeat(self, recorded: str | None, heartbeat: str | None = None) -> Any:
        """Read the last heartbeat: the attempt's own, else that which came with its input; None is none."""
        return self.decode_value(heartbeat or unwrapped(recorded)[0], "last heartbeat")

    @overload
    def encode_result(self, value: Any, scope: str | None, limit: int = ...) -> str: ...
    @overload
    def encode_result(
        self, value: Any, scope: str | None, limit: int = ..., *, later: Literal[True]
    ) -> str | Draft: ...
    def encode_result(
        self, value: Any, scope: str | None, limit: int = DATA_LIMIT, *, later: bool = False
    ) -> str | Draft:
        """Write a result.

        Parameters:
            value: The result.
            scope: As for `encode_input`.
            limit: The most characters that the field may have.
            later: As for `encode_input`.
        """
        return self._put(self._result(value), scope, self.result_store, "result", limit, later)

    def draft_result(self, value: Any) -> str | bytes:
        """Serialize a result, to be compared with `written_result`."""
        return self._checked(self._result(value), "result")

    def written_result(self, field: str) -> str | bytes:
        """Find what the serializer made of a result."""
        return self._get(field, self.result_store, "result")

    def _result(self, value: Any) -> object:
        try:
            return self.result_serializer.serialize_result(value)
        except Exception as refusal:
            raise SerializationError(f"result of {self.name}(): {_said(refusal)}") from refusal

    def decode_result(self, text: str | None, ahead: Ahead | None = None) -> Any:
        """Read a result; no text is None.

        Parameters:
            text: The field.
            ahead: Gives the fields to fetch together with this one, if it refers to a store.
        """
        is_json = isinstance(self.result_serializer, JsonSerializer)
        if text is None or (text == "" and is_json):
            return None
        written = self._get(text, self.result_store, "result", ahead)
        try:
            value = self.result_serializer.deserialize_result(written)
        except Exception as refusal:
            raise SerializationError(f"result of {self.name}(): {_said(refusal)}") from refusal
        return self.annotations.result(value) if is_json else value

    @overload
    def encode_value(self, value: Any, scope: str | None, what: str, limit: int = ...) -> str: ...
    @overload
    def encode_value(
        self, value: Any, scope: str | None, what: str, limit: int = ..., *, later: Literal[True]
    ) -> str | Draft: ...
    def encode_value(
        self, value: Any, scope: str | None, what: str, limit: int = DATA_LIMIT, *, later: bool = False
    ) -> str | Draft:
        """Write a value that is neither input nor result: of a signal, a marker, a heartbeat. Always as JSON.

        Parameters:
            value: What to write.
            scope: As for `encode_input`.
            what: What it is, for errors, such as ``"signal 'go'"``.
            limit: The most characters that the field may have.
            later: As for `encode_input`.
        """
        try:
            text = _JSON.serialize_result(value)
        except SerializationError as refusal:
            raise SerializationError(f"{what} of {self.name}(): {refusal}") from refusal
        return self._put(text, scope, self.input_store, what, limit, later)

    def decode_value(
        self, text: str | None, what: str = "value", ahead: Ahead | None = None, type: Any = None
    ) -> Any:
        """Read what `encode_value` wrote, as a type if one is named; no text is None.

        `ahead` is as for `decode_result`.
        """
        if not text:
            return None
        written = self._get(text, self.input_store, what, ahead)
        try:
            value = _JSON.deserialize_result(written)
        except SerializationError as refusal:
            raise SerializationError(f"{what} of {self.name}(): {refusal}") from refusal
        return value if type is None else converted(value, type, f"{what} of {self.name}()")

    def encode_failure(
        self,
        exception: BaseException,
        scope: str | None,
        limit: int = DETAILS_LIMIT,
        heartbeat: str | None = None,
    ) -> tuple[str, str]:
        """Write an exception as ``(reason, details)``.

        The reason is its first 256 characters, for people. Details that are too long are compressed or
        stored; where there is no store, or it does not answer, they are cut.

        Parameters:
            exception: What was raised.
            scope: As for `encode_input`.
            limit: The most characters of details.
            heartbeat: Details of the last heartbeat, for the next attempt.
        """
        reason, details = failure_to_text(exception, LONGEST_FAILURE, heartbeat)
        try:
            field = self._put(details, scope, self.result_store, "failure", limit, False)
            return reason, str(field)
        except (DataStoreError, PayloadTooLarge) as trouble:
            if isinstance(trouble, DataStoreError):
                logger.warning("details of a failure of %s() are cut: %s", self.name, trouble)
            return failure_to_text(exception, limit, heartbeat)

    def decode_failure(self, reason: str | None, details: str | None) -> RemoteError | None:
        """Read a failure; None where it says nothing."""
        return failure_from_text(reason, self._details(details))

    def exception_types(self, reason: str | None, details: str | None) -> tuple[str, ...]:
        """Name the raised exception's type and its base classes; none where a failure does not say."""
        return exception_types(reason, self._details(details))

    def heartbeat_in_failure(self, details: str | None) -> str | None:
        """Find what `encode_failure` was given as the last heartbeat."""
        return heartbeat_in_failure(self._details(details))

    def _details(self, details: str | None) -> str | None:
        """Find the details of a failure; what somebody else wrote is left as it is."""
        if not details or not details.startswith(PREFIX):
            return details
        try:
            found = self._get(details, self.result_store, "failure")
        except SerializationError:
            return details
        return found if isinstance(found, str) else details

    def _put(
        self, text: object, scope: str | None, store: DataStore, what: str, limit: int, later: bool
    ) -> str | Draft:
        """Make a field of what a serializer wrote."""
        whose = f"{what} of {self.name}()"
        field = write_field(
            self._checked(text, what), limit, store, scope, whose,
            lambda length: PayloadTooLarge(self._too_long(what, store, length, limit)),
        )  # fmt: skip
        return field if later or isinstance(field, str) else field.field

    def _checked(self, text: object, what: str) -> str | bytes:
        if isinstance(text, (bytes, bytearray, memoryview)):
            return bytes(text)
        whose = f"{what} of {self.name}(): the serializer"
        if not isinstance(text, str):
            raise SerializationError(f"{whose} returned a {type(text).__qualname__}, not str or bytes")
        try:
            text.encode()
        except UnicodeEncodeError as refusal:
            raise SerializationError(f"{whose} wrote text with a lone surrogate") from refusal
        return text

    def _get(self, field: str, store: DataStore, what: str, ahead: Ahead | None = None) -> str | bytes:
        """Find what a serializer wrote, from a field."""
        together = None if ahead is None else lambda: self._together(ahead)
        return read_field(field, store, f"{what} of {self.name}()", together)

    def write(self, drafts: Iterable[Draft]) -> None:
        """Put drafts into their stores, side by side."""
        write_all(drafts)

    def _together(self, ahead: Ahead) -> Iterator[Offloaded]:
        for codec, field, is_result in ahead():
            asked = self if codec is None else codec
            payload = offloaded(field, asked.result_store if is_result else asked.input_store)
            if payload is not None:
                yield payload

    def _too_long(self, what: str, store: DataStore, length: int, limit: int) -> str:
        if isinstance(store, SwfDataStore):
            side = what if what in ("input", "result") else "input"
            hint = (
                f"give its decorator {side}_data_store=S3DataStore(…) or FileDataStore(…), "
                "or pass a reference to the data instead"
            )
        else:
            hint = f"and that is the reference which {store!r} made of it"
        return f"the {what} of {self.name}() is {length:,} characters long and SWF takes {limit:,}: {hint}"

    def _blame_argument(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], refusal: Exception
    ) -> SerializationError:
        """Find the argument that cannot be written, by writing each by itself."""
        names = self._parameter_names(len(args))
        for name, value in [*zip(names, args, strict=True), *kwargs.items()]:
            try:
                if isinstance(self.input_serializer, JsonSerializer):
                    self.input_serializer.serialize_result(value)
                else:
                    self.input_serializer.serialize_input((value,), {})
            except Exception as found:  # noqa: BLE001, PERF203 - a user's serializer may raise anything
                return SerializationError(f"argument {name!r} of {self.name}(): {_said(found)}")
        return SerializationError(f"arguments of {self.name}(): {_said(refusal)}")

    def _parameter_names(self, count: int) -> list[str]:
        names: list[str] = []
        rest = "args"
        if self._function is not None:
            try:
                parameters = list(inspect.signature(self._function).parameters.values())
            except (TypeError, ValueError):
                parameters = []
            if parameters and parameters[0].name in ("self", "cls"):
                del parameters[0]
            for parameter in parameters:
                if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    names.append(parameter.name)
                elif parameter.kind is parameter.VAR_POSITIONAL:
                    rest = parameter.name
        names = names[:count]
        return names + [f"{rest}[{index}]" for index in range(count - len(names))]


def _said(exception: BaseException) -> str:
    text = str(exception)
    return text if isinstance(exception, SwfError) else f"{type(exception).__qualname__}: {text}"
