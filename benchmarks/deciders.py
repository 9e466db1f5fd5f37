"""The deciders that made the histories, written for pyswf_fast; peers have the same in their own words."""

from __future__ import annotations

from typing import Any

from generate import ACTIVITY_TYPE, CHAIN, FAN_OUT, WORKFLOW_TYPE, Shape, argument_of

from pyswf_fast import activity_task, decision_task, wait_all


@activity_task(swf_task_type=ACTIVITY_TYPE["name"], swf_task_version=ACTIVITY_TYPE["version"])
def thumbnail(key: str, width: int, height: int, format: str = "webp") -> Any:
    raise NotImplementedError("benchmarks replay what was done")


def decider(shape: Shape) -> Any:
    """Rounds of `at_once` activities and the sum of what they say; one round more than is recorded."""

    @decision_task(swf_workflow_type=WORKFLOW_TYPE["name"], swf_workflow_version="1.0")
    def thumbnails() -> int:
        total = 0
        for first in range(1, shape.activities + 2, shape.at_once):
            promises = [
                thumbnail(argument_of(number), 320, 240, format="webp")
                for number in range(first, first + shape.at_once)
            ]
            for result in wait_all(*promises):
                total += result["bytes"]
        return total

    return thumbnails


SHAPES = (FAN_OUT, CHAIN)
