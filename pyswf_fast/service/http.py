"""The server process: `serve` listens, runs the application of `app.py` on uvicorn, and stops in time."""

from __future__ import annotations

import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service.app import SwfApp
from pyswf_fast.service.cork import CorkedHttp
from pyswf_fast.service.embedded import EmbeddedSwf
from pyswf_fast.service.page.guard import is_loopback

__all__ = ["SwfApp", "serve"]

STOP_TIMEOUT_SECONDS = 5
IDLE_CONNECTION_SECONDS = 75  # longer than a poll: its client need not connect anew for the next
ENOUGH_FILES = 10_240  # for ten thousand connections
OTHER_FILES = 64  # the database, the loop's own, what is open already


class _Server(uvicorn.Server):
    """uvicorn, told when it listens, and made to let go of waiting polls before it waits for connections."""

    def __init__(self, config: uvicorn.Config, app: SwfApp, greeting: str) -> None:
        super().__init__(config)
        self._app = app
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._app.start()
        print(self._greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM and return, where uvicorn would raise the signal again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(host: str = "127.0.0.1", port: int = 8765, db: str = ":memory:", **options: Any) -> None:
    """Serve SWF at `http://host:port` until SIGINT or SIGTERM.

    Parameters:
        host: The address to listen on.
        port: The port; 0 picks a free one.
        db: An SQLite file, or ":memory:".
        options: Further parameters of EmbeddedSwf.

    Raises:
        ConfigurationError: The port is in use or the database cannot be had; the message is for people.
    """
    listener = _listen(host, port)
    try:
        swf = EmbeddedSwf(db, **options)
    except BaseException:
        listener.close()
        raise
    try:
        bound, bound_port = listener.getsockname()[:2]
        app = SwfApp(swf, loopback=is_loopback(bound))
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            loop="uvloop",
            http=CorkedHttp,
            ws="none",
            timeout_keep_alive=IDLE_CONNECTION_SECONDS,
            timeout_graceful_shutdown=STOP_TIMEOUT_SECONDS,
        )
        greeting = _greeting(host, bound_port, db, options.get("survive_power_loss", False))
        files = _raise_open_files()
        if files < ENOUGH_FILES:
            most = files - OTHER_FILES
            greeting += f"\nIt takes {most} connections at once: this system allows {files} open files."
        _Server(config, app, greeting).run(sockets=[listener])
    finally:
        swf.close()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:  # getaddrinfo would take it modulo 65536
        raise ConfigurationError(f"cannot listen on {host} port {port}: a port is between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}") from None
    return listener


def _greeting(host: str, port: int, db: str, survive_power_loss: bool) -> str:
    shown = f"[{host}]" if ":" in host else host
    here = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(shown, shown)  # noqa: S104 (nothing is bound here)
    storage = "in memory, gone when it stops" if db == ":memory:" else db
    if survive_power_loss:
        storage += ", safe from a loss of power"
    return (
        f"listening on http://{shown}:{port}\n"
        f"storage: {storage}\n"
        f"page for people: http://{here}:{port}/\n"
        "This service checks no credentials: whoever reaches it may do everything."
    )


def _raise_open_files() -> int:
    """Allow this process as many open files as the system lets it have; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, ENOUGH_FILES):  # macOS says that there is no limit, and has one
        if soft < wanted <= hard or hard == resource.RLIM_INFINITY:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft
