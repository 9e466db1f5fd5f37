"""Whether a function takes the arguments that it is to be run with, told where they are given.

They travel to another process, days later perhaps; there the mistake would fail the execution, far from its
line.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyswf_fast.exceptions import UsageError

__all__ = ["check_arguments"]


def check_arguments(
    call: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    is_method: bool,
    keywords: Iterable[str] = (),
) -> None:
    """Check arguments against a function's signature.

    Parameters:
        call: What was called, for the error.
        function: The plain function, which is not called.
        args: Its positional arguments, without the object of a method.
        kwargs: Its keyword arguments.
        is_method: Whether its first parameter is an object, which comes from elsewhere.
        keywords: Those of the call itself, which may have been meant.

    Raises:
        UsageError: The function does not take them.
    """
    signature = _signature(function)
    if signature is None:
        return
    # A function outside of a class may be a method as well, bound by a worker that is given its object.
    takes_object = is_method or next(iter(signature.parameters), "") in ("self", "cls")
    try:
        signature.bind(*((None, *args) if takes_object else args), **kwargs)
    except TypeError as refusal:
        known = [*signature.parameters, *keywords]
        unknown = [name for name in kwargs if name not in known]
        meant = difflib.get_close_matches(unknown[0], known, 1) if unknown else []
        hint = f"; did you mean {meant[0]}=?" if meant else ""
        raise UsageError(
            f"{call}: {refusal}{hint} (the function is {function.__qualname__}{signature})"
        ) from refusal


@functools.lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """What the function itself takes, not what it wraps; None where Python does not know."""
    try:
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
