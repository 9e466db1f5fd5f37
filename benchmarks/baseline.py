"""The obvious replay, as PySwfAws and others do it: fold all events into states, run the decider again.

The decider is run from its beginning; the first wait for something that has no result yet ends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from generate import ACTIVITY_TYPE, Shape, argument_of


class Unfulfilled(Exception):
    """Ends the decider where it would have to wait."""


class Promise:
    def __init__(self, state: str | None, outcome: str | None) -> None:
        self.state = state
        self.outcome = outcome

    @property
    def result(self) -> Any:
        if self.state != "COMPLETED":
            raise Unfulfilled
        return json.loads(self.outcome) if self.outcome is not None else None


class Decider:
    """One run of a decider over a folded history."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.states: dict[str, list[Any]] = {}
        self.decisions: list[dict[str, Any]] = []
        self.count = 0
        self.fold(events)

    def fold(self, events: list[dict[str, Any]]) -> None:
        by_event: dict[int, list[Any]] = {}
        for event in events:
            event_type = event["eventType"]
            if event_type == "ActivityTaskScheduled":
                its = event["activityTaskScheduledEventAttributes"]
                state = ["SCHEDULED", None]
                self.states[its["activityId"]] = by_event[event["eventId"]] = state
            elif event_type == "ActivityTaskStarted":
                by_event[event["activityTaskStartedEventAttributes"]["scheduledEventId"]][0] = "STARTED"
            elif event_type == "ActivityTaskCompleted":
                its = event["activityTaskCompletedEventAttributes"]
                by_event[its["scheduledEventId"]][:] = ["COMPLETED", its.get("result")]
            elif event_type == "ActivityTaskFailed":
                its = event["activityTaskFailedEventAttributes"]
                by_event[its["scheduledEventId"]][:] = ["FAILED", its.get("details")]

    def thumbnail(self, *args: Any, **kwargs: Any) -> Promise:
        self.count += 1
        activity_id = str(self.count)
        known = self.states.get(activity_id)
        if known is None:
            attributes = {
                "activityId": activity_id,
                "activityType": ACTIVITY_TYPE,
                "input": json.dumps([args, kwargs]),
            }
            self.decisions.append(
                {
                    "decisionType": "ScheduleActivityTask",
                    "scheduleActivityTaskDecisionAttributes": attributes,
                }
            )
            return Promise(None, None)
        return Promise(*known)


def decide(events: list[dict[str, Any]], shape: Shape) -> list[dict[str, Any]]:
    """What the decider of `deciders.py` decides."""
    run = Decider(events)
    total = 0
    try:
        for first in range(1, shape.activities + 2, shape.at_once):
            promises = [
                run.thumbnail(argument_of(number), 320, 240, format="webp")
                for number in range(first, first + shape.at_once)
            ]
            for promise in promises:
                total += promise.result["bytes"]
    except Unfulfilled:
        pass
    return run.decisions


def replay(bodies: Sequence[bytes], shape: Shape, loads: Callable[[bytes], Any] = orjson.loads) -> list[Any]:
    """Pages in, decisions out."""
    events = [event for body in bodies for event in loads(body)["events"]]
    return decide(events, shape)
