"""A lean HTTP client: a boto3 call alone costs a millisecond of CPU, more than the service takes for it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

__all__ = ["Connection", "connect"]

#: moto finds the service by the scope of the signature, which nobody checks here.
SIGNED = b"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/swf/aws4_request, SignedHeaders=host, Signature=0"


class Connection(asyncio.Protocol):
    """A connection that carries one call at a time, made anew where the server closes it, as moto does."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        answer, self._answer = self._answer, None
        if b"connection: close" in head and self._transport is not None:
            self._transport.close()
        if head.startswith(b"http/1.1 200"):
            answer.set_result(body)
        else:
            answer.set_exception(RuntimeError(f"{head.decode()}\n\n{body.decode()}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the service closed the connection"))

    async def open(self) -> None:
        """Connect; raises OSError where nobody listens."""
        await asyncio.get_running_loop().create_connection(lambda: self, *self._address)

    async def send(self, operation: str, body: bytes) -> bytes:
        """The body of the answer to a request whose body is ready."""
        if self._transport is None or self._transport.is_closing():
            await self.open()
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            b"POST / HTTP/1.1\r\nHost: swf\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: SimpleWorkflowService.%s\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (operation.encode(), SIGNED, len(body), body)
        )
        return await self._answer

    async def call(self, operation: str, **params: Any) -> Any:
        """The answer to one request; None where its body is empty."""
        body = await self.send(operation, orjson.dumps(params))
        return orjson.loads(body) if body else None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def connect(host: str, port: int) -> Connection:
    """A connection that is open; raises OSError where nobody listens."""
    connection = Connection(host, port)
    await connection.open()
    return connection
