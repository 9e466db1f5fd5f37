"""Amazon S3, or anything that speaks its protocol, as a store."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from pyswf_fast.exceptions import ConfigurationError, PayloadCorrupted
from pyswf_fast.storage.cache import SHARED, PayloadCache
from pyswf_fast.storage.keys import Seal
from pyswf_fast.storage.s3errors import is_exists, is_unsupported, naming_errors
from pyswf_fast.storage.sealed import STALE_AFTER_SECONDS, Cipher, SealedStore, StoredObject
from pyswf_fast.storage.tiers import MOST_BYTES, Tiers

if TYPE_CHECKING:
    from botocore.config import Config

__all__ = ["S3DataStore"]

#: From this size on, boto3's transfer manager moves an object in parts.
MULTIPART_FROM_BYTES = 16 * 1024 * 1024
#: A decision task is to be answered within 30 s: what does not answer soon is asked again, and then given up.
CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 8
CONNECTIONS = 64
#: Readings of one object whose connection breaks off in the midst of it, which the SDK does not repeat.
MOST_READINGS = 3
#: DeleteObjects takes so many keys.
MOST_DELETED = 1_000


class S3DataStore(SealedStore):
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
        config: A botocore ``Config``, whose settings take precedence over ours: retries in the mode
            "standard" (three tries, with jittered back-off), timeouts of 3 s to connect and 8 s to read.
        server_side_encryption: ``"AES256"`` (SSE-S3), ``"aws:kms"`` or ``"aws:kms:dsse"``; None is what the
            bucket does by itself.
        kms_key_id: The KMS key, for ``"aws:kms"``; None is the account's own for S3.
        customer_key: 32 bytes, with which S3 is to encrypt (SSE-C); needed for reading, too.
        put_options: More arguments for every PutObject, such as ``{"StorageClass": "STANDARD_IA"}``.
        tiers: From which length on payloads are compressed and stored; None is `Tiers()`.
        cache: What keeps payloads that have been read; None is none.
        cipher: Encrypts before writing.

    Raises:
        ConfigurationError: Parameters that contradict each other.

    Example:
        >>> store = S3DataStore("my-bucket", "payloads", server_side_encryption="aws:kms")
        >>> @activity_task(result_data_store=store)
        ... def fetch(url: str) -> bytes: ...
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
        config: Config | None = None,
        server_side_encryption: str | None = None,
        kms_key_id: str | None = None,
        customer_key: bytes | None = None,
        put_options: dict[str, Any] | None = None,
        tiers: Tiers | None = None,
        cache: PayloadCache | None = SHARED,
        cipher: Cipher | None = None,
    ) -> None:
        if not bucket or "/" in bucket:
            raise ConfigurationError(f"{bucket!r} is no name of an S3 bucket")
        if (aws_key is None) != (aws_secret is None):
            raise ConfigurationError("S3DataStore takes aws_key and aws_secret together or neither")
        self.bucket = bucket
        self.base_key = base_key.strip("/")
        self._root = f"{self.base_key}/" if self.base_key else ""
        super().__init__(
            f"s3://{bucket}/{self._root}", always=always, tiers=tiers, cache=cache, cipher=cipher
        )
        self._session = session
        self._config = config
        self._client_options = _given(
            aws_access_key_id=aws_key,
            aws_secret_access_key=aws_secret,
            region_name=region,
            endpoint_url=endpoint_url,
        )
        self._key_options = _customer_key(customer_key, server_side_encryption)
        self._put_options = {
            **self._key_options,
            **_server_side(server_side_encryption, kms_key_id),
            **(put_options or {}),
        }
        self._lock = threading.Lock()
        self._client: Any = None

    # How bytes are kept.

    def write(self, key: str, body: bytes, once: bool) -> None:
        """Write an object, by a conditional put if its key tells what it is."""
        target = {"Bucket": self.bucket, "Key": self._root + key}
        with naming_errors("written", self.place + key):
            if len(body) >= MULTIPART_FROM_BYTES:
                if not (once and self._is_fresh(target, len(body))):
                    self._s3().upload_fileobj(
                        io.BytesIO(body), **target, ExtraArgs=self._put_options, Config=_in_parts()
                    )
                return
            if once:
                try:
                    self._s3().put_object(**target, Body=body, IfNoneMatch="*", **self._put_options)
                except self._s3().exceptions.ClientError as answer:
                    if is_exists(answer) and self._is_fresh(target, len(body)):
                        return
                    if not (is_exists(answer) or is_unsupported(answer)):
                        raise
                else:
                    return
            self._s3().put_object(**target, Body=body, **self._put_options)

    def _is_fresh(self, target: dict[str, str], size: int) -> bool:
        """Tell whether an object of this size is there and was written lately."""
        try:
            about = self._s3().head_object(**target, **self._key_options)
        except self._s3().exceptions.ClientError as answer:
            if answer.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        age = dt.datetime.now(dt.timezone.utc) - about["LastModified"]
        return bool(about["ContentLength"] == size and age.total_seconds() < STALE_AFTER_SECONDS)

    def read(self, key: str, size: int | None) -> bytes:
        """Read an object, a large one in parts."""
        url = self.place + key
        target = {"Bucket": self.bucket, "Key": self._root + key}
        with naming_errors("read", url):
            if size is not None and size >= MULTIPART_FROM_BYTES:
                about = self._s3().head_object(**target, **self._key_options)
                _check_length(about["ContentLength"], size, url)
                into = io.BytesIO()
                self._s3().download_fileobj(
                    **target, Fileobj=into, ExtraArgs=self._key_options, Config=_in_parts()
                )
                return into.getvalue()
            return self._read(target, size, url)

    def _read(self, target: dict[str, str], size: int | None, url: str) -> bytes:
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        for reading in range(1, MOST_READINGS + 1):
            answer = self._s3().get_object(**target, **self._key_options)
            with contextlib.closing(answer["Body"]) as body:
                _check_length(answer["ContentLength"], size, url)
                try:
                    found: bytes = body.read()
                except (HTTPClientError, IncompleteReadError):
                    if reading == MOST_READINGS:
                        raise
                else:
                    return found
        raise AssertionError("a reading returns or raises")

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Give the objects whose keys, below the base key, begin so."""
        with naming_errors("listed", self.place + prefix):
            pages = self._s3().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._root + prefix):
                for item in page.get("Contents", ()):
                    key = item["Key"].removeprefix(self._root)
                    yield StoredObject(key, item["Size"], item["LastModified"])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, many with a request."""
        rest = iter(keys)
        while some := [{"Key": self._root + key} for key in islice(rest, MOST_DELETED)]:
            with naming_errors("deleted", self.place + some[0]["Key"].removeprefix(self._root)):
                answer = self._s3().delete_objects(
                    Bucket=self.bucket, Delete={"Objects": some, "Quiet": True}
                )
                for error in answer.get("Errors", ()):
                    raise self._s3().exceptions.ClientError({"Error": error}, "DeleteObjects")

    # PySwfAws's references.

    def get(self, reference: str) -> str | bytes:
        """Read what a reference names, and verify it; one of PySwfAws's has nothing to verify."""
        if Seal.split(reference)[1] is not None:
            return super().get(reference)
        key, _ = self.locate(reference)
        body = self._decrypted(self.read(key, None), key, reference)
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body

    # The SDK.

    def _s3(self) -> Any:
        with self._lock:  # making a client is not safe in two threads at once, using it is
            if self._client is None:
                import boto3
                from botocore.config import Config

                config = Config(
                    retries=None if os.environ.get("AWS_RETRY_MODE") else {"mode": "standard"},
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=READ_TIMEOUT_SECONDS,
                    max_pool_connections=CONNECTIONS,
                )
                if self._config is not None:
                    config = config.merge(self._config)
                session: Any = self._session or boto3.session.Session()
                self._client = session.client("s3", config=config, **self._client_options)
            return self._client

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_client": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        return f"S3DataStore({self.bucket!r}, {self.base_key!r})"


