"""Task and page tokens: opaque to clients, and all that is needed to find the thing again after a restart.

Their check sum and kind tell them from anything that this service did not make; they are no secret.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from zlib import crc32

from pyswf_fast.service.faults import invalid_token

__all__ = ["fingerprint", "numbers", "seal", "unseal"]


def seal(kind: str, *parts: str | int) -> str:
    """A token of `kind` that holds `parts`, none of which may contain a line break."""
    text = "\n".join([kind, *map(str, parts)]).encode()
    return urlsafe_b64encode(crc32(text).to_bytes(4, "big") + text).decode()


def unseal(token: str, kind: str) -> list[str]:
    """The parts of a token of `kind`; anything else is refused."""
    try:
        raw = b64decode(token, b"-_", validate=True)
        text = raw[4:]
        if crc32(text).to_bytes(4, "big") != raw[:4]:
            raise invalid_token()
        found, *parts = text.decode().split("\n")
    except (ValueError, binascii.Error):
        raise invalid_token() from None
    if found != kind:
        raise invalid_token()
    return parts


def numbers(parts: list[str], count: int) -> list[int]:
    """The `count` whole numbers that `parts` of a token must be: whoever knows the form can make one up."""
    if len(parts) != count or not all(part.isascii() and part.isdigit() for part in parts):
        raise invalid_token()
    return [int(part) for part in parts]


def fingerprint(*arguments: object) -> int:
    """A number that differs when a page is asked for with other arguments than the page before."""
    return crc32(repr(arguments).encode("utf-8", "surrogatepass"))
