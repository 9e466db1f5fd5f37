"""A payload in a store, on either side: `Draft` on its way there, `Offloaded` on its way back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from pyswf_fast.exceptions import (
    ConfigurationError,
    DataStoreUnavailable,
    ForeignReference,
    PayloadCorrupted,
    PayloadTooLarge,
    SwfError,
)
from pyswf_fast.storage.cache import SHARED, PayloadCache
from pyswf_fast.storage.compression import Dictionary, decompress
from pyswf_fast.storage.keys import Seal, raw
from pyswf_fast.storage.sealed import SealedStore
from pyswf_fast.storage.store import DataStore
from pyswf_fast.storage.tiers import DEFAULT_TIERS, Frame, Parsed, Tiers, wrapped

__all__ = ["Draft", "Offloaded", "cache_of", "content_of", "tiers_of"]


def tiers_of(store: DataStore) -> Tiers:
    """Give the thresholds that a store wants."""
    return getattr(store, "tiers", None) or DEFAULT_TIERS


def cache_of(store: DataStore) -> PayloadCache | None:
    """Give the cache that a store wants; None is none."""
    cache: PayloadCache | None = getattr(store, "cache", SHARED)
    return cache


class Draft:
    """A payload that is to go into a store: its field is known once it is there.

    Parameters:
        store: Where it goes.
        frame: The payload, compressed.
        scope: What its key begins with.
        what: What it is, for errors.
        limit: The most characters of the field.
        refuse: Makes the error for a field that is too long, of its length.
    """

    def __init__(
        self,
        store: DataStore,
        frame: Frame,
        scope: str,
        what: str,
        limit: int,
        refuse: Callable[[int], PayloadTooLarge],
    ) -> None:
        digest = hashlib.sha256(frame.body).hexdigest()
        self._store = store
        self._frame: Frame | None = frame
        self.key = f"{scope}/{digest}" if scope else digest
        self._what = what
        self._limit = limit
        self._refuse = refuse
        #: The last heartbeat, which the field brings with it: of the input of a further attempt.
        self.heartbeat: str | None = None
        self._field = ""

    @property
    def is_written(self) -> bool:
        """Whether the payload is in its store."""
        return self._frame is None

    @property
    def field(self) -> str:
        """The field with the reference; the payload is written now, if it was not before."""
        if self._frame is not None:
            self.write()
        return self._field

    @property
    def written(self) -> str | bytes:
        """What the serializer wrote, of a draft that is not in its store yet."""
        frame = self._frame
        assert frame is not None  # noqa: S101 - for the type checker: it is asked of drafts alone
        tiers = tiers_of(self._store)
        content = decompress(frame.body, tiers.max_bytes, tiers.dictionary, self._what)
        return content.decode() if frame.is_text else content

    def write(self) -> None:
        """Put the payload into its store.

        Raises:
            DataStoreError: It could not be written.
            PayloadTooLarge: The store's reference is too long for the field.
        """
        frame = self._frame
        assert frame is not None  # noqa: S101 - for the type checker: it is written once
        try:
            reference = self._store.put(frame.body, self.key)
        except SwfError:
            raise
        except Exception as trouble:
            raise DataStoreUnavailable(
                f"{self._what} could not be stored as {self.key}: {type(trouble).__qualname__}: {trouble}",
                self.key,
            ) from trouble
        if not isinstance(reference, str):
            raise ConfigurationError(
                f"{self._store!r}.put() returned a {type(reference).__qualname__}; expected is a str, the "
                "reference"
            )
        if not isinstance(self._store, SealedStore):
            reference = Seal.of(frame.body).behind(reference)
        field = frame.stored(reference)
        if self.heartbeat is not None:
            field = wrapped(self.heartbeat, field)
        if len(field) > self._limit:
            raise self._refuse(len(field))
        self._field = field
        self._frame = None


class Offloaded:
    """A payload in a store, which a field names.

    Parameters:
        store: Where it should be.
        parsed: The field, taken apart.
        field: The field itself, by which caches know the payload.
        what: What it is, for errors.
    """

    def __init__(self, store: DataStore, parsed: Parsed, field: str, what: str) -> None:
        self._store = store
        self._parsed = parsed
        self._place, self._seal = Seal.split(parsed.body)
        self._what = what
        self.field = field
        self.cache = cache_of(store)

    @property
    def size(self) -> int:
        """Bytes that the store holds."""
        return self._seal.size if self._seal else 0

    def cached(self) -> str | bytes | None:
        """Give what the serializer wrote, if it is in memory."""
        return None if self.cache is None else self.cache.find(self.field)

    def load(self) -> str | bytes:
        """Give what the serializer wrote, from disk or the store, and leave it in the cache."""
        reference = self._parsed.body
        if self._seal is None:
            raise ForeignReference(
                f"{self._what} is {reference!r:.300}, which no store of this library made", reference
            )
        body = self._on_disk()
        if body is None:
            body = self._get()
            if self.cache is not None and getattr(self._store, "cipher", None) is None:
                self.cache.keep_file(self.field, body)
        written = content_of(self._parsed, body, self._store, reference)
        if self.cache is not None:
            self.cache.keep(self.field, written, len(body))
        return written

    def _on_disk(self) -> bytes | None:
        body = self.cache.find_file(self.field) if self.cache is not None else None
        if body is not None and self._seal is not None:
            try:
                self._seal.verify(body, self.field)
            except PayloadCorrupted:  # the store has it still
                assert self.cache is not None  # noqa: S101 - for the type checker: it came from there
                self.cache.drop_file(self.field)
                return None
        return body

    def _get(self) -> bytes:
        reference = self._parsed.body
        is_sealed = isinstance(self._store, SealedStore)
        try:
            body = raw(self._store.get(reference if is_sealed else self._place))
        except SwfError:
            raise
        except Exception as trouble:
            raise DataStoreUnavailable(
                f"{self._what} could not be had from {reference:.300}: "
                f"{type(trouble).__qualname__}: {trouble}",
                reference,
            ) from trouble
        if not is_sealed and self._seal is not None:
            self._seal.verify(body, reference)
        return body


def content_of(parsed: Parsed, body: bytes, store: DataStore, what: str) -> str | bytes:
    """Decompress what a field or a store holds.

    Raises:
        PayloadCorrupted: It is not what was written, or its dictionary cannot be had.
        DecompressionLimitExceeded: It would be larger than the store's tiers allow.
    """
    dictionary = None if parsed.dictionary is None else _dictionary(parsed.dictionary, store, what)
    content = decompress(body, tiers_of(store).max_bytes, dictionary, what)
    if not parsed.is_text:
        return content
    try:
        return content.decode()
    except UnicodeDecodeError as trouble:
        raise PayloadCorrupted(f"{what} is no text: {trouble}", what) from trouble


def _dictionary(id: str, store: DataStore, what: str) -> Dictionary:
    tiers = tiers_of(store)
    for dictionary in (tiers.dictionary, *tiers.known):
        if dictionary is not None and dictionary.id == id:
            return dictionary
    if isinstance(store, SealedStore):
        return store.dictionary(id)
    raise PayloadCorrupted(
        f"{what} was compressed with the dictionary {id}: give it to the store's Tiers(known=(…))", what
    )
