"""A run of a workflow and its history, which is all that a store keeps of it."""

from __future__ import annotations

from pyswf_fast.service.events import Attributes, Event, decode, encode
from pyswf_fast.service.state import CLOSE_STATUS, State

__all__ = ["HistoryFull", "Run"]


class HistoryFull(Exception):
    """The next event would leave no room for the closing one."""


class Run:
    """One run of a workflow.

    Parameters:
        row: Its number in the store.
        domain: Key of its domain.
        workflow_id: What its starter called it.
        run_id: What tells it from other runs of that workflowId.
        most_events: The longest history.
    """

    def __init__(self, row: int, domain: str, workflow_id: str, run_id: str, most_events: int) -> None:
        self.row = row
        self.domain = domain
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.most_events = most_events
        self.state = State()
        self.events: list[bytes] = []  # emptied once the run is closed and its history is in a store
        self.stored = 0  # how many events the store has
        self.closed_ms = 0
        self.final_counts: dict[str, int] | None = None  # of a closed run that was loaded

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.workflow_id} {self.run_id} {self.state.close_status or 'OPEN'}>"

    @property
    def identity(self) -> dict[str, str]:
        """The execution as events and answers name it."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def is_open(self) -> bool:
        """Whether it can still record events."""
        return self.state.close_status is None

    def restore(self, events: list[bytes]) -> None:
        """Take up where the stored `events` end."""
        self.events = events
        for event in events:
            self.state.apply(decode(event))
        self.stored = len(events)

    def archive(self) -> None:
        """Let the events and all that was open go: the run is closed and a store has its history."""
        self.final_counts = self.final_counts or self.state.counts()
        self.events = []
        self.state.clear()

    def summary(self) -> Attributes:
        """What is kept of a closed run beside its events."""
        state = self.state
        return {
            "last_id": state.last_id,
            "started": {name: value for name, value in state.started.items() if name != "input"},
            "started_ms": state.started_ms,
            "closed_ms": self.closed_ms,
            "close_status": state.close_status,
            "context": state.context,
            "latest_activity_ms": state.latest_activity_ms,
            "counts": state.counts(),
        }

    def restore_closed(self, summary: Attributes) -> None:
        """Take up a closed run from its summary; its events stay in the store."""
        self.closed_ms, self.final_counts = summary.pop("closed_ms"), summary.pop("counts")
        for name, value in summary.items():
            setattr(self.state, name, value)
        self.stored = self.state.last_id

    def record(self, now_ms: int, event_type: str, attributes: Attributes) -> int:
        """Append an event; returns its id."""
        state = self.state
        event_id = state.last_id + 1
        if event_id >= self.most_events and event_type not in CLOSE_STATUS:
            raise HistoryFull
        event = Event(event_type, event_id, max(now_ms, state.last_ms), attributes)
        self.events.append(encode(event))
        state.apply(event)
        return event_id
