"""Temporal's Replayer on the same work: the same rounds of activities and results, in its own history.

Its history is protobuf, which is what its service sends; parsing it is part of the time, as it is of
ours. The workflow runs outside of Temporal's sandbox, which is faster. It makes no new decisions: a replay
ends with the last workflow task that was recorded.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from generate import Shape, argument_of, events, result_of
from temporalio import activity, workflow
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

_QUEUE = TaskQueue(name="thumbnails")


@activity.defn(name="thumbnail")
async def thumbnail(key: str, width: int, height: int, format: str) -> dict[str, Any]:
    raise NotImplementedError


@workflow.defn(name="thumbnails")
class Thumbnails:
    @workflow.run
    async def run(self, activities: int, at_once: int) -> int:
        total = 0
        for first in range(1, activities + 2, at_once):
            handles = [
                workflow.start_activity(
                    thumbnail,
                    args=[argument_of(number), 320, 240, "webp"],
                    start_to_close_timeout=timedelta(hours=1),
                )
                for number in range(first, first + at_once)
            ]
            for result in await asyncio.gather(*handles):
                total += result["bytes"]
        return total


def _payloads(*values: Any) -> Payloads:
    encoding = {"encoding": b"json/plain"}
    return Payloads(
        payloads=[Payload(metadata=encoding, data=json.dumps(value).encode()) for value in values]
    )


def _translated(shape: Shape) -> Iterator[HistoryEvent]:
    """The same history, event by event; ids and order are those of SWF's."""
    numbers: dict[int, int] = {}
    for one in events(shape):
        event = HistoryEvent(event_id=one["eventId"], task_id=one["eventId"])
        event.event_time.FromMilliseconds(round(one["eventTimestamp"] * 1000))
        its = next(value for name, value in one.items() if name.endswith("EventAttributes"))
        match one["eventType"]:
            case "WorkflowExecutionStarted":
                event.event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
                started = event.workflow_execution_started_event_attributes
                started.workflow_type.CopyFrom(WorkflowType(name="thumbnails"))
                started.task_queue.CopyFrom(_QUEUE)
                started.input.CopyFrom(_payloads(shape.activities, shape.at_once))
                started.original_execution_run_id = started.first_execution_run_id = "run"
                started.workflow_id, started.attempt = "thumbnails", 1
                started.workflow_task_timeout.FromSeconds(10)
            case "DecisionTaskScheduled":
                event.event_type = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
                event.workflow_task_scheduled_event_attributes.task_queue.CopyFrom(_QUEUE)
            case "DecisionTaskStarted":
                event.event_type = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
                event.workflow_task_started_event_attributes.scheduled_event_id = its["scheduledEventId"]
            case "DecisionTaskCompleted":
                event.event_type = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
                completed = event.workflow_task_completed_event_attributes
                completed.scheduled_event_id = its["scheduledEventId"]
                completed.started_event_id = its["startedEventId"]
            case "ActivityTaskScheduled":
                number = numbers[one["eventId"]] = int(its["activityId"])
                event.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
                scheduled = event.activity_task_scheduled_event_attributes
                scheduled.activity_id = its["activityId"]
                scheduled.activity_type.CopyFrom(ActivityType(name="thumbnail"))
                scheduled.task_queue.CopyFrom(_QUEUE)
                scheduled.input.CopyFrom(_payloads(argument_of(number), 320, 240, "webp"))
                scheduled.workflow_task_completed_event_id = its["decisionTaskCompletedEventId"]
                scheduled.start_to_close_timeout.FromSeconds(3600)
            case "ActivityTaskStarted":
                event.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
                event.activity_task_started_event_attributes.scheduled_event_id = its["scheduledEventId"]
                event.activity_task_started_event_attributes.identity = its["identity"]
            case "ActivityTaskCompleted":
                event.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
                done = event.activity_task_completed_event_attributes
                done.scheduled_event_id = its["scheduledEventId"]
                done.started_event_id = its["startedEventId"]
                done.result.CopyFrom(_payloads(result_of(numbers[its["scheduledEventId"]])))
        yield event


def contender(shape: Shape) -> Callable[[], None]:
    """A function that replays the history from its protobuf bytes."""
    data = History(events=_translated(shape)).SerializeToString()

    async def replay() -> None:
        replayer = Replayer(workflows=[Thumbnails], workflow_runner=UnsandboxedWorkflowRunner())
        history = WorkflowHistory("thumbnails", History.FromString(data).events)
        await replayer.replay_workflow(history)

    return lambda: asyncio.run(replay())
