"""SWF's constraints on names, lengths and durations, checked where a call is made.

SWF refuses a response as a whole for one name that is too long: better to raise at the line that gave it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from pyswf_fast.exceptions import ConfigurationError

__all__ = ["child_policy", "duration", "name", "priority", "tags", "text"]

#: SWF lets nothing last longer: one year.
LONGEST_SECONDS = 31_536_000
NAME_LIMIT = 256
VERSION_LIMIT = 64
TAG_LIMIT = 256
TAGS_LIMIT = 5

_FORBIDDEN = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]")
_CHILD_POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")


def text(value: object, what: str, limit: int = NAME_LIMIT, *, least: int = 1) -> str:
    """Check a string's length.

    Parameters:
        value: What was given.
        what: What it is, for the error.
        limit: The most characters it may have.
        least: The fewest.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} is {value!r:.80}; it must be a string")
    if not least <= len(value) <= limit:
        raise ConfigurationError(f"{what} has {len(value):,} characters; SWF takes {least} to {limit:,}")
    return value


def name(value: object, what: str, limit: int = NAME_LIMIT, *, trimmed: bool = False) -> str:
    """Check a name: of a type, a workflow id; of a domain or a task list, which are trimmed."""
    checked = text(value, what, limit)
    found = _FORBIDDEN.search(checked)
    if found:
        raise ConfigurationError(
            f"{what} {checked!r:.80} contains {found.group()!r}; SWF takes no : / | nor control characters"
        )
    if checked == "arn":
        raise ConfigurationError(f"{what} is 'arn', which SWF does not take")
    if trimmed and checked != checked.strip():
        raise ConfigurationError(f"{what} {checked!r:.80} has white space at an end; SWF takes none there")
    return checked


def duration(
    value: object, what: str, *, least: int = 0, most: int = LONGEST_SECONDS, none: bool = False
) -> str:
    """Write a number of seconds as SWF has it, fractions rounded up.

    Parameters:
        value: What was given.
        what: What it is, for the error.
        least: The fewest seconds.
        most: The most seconds.
        none: Whether the string NONE, no limit, is taken too.
    """
    if none and value == "NONE":
        return "NONE"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigurationError(f"{what} is {value!r:.80}; it must be a number of seconds")
    seconds = math.ceil(value)
    if not least <= seconds <= most:
        raise ConfigurationError(f"{what} is {value!r} seconds; SWF takes {least} to {most:,}")
    return str(seconds)


def priority(value: object, what: str) -> str:
    """Write a priority as SWF has it."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise ConfigurationError(f"{what} is {value!r:.80}; it must be an integer of 32 bits")
    return str(value)


def child_policy(value: object, what: str) -> str:
    """Check a child policy."""
    if value not in _CHILD_POLICIES:
        raise ConfigurationError(f"{what} is {value!r:.80}; it must be one of {', '.join(_CHILD_POLICIES)}")
    return str(value)


def tags(value: Iterable[object], what: str) -> list[str]:
    """Check an execution's tags."""
    if isinstance(value, str):
        raise ConfigurationError(f"{what} is the string {value!r:.80}; it must be a list of strings")
    checked = [text(tag, f"a tag in {what}", TAG_LIMIT, least=0) for tag in value]
    if len(checked) > TAGS_LIMIT:
        raise ConfigurationError(f"{what} has {len(checked)} tags; SWF takes {TAGS_LIMIT}")
    return checked
