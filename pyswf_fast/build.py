"""Which code decides: recorded in an execution's first decision, so that later one knows what began it."""

from __future__ import annotations

import functools
import hashlib
import inspect
import marshal
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from pyswf_fast._replay import Bound, Task

__all__ = ["stamp"]

#: Hex digits of a build id that is made from source: as many as git shows of a commit.
HASH_DIGITS = 12


def stamp(decider: Task[Any, Any] | Bound, build_id: str | None = None) -> dict[str, str]:
    """Tell the library's version and the build of a decider's code.

    Parameters:
        decider: The decorated function, bound to its object if it has one.
        build_id: What the user calls the build, such as a commit; else a hash of the source file in which the
            function stands.

    Returns:
        The members ``lib`` and ``build`` of the library's line in the first decision's executionContext.
    """
    build = build_id or _source_hash(inspect.unwrap(decider.function))
    return {"lib": _version(), "build": build}


@functools.cache
def _version() -> str:
    try:
        return metadata.version("pyswf-fast")
    except metadata.PackageNotFoundError:  # a checkout that was never installed
        return "unknown"


@functools.cache
def _source_hash(function: Callable[..., Any]) -> str:
    """Hash the file of a function: helpers beside it decide as well. Without a file, its compiled code."""
    try:
        source = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        source = b"" if code is None else marshal.dumps(code)
    return hashlib.sha256(source).hexdigest()[:HASH_DIGITS]
