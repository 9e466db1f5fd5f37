"""Keys of stored messages, and the seals by which references tell what they name."""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from urllib.parse import quote

from pyswf_fast.exceptions import PayloadCorrupted

__all__ = ["Seal", "clean_key", "raw"]

#: The longest part of a key; file systems take 255 bytes.
PART_LIMIT = 200


class Seal(NamedTuple):
    """The end of a reference: hash and size of what it names, and whether that is text.

    ``#<sha256>.<size>.<t|b>``; the hash is left out where the place in front of it ends with it already.
    """

    digest: str
    size: int
    is_text: bool

    @classmethod
    def of(cls, message: str | bytes) -> Seal:
        """Seal a message."""
        body = raw(message)
        return cls(hashlib.sha256(body).hexdigest(), len(body), isinstance(message, str))

    @classmethod
    def split(cls, reference: str) -> tuple[str, Seal | None]:
        """Take a reference apart: the place, and the seal if it has one."""
        place, mark, end = reference.rpartition("#")
        digest, _, rest = end.partition(".")
        size, _, kind = rest.partition(".")
        digest = digest or place.rpartition("/")[2]
        if not mark or len(digest) != 64 or not size.isdecimal() or len(size) > 15 or kind not in ("t", "b"):
            return reference, None
        return place, cls(digest, int(size), kind == "t")

    def behind(self, place: str) -> str:
        """Write the sealed reference to a place."""
        digest = "" if place.endswith(f"/{self.digest}") else self.digest
        return f"{place}#{digest}.{self.size}.{'t' if self.is_text else 'b'}"

    def verify(self, body: bytes, reference: str) -> None:
        """Compare size and hash of what was read."""
        if len(body) != self.size:
            raise PayloadCorrupted(f"{reference} has {len(body)} bytes instead of {self.size}", reference)
        if hashlib.sha256(body).hexdigest() != self.digest:
            raise PayloadCorrupted(
                f"{reference} has other bytes than were written: their SHA-256 differs", reference
            )

    def open(self, body: bytes, reference: str) -> str | bytes:
        """Return the message as its type, having verified it."""
        self.verify(body, reference)
        if not self.is_text:
            return body
        try:
            return body.decode()
        except UnicodeDecodeError as trouble:
            raise PayloadCorrupted(f"{reference} is no text: {trouble}", reference) from trouble


def raw(message: str | bytes) -> bytes:
    """Give the bytes of a message."""
    return message.encode() if isinstance(message, str) else bytes(message)


def clean_key(key: str) -> str:
    """Make a path of a key that leads nowhere but down: no ``.``, no ``..``, no part too long or odd."""
    parts = []
    for part in key.split("/"):
        safe = quote(part, safe="%+=~@,")
        if not safe:
            continue
        if safe in (".", ".."):
            safe = safe.replace(".", "%2E")
        if len(safe) > PART_LIMIT:
            digest = hashlib.sha256(safe.encode()).hexdigest()
            safe = f"{safe[: PART_LIMIT - 33]}~{digest[:32]}"
        parts.append(safe)
    return "/".join(parts)
