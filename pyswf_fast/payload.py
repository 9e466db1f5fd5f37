"""Values ↔ the payload fields of SWF: serialize, then the first tier that fits.

    value ── serializer ──► text or bytes ──► 1. as it is (text that begins like a prefix is escaped)
                                              2. in the field, encoded (bytes)
                                              3. in a data store, the field holds the reference

What is not plain text begins with `PREFIX`, a character with which JSON cannot begin, and a letter that names
the tier. So a field that begins otherwise is what the serializer wrote, and readable in any console.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyswf_fast.datastores import DataStore, SwfDataStore
from pyswf_fast.exceptions import (
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

__all__ = ["DATA_LIMIT", "LIMITED_DATA_LIMIT", "PREFIX", "Codec"]

#: Begins every field that is not plain text.
PREFIX = "~"
#: Characters of ``input``, ``result``, ``details``, ``control``, ``executionContext``.
DATA_LIMIT = 32_768
#: Characters of a heartbeat's ``details``.
LIMITED_DATA_LIMIT = 2_048

_ESCAPED = PREFIX + "t"  # text that is empty or begins like a prefix
_BYTES = PREFIX + "b"  # base64 of bytes
_STORED_TEXT = PREFIX + "s"  # a reference to text
_STORED_BYTES = PREFIX + "S"  # a reference to bytes
_HEARTBEAT = (
    PREFIX + "h"
)  # of a retry: `~h<length of the heartbeat>:<heartbeat><input>`, both fields as above

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
    ) -> None:
        self.name = name
        self.input_serializer: Serializer = input_data_serializer or _JSON
        self.input_store: DataStore = input_data_store or _INLINE
        self.result_serializer: Serializer = result_data_serializer or _JSON
        self.result_store: DataStore = result_data_store or _INLINE
        #: Results that do not begin with `PREFIX` are plain JSON, which the engine may read by itself. What
        #: orjson refuses, or may change (`WIDE_INTEGER_DIGITS` digits in a row), is for `decode_result`.
        self.plain_results = type(self.result_serializer) is JsonSerializer
        self._function = function

    def encode_input(self, args: Sequence[Any], kwargs: Mapping[str, Any], scope: str | None) -> str:
        """Write the arguments of a call.

        Parameters:
            args: Positional arguments, without the object of a method.
            kwargs: Keyword arguments.
            scope: Prefix of the keys under which stores keep what is too long; None stores nothing, the field
                then says that it would have.
        """
        return self._put(self._input(args, kwargs), scope, self.input_store, "input", DATA_LIMIT)

    def draft_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | bytes:
        """Serialize the arguments of a call, to be compared with `written_input`."""
        return self._checked(self._input(args, kwargs), "input")

    def written_input(self, field: str) -> str | bytes:
        """Find what the serializer made of the arguments of a call."""
        return self._get(_unwrapped(field)[1], self.input_store, "input")

    def _input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        try:
            return self.input_serializer.serialize_input(args, kwargs)
        except Exception as refusal:
            raise self._blame_argument(args, kwargs, refusal) from refusal

    def decode_input(self, text: str | None) -> tuple[list[Any], dict[str, Any]]:
        """Read the arguments of a call; no text is a call without arguments."""
        _, text = _unwrapped(text)
        if not text:
            return [], {}
        written = self._get(text, self.input_store, "input")
        try:
            args, kwargs = self.input_serializer.deserialize_input(written)
            return list(args), dict(kwargs)
        except Exception as refusal:
            raise SerializationError(f"input of {self.name}(): {_said(refusal)}") from refusal

    def encode_again(self, recorded: str | None, heartbeat: str, scope: str | None) -> str:
        """Write the input of a further attempt: the recorded one, with the last heartbeat before it.

        Where both do not fit, the input goes into the data store; without one, the heartbeat is dropped.

        Parameters:
            recorded: The input field of the attempt before, which may bring an older heartbeat.
            heartbeat: Details of the last heartbeat, as SWF has them.
            scope: As for `encode_input`.
        """
        older, text = _unwrapped(recorded)
        field = _wrapped(heartbeat, text)
        if len(field) > DATA_LIMIT and not isinstance(self.input_store, SwfDataStore):
            written = self._get(text, self.input_store, "input")
            field = _wrapped(heartbeat, self._stored(written, scope, self.input_store, "input"))
        if len(field) <= DATA_LIMIT:
            return field
        logger.warning(
            "the last heartbeat of %s() has %d characters and its input %d, and SWF takes %d together: the "
            "next attempt begins %s; give its decorator an input_data_store",
            *(self.name, len(heartbeat), len(text), DATA_LIMIT),
            "without it" if older is None else "with an older one",
        )
        return recorded or ""

    def decode_heartbeat(self, recorded: str | None, heartbeat: str | None = None) -> Any:
        """Read the last heartbeat: the attempt's own, else that which came with its input; None is none."""
        return self.decode_value(heartbeat or _unwrapped(recorded)[0], "last heartbeat")

    def encode_result(self, value: Any, scope: str | None, limit: int = DATA_LIMIT) -> str:
        """Write a result.

        Parameters:
            value: The result.
            scope: As for `encode_input`.
            limit: The most characters that the field may have.
        """
        return self._put(self._result(value), scope, self.result_store, "result", limit)

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

    def decode_result(self, text: str | None) -> Any:
        """Read a result; no text is None."""
        if text is None or (text == "" and self.plain_results):
            return None
        written = self._get(text, self.result_store, "result")
        try:
            return self.result_serializer.deserialize_result(written)
        except Exception as refusal:
            raise SerializationError(f"result of {self.name}(): {_said(refusal)}") from refusal

    def encode_value(self, value: Any, scope: str | None, what: str, limit: int = DATA_LIMIT) -> str:
        """Write a value that is neither input nor result: of a signal, a marker, a heartbeat. Always as JSON.

        Parameters:
            value: What to write.
            scope: As for `encode_input`.
            what: What it is, for errors, such as ``"signal 'go'"``.
            limit: The most characters that the field may have.
        """
        try:
            text = _JSON.serialize_result(value)
        except SerializationError as refusal:
            raise SerializationError(f"{what} of {self.name}(): {refusal}") from refusal
        return self._put(text, scope, self.input_store, what, limit)

    def decode_value(self, text: str | None, what: str = "value") -> Any:
        """Read what `encode_value` wrote; no text is None."""
        if not text:
            return None
        written = self._get(text, self.input_store, what)
        try:
            return _JSON.deserialize_result(written)
        except SerializationError as refusal:
            raise SerializationError(f"{what} of {self.name}(): {refusal}") from refusal

    def encode_failure(
        self,
        exception: BaseException,
        scope: str | None,  # noqa: ARG002 - failures are cut to fit, not stored
        limit: int = DETAILS_LIMIT,
        heartbeat: str | None = None,
    ) -> tuple[str, str]:
        """Write an exception as ``(reason, details)``, cut to what SWF takes.

        Parameters:
            exception: What was raised.
            scope: As for `encode_input`.
            limit: The most characters of details.
            heartbeat: Details of the last heartbeat, for the next attempt.
        """
        return failure_to_text(exception, limit, heartbeat)

    def decode_failure(self, reason: str | None, details: str | None) -> RemoteError | None:
        """Read a failure; None where it says nothing."""
        return failure_from_text(reason, details)

    def exception_types(self, reason: str | None, details: str | None) -> tuple[str, ...]:
        """Name the raised exception's type and its base classes; none where a failure does not say."""
        return exception_types(reason, details)

    def heartbeat_in_failure(self, details: str | None) -> str | None:
        """Find what `encode_failure` was given as the last heartbeat."""
        return heartbeat_in_failure(details)

    def _put(self, text: object, scope: str | None, store: DataStore, what: str, limit: int) -> str:
        """Make a field of what a serializer wrote."""
        written = self._checked(text, what)
        inline = self._inline(written, store)
        if isinstance(store, SwfDataStore) or (len(inline) <= limit and not getattr(store, "always", False)):
            field = inline
        else:
            field = self._stored(written, scope, store, what)
        if len(field) > limit:
            raise PayloadTooLarge(self._too_long(what, store, len(field), limit))
        return field

    def _stored(self, written: str | bytes, scope: str | None, store: DataStore, what: str) -> str:
        """Put what a serializer wrote into a store; the field with the reference."""
        digest = hashlib.sha256(written.encode() if isinstance(written, str) else written).hexdigest()
        key = f"{scope}/{digest}" if scope else digest
        try:
            reference = store.put(written, key) if scope is not None else f"(not stored) {digest}"
        except SwfError:
            raise
        except Exception as trouble:
            raise DataStoreError(
                f"{what} of {self.name}() could not be stored as {key}: {_said(trouble)}"
            ) from trouble
        return (_STORED_TEXT if isinstance(written, str) else _STORED_BYTES) + reference

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

    @staticmethod
    def _inline(text: str | bytes, store: DataStore) -> str:
        if isinstance(text, bytes):
            return _BYTES + base64.b64encode(text).decode()
        if not text or text.startswith((PREFIX, getattr(store, "foreign_prefix", PREFIX))):
            return _ESCAPED + text
        return text

    def _get(self, field: str, store: DataStore, what: str) -> str | bytes:
        """Find what a serializer wrote, from a field."""
        if not field.startswith(PREFIX):
            foreign = getattr(store, "foreign_prefix", None)
            if foreign is None or not field.startswith(foreign):
                return field
            tier, rest = _STORED_TEXT, field  # a bare reference, as PySwfAws wrote it
        else:
            tier, rest = field[:2], field[2:]
        if tier == _ESCAPED:
            return rest
        if tier == _BYTES:
            try:
                return base64.b64decode(rest, validate=True)
            except (binascii.Error, ValueError) as refusal:
                raise SerializationError(f"{what} of {self.name}() is no base64: {refusal}") from refusal
        if tier not in (_STORED_TEXT, _STORED_BYTES):
            raise SerializationError(
                f"{what} of {self.name}() begins with {tier!r}, which this version of pyswf_fast cannot read"
            )
        return self._fetch(rest, store, what, is_text=tier == _STORED_TEXT)

    def _fetch(self, reference: str, store: DataStore, what: str, *, is_text: bool) -> str | bytes:
        if isinstance(store, SwfDataStore):
            raise DataStoreError(
                f"{what} of {self.name}() lies in a data store ({reference:.200}), and this function "
                "has none: give the decorator the data store that wrote it"
            )
        try:
            found = store.get(reference)
            if is_text:
                return found if isinstance(found, str) else bytes(found).decode()
            return found.encode() if isinstance(found, str) else bytes(found)
        except SwfError:
            raise
        except Exception as trouble:
            raise DataStoreError(
                f"{what} of {self.name}() could not be had from {reference:.200}: {_said(trouble)}"
            ) from trouble

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


def _wrapped(heartbeat: str, text: str) -> str:
    return f"{_HEARTBEAT}{len(heartbeat)}:{heartbeat}{text}"


def _unwrapped(field: str | None) -> tuple[str | None, str]:
    """Take an input field apart: the heartbeat of an earlier attempt, or None, and the input."""
    if field is None or not field.startswith(_HEARTBEAT):
        return None, field or ""
    length, colon, rest = field[len(_HEARTBEAT) :].partition(":")
    if not colon or not length.isdecimal() or int(length) > len(rest):
        raise SerializationError(f"an input begins with {field[:20]!r}, and is no input with a heartbeat")
    return rest[: int(length)], rest[int(length) :]


def _said(exception: BaseException) -> str:
    text = str(exception)
    return text if isinstance(exception, SwfError) else f"{type(exception).__qualname__}: {text}"
