"""Histories of two shapes with 24,483 events each, as the bodies of PollForDecisionTask responses.

- *fan-out*: 8,000 activities, 50 a decision; 3 events a decision, 3 an activity: 1 + 160 * (3 + 50 * 3) + 2.
- *chain*: 4,080 activities, one a decision: 1 + 4,080 * (3 + 3) + 2.

The last 2 are the decision task in hand. Everything is drawn from one seed: the bytes are always the same.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PAGE = 1000
RUN_ID = "22uyVUDaasNO8Dbs8ei1FBS3LbRenpgCwZEOl+oVaaTj4="
WORKFLOW_ID = "nightly-thumbnails-2017-09-08"
WORKFLOW_TYPE = {"name": "thumbnails", "version": "1.0"}
ACTIVITY_TYPE = {"name": "thumbnail", "version": "1.0"}
_START_MS = 1_504_871_454_307
_NUMBER = re.compile(r'("eventTimestamp"):(\d+)\.(\d+)')


@dataclass(frozen=True)
class Shape:
    """How many activities a history has, and how many of them a decision schedules."""

    name: str
    activities: int
    at_once: int

    @property
    def events(self) -> int:
        """How many events the history has when its last decision task is in hand."""
        return 1 + self.activities // self.at_once * (3 + 3 * self.at_once) + 2


FAN_OUT = Shape("fan-out", 8_000, 50)
CHAIN = Shape("chain", 4_080, 1)
#: A thousand events of the same two kinds, for what must not depend on length.
SHORT_FAN_OUT = Shape("short fan-out", 300, 50)
SHORT_CHAIN = Shape("short chain", 166, 1)


class _Log:
    """Events as they are appended, in time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_ms = _START_MS
        self.events: list[dict[str, Any]] = []

    def add(self, event_type: str, after_ms: int = 0, **attributes: Any) -> int:
        self.now_ms += after_ms
        self.events.append(
            {
                "eventId": len(self.events) + 1,
                "eventTimestamp": self.now_ms / 1000,
                "eventType": event_type,
                f"{event_type[0].lower()}{event_type[1:]}EventAttributes": attributes,
            }
        )
        return len(self.events)

    def decision_task(self) -> int:
        task_list = {"name": "thumbnails"}
        return self.add(
            "DecisionTaskScheduled",
            scheduleToStartTimeout="NONE",
            startToCloseTimeout="30",
            taskList=task_list,
        )


def result_of(number: int) -> dict[str, Any]:
    """What the activity of this number gave."""
    return {
        "bytes": 1000 + number * 7919 % 90_000,
        "etag": f"{number * 2654435761 % 2**64:016x}",
        "key": f"thumbs/2017/09/08/IMG_{number:05}.webp",
        "n": number,
    }


def argument_of(number: int) -> str:
    """What the activity of this number was called with."""
    return f"s3://photos-eu-central-1/2017/09/08/upload/IMG_{number:05}.jpg"


def events(shape: Shape, seed: int = 20170908) -> list[dict[str, Any]]:
    """The history of a shape, event by event."""
    log = _Log(seed)
    log.add(
        "WorkflowExecutionStarted",
        childPolicy="TERMINATE",
        executionStartToCloseTimeout="31536000",
        input="[[], {}]",
        parentInitiatedEventId=0,
        taskList={"name": "thumbnails"},
        taskStartToCloseTimeout="30",
        workflowType=WORKFLOW_TYPE,
    )
    scheduled = log.decision_task()
    for first in range(1, shape.activities + 1, shape.at_once):
        started = log.add(
            "DecisionTaskStarted", 40, identity="decider@ip-10-0-0-7", scheduledEventId=scheduled
        )
        context = (
            {"executionContext": json.dumps({"pyswf": 1, "run": RUN_ID, "build": "0.1.0"})}
            if first == 1
            else {}
        )
        completed = log.add(
            "DecisionTaskCompleted", 25, scheduledEventId=scheduled, startedEventId=started, **context
        )
        scheduled = _activities(log, completed, range(first, first + shape.at_once))
    log.add("DecisionTaskStarted", 40, identity="decider@ip-10-0-0-7", scheduledEventId=scheduled)
    assert len(log.events) == shape.events
    return log.events


def _activities(log: _Log, completed: int, numbers: range) -> int:
    """Schedule activities and complete them in any order; tells the decision task that they cause."""
    places = {}
    for number in numbers:
        places[number] = log.add(
            "ActivityTaskScheduled",
            activityId=str(number),
            activityType=ACTIVITY_TYPE,
            decisionTaskCompletedEventId=completed,
            heartbeatTimeout="NONE",
            input=json.dumps([[argument_of(number), 320, 240], {"format": "webp"}]),
            scheduleToCloseTimeout="NONE",
            scheduleToStartTimeout="NONE",
            startToCloseTimeout="3600",
            taskList={"name": "thumbnails"},
        )
    order = list(numbers)
    log.random.shuffle(order)
    began = {}
    for number in order:
        host = log.random.randrange(1, 255)
        began[number] = log.add(
            "ActivityTaskStarted",
            3,
            identity=f"worker@ip-10-0-1-{host}.eu-central-1.compute.internal",
            scheduledEventId=places[number],
        )
    log.random.shuffle(order)
    scheduled = 0
    for number in order:
        log.add(
            "ActivityTaskCompleted",
            log.random.randrange(1, 900),
            result=json.dumps(result_of(number)),
            scheduledEventId=places[number],
            startedEventId=began[number],
        )
        scheduled = scheduled or log.decision_task()
    return scheduled


def dumps(value: Any) -> bytes:
    """JSON as SWF writes it: alphabetical keys, no spaces, times such as 1.504871454307E9."""
    return _NUMBER.sub(_scientific, json.dumps(value, sort_keys=True, separators=(",", ":"))).encode()


def _scientific(match: re.Match[str]) -> str:
    digits = (match[2] + match[3]).rstrip("0")
    return f"{match[1]}:{digits[0]}.{digits[1:] or '0'}E{len(match[2]) - 1}"


def pages(shape: Shape, size: int = PAGE) -> list[bytes]:
    """The history as a decider gets it: bodies of PollForDecisionTask, oldest events first."""
    found = events(shape)
    cuts = range(0, len(found), size)
    return [body(found[at : at + size], len(found), at + size < len(found)) for at in cuts]


def body(some: list[dict[str, Any]], started: int, more: bool, previous: int = 0) -> bytes:
    """One page of a decision task."""
    members = {
        "events": some,
        "previousStartedEventId": previous,
        "startedEventId": started,
        "taskToken": "AAAAKgAAAAEAAAAAAAAAAjQ9tZ1qB8Pk" * 4,
        "workflowExecution": {"runId": RUN_ID, "workflowId": WORKFLOW_ID},
        "workflowType": WORKFLOW_TYPE,
    }
    if more:
        members["nextPageToken"] = "AAAAKgAAAAEAAAAAAAAAAq" * 8
    return dumps(members)


def tasks(shape: Shape) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Each decision task: the id of its DecisionTaskStarted, and the events since the one before."""
    seen, found = 0, events(shape)
    for one in found:
        if one["eventType"] == "DecisionTaskStarted":
            yield one["eventId"], found[seen : one["eventId"]]
            seen = one["eventId"]
