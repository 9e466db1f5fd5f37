"""simpleflow's replay on the same work, in a history with its own names of activities."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from generate import WORKFLOW_TYPE, Shape, argument_of, body, events
from parsers import botocore_events
from simpleflow import Workflow, activity, futures
from simpleflow.swf.executor import Executor
from simpleflow.swf.mapper.models.domain import Domain
from simpleflow.swf.mapper.models.history import History
from simpleflow.swf.mapper.responses import Response

logging.getLogger("simpleflow").setLevel(logging.ERROR)


@activity.with_attributes(name="thumbnail", version="1.0", task_list="thumbnails")
def thumbnail(key: str, width: int, height: int, format: str = "webp") -> Any:
    raise NotImplementedError


def contender(shape: Shape) -> Callable[[], Any]:
    """A function from pages to decisions, botocore's parser included, as in simpleflow's decider."""

    class Thumbnails(Workflow):
        name = WORKFLOW_TYPE["name"]
        version = WORKFLOW_TYPE["version"]
        task_list = "thumbnails"

        def run(self) -> int:
            total = 0
            for first in range(1, shape.activities + 2, shape.at_once):
                rounds = [
                    self.submit(thumbnail, argument_of(number), 320, 240, format="webp")
                    for number in range(first, first + shape.at_once)
                ]
                futures.wait(*rounds)
                total += sum(future.result["bytes"] for future in rounds)
            return total

    found = events(shape)
    for one in found:
        scheduled = one.get("activityTaskScheduledEventAttributes")
        if scheduled:
            scheduled["activityId"] = f"activity-thumbnail-{scheduled['activityId']}"
    found[0]["workflowExecutionStartedEventAttributes"]["input"] = '{"args":[],"kwargs":{}}'
    bodies = [body(found[at : at + 1000], len(found), False) for at in range(0, len(found), 1000)]

    def replay() -> Any:
        executor = Executor(Domain("benchmark"), Thumbnails, task_list="thumbnails")
        history = History.from_event_list(botocore_events(bodies))
        return executor.replay(Response(history=history, execution=None)).decisions

    return replay