def _check_length(length: int, size: int | None, url: str) -> None:
    """Refuse an object before it is read: what it should be is known, or else is bounded."""
    if size is not None and length != size:
        raise PayloadCorrupted(f"{url} has {length} bytes instead of {size}", url)
    if size is None and length > MOST_BYTES:
        raise PayloadCorrupted(f"{url} has {length} bytes, and at most {MOST_BYTES} are read", url)


def _given(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _server_side(kind: str | None, kms_key_id: str | None) -> dict[str, Any]:
    if kind not in (None, "AES256", "aws:kms", "aws:kms:dsse"):
        raise ConfigurationError(
            f"server_side_encryption is {kind!r}; it is 'AES256', 'aws:kms' or 'aws:kms:dsse'"
        )
    if kms_key_id is not None and (kind is None or not kind.startswith("aws:kms")):
        raise ConfigurationError("a kms_key_id needs server_side_encryption='aws:kms' (or 'aws:kms:dsse')")
    return _given(ServerSideEncryption=kind, SSEKMSKeyId=kms_key_id)


def _customer_key(key: bytes | None, kind: str | None) -> dict[str, Any]:
    if key is None:
        return {}
    if kind is not None:
        raise ConfigurationError("give customer_key or server_side_encryption, not both")
    if len(key) != 32:
        raise ConfigurationError(f"customer_key has {len(key)} bytes; it must have 32")
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def _in_parts() -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=MULTIPART_FROM_BYTES)
