"""Text or bytes ↔ an SWF field: the first tier that fits.

    1. as it is            plain text                  {"x":1}
                           escaped (begins like one)   ~t~home
                           bytes                       ~b<base64>
    2. within the field    zstd of text                ~z<base64>
                           zstd of bytes               ~Z<base64>
    3. in a store          zstd of text                ~s<reference>
                           zstd of bytes               ~S<reference>

2 and 3 with a trained dictionary begin with its id: ``~d<8 hex digits>:~z…``. The input of a further attempt
brings the last heartbeat with it: ``~h<length of the heartbeat>:<heartbeat><input>``, both fields as above.
`PREFIX` is a character with which JSON cannot begin: a field that begins otherwise is what the serializer
wrote, readable in any console.

base64, not base85: base85 brings 6 % more into a field and on the wire is just as safe, but it takes some
fifty times as long in Python, and no shell decodes it (``base64 -d | zstd -d`` does the other).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from pyswf_fast.exceptions import ConfigurationError, SerializationError
from pyswf_fast.storage.compression import Dictionary, compress

__all__ = [
    "DEFAULT_TIERS",
    "MOST_BYTES",
    "PREFIX",
    "Frame",
    "Parsed",
    "Tiers",
    "parse",
    "plain",
    "references",
    "unwrapped",
    "wrapped",
]

#: Begins every field that is not plain text.
PREFIX = "~"
#: No payload is decompressed to more.
MOST_BYTES = 256 * 1024 * 1024

ESCAPED, BYTES, ZSTD_TEXT, ZSTD_BYTES, STORED_TEXT, STORED_BYTES = (PREFIX + letter for letter in "tbzZsS")
_DICTIONARY = PREFIX + "d"
_DICTIONARY_ID = re.compile("([0-9a-f]{8}):")  # and nothing else: it becomes part of a key
_HEARTBEAT = PREFIX + "h"
_HEARTBEAT_LENGTH = re.compile("([0-9]{1,5}):")


@dataclass(frozen=True)
class Tiers:
    """From which length on payloads are compressed, and from which on they are stored.

    Without thresholds the field's own limit is the only one: what fits as it is travels as it is, what fits
    compressed travels compressed, the rest is stored.

    Parameters:
        compress_from: Characters from which on a payload is compressed though it would fit; None is only what
            does not fit. A payload that compression makes no shorter stays as it is.
        store_from: Characters of the compressed field from which on a payload is stored though it would fit.
        level: zstd's: 19 takes a hundred times as long as 3, and makes a fifth less of JSON.
        dictionary: What the payloads have in common, see `Dictionary`. Readers find it in the store if it was
            saved there, else among their own `dictionary` and `known`.
        known: Dictionaries that payloads were written with earlier.
        max_bytes: No payload is decompressed to more.
    """

    compress_from: int | None = None
    store_from: int | None = None
    level: int = 3
    dictionary: Dictionary | None = None
    known: tuple[Dictionary, ...] = ()
    max_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        for keyword in ("compress_from", "store_from"):
            value = getattr(self, keyword)
            if value is not None and (type(value) is not int or value < 0):
                raise ConfigurationError(
                    f"{keyword} is {value!r}; it must be a number of characters, or None"
                )
        if not -100 <= self.level <= 22:
            raise ConfigurationError(f"level is {self.level!r}; zstd has 1 to 22, and negative ones")
        if self.max_bytes < 1:
            raise ConfigurationError(f"max_bytes is {self.max_bytes!r}; it must be at least 1")


DEFAULT_TIERS = Tiers()


class Parsed(NamedTuple):
    """A field taken apart.

    Parameters:
        tier: One of the prefixes, "" for plain text.
        body: What is behind it.
        dictionary: Id of the dictionary that it was compressed with, or None.
    """

    tier: str
    body: str
    dictionary: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the body is a reference."""
        return self.tier in (STORED_TEXT, STORED_BYTES)

    @property
    def is_text(self) -> bool:
        """Whether the serializer wrote text, not bytes."""
        return self.tier in ("", ESCAPED, ZSTD_TEXT, STORED_TEXT)

    def inline_bytes(self, what: str) -> bytes:
        """Decode what is in the field as base64."""
        try:
            return base64.b64decode(self.body, validate=True)
        except (binascii.Error, ValueError) as refusal:
            raise SerializationError(
                f"{what} begins with {self.tier!r} and is no base64: {refusal}"
            ) from refusal


