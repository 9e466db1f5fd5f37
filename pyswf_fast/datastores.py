"""Where text too long for SWF lives: data stores.

A store is any object with `put` and `get`. What our own stores hand out names the object with its size and
SHA-256, so that reading verifies what was written, and is followed only into the store's own place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable
from urllib.parse import quote

from pyswf_fast.exceptions import ConfigurationError, DataStoreError

__all__ = ["DataStore", "FileDataStore", "S3DataStore", "SwfDataStore"]

#: The longest part of a key; file systems take 255 bytes.
_KEY_PART_LIMIT = 200


@runtime_checkable
class DataStore(Protocol):
    """Keeps messages, and finds them again by the reference that it gave.

    An attribute ``always`` that is true keeps every payload out of SWF, not only those too long for it.
    """

    def put(self, message: Any, key: str) -> str:
        """Keep a message (str or bytes) under a key of its own, and return the reference to it."""

    def get(self, reference: str) -> Any:
        """Return the message that a reference names."""


class SwfDataStore:
    """SWF itself: the message is its own reference, and must fit into SWF's field."""

    def put(self, message: str, key: str) -> str:  # noqa: ARG002 - the key is for stores that keep things
        """Return the message."""
        return message

    def get(self, reference: str) -> str:
        """Return the reference."""
        return reference

    def __repr__(self) -> str:
        return "SwfDataStore()"


class FileDataStore:
    """A folder, shared by all processes that work on the workflow.

    Parameters:
        path: The folder; made with the first message.
        always: Keep every payload out of SWF, not only those too long for it.
        fsync: Return from `put` only when the message would survive a power cut.
    """

    def __init__(self, path: str | os.PathLike[str], *, always: bool = False, fsync: bool = False) -> None:
        self.path = Path(path).absolute()
        self.always = always
        self._fsync = fsync

    def put(self, message: str | bytes, key: str) -> str:
        """Write the message to a file of its own, all of it or nothing."""
        seal = _Seal.of(message)
        name = _clean_key(key)
        target = self.path / name
        temporary: str | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(_raw(message))
                if self._fsync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, target)
            temporary = None
        except OSError as trouble:
            raise DataStoreError(f"{target} could not be written: {trouble}") from trouble
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
        return f"file:{name}{seal}"

    def get(self, reference: str) -> str | bytes:
        """Read the file and verify it."""
        if not reference.startswith("file:"):
            raise DataStoreError(f"{reference!r:.300} is no reference of {self!r}")
        name, seal = _Seal.split(reference.removeprefix("file:"))
        if seal is None or _clean_key(name) != name:
            raise DataStoreError(f"{reference!r:.300} is no reference that {self!r} made")
        try:
            raw = (self.path / name).read_bytes()
        except FileNotFoundError as trouble:
            raise DataStoreError(f"{self!r} has nothing under {reference}") from trouble
        except (OSError, ValueError) as trouble:
            raise DataStoreError(f"{reference} could not be read from {self!r}: {trouble}") from trouble
        return seal.open(raw, reference)

    def __repr__(self) -> str:
        return f"FileDataStore({str(self.path)!r})"


