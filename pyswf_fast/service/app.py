"""SWF as an ASGI application: JSON 1.0 by POST, long polls included, and the page by GET.

All of it runs on one event loop. Requests that are ready in the same turn share one commit, and none is
answered before it (`commits.py`). Polls that find nothing wait in `polls.py`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from uuid import UUID

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.commits import TurnCommits
from pyswf_fast.service.embedded import Checked, EmbeddedSwf
from pyswf_fast.service.lambdas import Call, Outcome
from pyswf_fast.service.machine import ListKey
from pyswf_fast.service.page import page
from pyswf_fast.service.page.guard import check_browser
from pyswf_fast.service.pollers import Pollers
from pyswf_fast.service.polls import WaitingPolls, has_left
from pyswf_fast.service.tasking import NOTHING
from pyswf_fast.service.wire import CONTENT_TYPE, Headers, parse, refusal

__all__ = ["SwfApp"]

LONGEST_SLEEP_SECONDS = 60.0  # how soon a clock that was set is noticed
RETRY_SECONDS = 1.0  # between attempts to store what happened by itself

_request_ids = count(int.from_bytes(os.urandom(16), "big") >> 1)
_SUCCESS: Headers = {"content-type": CONTENT_TYPE}


class SwfApp:
    """The service as an ASGI application.

    Parameters:
        swf: The service; nobody else may use it while the application runs.
        loopback: Only this machine reaches it, under a loopback address: others' web pages are refused.
    """

    def __init__(self, swf: EmbeddedSwf, *, loopback: bool = False) -> None:
        self._swf = swf
        self._loopback = loopback
        self._commits = TurnCommits(swf, self._turn_ended)
        self._polls = WaitingPolls(swf, self._commits)
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
        posted = scope["method"] == "POST"
        headers = dict(scope["headers"])
        # Of a POST, the guard looks at the origin alone: most have none.
        refused = (
            check_browser(scope) if self._loopback and not (posted and b"origin" not in headers) else None
        )
        if refused is not None:
            await PlainTextResponse(f"{refused}\n", 403)(scope, receive, send)
        elif posted:
            await self._answer(headers, receive, send)
        else:
            await self._page(scope, receive, send)

    # One request.

    async def _answer(self, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        largest = self._swf.machine.limits.request_bytes
        body = await _read_body(receive, largest)
        if body is None:
            return
        try:
            request = parse(headers, body, largest)
            if request.polls is None:
                content: bytes | None = await self._carry_out(request)
            else:
                with self._pollers.at(request.polls, request.params.get("identity", "")):
                    content = await self._poll(request.polls, request, receive)
        except ServiceFault as fault:
            await _send(send, *refusal(fault))
        else:
            if content is not None:
                await _send(send, 200, _SUCCESS, content)

    async def _carry_out(self, request: Checked) -> bytes:
        """The body of the answer, all that it tells of stored."""
        try:
            return self._swf.apply(request)
        finally:  # time passed, even if the request is refused
            self._polls.serve()
            await self._commits.stored()

    async def _poll(self, key: ListKey, request: Checked, receive: Receive) -> bytes | None:
        """Like `_carry_out`, for a poll of the list `key`, which may wait; None when its client has gone."""
        nothing = NOTHING[key[0]]
        answer: bytes | None = await self._carry_out(request)
        if answer == nothing:
            answer = await self._polls.wait(key, request, receive)
        if answer is None or answer == nothing:
            return answer
        if has_left(receive):
            self._swf.give_back(key, answer)
            self._polls.serve()
            return None
        return answer

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
            with suppress(ServiceFault):  # going back to what is stored failed: it is called again
                self._swf.end_call(call, future.result())
            self._ring()

    # What happens by itself.

    def _turn_ended(self, stored: bool) -> None:
        if stored:
            self._call_functions()
        self._set_alarm(stored)

    def _set_alarm(self, stored: bool = True) -> None:
        """Wake up when something is due next; a little later when it could not be stored."""
        due = self._swf.next_due()
        if due == self._alarm_due and stored:
            return
        self._alarm_due = due
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._stopping and (due is not None or not stored):
            delay = LONGEST_SLEEP_SECONDS if due is None else due - self._swf.clock.now()
            delay = max(min(delay, LONGEST_SLEEP_SECONDS), 0.0) if stored else RETRY_SECONDS
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm_due = None
        try:
            self._swf.let_time_pass()
        except ServiceFault as fault:
            print(f"pyswf-fast: {fault.message}", file=sys.stderr, flush=True)
            self._set_alarm(stored=False)
            return
        self._polls.serve()
        self._commits.soon()
        if not self._swf.machine.changes:
            self._turn_ended(True)

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
        self._polls.release()


async def _read_body(receive: Receive, largest: int) -> bytes | None:
    """The body of a request, cut behind what is too long anyway; None if the client left in the middle."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > largest or not message.get("more_body", False):
            return body


async def _send(send: Send, status: int, headers: Headers, content: bytes) -> None:
    request_id = UUID(int=next(_request_ids))
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    fields.append((b"content-length", b"%d" % len(content)))
    fields.append((b"x-amzn-requestid", str(request_id).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": content})
