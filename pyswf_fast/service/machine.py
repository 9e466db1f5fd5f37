"""All domains and executions as one state machine: requests and instants in, answers out, no I/O.

It owns what lies between executions: task lists, alarms, children, signals from one to another. What a
request changed is noted in `changes`, which the store takes before the request is answered.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service.domain import Domain, Limits, RegisteredType, domain_key
from pyswf_fast.service.effects import (
    Alarm,
    CancelExternal,
    Closed,
    ContinueAsNew,
    Effect,
    SignalExternal,
    StartChild,
    TaskReady,
)
from pyswf_fast.service.execution import RETENTION, Execution
from pyswf_fast.service.faults import unknown_domain, unknown_execution
from pyswf_fast.service.queues import SMALLEST_CLEARING, LapsingQueue
from pyswf_fast.service.refusals import Refusals
from pyswf_fast.service.tasks import Activity

__all__ = ["Archive", "Changes", "ListKey", "Machine"]

ListKey = tuple[str, str, str]  # kind of task, domain, name of the list
_Due = tuple[Execution, str, int]  # an alarm: whose, of which kind, for what


class Archive(Protocol):
    """Where the events of closed executions are read from."""

    def read(self, row: int, first: int, last: int) -> Sequence[bytes]:
        """The events `first` to `last` of the execution stored as `row`."""
        ...


@dataclass(slots=True)
class Changes:
    """What was changed since the store was last brought up to date; dicts keep the order."""

    domains: dict[str, Domain] = field(default_factory=dict)
    types: dict[tuple[str, str, str, str], RegisteredType | None] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    heartbeats: dict[tuple[int, int], tuple[int, str | None]] = field(default_factory=dict)
    removed: dict[int, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.executions or self.domains or self.types or self.heartbeats or self.removed)


def _new_run_id() -> str:
    """A run id of the form that SWF's have, with the characters that theirs have."""
    return f"22{b64encode(os.urandom(32)).decode()}"


