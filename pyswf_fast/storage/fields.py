"""A payload into its field, and out of it: `write_field` and `read_field` are all that codecs call."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyswf_fast.exceptions import (
    DataStoreError,
    DataStoreUnavailable,
    PayloadCorrupted,
    PayloadTooLarge,
    SerializationError,
    SwfError,
)
from pyswf_fast.storage import traffic
from pyswf_fast.storage.keys import raw
from pyswf_fast.storage.offloaded import Draft, Offloaded, content_of, tiers_of
from pyswf_fast.storage.store import DataStore, SwfDataStore
from pyswf_fast.storage.tiers import BYTES, ESCAPED, Frame, Parsed, parse, plain

__all__ = ["offloaded", "read_field", "write_field"]


def write_field(
    written: str | bytes,
    limit: int,
    store: DataStore,
    scope: str | None,
    what: str,
    refuse: Callable[[int], PayloadTooLarge],
) -> str | Draft:
    """Choose the first tier that fits.

    Parameters:
        written: What a serializer wrote.
        limit: The most characters of the field.
        store: Where it goes if it does not fit.
        scope: What keys begin with; None stores nothing, the field then says that it would have.
        what: What it is, for errors.
        refuse: Makes the error for a payload, or a reference, of so many characters.

    Returns:
        The field; a draft of it where it is to be stored.

    Raises:
        PayloadTooLarge: It fits in no tier, and there is no store; or it would be too large to be read.
    """
    tiers = tiers_of(store)
    always = getattr(store, "always", False)
    text = plain(written, getattr(store, "foreign_prefix", "~"))
    is_short = tiers.compress_from is None or len(text) < tiers.compress_from
    if is_short and len(text) <= limit and not always:
        return text
    has_store = not isinstance(store, SwfDataStore)
    if (size := len(raw(written))) > tiers.max_bytes:  # nobody could read it
        raise PayloadTooLarge(
            f"{what} has {size:,} bytes, and at most {tiers.max_bytes:,} are read (Tiers(max_bytes=…) of its "
            "data store): pass a reference to the data instead"
        )
    frame = Frame.of(written, tiers)
    length = min(len(text), frame.inline_length)
    is_short = not has_store or tiers.store_from is None or length < tiers.store_from
    if is_short and length <= limit and not always:
        return frame.inline() if frame.inline_length < len(text) else text
    if not has_store:
        raise refuse(len(text))
    draft = Draft(store, frame, scope or "", what, limit, refuse)
    return draft if scope is not None else frame.stored(f"(not stored) {draft.key}")


def read_field(
    field: str,
    store: DataStore,
    what: str,
    ahead: Callable[[], Iterable[Offloaded]] | None = None,
) -> str | bytes:
    """Find what a serializer wrote.

    Parameters:
        field: The field, as SWF has it.
        store: Where payloads are that are not in their field.
        what: What it is, for errors.
        ahead: Gives the payloads to be fetched together with this one, if this one must be.

    Raises:
        DataStoreError: What it refers to cannot be had.
        SerializationError: It begins like a tier, and is none.
    """
    parsed = parse(field, what)
    if parsed.tier == "":
        foreign = getattr(store, "foreign_prefix", None)
        return _foreign(field, store, what) if foreign is not None and field.startswith(foreign) else field
    if parsed.tier == ESCAPED:
        return parsed.body
    if parsed.tier == BYTES:
        return parsed.inline_bytes(what)
    if parsed.is_stored:
        return traffic.fetch(_stored(parsed, field, store, what), ahead)
    frame = parsed.inline_bytes(what)
    try:
        return content_of(parsed, frame, store, what)
    except PayloadCorrupted as refusal:  # no store can heal what is in the field
        raise SerializationError(str(refusal)) from refusal


def offloaded(field: str, store: DataStore) -> Offloaded | None:
    """Give the payload that a field refers to; None where it refers to none that could be fetched ahead."""
    try:
        parsed = parse(field, "payload")
        return _stored(parsed, field, store, "payload") if parsed.is_stored else None
    except (SerializationError, DataStoreError):  # who asks for it will hear of it
        return None


def _stored(parsed: Parsed, field: str, store: DataStore, what: str) -> Offloaded:
    if isinstance(store, SwfDataStore):
        raise DataStoreError(
            f"{what} is in a data store, as {parsed.body:.300}: give the decorator the data store that wrote "
            "it",
            parsed.body,
        )
    return Offloaded(store, parsed, field, what)


def _foreign(reference: str, store: DataStore, what: str) -> str | bytes:
    """Read a bare reference, as PySwfAws wrote it: to text, without size and hash."""
    try:
        found: str | bytes = store.get(reference)
    except SwfError:
        raise
    except Exception as trouble:
        raise DataStoreUnavailable(
            f"{what} could not be had from {reference:.300}: {type(trouble).__qualname__}: {trouble}",
            reference,
        ) from trouble
    return found
