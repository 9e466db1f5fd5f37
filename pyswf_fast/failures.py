"""Exceptions ↔ the ``reason`` and ``details`` of an SWF failure.

What travels is text alone: type name, message, traceback and the chain of causes. On the other side a
`RemoteError` stands for each of them; no type is imported to rebuild it.
"""

from __future__ import annotations

import traceback
from typing import Any

import orjson

from pyswf_fast.exceptions import RemoteError

__all__ = [
    "exception_types",
    "failure_from_text",
    "failure_to_text",
    "heartbeat_in_failure",
    "qualified_name",
    "users_line",
]

#: Characters that SWF takes in ``reason`` and ``details``.
REASON_LIMIT = 256
DETAILS_LIMIT = 32_768

#: How many exceptions of one chain travel, the raised one first.
CHAIN_LIMIT = 16

_MARK = "pyswf"
_OURS = __name__.partition(".")[0]
_FORMAT = 1
_TYPE_NAME_LIMIT = 256
#: Characters of the names of base classes, those nearest to the class first.
_BASES_LIMIT = 1_024
_CUT = "…"
_LONG_MESSAGE = 1_000


def failure_to_text(
    exception: BaseException, limit: int = DETAILS_LIMIT, heartbeat: str | None = None
) -> tuple[str, str]:
    """Write an exception as ``(reason, details)``, fitted to SWF's limits.

    Parameters:
        exception: What was raised.
        limit: The most characters that details may have.
        heartbeat: Details of the last heartbeat, which travel with it for the next attempt.
    """
    links = [_describe(item) for item in _chain(exception)]
    beside: dict[str, Any] = {}
    bases = _bases(exception)
    if bases:
        beside["bases"] = bases
    if heartbeat:
        beside["heartbeat"] = heartbeat
    first = links[0]
    short = first["type"].removeprefix("builtins.")
    reason = _head(f"{short}: {first['message']}" if first["message"] else short, REASON_LIMIT)
    details = _dump(links, beside)
    room = limit
    while len(details) > limit and room > 0:
        details = _dump(_fit(links, room), beside)
        room = room * 3 // 4
    if len(details) > limit:
        details = _dump(_fit(links[:1], 0), {})
    return reason, details


def failure_from_text(reason: str | None, details: str | None) -> RemoteError | None:
    """Read what `failure_to_text` wrote; what somebody else wrote becomes one `RemoteError` of its text.

    Returns:
        The stand-in, its causes chained as ``__cause__``; None where there is no text at all.
    """
    links = _parse(details) if details else None
    if links is None:
        if not reason and not details:
            return None
        return RemoteError(reason or "failure", details or "")
    cause: RemoteError | None = None
    for link in reversed(links):
        error = RemoteError(link["type"], link["message"], link["traceback"], _bases_in(link))
        error.__cause__ = cause
        cause = error
    return cause


def exception_types(reason: str | None, details: str | None) -> tuple[str, ...]:
    """Name the type of the exception that was raised, and its base classes.

    Details that somebody else wrote do not say; then it is the reason's first word before a colon.
    """
    links = _parse(details) if details else None
    if links is not None:
        return links[0]["type"], *_bases_in(links[0])
    name = (reason or "").partition(":")[0]
    return (name,) if all(part.isidentifier() for part in name.split(".")) else ()


def heartbeat_in_failure(details: str | None) -> str | None:
    """Find the details of the last heartbeat that `failure_to_text` was given."""
    links: list[dict[str, Any]] | None = _parse(details) if details else None
    heartbeat = links[0].get("heartbeat") if links else None
    return heartbeat if isinstance(heartbeat, str) else None


def qualified_name(kind: type[BaseException]) -> str:
    """Name a class as failures do: with its module."""
    return _clean(f"{kind.__module__}.{kind.__qualname__}")[:_TYPE_NAME_LIMIT]


def users_line(exception: BaseException) -> str:
    """Tell where code that is not the library's raised, or called what raised: `` (at file:line in name)``.

    Returns:
        A text to go behind the message; "" where no such code is in the traceback.
    """
    where = ""
    for frame, line in traceback.walk_tb(exception.__traceback__):
        if str(frame.f_globals.get("__name__")).partition(".")[0] != _OURS:
            code = frame.f_code
            where = f" (at {code.co_filename}:{line} in {code.co_name})"
    return where


