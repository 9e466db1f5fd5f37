"""simpleflow: activities with a retry, a timer, a marker, a signal, a child, a run that continues as new."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from simpleflow import Workflow, activity, futures

TIMEOUTS = {
    "start_to_close_timeout": 60,
    "schedule_to_close_timeout": 60,
    "schedule_to_start_timeout": 60,
    "heartbeat_timeout": 60,
}


@activity.with_attributes(task_list="clients", version="1", **TIMEOUTS)
def square(number: int) -> int:
    return number * number


@activity.with_attributes(task_list="clients", version="1", retry=2, **TIMEOUTS)
def unsteady(path: str) -> str:
    if not os.path.exists(path):
        Path(path).touch()
        raise ValueError("the first time it fails")
    return "steady"


class Child(Workflow):
    name = "child"
    version = "1"
    task_list = "clients"
    execution_timeout = 60
    decision_tasks_timeout = 10

    def run(self, number: int) -> Any:
        return self.submit(square, number).result


class Parent(Workflow):
    name = "parent"
    version = "1"
    task_list = "clients"
    execution_timeout = 60
    decision_tasks_timeout = 10

    def run(self, numbers: list[int], path: str) -> Any:
        if not numbers:
            return self.submit(self.continue_as_new(numbers=[1, 2, 3], path=path)).result
        squares = [self.submit(square, number) for number in numbers]
        steady = self.submit(unsteady, path)
        pause = self.submit(self.start_timer("pause", 1))
        futures.wait(steady, pause, *squares)
        self.submit(self.record_marker("squares", [one.result for one in squares]))
        self.submit(self.signal("go", value=5))
        futures.wait(self.submit(self.wait_signal("go")))
        child = self.submit(Child, sum(one.result for one in squares))
        return [child.result, steady.result]
