"""What the page asks for: parameters of a GET in, JSON out. Everything is read from the machine as it stands.

The handlers run on the loop that serves workers. Each does a bounded amount of work at a time; those that
go through a whole history let the loop serve others after every `EVENTS_AT_ONCE` events.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pyswf_fast.service.domain import Domain
from pyswf_fast.service.embedded import EmbeddedSwf
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.page import payloads
from pyswf_fast.service.page.listing import STATUSES, Filters, list_domains, list_executions
from pyswf_fast.service.page.pending import pending
from pyswf_fast.service.pollers import Pollers
from pyswf_fast.service.timeline import Place
from pyswf_fast.service.visibility import describe

__all__ = ["Api"]

EVENTS_AT_ONCE = 500
LARGEST_PAGE = 200
FARTHEST = 1e12  # seconds since the epoch, and of all other numbers
LONGEST_PLACE = 40
JSON = "application/json"

Handler = Callable[["Api", Request], Awaitable[Response]]


class _Refused(Exception):
    """Nothing can be shown for this request.

    Parameters:
        status: Of the HTTP answer.
        message: For people.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _answering(handler: Handler) -> Handler:
    @wraps(handler)
    async def answer(self: Api, request: Request) -> Response:
        try:
            return await handler(self, request)
        except _Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)

    return answer


def _json(answer: Any) -> Response:
    return Response(orjson.dumps(answer), media_type=JSON)


class Api:
    """The routes below `/api`.

    Parameters:
        swf: The service.
        pollers: Who polls its lists.
    """

    def __init__(self, swf: EmbeddedSwf, pollers: Pollers) -> None:
        self._swf = swf
        self._pollers = pollers
        self.routes = [
            Route("/domains", self.domains),
            Route("/executions", self.executions),
            Route("/execution", self.execution),
            Route("/events", self.events),
            Route("/event", self.event),
            Route("/search", self.search),
            Route("/history", self.history),
        ]

    @_answering
    async def domains(self, _: Request) -> Response:
        """All domains."""
        return _json({"domains": list_domains(self._swf.machine.domains)})

    @_answering
    async def executions(self, request: Request) -> Response:
        """A page of a domain's executions."""
        given = request.query_params
        status = given.get("status", "")
        if status and status not in STATUSES:
            raise _Refused(400, f"The status {status!r} is none of {', '.join(STATUSES)}.")
        filters = Filters(
            workflow=given.get("workflow", "").casefold(),
            type=given.get("type", "").casefold(),
            tag=given.get("tag", ""),
            status=status,
            since=_number(request, "since"),
            until=_number(request, "until"),
        )
        limit = min(max(int(_number(request, "limit") or LARGEST_PAGE), 1), LARGEST_PAGE)
        page = list_executions(self._domain(request), filters, _place(request), limit)
        if page["before"] is not None:
            page["before"] = "-".join(map(str, page["before"]))
        return _json({**page, "now": self._swf.clock.now()})

    @_answering
    async def execution(self, request: Request) -> Response:
        """One execution: what DescribeWorkflowExecution answers, its relatives, and what is pending."""
        execution = self._execution(request)
        machine, state = self._swf.machine, execution.state
        waiting = pending(machine, execution, self._pollers)
        last = self._event(execution, state.last_id)
        return _json(
            {
                **describe(execution),
                "lastEventId": state.last_id,
                "started": self._event(execution, 1),
                "closed": None if execution.is_open else last,
                "pending": waiting,
                "expires": state.expires_ms / 1000,
                "now": self._swf.clock.now(),
            }
        )

    @_answering
    async def events(self, request: Request) -> Response:
        """The events `first` to `last`, at most `EVENTS_AT_ONCE` of them, with long texts cut."""
        execution = self._execution(request)
        first = max(int(_number(request, "first") or 1), 1)
        events = [payloads.brief(event) for event in self._read(execution, first)]
        body = b'{"lastEventId":%d,"events":[%s]}' % (execution.state.last_id, b",".join(events))
        return Response(body, media_type=JSON)

    @_answering
    async def event(self, request: Request) -> Response:
        """One event, whole, with its payloads decoded."""
        execution = self._execution(request)
        event_id = int(_number(request, "event") or 0)
        return _json(self._event(execution, event_id))

    @_answering
    async def search(self, request: Request) -> Response:
        """The ids of the events that hold a text."""
        execution = self._execution(request)
        text = request.query_params.get("text", "").casefold()
        found: list[int] = []
        async for first, events in self._all(execution):
            found += [first + n for n, event in enumerate(events) if payloads.contains(event, text)]
        return _json({"events": found})

    @_answering
    async def history(self, request: Request) -> Response:
        """The whole history as a file, as GetWorkflowExecutionHistory tells it: for `pyswf-fast replay`."""
        execution = self._execution(request)

        async def document() -> AsyncIterator[bytes]:
            yield b'{"workflowExecution":%s,"events":[' % orjson.dumps(execution.identity)
            async for first, events in self._all(execution):
                yield (b",\n" if first > 1 else b"\n") + b",\n".join(events)
            yield b"\n]}\n"

        name = quote(f"{execution.workflow_id}.json", safe="")
        return StreamingResponse(
            document(),
            media_type=JSON,
            headers={
                "content-disposition": f"attachment; filename=\"history.json\"; filename*=UTF-8''{name}"
            },
        )

    # Finding things.

    def _domain(self, request: Request) -> Domain:
        name = request.query_params.get("domain", "")
        found = self._swf.machine.domains.get(name)
        if found is None:
            raise _Refused(404, f"There is no domain {name!r}.")
        return found

    def _execution(self, request: Request) -> Execution:
        run_id = request.query_params.get("run", "")
        found = self._domain(request).runs.get(run_id)
        if found is None:
            raise _Refused(404, f"There is no run {run_id!r}. It may be past its domain's retention period.")
        return found

    def _event(self, execution: Execution, event_id: int) -> dict[str, Any]:
        if not 1 <= event_id <= execution.state.last_id:
            raise _Refused(
                404, f"There is no event {event_id}: this history ends with {execution.state.last_id}."
            )
        return payloads.full(self._swf.machine.events(execution, event_id, event_id)[0])

    def _read(self, execution: Execution, first: int) -> Sequence[bytes]:
        last = min(first + EVENTS_AT_ONCE - 1, execution.state.last_id)
        return self._swf.machine.events(execution, first, last) if first <= last else ()

    async def _all(self, execution: Execution) -> AsyncIterator[tuple[int, Sequence[bytes]]]:
        """The events that there are now, some at a time, with the id of the first of them."""
        first, last = 1, execution.state.last_id
        while first <= last:
            events = self._read(execution, first)[: last - first + 1]
            yield first, events
            first += len(events)
            await asyncio.sleep(0)


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None or text == "":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) < FARTHEST:  # nor if it is not a number at all
        raise _Refused(400, f"{name} is a number, not {text!r}.")
    return number


def _place(request: Request) -> Place | None:
    """Where a page of a list begins: what the page before said in `before`."""
    text = request.query_params.get("before", "")
    at_ms, _, row = text.partition("-")
    if not text:
        return None
    if not (at_ms.isdecimal() and row.isdecimal() and len(text) < LONGEST_PLACE):
        raise _Refused(400, f"before is what the page before said, not {text!r}.")
    return int(at_ms), int(row)
