"""A store for tests: what is put is gone with the object."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Iterable, Iterator

from pyswf_fast.exceptions import PayloadMissing
from pyswf_fast.storage.cache import PayloadCache
from pyswf_fast.storage.sealed import Cipher, SealedStore, StoredObject
from pyswf_fast.storage.tiers import Tiers

__all__ = ["MemoryDataStore"]

_NUMBERS = itertools.count(1)


class MemoryDataStore(SealedStore):
    """Keeps messages in this process.

    Parameters:
        always: Keep every payload out of SWF, not only those too long for it.
        tiers: From which length on payloads are compressed and stored; None is `Tiers()`.
        cache: What keeps payloads that have been read; None is none, so that `reads` shows every
            reading.
        cipher: Encrypts before writing.

    Example:
        >>> store = MemoryDataStore()
        >>> store.get(store.put("text", "domain/workflow/run/key"))
        'text'
    """

    def __init__(
        self,
        *,
        always: bool = False,
        tiers: Tiers | None = None,
        cache: PayloadCache | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(f"memory:{next(_NUMBERS)}/", always=always, tiers=tiers, cache=cache, cipher=cipher)
        #: key -> what was written, and when; tests may alter it.
        self.objects: dict[str, tuple[bytes, dt.datetime]] = {}
        #: The keys that were read and written, in order.
        self.reads: list[str] = []
        self.writes: list[str] = []
        self._lock = threading.Lock()

    def write(self, key: str, body: bytes, once: bool) -> None:  # noqa: ARG002 - it costs nothing
        """Keep bytes."""
        with self._lock:
            self.writes.append(key)
            self.objects[key] = body, dt.datetime.now(dt.timezone.utc)

    def read(self, key: str, size: int | None) -> bytes:  # noqa: ARG002 - the seal finds it out
        """Find bytes."""
        with self._lock:
            self.reads.append(key)
            if key not in self.objects:
                raise PayloadMissing(f"{self!r} has nothing under {key}", key)
            return self.objects[key][0]

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Give the objects whose keys begin so."""
        with self._lock:
            objects = list_(self.objects.items())
        for key, (body, modified) in objects:
            if key.startswith(prefix):
                yield StoredObject(key, len(body), modified)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""
        with self._lock:
            for key in keys:
                self.objects.pop(key, None)

    def __repr__(self) -> str:
        return f"<MemoryDataStore with {len(self.objects)} objects>"


list_ = list  # `MemoryDataStore.list` hides the type inside the class