class Machine:
    """The state of the service.

    Parameters:
        archive: Where histories are read that are no longer in memory.
        limits: The quotas.
    """

    def __init__(self, archive: Archive, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.domains: dict[str, Domain] = {}  # by key
        self.refusals = Refusals()
        self.changes = Changes()
        self.ready: dict[ListKey, None] = {}  # lists that got a task; whoever serves pollers empties it
        self.new_run_id: Callable[[], str] = _new_run_id
        self._archive = archive
        self._lists: dict[ListKey, LapsingQueue[tuple[Execution, int]]] = {}
        self._clear_lists_at = SMALLEST_CLEARING
        self._alarms: LapsingQueue[_Due] = LapsingQueue(
            lambda due: due[0].deadline(due[1], due[2]) is not None
        )
        self._runs: dict[str, Execution] = {}
        self._last_row = 0

    def admit(self, now_ms: int, operation: str) -> None:
        """Raise the fault of a request that is refused whatever it asks for."""
        del now_ms
        self.refusals.check(operation)

    # Finding things.

    def domain(self, region: str, name: str) -> Domain:
        """The domain of that name in that region; a fault if there is none."""
        found = self.domains.get(domain_key(region, name))
        if found is None or found.name != name:  # a name that was asked for may hold anything
            elsewhere = [domain.region for domain in self.domains.values() if domain.name == name]
            raise unknown_domain(name, region, elsewhere)
        return found

    def run(self, run_id: str) -> Execution | None:
        """The run of that id in any domain, open or closed."""
        return self._runs.get(run_id)

    def open_execution(self, domain: Domain, workflow_id: str, run_id: str | None) -> Execution:
        """The open run of that workflowId, which must be `run_id` where that is given."""
        found = domain.open.get(workflow_id)
        if found is None or (run_id and found.run_id != run_id):
            raise unknown_execution(workflow_id, run_id)
        return found

    def any_execution(self, domain: Domain, workflow_id: str, run_id: str) -> Execution:
        """That run, open or closed."""
        found = domain.runs.get(run_id)
        if found is None or found.workflow_id != workflow_id:
            raise unknown_execution(workflow_id, run_id)
        return found

    def events(self, execution: Execution, first: int, last: int) -> Sequence[bytes]:
        """The events `first` to `last` of an execution, both included."""
        if execution.events:
            return execution.events[first - 1 : last]
        return self._archive.read(execution.row, first, last)

    # Changing things.

    def start(
        self, now_ms: int, domain: Domain, workflow_id: str, run_id: str, attributes: dict[str, Any]
    ) -> None:
        """Start a run with the attributes of WorkflowExecutionStarted."""
        self._last_row += 1
        execution = Execution(self._last_row, domain.key, workflow_id, run_id, self.limits.history_events)
        self._runs[run_id] = execution
        execution.start(now_ms, attributes)
        domain.add_open(execution)
        self.settle(now_ms, execution)

    def adopt(self, domain: Domain, execution: Execution) -> None:
        """Take a stored run in."""
        self._last_row = max(self._last_row, execution.row)
        self._runs[execution.run_id] = execution
        if execution.is_open:
            domain.add_open(execution)
        else:
            domain.add_closed(execution)
            self._forget_later(domain, execution)

    def _forget_later(self, domain: Domain, closed: Execution) -> None:
        self._alarms.push((closed.closed_ms + domain.retention_ms,), (closed, RETENTION, domain.retention_ms))

    def settle(self, now_ms: int, execution: Execution) -> None:
        """Carry out what a step of `execution` asks of others, and what that asks in turn."""
        touched = deque([execution])
        while touched:
            one = touched.popleft()
            self.changes.executions[one.row] = one
            effects, one.effects = one.effects, []
            for effect in effects:
                touched.extend(self._carry_out(now_ms, one, effect))

    def resume(self) -> None:
        """Queue the tasks and alarms of all open executions after they were loaded."""
        for domain in self.domains.values():
            for execution in domain.open.values():
                execution.announce()
                effects, execution.effects = execution.effects, []
                for effect in effects:
                    self._queue(execution, effect)
        self.ready.clear()

    def heartbeat(self, now_ms: int, execution: Execution, activity: Activity, details: str | None) -> None:
        """Note that a worker is alive; this is the one change that is no event."""
        activity.heartbeat_ms, activity.details = now_ms, details
        self.changes.heartbeats[execution.row, activity.scheduled_id] = (now_ms, details)

    # Time.

    def next_due_ms(self) -> int | None:
        """When something happens by itself next."""
        first = self._first_alarm()
        return None if first is None else first[0]

    def _first_alarm(self) -> tuple[int, _Due] | None:
        """The next alarm and when it is due; those that heartbeats put off are set anew."""
        while (first := self._alarms.first()) is not None:
            (set_for,), alarm = first
            execution, kind, reference = alarm
            due_ms = execution.deadline(kind, reference)
            if due_ms is None or due_ms <= set_for:
                return set_for, alarm
            self._alarms.pop()
            self._alarms.push((due_ms,), alarm)
        return None

    def alarms(self) -> Iterator[tuple[int, str, Execution]]:
        """What will happen by itself: when, of which kind and to whom, in no order."""
        for execution, kind, reference in self._alarms:
            due_ms = execution.deadline(kind, reference)
            if due_ms is not None:
                yield due_ms, kind, execution

    def run_due(self, now_ms: int) -> None:
        """Let everything happen that is due by `now_ms`, in order, each at its own instant."""
        while (first := self._first_alarm()) is not None and first[0] <= now_ms:
            due_ms, (execution, kind, reference) = first
            self._alarms.pop()
            if kind == RETENTION:
                self._forget(execution)
            else:
                execution.fire(due_ms, kind, reference)
                self.settle(due_ms, execution)

    def _forget(self, execution: Execution) -> None:
        self.domains[execution.domain].forget(execution)
        del self._runs[execution.run_id]
        self.changes.executions.pop(execution.row, None)
        self.changes.removed[execution.row] = None

    # Task lists.

    def take(self, kind: str, domain: str, task_list: str) -> tuple[Execution, int] | None:
        """The next task of a list, as its execution and scheduledEventId; it is not started yet."""
        queue = self._lists.get((kind, domain, task_list))
        if queue is None:
            return None
        task = queue.pop()
        if task is None:
            del self._lists[kind, domain, task_list]
        return task

    def waiting(self, kind: str, domain: str, task_list: str) -> Iterable[tuple[Execution, int]]:
        """The tasks that wait in a list."""
        return self._lists.get((kind, domain, task_list), ())

    def _new_list(self, key: ListKey) -> LapsingQueue[tuple[Execution, int]]:
        """A list comes with its first task; those that nobody polls any more go when they have doubled."""
        if len(self._lists) >= self._clear_lists_at:
            self._lists = {key: queue for key, queue in self._lists.items() if queue.first() is not None}
            self._clear_lists_at = max(SMALLEST_CLEARING, 2 * len(self._lists))
        queue = self._lists[key] = LapsingQueue(partial(_is_waiting, key[0]))
        return queue

    # Effects.

    def _queue(self, execution: Execution, effect: Effect) -> None:
        if isinstance(effect, Alarm):
            self._alarms.push((effect.due_ms,), (execution, effect.kind, effect.reference))
        elif isinstance(effect, TaskReady):
            key = (effect.kind, execution.domain, effect.task_list)
            queue = self._lists.get(key)
            if queue is None:
                queue = self._new_list(key)
            queue.push((-effect.priority, effect.since_ms), (execution, effect.scheduled_id))
            self.ready[key] = None

    def _carry_out(self, now_ms: int, source: Execution, effect: Effect) -> Iterator[Execution]:
        """Carry one effect out; yields the executions it touched."""
        if isinstance(effect, (Alarm, TaskReady)):
            self._queue(source, effect)
        elif isinstance(effect, StartChild):
            yield from self._start_child(now_ms, source, effect)
        elif isinstance(effect, SignalExternal):
            yield from self._signal(now_ms, source, effect)
        elif isinstance(effect, CancelExternal):
            yield from self._request_cancel(now_ms, source, effect)
        elif isinstance(effect, Closed):
            yield from self._close(now_ms, source, effect)
        else:
            self._continue(now_ms, source, effect)

    def _start_child(self, now_ms: int, parent: Execution, effect: StartChild) -> Iterator[Execution]:
        domain = self.domains[parent.domain]
        given = dict(effect.attributes)
        workflow_id, workflow_type = given.pop("workflowId"), given["workflowType"]
        control = given.pop("control", None)
        if workflow_id in domain.open:
            failed = {
                "workflowId": workflow_id,
                "workflowType": workflow_type,
                "cause": "WORKFLOW_ALREADY_RUNNING",
                "initiatedEventId": effect.initiated_id,
                "decisionTaskCompletedEventId": effect.completed_id,
            }
            if control is not None:
                failed["control"] = control
            parent.happen(now_ms, "StartChildWorkflowExecutionFailed", failed)
        else:
            run_id = self.new_run_id()
            link = {"parentWorkflowExecution": parent.identity, "parentInitiatedEventId": effect.initiated_id}
            self.start(now_ms, domain, workflow_id, run_id, {**given, **link})
            started = {
                "workflowExecution": {"workflowId": workflow_id, "runId": run_id},
                "workflowType": workflow_type,
                "initiatedEventId": effect.initiated_id,
            }
            parent.happen(now_ms, "ChildWorkflowExecutionStarted", started)
        yield parent

    def _signal(self, now_ms: int, source: Execution, effect: SignalExternal) -> Iterator[Execution]:
        target = self._target(source, effect)
        if target is not None:
            attributes = {
                "signalName": effect.attributes["signalName"],
                "externalWorkflowExecution": source.identity,
                "externalInitiatedEventId": effect.initiated_id,
            }
            if "input" in effect.attributes:
                attributes["input"] = effect.attributes["input"]
            target.happen(now_ms, "WorkflowExecutionSignaled", attributes)
            yield target
        self._report(now_ms, source, target, effect, "ExternalWorkflowExecutionSignaled")
        yield source

    def _request_cancel(self, now_ms: int, source: Execution, effect: CancelExternal) -> Iterator[Execution]:
        target = self._target(source, effect)
        if target is not None:
            attributes = {
                "externalWorkflowExecution": source.identity,
                "externalInitiatedEventId": effect.initiated_id,
            }
            target.happen(now_ms, "WorkflowExecutionCancelRequested", attributes)
            yield target
        self._report(now_ms, source, target, effect, "ExternalWorkflowExecutionCancelRequested")
        yield source

    def _target(self, source: Execution, effect: SignalExternal | CancelExternal) -> Execution | None:
        if effect.cause is not None:
            return None
        domain = self.domains[source.domain]
        try:
            return self.open_execution(
                domain, effect.attributes["workflowId"], effect.attributes.get("runId")
            )
        except ServiceFault:
            return None

    def _report(
        self,
        now_ms: int,
        source: Execution,
        target: Execution | None,
        effect: SignalExternal | CancelExternal,
        event_type: str,
    ) -> None:
        """Tell the source whether its signal or cancel request arrived."""
        attributes: dict[str, Any] = {"initiatedEventId": effect.initiated_id}
        if target is not None:
            attributes["workflowExecution"] = target.identity
        else:
            kind = "SignalExternal" if isinstance(effect, SignalExternal) else "RequestCancelExternal"
            event_type = f"{kind}WorkflowExecutionFailed"
            attributes["cause"] = effect.cause or "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            attributes["decisionTaskCompletedEventId"] = effect.completed_id
            for member in ("workflowId", "runId", "control"):
                if member in effect.attributes:
                    attributes[member] = effect.attributes[member]
        source.happen(now_ms, event_type, attributes)

    def _close(self, now_ms: int, closed: Execution, effect: Closed) -> Iterator[Execution]:
        domain = self.domains[closed.domain]
        domain.close(closed)
        self._forget_later(domain, closed)
        if effect.child_policy is not None:
            yield from self._apply_child_policy(now_ms, domain, closed, effect.child_policy)
        started = closed.state.started
        if "parentWorkflowExecution" in started and closed.state.close_status != "CONTINUED_AS_NEW":
            parent = self._runs.get(started["parentWorkflowExecution"]["runId"])
            if parent is not None:
                parent.child_ended(now_ms, started["parentInitiatedEventId"], closed, effect)
                yield parent

    def _apply_child_policy(
        self, now_ms: int, domain: Domain, parent: Execution, policy: str
    ) -> Iterator[Execution]:
        for initiated_id, link in parent.state.children.items():
            child = domain.open.get(link.workflow_id)
            if child is None:
                continue
            started = child.state.started
            theirs = (
                started.get("parentWorkflowExecution", {}).get("runId"),
                started["parentInitiatedEventId"],
            )
            if theirs != (parent.run_id, initiated_id):
                continue  # another execution has the id by now
            if policy == "TERMINATE":
                child.terminate(now_ms, {"cause": "CHILD_POLICY_APPLIED"})
            elif policy == "REQUEST_CANCEL":
                attributes = {"cause": "CHILD_POLICY_APPLIED", "externalInitiatedEventId": 0}
                child.happen(now_ms, "WorkflowExecutionCancelRequested", attributes)
            yield child

    def _continue(self, now_ms: int, closed: Execution, effect: ContinueAsNew) -> None:
        old = closed.state.started
        attributes = {**effect.attributes, "continuedExecutionRunId": closed.run_id}
        for member in ("parentWorkflowExecution", "parentInitiatedEventId"):
            if member in old:
                attributes[member] = old[member]
        self.start(now_ms, self.domains[closed.domain], closed.workflow_id, effect.run_id, attributes)


def _is_waiting(kind: str, task: tuple[Execution, int]) -> bool:
    execution, scheduled_id = task
    return execution.is_waiting(kind, scheduled_id)
