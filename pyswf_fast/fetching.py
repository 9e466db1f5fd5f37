"""A decision task with its history: from what a poll answered to what a decider can be run over.

Of a run that is kept only the events since its last task are read. Whatever is in doubt is read as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pyswf_fast._replay import History, Page
from pyswf_fast.exceptions import HistoryFormatError
from pyswf_fast.execution import scope_of
from pyswf_fast.kept import KeptRuns

__all__ = ["DecisionTask", "fetch", "read_pages"]

Call = Callable[[str, Mapping[str, Any]], bytes]

#: SWF may show a history before its latest events: how long to wait before each further look, in seconds.
LOOK_AGAIN_SECS = (0.1, 0.3, 1.0, 2.0)


@dataclass(frozen=True)
class DecisionTask:
    """A decision task with its history.

    Parameters:
        domain: The domain that was polled.
        task_list: The list that the execution's tasks come by when no worker keeps its run.
        page: The first page, which names the task.
        history: The whole history, or what a kept run knows of it, or None if it cannot be read.
        error: Why there is no history.
        news: The pages that a kept run's history lacks, oldest first.
        is_sticky: Whether it came by the list of this worker alone.
    """

    domain: str
    task_list: str
    page: Page
    history: History | None
    error: HistoryFormatError | None = None
    news: Sequence[Page] = ()
    is_sticky: bool = False

    @property
    def started_list(self) -> str:
        """The list that the execution was started on: deciders may share a type and differ by it."""
        if not self.history:
            return self.task_list
        started = self.history[0].attributes
        return str(started.get("taskList", {}).get("name", self.task_list))

    @property
    def type(self) -> tuple[str, str]:
        """Name and version of its workflow type."""
        return self.page.workflow_type or ("", "")

    @property
    def scope(self) -> str:
        """Prefix of its data store keys."""
        return scope_of(self.domain, self.page.workflow_id, self.page.run_id)

    def __str__(self) -> str:
        return f"workflow {self.page.workflow_id!r} (run {self.page.run_id})"


def fetch(
    call: Call,
    poll: Mapping[str, Any],
    body: bytes,
    kept: KeptRuns | None = None,
    task_list: str | None = None,
) -> DecisionTask | None:
    """Complete what a poll answered.

    Parameters:
        call: Makes the requests for the further pages: gives the body of an operation's answer.
        poll: The parameters of the poll, which the further pages repeat.
        body: What the poll answered.
        kept: The runs of which the task's may be one; it is claimed.
        task_list: The list that the polled one stands in for; None is the polled one.

    Returns:
        The task, or None if the poll brought none.
    """
    domain, polled = poll["domain"], poll["taskList"]["name"]
    error: HistoryFormatError | None = None
    try:
        page = Page(body)
    except HistoryFormatError as unreadable:
        page, error = _envelope(body, unreadable), unreadable
    if not page.task_token:
        return None
    known = None if kept is None else kept.claim(page.run_id)
    history: History | None = None
    news: Sequence[Page] = ()
    try:
        if error is None:
            pages = read_pages(call, poll, page, 0 if known is None else len(known))
            if known is not None and _continues(known, pages):
                history, news = known, pages
            elif pages[0].first_event_id > 1:
                history = _read_whole(call, domain, page)
            else:
                history = History.from_pages(pages)
    except HistoryFormatError as unreadable:
        error = unreadable
    except BaseException:
        if kept is not None:
            kept.settle(page.run_id, is_recorded=False)
        raise
    is_sticky = task_list is not None and task_list != polled
    return DecisionTask(domain, task_list or polled, page, history, error, news, is_sticky)


def _envelope(body: bytes, error: HistoryFormatError) -> Page:
    """Read which task an unreadable page brings, so that it can be answered."""
    try:
        members = orjson.loads(body)
        return Page(orjson.dumps({**members, "events": []}))
    except (ValueError, TypeError):
        raise error from None


def read_pages(call: Call, poll: Mapping[str, Any], first: Page, known: int = 0) -> list[Page]:
    """Read the pages that follow the first one that a poll answered, oldest first.

    Parameters:
        call: Makes a request: gives the body of an operation's answer.
        poll: The parameters of the poll.
        first: The first page.
        known: The last event that need not be read; where newer events come first, pages end with it.
    """
    pages = [first]
    while pages[-1].next_page_token:
        if poll.get("reverseOrder") and 0 < pages[-1].first_event_id <= known:
            break
        more = call("PollForDecisionTask", {**poll, "nextPageToken": pages[-1].next_page_token})
        pages.append(Page(more))
    return sorted(pages, key=lambda page: page.first_event_id)


def _continues(known: History, pages: Sequence[Page]) -> bool:
    """Whether pages hold, without a gap, all events from those known to the task's start."""
    last = len(known)
    for page in pages:
        if page.first_event_id > last + 1:
            return False
        last = max(last, page.last_event_id)
    return last >= pages[0].started_event_id > known.started_event_id


def _read_whole(call: Call, domain: str, page: Page) -> History:
    """Read a history from its beginning to the start of a task."""
    execution = {"workflowId": page.workflow_id, "runId": page.run_id}
    envelope = _envelope(page.body, HistoryFormatError("a decision task expected"))
    for wait_secs in (*LOOK_AGAIN_SECS, None):
        pages = [envelope]
        params: dict[str, Any] = {"domain": domain, "execution": execution}
        while True:
            pages.append(Page(call("GetWorkflowExecutionHistory", params)))
            if not pages[-1].next_page_token or pages[-1].last_event_id >= page.started_event_id:
                break
            params["nextPageToken"] = pages[-1].next_page_token
        if pages[-1].last_event_id >= page.started_event_id:
            break
        if wait_secs is not None:
            time.sleep(wait_secs)
    return History.from_pages(pages)
