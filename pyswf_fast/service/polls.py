"""Long polls: one that finds nothing stands at its task list and costs no thread.

A task goes to the poll that has waited longest among those whose clients are still connected. One whose
client left after all before the answer was written is given back: the next poll gets the same task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, cast

from starlette.types import Receive

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.commits import TurnCommits
from pyswf_fast.service.embedded import Checked, EmbeddedSwf
from pyswf_fast.service.faults import too_many_polls
from pyswf_fast.service.machine import ListKey
from pyswf_fast.service.tasking import NOTHING

__all__ = ["WaitingPolls", "has_left"]


class _Poll:
    """A poll that waits; its answer is None when its client left."""

    __slots__ = ("answer", "request", "stands")

    def __init__(self, request: Checked) -> None:
        self.request = request
        self.answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.stands = True  # at its list; one that was handed a task awaits no more than the commit

    def end(self, answer: bytes | None) -> None:
        """Wait no longer, unless there is a task."""
        if self.stands and not self.answer.done():
            self.answer.set_result(answer)


class WaitingPolls:
    """The polls that wait, by task list.

    Parameters:
        swf: Where tasks come from.
        commits: What holds an answer back until the task's start is stored.
    """

    def __init__(self, swf: EmbeddedSwf, commits: TurnCommits) -> None:
        self._swf = swf
        self._commits = commits
        self._lists: dict[ListKey, deque[_Poll]] = {}
        self._released = False

    async def wait(self, key: ListKey, request: Checked, receive: Receive) -> bytes | None:
        """A task's bytes, those of nothing after the longest poll, or None when the client left."""
        nothing = NOTHING[key[0]]
        if self._released:
            return nothing
        polls = self._lists.setdefault(key, deque())
        if len(polls) >= self._swf.machine.limits.pollers:
            raise too_many_polls(len(polls))
        poll = _Poll(request)
        polls.append(poll)
        self._swf.machine.ready[key] = None  # a task may have come since the poll found nothing
        self.serve()
        self._commits.soon()
        loop = asyncio.get_running_loop()
        timeout = loop.call_later(self._swf.longest_poll_seconds, poll.end, nothing)
        watch = loop.create_task(_disconnected(receive))
        watch.add_done_callback(lambda _: poll.end(None))
        try:
            return await poll.answer
        finally:
            timeout.cancel()
            watch.cancel()
            if poll.stands:
                polls.remove(poll)
            if not polls and self._lists.get(key) is polls:
                del self._lists[key]

    def serve(self) -> None:
        """Hand the tasks of lists that got some to the polls that wait there, first come first served."""
        ready = self._swf.machine.ready
        while ready:
            key = next(iter(ready))
            del ready[key]
            polls = self._lists.get(key)
            while polls:
                poll = polls[0]
                if not poll.answer.done() and not self._serve_one(poll, NOTHING[key[0]]):
                    break
                poll.stands = False
                polls.popleft()

    def _serve_one(self, poll: _Poll, nothing: bytes) -> bool:
        """Let a poll ask again; whether it has its answer."""
        try:
            answer = self._swf.apply(poll.request)
        except ServiceFault as fault:
            poll.answer.set_exception(fault)
            return True
        if answer == nothing:
            return False
        self._commits.deliver(poll.answer, answer)
        return True

    def release(self) -> None:
        """Answer every poll with nothing, now and from now on."""
        self._released = True
        for key, polls in self._lists.items():
            for poll in polls:
                poll.end(NOTHING[key[0]])


def has_left(receive: Receive) -> bool:
    """Whether the client has gone whose request was read; nothing is waited for."""
    message = cast("Coroutine[Any, Any, Any]", receive())
    try:
        message.send(None)
    except StopIteration as arrived:
        return bool(arrived.value["type"] == "http.disconnect")
    finally:
        message.close()
    return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