class S3DataStore:
    """A bucket of Amazon S3, or of anything that speaks its protocol.

    References that PySwfAws wrote (``s3://bucket/key``, without size and hash) are read too.

    Parameters:
        bucket: The bucket's name.
        base_key: What all keys begin with.
        aws_key: Access key; None leaves credentials to boto3.
        aws_secret: Secret access key.
        always: Keep every payload out of SWF, not only those too long for it.
        session: The boto3 session to use, instead of one of its own.
        region: The bucket's region; None leaves it to boto3.
        endpoint_url: Where S3 is; None leaves it to boto3 (``AWS_ENDPOINT_URL_S3``).
        put_options: More arguments for every PutObject, such as ``{"ServerSideEncryption": "aws:kms"}``.
    """

    #: Text that begins so, in a field, is a bare reference.
    foreign_prefix = "s3://"

    def __init__(
        self,
        bucket: str,
        base_key: str,
        aws_key: str | None = None,
        aws_secret: str | None = None,
        always: bool = False,
        *,
        session: Any = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        put_options: dict[str, Any] | None = None,
    ) -> None:
        if not bucket or "/" in bucket:
            raise ConfigurationError(f"{bucket!r} is no name of an S3 bucket")
        if (aws_key is None) != (aws_secret is None):
            raise ConfigurationError("S3DataStore takes aws_key and aws_secret together or neither")
        self.bucket = bucket
        self.base_key = base_key.strip("/")
        self.always = always
        self._own = f"s3://{bucket}/{self.base_key}/" if self.base_key else f"s3://{bucket}/"
        self._session = session
        self._client_options = {
            key: value
            for key, value in {
                "aws_access_key_id": aws_key,
                "aws_secret_access_key": aws_secret,
                "region_name": region,
                "endpoint_url": endpoint_url,
            }.items()
            if value is not None
        }
        self._put_options = put_options or {}
        self._lock = threading.Lock()
        self._client: Any = None

    def put(self, message: str | bytes, key: str) -> str:
        """Write the message to an object of its own."""
        url = self._own + _clean_key(key)
        with self._naming("written", url):
            self._s3().put_object(
                Bucket=self.bucket, Key=self._object_key(url), Body=_raw(message), **self._put_options
            )
        return f"{url}{_Seal.of(message)}"

    def get(self, reference: str) -> str | bytes:
        """Read the object and verify it."""
        url, seal = _Seal.split(reference)
        key = self._object_key(url)
        if not url.startswith(self._own) or not key or {".", ".."} & set(key.split("/")):
            raise DataStoreError(f"{reference!r:.300} does not lie under {self._own}, where {self!r} reads")
        with self._naming("read", reference):
            answer = self._s3().get_object(Bucket=self.bucket, Key=key)
            with contextlib.closing(answer["Body"]) as body:
                if seal is not None and answer["ContentLength"] != seal.size:
                    raise DataStoreError(
                        f"{reference} has {answer['ContentLength']} bytes instead of {seal.size}"
                    )
                raw: bytes = body.read()
        if seal is not None:
            return seal.open(raw, reference)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw

    def _object_key(self, url: str) -> str:
        return url.removeprefix(f"s3://{self.bucket}/")

    @contextlib.contextmanager
    def _naming(self, verb: str, reference: str) -> Any:
        """Turn the SDK's errors into one that says which object could not be had, and why."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except ClientError as trouble:
            error = trouble.response.get("Error", {})
            why = f"{error.get('Code', 'error')}: {error.get('Message', '')}".rstrip(": ")
            raise DataStoreError(f"{reference} could not be {verb}: {why}") from trouble
        except (BotoCoreError, HTTPClientError, OSError) as trouble:
            raise DataStoreError(f"{reference} could not be {verb}: {trouble}") from trouble

    def _s3(self) -> Any:
        with self._lock:  # making a client is not safe in two threads at once, using it is
            if self._client is None:
                import boto3

                session: Any = self._session or boto3.session.Session()
                self._client = session.client("s3", **self._client_options)
            return self._client

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_client": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        return f"S3DataStore({self.bucket!r}, {self.base_key!r})"


class _Seal(NamedTuple):
    """The end of a reference: hash and size of what it names, and whether that was text."""

    digest: str
    size: int
    is_text: bool

    @classmethod
    def of(cls, message: str | bytes) -> _Seal:
        raw = _raw(message)
        return cls(hashlib.sha256(raw).hexdigest(), len(raw), isinstance(message, str))

    @classmethod
    def split(cls, reference: str) -> tuple[str, _Seal | None]:
        place, mark, end = reference.rpartition("#")
        parts = end.split(".")
        if not mark or len(parts) != 3 or len(parts[0]) != 64 or not parts[1].isdecimal():
            return reference, None
        return place, cls(parts[0], int(parts[1]), parts[2] == "t")

    def open(self, raw: bytes, reference: str) -> str | bytes:
        """Return the message, having verified it."""
        if len(raw) != self.size:
            raise DataStoreError(f"{reference} has {len(raw)} bytes instead of {self.size}")
        if hashlib.sha256(raw).hexdigest() != self.digest:
            raise DataStoreError(f"{reference} has other bytes than were written: their SHA-256 differs")
        if not self.is_text:
            return raw
        try:
            return raw.decode()
        except UnicodeDecodeError as trouble:
            raise DataStoreError(f"{reference} is no text: {trouble}") from trouble

    def __str__(self) -> str:
        return f"#{self.digest}.{self.size}.{'t' if self.is_text else 'b'}"


def _raw(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else bytes(message)


def _clean_key(key: str) -> str:
    """Make a path of a key that leads nowhere but down: no ``.``, no ``..``, no part too long or odd."""
    parts = []
    for part in key.split("/"):
        safe = quote(part, safe="%+=~@,")
        if not safe:
            continue
        if safe in (".", ".."):
            safe = safe.replace(".", "%2E")
        if len(safe) > _KEY_PART_LIMIT:
            digest = hashlib.sha256(safe.encode()).hexdigest()
            safe = f"{safe[: _KEY_PART_LIMIT - 33]}~{digest[:32]}"
        parts.append(safe)
    return "/".join(parts)
