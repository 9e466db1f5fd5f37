"""uvicorn's HTTP protocol, made to send an answer in one segment, and to tell at once that a client left.

uvicorn writes head and body of an answer one after the other, and uvloop sends each at once: two system
calls here, two packets and two wakeups at the client, a quarter of the cost of a small answer.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["CorkedHttp"]


class _Cork:
    """A transport that holds the head of an answer until its body is written.

    They leave with the body and not at the end of the turn: whoever looked whether the client is still
    there, and then wrote, can rely on it that nothing was read from the client in between.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        if not self._head and data.startswith(b"HTTP/"):
            self._head = data
            asyncio.get_running_loop().call_soon(self._flush)  # a head may have no body, or a late one
        else:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def _flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CorkedHttp(HttpToolsProtocol):
    """HTTP on a connection whose heads travel with their bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a new connection."""
        super().connection_made(cast("asyncio.Transport", _Cork(cast("asyncio.Transport", transport))))

    def eof_received(self) -> None:
        """Tell the application that the client left, which `connection_lost` would do a turn later.

        An answer that is written in between is lost, and with it the task in it.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