def _chain(exception: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    seen: set[int] = set()
    item: BaseException | None = exception
    while item is not None and id(item) not in seen and len(found) < CHAIN_LIMIT:
        seen.add(id(item))
        found.append(item)
        follows = item.__cause__
        if follows is None and not item.__suppress_context__:
            follows = item.__context__
        item = follows
    return found


def _bases(exception: BaseException) -> list[str]:
    """Names of the classes that the exception's class is derived from, as far as there is room."""
    names: list[str] = []
    if isinstance(exception, RemoteError):
        found = [_clean(name)[:_TYPE_NAME_LIMIT] for name in exception.bases]
    else:
        found = [qualified_name(kind) for kind in type(exception).__mro__[1:-1]]
    for name in found:
        if sum(map(len, names)) + len(name) > _BASES_LIMIT:
            break
        names.append(name)
    return names


def _bases_in(link: dict[str, Any]) -> tuple[str, ...]:
    bases = link.get("bases")
    return tuple(name for name in bases if isinstance(name, str)) if isinstance(bases, list) else ()


def _describe(exception: BaseException) -> dict[str, str]:
    if isinstance(exception, RemoteError):
        return {
            "type": _clean(exception.type_name)[:_TYPE_NAME_LIMIT],
            "message": _clean(exception.message),
            "traceback": _clean(exception.traceback),
        }
    kind = type(exception)
    try:
        message = str(exception)
    except KeyboardInterrupt:
        raise
    except BaseException as second:  # noqa: BLE001 - a __str__ may raise anything, and the failure must still travel
        message = f"<{type(second).__qualname__} in its __str__>"
    if len(message) <= _LONG_MESSAGE:
        lines = _format(exception)
    else:  # it travels beside the traceback and must not crowd it out
        lines = [*traceback.format_tb(exception.__traceback__), f"{kind.__qualname__}: {message[:80]}{_CUT}"]
    return {
        "type": qualified_name(kind),
        "message": _clean(message),
        "traceback": _clean("".join(lines)),
    }


def _format(exception: BaseException) -> list[str]:
    try:
        return traceback.format_exception(type(exception), exception, exception.__traceback__, chain=False)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - notes and syntax errors may hold anything
        return traceback.format_tb(exception.__traceback__)


def _clean(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates: all is valid Unicode, and a cut falls into none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _fit(links: list[dict[str, str]], room: int) -> list[dict[str, str]]:
    """Cut texts so that half of the room is the raised exception's, and the others share the rest."""
    fitted = []
    for index, link in enumerate(links):
        others = len(links) - 1
        share = (room // 2 if others else room) if index == 0 else room // 2 // others
        share = max(0, share - len(link["type"]) - 48)
        message = _head(link["message"], max(share // 4, share - len(link["traceback"])))
        fitted.append(
            {
                "type": link["type"],
                "message": message,
                "traceback": _tail(link["traceback"], max(0, share - len(message))),
            }
        )
    return fitted


def _head(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return text[: length - 1] + _CUT if length else ""


def _tail(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return _CUT + text[len(text) - length + 1 :] if length else ""


def _dump(links: list[dict[str, str]], beside: dict[str, Any]) -> str:
    first, *causes = links
    document: dict[str, Any] = {_MARK: _FORMAT, **first, **beside}
    if causes:
        document["causes"] = causes
    return orjson.dumps(document).decode()


def _parse(details: str) -> list[dict[str, str]] | None:
    if not details.startswith('{"'):
        return None
    try:
        document = orjson.loads(details)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get(_MARK) != _FORMAT:
        return None
    causes = document.get("causes", [])
    if not isinstance(causes, list):
        return None
    links = [document, *causes[: CHAIN_LIMIT - 1]]
    for link in links:
        if not isinstance(link, dict) or not all(
            isinstance(link.get(key), str) for key in ("type", "message", "traceback")
        ):
            return None
    return links
