"""Which data store a command line names, and what histories refer to in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from pyswf_fast.cli.values import import_module
from pyswf_fast.exceptions import UsageError
from pyswf_fast.storage.files import FileDataStore
from pyswf_fast.storage.keys import clean_key
from pyswf_fast.storage.sealed import SealedStore

__all__ = ["keys_in", "run_folder", "texts_in", "with_store"]

F = TypeVar("F", bound=Callable[..., Any])

#: What `clean_key` leaves in keys.
_KEY = r"[\w.\-%+=~@,/]+"


def with_store(command: F) -> F:
    """Add the option that names a store; the command gets it as `store`."""

    @click.option(
        "--store",
        "named",
        envvar="PYSWF_STORE",
        required=True,
        metavar="STORE",
        help="s3://BUCKET/BASE_KEY, a folder, or MODULE:NAME of a store object  [env: PYSWF_STORE]",
    )
    @functools.wraps(command)
    def wrapper(*args: Any, named: str, **rest: Any) -> Any:
        return command(*args, store=_store(named), **rest)

    return wrapper  # type: ignore[return-value]


def _store(named: str) -> SealedStore:
    if named.startswith("s3://"):
        from pyswf_fast.storage.s3 import S3DataStore

        bucket, _, base_key = named.removeprefix("s3://").partition("/")
        return S3DataStore(bucket, base_key)
    module, colon, name = named.partition(":")
    if not colon:
        return FileDataStore(named)
    found = getattr(import_module(module), name, None)
    if not isinstance(found, SealedStore):
        raise UsageError(
            f"{named} is no S3DataStore, FileDataStore or other SealedStore: only what lists its objects "
            "can be looked after"
        )
    return found


def run_folder(domain: str, execution: dict[str, str]) -> str:
    """The beginning of the keys of what a run has stored."""
    from pyswf_fast.execution import scope_of

    return clean_key(scope_of(domain, execution["workflowId"], execution["runId"])) + "/"


def texts_in(value: Any) -> Iterator[str]:
    """All texts in what an event says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def keys_in(event: dict[str, Any], store: SealedStore) -> Iterator[str]:
    """The keys of a store that stand anywhere in an event, whatever they mean there.

    Rather one too many than one too few: what is found here is not deleted.
    """
    pattern = _pattern(store.place)
    for text in texts_in(event):
        if store.place in text:
            yield from pattern.findall(text)


@functools.lru_cache(maxsize=8)
def _pattern(place: str) -> re.Pattern[str]:
    return re.compile(re.escape(place) + f"({_KEY})")
