"""SWF over HTTP: an ASGI application that speaks JSON 1.0, long polls included, and `serve`, which runs it.

Everything runs on one event loop. Requests that are ready in the same turn of the loop share one commit,
and none is answered before it. A poll that finds nothing leaves a `_Waiter` at its task list and costs no
thread; a task goes to the first waiter whose client is still connected.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from pyswf_fast.exceptions import ConfigurationError, ServiceFault
from pyswf_fast.service.embedded import LONGEST_POLL_SECONDS, Checked, EmbeddedSwf
from pyswf_fast.service.lambdas import Call, Outcome
from pyswf_fast.service.machine import ListKey
from pyswf_fast.service.page import page
from pyswf_fast.service.page.guard import check_browser, is_loopback
from pyswf_fast.service.pollers import Pollers
from pyswf_fast.service.tasking import NOTHING
from pyswf_fast.service.wire import CONTENT_TYPE, Headers, parse, refusal

__all__ = ["SwfApp", "serve"]

LONGEST_SLEEP_SECONDS = 60.0  # how soon a clock that was set is noticed
STOP_TIMEOUT_SECONDS = 5


class _Waiter:
    """A poll that waits at a task list."""

    __slots__ = ("answer", "request")

    def __init__(self, request: Checked, answer: asyncio.Future[bytes]) -> None:
        self.request = request
        self.answer = answer


class SwfApp:
    """The service as an ASGI application.

    Parameters:
        swf: The service; nobody else may use it while the application runs.
        loopback: Only this machine reaches it, under a loopback address: others' web pages are refused.
    """

    def __init__(self, swf: EmbeddedSwf, *, loopback: bool = False) -> None:
        self._swf = swf
        self._loopback = loopback
        self._waiters: dict[ListKey, deque[_Waiter]] = {}
        self._commit: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_due: float | None = None
        self._calls: set[asyncio.Future[Outcome]] = set()
        self._stopping = False
        self._pollers = Pollers(swf.now_ms)
        self._page = page(swf, self._pollers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's request."""
        if scope["type"] != "http":
            return
        refused = check_browser(scope) if self._loopback else None
        if refused is not None:
            await PlainTextResponse(f"{refused}\n", 403)(scope, receive, send)
        elif scope["method"] == "POST":
            await self._answer(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    # One request.

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive, self._swf.machine.limits.request_bytes)
        if body is None:
            return
        try:
            status, headers, content = await self._carry_out(dict(scope["headers"]), body, receive)
            if (
                self._swf.machine.changes
            ):  # also before a fault, which may tell of something that just happened
                await self._committed()
        except ServiceFault as fault:
            status, headers, content = refusal(fault)
        if content is not None:
            await _send(send, status, headers, content)

    async def _carry_out(
        self, headers: Mapping[bytes, bytes], body: bytes, receive: Receive
    ) -> tuple[int, Headers, bytes | None]:
        """Status, headers and body of the answer; no body when the client went away while it waited."""
        try:
            request = parse(headers, body, self._swf.machine.limits.request_bytes)
            polls = request.polls
            if polls is None:
                answer: bytes | None = self._apply(request)
            else:
                with self._pollers.at(polls, request.params.get("identity", "")):
                    answer = self._apply(request)
                    if answer == NOTHING[polls[0]] and not self._stopping:
                        answer = await self._wait(polls, request, receive)
        except ServiceFault as fault:
            return refusal(fault)
        return 200, {"content-type": CONTENT_TYPE}, answer

    def _apply(self, request: Checked) -> bytes:
        try:
            return self._swf.apply(request)
        finally:  # time passed, even if the request is refused
            self._serve_waiters()
            self._set_alarm()

    async def _wait(self, polls: ListKey, request: Checked, receive: Receive) -> bytes | None:
        """Stand at a task list until there is a task, a minute has gone by or the client has gone."""
        waiters = self._waiters.setdefault(polls, deque())
        if len(waiters) >= self._swf.machine.limits.pollers:
            raise ServiceFault("LimitExceededFault", f"{len(waiters)} polls wait at this task list")
        waiter = _Waiter(request, asyncio.get_running_loop().create_future())
        waiters.append(waiter)
        gone = asyncio.ensure_future(_disconnected(receive))
        gone.add_done_callback(lambda _: waiter.answer.done() or waiter.answer.cancel())
        try:
            return await asyncio.wait_for(waiter.answer, LONGEST_POLL_SECONDS)
        except asyncio.TimeoutError:
            return NOTHING[polls[0]]
        except asyncio.CancelledError:
            if gone.done():
                return None
            raise
        finally:
            gone.cancel()
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters and self._waiters.get(polls) is waiters:
                del self._waiters[polls]

    def _serve_waiters(self) -> None:
        """Hand the tasks of lists that got some to the polls that wait there, first come first served."""
        ready = self._swf.machine.ready
        while ready:
            key = next(iter(ready))
            del ready[key]
            waiters = self._waiters.get(key)
            while waiters:
                waiter = waiters[0]
                if not waiter.answer.done():
                    answer = self._swf.apply(waiter.request)
                    if answer == NOTHING[key[0]]:
                        break
                    waiter.answer.set_result(answer)
                waiters.popleft()

    # One commit for all requests of a turn of the loop.

    async def _committed(self) -> None:
        if self._commit is None:
            loop = asyncio.get_running_loop()
            self._commit = loop.create_future()
            loop.call_soon(self._commit_all, self._commit)
        await asyncio.shield(self._commit)

    def _commit_all(self, waited_for: asyncio.Future[None]) -> None:
        self._commit = None
        try:
            self._swf.commit()
        except Exception as error:  # noqa: BLE001 (whatever the store cannot do, nothing was promised)
            print(f"pyswf-fast: changes cannot be stored: {error}", file=sys.stderr, flush=True)
            waited_for.set_exception(ServiceFault("InternalFailure", "The change cannot be stored"))
            waited_for.exception()  # somebody may have gone who waited for it
        else:
            waited_for.set_result(None)
            self._call_functions()

    # Lambda functions.

    def _call_functions(self) -> None:
        """Have the functions called that were started, now that this is stored."""
        while not self._stopping and (call := self._swf.next_call()) is not None:
            future = asyncio.get_running_loop().run_in_executor(self._swf.executor, call)
            self._calls.add(future)
            future.add_done_callback(partial(self._called, call))

    def _called(self, call: Call, future: asyncio.Future[Outcome]) -> None:
        self._calls.discard(future)
        if not self._stopping:
            self._swf.end_call(call, future.result())
            self._ring()

    # What happens by itself.

    def _set_alarm(self) -> None:
        due = self._swf.next_due()
        if due == self._alarm_due:
            return
        self._alarm_due = due
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if due is not None and not self._stopping:
            delay = min(max(due - self._swf.clock.now(), 0.0), LONGEST_SLEEP_SECONDS)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm_due = None
        self._swf.machine.run_due(self._swf.now_ms())
        self._serve_waiters()
        if self._swf.machine.changes and self._commit is None:
            self._commit = asyncio.get_running_loop().create_future()
            self._commit_all(self._commit)
        elif self._commit is None:
            self._call_functions()  # those that the last process did not see end
        self._set_alarm()

    # Start and stop.

    def start(self) -> None:
        """Begin to let time pass; to be called on the loop."""
        self._ring()

    def stop(self) -> None:
        """Answer every waiting poll with nothing, so that connections can end."""
        self._stopping = True
        if self._alarm is not None:
            self._alarm.cancel()
        for call in tuple(self._calls):
            call.cancel()
        for key, waiters in self._waiters.items():
            for waiter in waiters:
                if not waiter.answer.done():
                    waiter.answer.set_result(NOTHING[key[0]])


async def _read_body(receive: Receive, largest: int) -> bytes | None:
    """The body of a request, cut behind what is too long anyway; None if the client left in the middle."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if size <= largest:
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: Headers, content: bytes) -> None:
    sent = {**headers, "content-length": str(len(content)), "x-amzn-requestid": str(uuid.uuid4())}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


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
            timeout_keep_alive=75,
            timeout_graceful_shutdown=STOP_TIMEOUT_SECONDS,
        )
        _Server(config, app, _greeting(host, bound_port, db)).run(sockets=[listener])
    finally:
        swf.close()
        listener.close()


def _greeting(host: str, port: int, db: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    here = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(shown, shown)  # noqa: S104 (nothing is bound here)
    storage = "in memory, gone when it stops" if db == ":memory:" else db
    return (
        f"listening on http://{shown}:{port}\n"
        f"storage: {storage}\n"
        f"page for people: http://{here}:{port}/\n"
        "This service checks no credentials: whoever reaches it may do everything."
    )


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
