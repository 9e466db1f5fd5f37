"""What can be wrong with S3, by name.

The SDK sorts errors by where in it they arise; a user wants to know whose they are: the payload's, the
credentials', the bucket's, or of a service that does not answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from pyswf_fast.exceptions import (
    CredentialsExpired,
    DataStoreDenied,
    DataStoreError,
    DataStoreMissing,
    DataStoreUnavailable,
    PayloadCorrupted,
    PayloadMissing,
)

__all__ = ["is_exists", "is_unsupported", "naming_errors"]

_BY_CODE: dict[str, type[DataStoreError]] = {
    "NoSuchKey": PayloadMissing,
    "NoSuchVersion": PayloadMissing,
    "404": PayloadMissing,
    "NoSuchBucket": DataStoreMissing,
    "ExpiredToken": CredentialsExpired,
    "ExpiredTokenException": CredentialsExpired,
    "TokenRefreshRequired": CredentialsExpired,
    "RequestExpired": CredentialsExpired,
    "RequestTimeout": DataStoreUnavailable,
    "SlowDown": DataStoreUnavailable,
    "OperationAborted": DataStoreUnavailable,
    "ConditionalRequestConflict": DataStoreUnavailable,
    "InvalidDigest": PayloadCorrupted,
    "BadDigest": PayloadCorrupted,
}
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
_EXPIRED = (
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "SSOTokenLoadError",
    "RefreshWithMFAUnsupportedError",
)


@contextlib.contextmanager
def naming_errors(verb: str, reference: str) -> Iterator[None]:
    """Turn the SDK's errors into one that says which object could not be had, and why.

    Parameters:
        verb: What was to be done with it: read, written.
        reference: Which.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as trouble:
        error = trouble.response.get("Error", {})
        why = f"{error.get('Code', 'error')}: {error.get('Message', '')}".rstrip(": ")
        raise _kind(trouble)(f"{reference} could not be {verb}: {why}", reference) from trouble
    except (BotoCoreError, Boto3Error, OSError) as trouble:
        raise _sdk_kind(trouble)(f"{reference} could not be {verb}: {trouble}", reference) from trouble


def _kind(answer: Any) -> type[DataStoreError]:
    code = str(answer.response.get("Error", {}).get("Code", ""))
    status = answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500 or status == 429 or "Throttl" in code:
        return DataStoreUnavailable
    if status in (401, 403) or code in ("AccessDenied", "403") or code.startswith("KMS."):
        return DataStoreDenied
    return DataStoreError


def _sdk_kind(trouble: Exception) -> type[DataStoreError]:
    name = type(trouble).__name__
    if name in _NO_CREDENTIALS:
        return DataStoreDenied
    if name in _EXPIRED:
        return CredentialsExpired
    if name == "FlexibleChecksumError":  # the SDK's own check sum of what it read
        return PayloadCorrupted
    if name in ("NoRegionError", "ParamValidationError"):
        return DataStoreError
    return DataStoreUnavailable


def is_exists(answer: Any) -> bool:
    """Tell whether a conditional put found the object there, or somebody just writing it."""
    return bool(answer.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412))


def is_unsupported(answer: Any) -> bool:
    """Tell whether a service does not know conditional puts."""
    return bool(answer.response["ResponseMetadata"]["HTTPStatusCode"] == 501)
