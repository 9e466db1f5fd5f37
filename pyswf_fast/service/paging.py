"""Pages: of histories, whose bytes are joined, and of lists; and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from pyswf_fast.service.faults import invalid_token, validation
from pyswf_fast.service.request import Request
from pyswf_fast.service.tokens import fingerprint, numbers, seal, unseal

__all__ = ["counted", "cut", "history_page", "make_page_token", "open_page_token", "page_size"]

LARGEST_PAGE = 1000
PAGE_TOKEN_LIFETIME_MS = 24 * 3_600_000


def page_size(params: dict[str, Any]) -> int:
    """`maximumPageSize`, where 0 and its absence leave the size to the service."""
    return params.get("maximumPageSize") or LARGEST_PAGE


def make_page_token(call: Request, kind: str, arguments: tuple[object, ...], *position: str | int) -> str:
    """A token of `kind` that leads on from `position` when the other arguments are the same."""
    return seal(kind, fingerprint(*arguments), call.now_ms, *position)


def open_page_token(call: Request, kind: str, arguments: tuple[object, ...]) -> list[str]:
    """The position in the request's page token."""
    parts = unseal(call.params["nextPageToken"], kind)
    made_for, issued_ms = numbers(parts[:2], 2)
    if made_for != fingerprint(*arguments):
        raise invalid_token()
    if call.now_ms - issued_ms > PAGE_TOKEN_LIFETIME_MS:
        raise validation("Specified token has exceeded its maximum lifetime")
    return parts[2:]


def cut(
    call: Request, kind: str, member: str, found: list[Any], arguments: tuple[object, ...]
) -> dict[str, Any]:
    """One page of `found`, which is reversed first where `reverseOrder` says so."""
    params = call.params
    arguments = (*arguments, params.get("reverseOrder", False))
    if params.get("reverseOrder"):
        found = found[::-1]
    first = 0
    if "nextPageToken" in params:
        (first,) = numbers(open_page_token(call, kind, arguments), 1)
    end = first + page_size(params)
    answer: dict[str, Any] = {member: found[first:end]}
    if end < len(found):
        answer["nextPageToken"] = make_page_token(call, kind, arguments, end)
    return answer


def counted(found: Iterable[object], call: Request) -> dict[str, Any]:
    """How many were found, up to the limit of what is counted."""
    most = call.machine.limits.count
    count = sum(1 for _ in islice(found, most + 1))
    return {"count": min(count, most), "truncated": count > most}


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
