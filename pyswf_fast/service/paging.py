"""Pages: of histories, whose bytes are joined, and of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.faults import invalid_token
from pyswf_fast.service.tokens import fingerprint, seal, unseal

__all__ = ["LARGEST_PAGE", "PAGE_TOKEN_LIFETIME_MS", "cut", "history_page", "open_page_token", "page_size"]

LARGEST_PAGE = 1000
PAGE_TOKEN_LIFETIME_MS = 24 * 3_600_000


def page_size(params: dict[str, Any]) -> int:
    """`maximumPageSize`, where 0 and its absence leave the size to the service."""
    return params.get("maximumPageSize") or LARGEST_PAGE


def open_page_token(token: str, kind: str, now_ms: int, arguments: tuple[object, ...]) -> list[int]:
    """The numbers in a page token, which must be of this kind, made for the same arguments and not too old."""
    made_for, issued_ms, *position = (_int(part) for part in unseal(token, kind))
    if made_for != fingerprint(*arguments):
        raise invalid_token()
    if now_ms - issued_ms > PAGE_TOKEN_LIFETIME_MS:
        raise ServiceFault("ValidationException", "Specified token has exceeded its maximum lifetime")
    return position


def make_page_token(kind: str, now_ms: int, arguments: tuple[object, ...], *position: int) -> str:
    """The token that `open_page_token` opens."""
    return seal(kind, fingerprint(*arguments), now_ms, *position)


def _int(part: str) -> int:
    try:
        return int(part)
    except ValueError:
        raise invalid_token() from None


def cut(
    kind: str,
    member: str,
    found: list[Any],
    params: dict[str, Any],
    now_ms: int,
    arguments: tuple[object, ...],
) -> dict[str, Any]:
    """One page of `found`, which is reversed first where `reverseOrder` says so."""
    arguments = (*arguments, params.get("reverseOrder", False))
    if params.get("reverseOrder"):
        found = found[::-1]
    first = 0
    if "nextPageToken" in params:
        (first,) = open_page_token(params["nextPageToken"], kind, now_ms, arguments)
    end = first + page_size(params)
    answer: dict[str, Any] = {member: found[first:end]}
    if end < len(found):
        answer["nextPageToken"] = make_page_token(kind, now_ms, arguments, end)
    return answer


def history_page(
    read: Callable[[int, int], Sequence[bytes]],
    first: int,
    last: int,
    size: int,
    reverse: bool,
) -> tuple[bytes, int | None]:
    """The members `events` of a page and where the next page starts (None: there is none).

    Parameters:
        read: Gives the events between two ids, both included.
        first: The lowest event id that is left.
        last: The highest.
        size: How many the page may hold.
        reverse: Highest first.
    """
    if reverse:
        start = max(first, last - size + 1)
        events = b",".join(reversed(read(start, last)))
        following = start - 1 if start > first else None
    else:
        end = min(last, first + size - 1)
        events = b",".join(read(first, end))
        following = end + 1 if end < last else None
    return b'"events":[%s]' % events, following
