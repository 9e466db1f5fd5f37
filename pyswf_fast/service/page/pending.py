"""What an open execution waits for, since when, until when, and who polls the task lists in question."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from pyswf_fast.service.effects import ACTIVITY, DECISION
from pyswf_fast.service.events import Event, decode
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import Machine
from pyswf_fast.service.pollers import Pollers
from pyswf_fast.service.tasks import Activity, Child, DecisionTask, LambdaFunction, Timer

__all__ = ["pending"]

MOST_SHOWN = 200  # of each kind; how many there are is told

Item = dict[str, Any]


def pending(machine: Machine, execution: Execution, pollers: Pollers) -> list[Item]:
    """What is pending, by kind: each has its `count` and its first `items`, oldest first.

    An item has the `event` that it began with, `since`, a `name` and, where it has them, a `type`, the
    instant `due` and what happens then (`timeout`). A task has its `list`, in which it waits unless it was
    `started`, and then the `identity` that has it.
    """
    if not execution.is_open:
        return []
    return _Pending(machine, execution, pollers).kinds()


class _Pending:
    def __init__(self, machine: Machine, execution: Execution, pollers: Pollers) -> None:
        self._machine = machine
        self._execution = execution
        self._pollers = pollers

    def kinds(self) -> list[Item]:
        state = self._execution.state
        decisions = [task for task in (state.running, state.waiting) if task is not None]
        found = [
            self._kind("decision", decisions, self._decision),
            self._kind("activity", state.activities.values(), self._activity),
            self._kind("timer", state.timers.values(), self._timer),
            self._kind("child", state.children.items(), self._child),
            self._kind("lambda", state.lambdas.values(), self._lambda),
        ]
        return [kind for kind in found if kind["count"]]

    def _kind(self, kind: str, things: Any, shown: Callable[[Any], Item]) -> Item:
        return {
            "kind": kind,
            "count": len(things),
            "items": [shown(one) for one in islice(things, MOST_SHOWN)],
        }

    def _event(self, event_id: int) -> Event:
        return decode(self._machine.events(self._execution, event_id, event_id)[0])

    def _begun(self, event_id: int, **more: Any) -> Item:
        return {"event": event_id, "since": self._event(event_id).now_ms / 1000, **more}

    def _decision(self, task: DecisionTask) -> Item:
        return {
            **self._begun(task.scheduled_id),
            "name": "decision task",
            "withheld": self._execution.state.running not in (None, task),
            **self._task(DECISION, task),
        }

    def _activity(self, activity: Activity) -> Item:
        kind = activity.attributes["activityType"]
        return {
            **self._begun(activity.scheduled_id),
            "name": activity.attributes["activityId"],
            "type": f"{kind['name']} {kind['version']}",
            "heartbeat": activity.heartbeat_ms / 1000 or None,
            "cancelRequested": bool(activity.cancel_id),
            **self._task(ACTIVITY, activity),
        }

    def _task(self, kind: str, task: Activity | DecisionTask) -> Item:
        due = task.deadline()
        shown: Item = {"due": due and due[0] / 1000, "timeout": due and due[1]}
        if task.started_id:
            identity = self._event(task.started_id).attributes.get("identity", "")
            return {**shown, "started": task.started_ms / 1000, "identity": identity}
        name = task.attributes["taskList"]["name"]
        key = (kind, self._execution.domain, name)
        last = self._pollers.last(key)
        polled = {
            "here": self._pollers.here(key),
            "last": last and {"at": last.at_ms / 1000, "identity": last.identity},
        }
        return {**shown, "list": {"name": name, **polled}}

    def _timer(self, timer: Timer) -> Item:
        return self._begun(timer.started_id, name=timer.timer_id, due=timer.due_ms / 1000)

    def _child(self, link: tuple[int, Child]) -> Item:
        initiated_id, child = link
        kind = child.workflow_type
        shown = self._begun(initiated_id, name=child.workflow_id, type=f"{kind['name']} {kind['version']}")
        if child.started_id:
            shown["execution"] = self._event(child.started_id).attributes["workflowExecution"]
        return shown

    def _lambda(self, function: LambdaFunction) -> Item:
        due_ms = function.due_ms()
        return {
            **self._begun(
                function.scheduled_id, name=function.attributes["id"], type=function.attributes["name"]
            ),
            "started": function.started_ms / 1000 or None,
            "due": due_ms and due_ms / 1000,
            "timeout": due_ms and "START_TO_CLOSE",
        }
