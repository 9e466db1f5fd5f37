"""A folder as a store."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyswf_fast.exceptions import DataStoreUnavailable, PayloadMissing
from pyswf_fast.storage.cache import SHARED, PayloadCache
from pyswf_fast.storage.sealed import STALE_AFTER_SECONDS, Cipher, SealedStore, StoredObject
from pyswf_fast.storage.tiers import Tiers

__all__ = ["FileDataStore"]


class FileDataStore(SealedStore):
    """A folder, shared by all processes that work on the workflow.

    Parameters:
        path: The folder; made with the first message.
        always: Keep every payload out of SWF, not only those too long for it.
        fsync: Return from `put` only when the message would survive a power cut.
        tiers: From which length on payloads are compressed and stored; None is `Tiers()`.
        cache: What keeps payloads that have been read; None is none.
        cipher: Encrypts before writing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        always: bool = False,
        fsync: bool = False,
        tiers: Tiers | None = None,
        cache: PayloadCache | None = SHARED,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__("file:", always=always, tiers=tiers, cache=cache, cipher=cipher)
        self.path = Path(path).absolute()
        self._fsync = fsync

    def write(self, key: str, body: bytes, once: bool) -> None:
        """Write bytes to a file of their own, all of them or nothing."""
        target = self.path / key
        temporary: str | None = None
        try:
            if once and _is_fresh(target, len(body)):
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                if self._fsync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, target)
            temporary = None
        except OSError as trouble:
            raise DataStoreUnavailable(
                f"{target} could not be written: {trouble}", self.place + key
            ) from trouble
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def read(self, key: str, size: int | None) -> bytes:  # noqa: ARG002 - the seal finds it out
        """Read a file."""
        try:
            return (self.path / key).read_bytes()
        except FileNotFoundError as trouble:
            raise PayloadMissing(
                f"{self!r} has nothing under {self.place}{key}", self.place + key
            ) from trouble
        except (OSError, ValueError) as trouble:
            raise DataStoreUnavailable(
                f"{key} could not be read from {self!r}: {trouble}", self.place + key
            ) from trouble

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Give the files whose paths, below the folder, begin so."""
        folder = self.path / prefix.rpartition("/")[0]
        for path in folder.rglob("*"):
            key = path.relative_to(self.path).as_posix()
            if not key.startswith(prefix) or path.name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                about = path.stat()
                if path.is_file():
                    modified = dt.datetime.fromtimestamp(about.st_mtime, dt.timezone.utc)
                    yield StoredObject(key, about.st_size, modified)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files, and the folders that are then empty."""
        for key in keys:
            path = self.path / key
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            for folder in path.parents:
                if folder == self.path:
                    break
                try:
                    folder.rmdir()
                except OSError:  # not empty
                    break

    def __repr__(self) -> str:
        return f"FileDataStore({str(self.path)!r})"


def _is_fresh(path: Path, size: int) -> bool:
    """Tell whether a file of this size is there and was written lately."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return False
    return about.st_size == size and time.time() - about.st_mtime < STALE_AFTER_SECONDS
