"""A real boto3 client whose requests never leave the process.

botocore emits `before-send` with the request that it signed; what a handler returns is the answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from pyswf_fast.exceptions import ServiceFault, SwfError
from pyswf_fast.service.wire import CONTENT_TYPE, parse, refusal

if TYPE_CHECKING:
    from pyswf_fast.service.embedded import Checked, EmbeddedSwf
    from pyswf_fast.transport import Transport

__all__ = ["make_client"]


class _Body:
    """As much of urllib3's response as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def make_client(service: EmbeddedSwf, transport: Transport | None = None, **options: Any) -> Any:
    """A boto3 SWF client that `service` answers; see `EmbeddedSwf.client`."""

    def carry_out(request: Checked) -> bytes:
        if transport is None:
            return service.wait(request)
        return transport.call(request.operation, request.params)

    def answer(request: AWSPreparedRequest, **_: object) -> Any:
        given = {name.lower().encode(): _bytes(value) for name, value in request.headers.items()}
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        try:
            parsed = parse(given, body, service.machine.limits.request_bytes)
            status, headers, content = 200, {"content-type": CONTENT_TYPE}, carry_out(parsed)
        except ServiceFault as fault:
            status, headers, content = refusal(fault)
        except SwfError as error:  # a transport that lost it
            lost = ReadTimeoutError if isinstance(error.__cause__, TimeoutError) else ConnectionClosedError
            raise lost(endpoint_url=request.url, error=error) from error
        answered: Any = {**headers, "x-amzn-requestid": str(uuid.uuid4())}
        return AWSResponse(request.url, status, answered, _Body(content))

    # A refusal of ours will be the same at the second attempt.
    settings = Config(retries={"total_max_attempts": 1}).merge(options.pop("config", None) or Config())
    client = boto3.client(
        "swf",
        **{
            "region_name": "us-east-1",
            "endpoint_url": "http://swf.invalid",
            "aws_access_key_id": "embedded",
            "aws_secret_access_key": "embedded",
            "config": settings,
            **options,
        },
    )
    handler: Any = answer
    client.meta.events.register("before-send.swf", handler)
    return client