def parse(field: str, what: str) -> Parsed:
    """Take a field apart.

    Raises:
        SerializationError: It begins with `PREFIX`, and is none of the tiers.
    """
    if not field.startswith(PREFIX):
        return Parsed("", field)
    tier, body = field[:2], field[2:]
    if tier in (ESCAPED, BYTES, ZSTD_TEXT, ZSTD_BYTES, STORED_TEXT, STORED_BYTES):
        return Parsed(tier, body)
    if tier == _DICTIONARY and (named := _DICTIONARY_ID.match(body)):
        within = parse(body[named.end() :], what)
        if within.dictionary is None and within.tier not in ("", ESCAPED, BYTES):
            return within._replace(dictionary=named[1])
    raise SerializationError(
        f"{what} begins with {field[:12]!r}: a tier that this version of pyswf_fast does not know"
    )


def plain(written: str | bytes, foreign: str) -> str:
    """Write a payload as it is: text, escaped where it begins like a prefix, or base64 of bytes.

    Parameters:
        written: What a serializer wrote.
        foreign: Another prefix that must not be taken for one.
    """
    if isinstance(written, bytes):
        return BYTES + base64.b64encode(written).decode()
    if not written or written.startswith((PREFIX, foreign)):
        return ESCAPED + written
    return written


class Frame(NamedTuple):
    """A payload, compressed."""

    body: bytes
    is_text: bool
    dictionary: str | None

    @classmethod
    def of(cls, written: str | bytes, tiers: Tiers) -> Frame:
        """Compress a payload."""
        body = written.encode() if isinstance(written, str) else written
        dictionary = tiers.dictionary
        frame = compress(body, tiers.level, dictionary)
        return cls(frame, isinstance(written, str), None if dictionary is None else dictionary.id)

    @property
    def inline_length(self) -> int:
        """Characters of the field that it would be."""
        return len(self._prefix) + 2 + (len(self.body) + 2) // 3 * 4

    @property
    def _prefix(self) -> str:
        return f"{_DICTIONARY}{self.dictionary}:" if self.dictionary else ""

    def inline(self) -> str:
        """Write it into the field."""
        return (
            self._prefix + (ZSTD_TEXT if self.is_text else ZSTD_BYTES) + base64.b64encode(self.body).decode()
        )

    def stored(self, reference: str) -> str:
        """Write into the field where it is stored."""
        return self._prefix + (STORED_TEXT if self.is_text else STORED_BYTES) + reference


def wrapped(heartbeat: str, field: str) -> str:
    """Join the last heartbeat and an input to one field."""
    return f"{_HEARTBEAT}{len(heartbeat)}:{heartbeat}{field}"


def unwrapped(field: str | None) -> tuple[str | None, str]:
    """Take an input field apart: the heartbeat of an earlier attempt, or None, and the input."""
    if field is None or not field.startswith(_HEARTBEAT):
        return None, field or ""
    length = _HEARTBEAT_LENGTH.match(field, len(_HEARTBEAT))
    if length is None or length.end() + int(length[1]) > len(field):
        raise SerializationError(f"an input begins with {field[:20]!r}, and is no input with a heartbeat")
    end = length.end() + int(length[1])
    return field[length.end() : end], field[end:]


def references(text: str | None) -> list[str]:
    """Find the references to stored payloads in a field of SWF: input, result, details, control.

    Fields within it are looked at, too: the heartbeat before an input or beside a failure, the result in the
    marker of a cached function. What is no field of ours has none.

    Parameters:
        text: The field; None has no references.

    Returns:
        What `DataStore.get` takes, each once.
    """
    found: dict[str, None] = {}
    for field in _fields(text or ""):
        try:
            parsed = parse(field, "")
        except SerializationError:
            continue
        if parsed.is_stored:
            found[parsed.body] = None
        elif field.startswith("s3://"):  # as PySwfAws wrote it
            found[field] = None
    return list(found)


def _fields(text: str) -> Iterator[str]:
    """Give a field and those within it."""
    if text.startswith(_HEARTBEAT):
        try:
            heartbeat, rest = unwrapped(text)
        except SerializationError:
            return
        yield heartbeat or ""
        text = rest
    yield text
    if text.startswith(('{"n":', '{"pyswf":')):  # the marker of a cached function; a failure
        try:
            document = orjson.loads(text)
        except ValueError:
            return
        inner = [document.get("r"), document.get("heartbeat")]
        inner += document["x"] if isinstance(document.get("x"), list) else []
        for field in inner:
            if isinstance(field, str) and field.startswith(PREFIX):
                yield field
