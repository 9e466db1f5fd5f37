"""What an execution has open: activity tasks, timers, children, Lambda functions, its decision task."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Activity", "Child", "DecisionTask", "LambdaFunction", "Timer", "duration_ms"]


@lru_cache(maxsize=1024)
def duration_ms(text: str | None) -> int | None:
    """A duration as SWF writes it in milliseconds; None where it is unlimited."""
    return None if text is None or text == "NONE" else int(text) * 1000


@dataclass(slots=True)
class Activity:
    """An activity task from its scheduling to its end."""

    attributes: dict[str, Any]  # of ActivityTaskScheduled
    scheduled_id: int
    scheduled_ms: int
    started_id: int = 0
    started_ms: int = 0
    heartbeat_ms: int = 0
    details: str | None = None  # of the last heartbeat
    cancel_id: int = 0  # of the last ActivityTaskCancelRequested

    def deadline(self) -> tuple[int, str] | None:
        """When it times out next if nothing happens, and by which timeout."""
        if self.started_id:
            clocks = [
                ("START_TO_CLOSE", "startToCloseTimeout", self.started_ms),
                ("HEARTBEAT", "heartbeatTimeout", max(self.started_ms, self.heartbeat_ms)),
                ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", self.scheduled_ms),
            ]
        else:
            clocks = [
                ("SCHEDULE_TO_START", "scheduleToStartTimeout", self.scheduled_ms),
                ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", self.scheduled_ms),
            ]
        first: tuple[int, str] | None = None
        for timeout_type, member, since in clocks:
            limit = duration_ms(self.attributes[member])
            if limit is not None and (first is None or since + limit < first[0]):
                first = (since + limit, timeout_type)
        return first


@dataclass(slots=True)
class Timer:
    """A timer that has not fired."""

    timer_id: str
    started_id: int
    due_ms: int


@dataclass(slots=True)
class Child:
    """A child execution that has not ended, or not even started."""

    workflow_id: str
    workflow_type: dict[str, str]
    started_id: int = 0


@dataclass(slots=True)
class LambdaFunction:
    """A call of a Lambda function that has not ended."""

    attributes: dict[str, Any]  # of LambdaFunctionScheduled
    scheduled_id: int
    started_id: int = 0
    started_ms: int = 0

    def due_ms(self) -> int | None:
        """When it times out; what has not started cannot."""
        limit = duration_ms(self.attributes["startToCloseTimeout"])
        return None if limit is None or not self.started_id else self.started_ms + limit


@dataclass(slots=True)
class DecisionTask:
    """A decision task from its scheduling to its end."""

    attributes: dict[str, Any]  # of DecisionTaskScheduled
    scheduled_id: int
    available_ms: int  # scheduled, or free of the task that ran before it
    started_id: int = 0
    started_ms: int = 0

    def deadline(self) -> tuple[int, str] | None:
        """When it times out if nothing happens, and by which timeout."""
        if self.started_id:
            limit = duration_ms(self.attributes["startToCloseTimeout"])
            return None if limit is None else (self.started_ms + limit, "START_TO_CLOSE")
        limit = duration_ms(self.attributes["scheduleToStartTimeout"])
        return None if limit is None else (self.available_ms + limit, "SCHEDULE_TO_START")
