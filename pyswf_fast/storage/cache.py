"""Payloads that have been read or fetched ahead, by reference: in memory, and on disk for all processes.

A reference holds the hash of what it names, so what is found under it never changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

__all__ = ["SHARED", "PayloadCache"]

MEMORY_BYTES = 64 * 1024 * 1024
DISK_BYTES = 1024 * 1024 * 1024
#: A folder is tidied once this part of its bound has been added, down to this part of it.
TIDY_AFTER = 0.1
TIDY_TO = 0.8
#: Bytes in memory of a byte that is stored, until payloads have been read.
USUAL_EXPANSION = 10.0
#: How much of the expansion so far a payload leaves.
MEMORY_OF_EXPANSION = 7 / 8


class PayloadCache:
    """Keeps payloads, the least recently used leaving first.

    What is encrypted before writing (``cipher=``) is never kept on disk.

    Parameters:
        memory_bytes: How much is kept in memory, in bytes of the decompressed payloads; 0 keeps nothing.
        folder: Where payloads are kept for all processes that name the same folder, compressed; None is
            nowhere. Nobody else should be able to write there.
        disk_bytes: How much is kept there; for a moment it may be a tenth more for each process.

    Example:
        >>> store = S3DataStore("bucket", "key", cache=PayloadCache(folder="/var/cache/payloads"))
    """

    def __init__(
        self,
        memory_bytes: int = MEMORY_BYTES,
        folder: str | os.PathLike[str] | None = None,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self.memory_bytes = memory_bytes
        self.folder = None if folder is None else Path(folder).absolute()
        self.disk_bytes = disk_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[str | bytes, int]] = OrderedDict()
        self._size = 0
        self._added = 0  # to the folder, since it was tidied
        #: Bytes in memory of a byte that is stored, of the payloads read lately.
        self.expansion = USUAL_EXPANSION

    # In memory: what a serializer wrote.

    def find(self, reference: str) -> str | bytes | None:
        """Give a payload that is in memory."""
        with self._lock:
            found = self._kept.get(reference)
            if found is None:
                return None
            self._kept.move_to_end(reference)
            return found[0]

    def keep(self, reference: str, payload: str | bytes, stored: int) -> None:
        """Keep a payload in memory; one that is larger than the whole is not kept.

        Parameters:
            reference: What names it.
            payload: What the serializer wrote.
            stored: How many bytes of it the store holds.
        """
        size = sys.getsizeof(payload)
        self.expansion += (size / max(1, stored) - self.expansion) * (1 - MEMORY_OF_EXPANSION)
        if size > self.memory_bytes:
            return
        with self._lock:
            if reference in self._kept:
                return
            self._kept[reference] = payload, size
            self._size += size
            while self._size > self.memory_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._size -= freed

    # On disk: what a store holds.

    def find_file(self, reference: str) -> bytes | None:
        """Give what a store holds under a reference, if it is on disk; the caller verifies it."""
        if self.folder is None:
            return None
        path = self._path(reference)
        try:
            body = path.read_bytes()
            os.utime(path)  # used just now
        except OSError:
            return None
        return body

    def keep_file(self, reference: str, body: bytes) -> None:
        """Keep what a store holds on disk, all of it or nothing; a disk that is full does no harm."""
        if self.folder is None or len(body) > self.disk_bytes:
            return
        path = self._path(reference)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(body)
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                return
            with self._lock:
                self._added += len(body)
                is_due = self._added > self.disk_bytes * TIDY_AFTER
                if is_due:
                    self._added = 0
            if is_due:
                self._tidy()

    def drop_file(self, reference: str) -> None:
        """Forget what is on disk and turned out to be something else."""
        if self.folder is not None:
            with contextlib.suppress(OSError):  # what is not ours to delete is passed over each time
                self._path(reference).unlink()

    def _path(self, reference: str) -> Path:
        assert self.folder is not None  # noqa: S101 - for the type checker: callers have asked
        name = hashlib.sha256(reference.encode()).hexdigest()
        return self.folder / name[:2] / name

    def _tidy(self) -> None:
        """Delete the files that were used longest ago; other processes may do the same at once."""
        assert self.folder is not None  # noqa: S101 - as above
        found: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):
                about = path.stat()
                found.append((about.st_mtime, about.st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self.disk_bytes:
            return
        for _, size, path in sorted(found):
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
            if total <= self.disk_bytes * TIDY_TO:
                return

    def __reduce__(self) -> tuple[object, ...]:
        return PayloadCache, (self.memory_bytes, self.folder, self.disk_bytes)

    def __repr__(self) -> str:
        folder = "" if self.folder is None else f", folder={str(self.folder)!r}, disk_bytes={self.disk_bytes}"
        return f"PayloadCache({self.memory_bytes}{folder})"


#: The cache of all stores that are given no other.
SHARED = PayloadCache()
