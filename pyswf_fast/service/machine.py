"""All domains and executions as one state machine: requests and instants in, answers out, no I/O.

It owns what lies between executions: task lists, alarms, Lambda functions to call; what one execution
does to others is in `consequences.py`. What a request changed is noted in `changes`, which the store
takes before the request is answered.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from pyswf_fast.service.changes import Archive, Changes
from pyswf_fast.service.consequences import carry_out
from pyswf_fast.service.domain import Domain, domain_key, region_of
from pyswf_fast.service.effects import LAMBDA, RETENTION, Alarm, Effect, Invocation, TaskReady
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.faults import unknown_domain, unknown_execution
from pyswf_fast.service.limits import Limits
from pyswf_fast.service.queues import SMALLEST_CLEARING, LapsingQueue
from pyswf_fast.service.refusals import Refusals
from pyswf_fast.service.tasks import Activity, LambdaFunction
from pyswf_fast.service.throttle import Throttle

__all__ = ["ListKey", "Machine"]

ListKey = tuple[str, str, str]  # kind of task, domain, name of the list
_Due = tuple[Execution, str, int]  # an alarm: whose, of which kind, for what


def _new_run_id() -> str:
    """A run id of the form that SWF's have, with the characters that theirs have."""
    return f"22{b64encode(os.urandom(32)).decode()}"


class Machine:
    """The state of the service.

    Parameters:
        archive: Where histories are read that are no longer in memory.
        limits: The quotas.
        runs_lambdas: Whether there is somebody who calls the functions in `invocations`.
    """

    def __init__(self, archive: Archive, limits: Limits | None = None, *, runs_lambdas: bool = False) -> None:
        self.limits = limits or Limits()
        self.runs_lambdas = runs_lambdas
        self.refusals = Refusals()
        self.throttle: Throttle | None = None
        self.new_run_id: Callable[[], str] = _new_run_id
        self._archive = archive
        self.clear()

    def clear(self) -> None:
        """Forget all that a store holds, as before it was loaded; settings stay."""
        self.domains: dict[str, Domain] = {}  # by key
        self.changes = Changes()
        self.ready: dict[ListKey, None] = {}  # lists that got a task; whoever serves pollers empties it
        self.invocations: deque[tuple[Execution, int]] = deque()  # started functions that are to be called
        self._lists: dict[ListKey, LapsingQueue[tuple[Execution, int]]] = {}
        self._given_back: dict[ListKey, deque[tuple[Execution, int, int]]] = {}
        self._clear_lists_at = SMALLEST_CLEARING
        self._alarms: LapsingQueue[_Due] = LapsingQueue(
            lambda due: due[0].deadline(due[1], due[2]) is not None
        )
        self._runs: dict[str, Execution] = {}
        self._last_row = 0

    def admit(self, now_ms: int, region: str, operation: str, params: dict[str, Any]) -> None:
        """Raise the fault of a request that is refused whatever it asks for."""
        self.refusals.check(operation)
        if self.throttle is not None:
            self.throttle.check(now_ms, region, operation, params)

    def refusal(self, now_ms: int, execution: Execution, decision: str) -> str | None:
        """The cause for which a decision fails whatever it asks for, None where it does not."""
        cause = self.refusals.cause(decision)
        if cause is None and self.throttle is not None:
            cause = self.throttle.cause(now_ms, region_of(execution.domain), decision)
        return cause

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

    def retire(self, execution: Execution) -> None:
        """Count an execution that closed as open no longer, and forget it when its retention is over."""
        domain = self.domains[execution.domain]
        domain.close(execution)
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
                touched.extend(carry_out(self, now_ms, one, effect))

    def resume(self) -> None:
        """Queue the tasks and alarms of all open executions after they were loaded."""
        for domain in self.domains.values():
            for execution in domain.open.values():
                execution.announce()
                effects, execution.effects = execution.effects, []
                for effect in effects:
                    self.queue(execution, effect)

    def heartbeat(self, now_ms: int, execution: Execution, activity: Activity, details: str | None) -> None:
        """Note that a worker is alive; this is the one change that is no event."""
        activity.heartbeat_ms, activity.details = now_ms, details
        self.changes.heartbeats[execution.row, activity.scheduled_id] = (now_ms, details)

    # Lambda functions.

    def next_invocation(self, now_ms: int) -> tuple[Execution, LambdaFunction] | None:
        """The next function that is to be called, taken out; those that timed out are passed over."""
        while self.invocations:
            execution, scheduled_id = self.invocations.popleft()
            due_ms = execution.deadline(LAMBDA, scheduled_id)
            if due_ms is not None and due_ms > now_ms:
                return execution, execution.state.lambdas[scheduled_id]
        return None

    def end_lambda(
        self,
        now_ms: int,
        execution: Execution,
        scheduled_id: int,
        event_type: str,
        attributes: dict[str, Any],
    ) -> None:
        """Record how a function ended; it changes nothing where it timed out or the execution closed."""
        execution.end_lambda(now_ms, scheduled_id, event_type, attributes)
        self.settle(now_ms, execution)

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

    def give_back(self, key: ListKey, execution: Execution, scheduled_id: int, started_id: int) -> None:
        """Offer a task that was started, but whose poller never heard of it."""
        self._given_back.setdefault(key, deque()).append((execution, scheduled_id, started_id))
        self.ready[key] = None

    def given_back(self, kind: str, domain: str, task_list: str) -> Iterator[tuple[Execution, int, int]]:
        """Take what was given back: each task's execution, scheduledEventId and startedEventId."""
        tasks = self._given_back.get((kind, domain, task_list))
        while tasks:
            yield tasks.popleft()
        self._given_back.pop((kind, domain, task_list), None)

    def _new_list(self, key: ListKey) -> LapsingQueue[tuple[Execution, int]]:
        """A list comes with its first task; those that nobody polls any more go when they have doubled."""
        if len(self._lists) >= self._clear_lists_at:
            self._lists = {key: queue for key, queue in self._lists.items() if queue.first() is not None}
            self._clear_lists_at = max(SMALLEST_CLEARING, 2 * len(self._lists))
        queue = self._lists[key] = LapsingQueue(partial(_is_waiting, key[0]))
        return queue

    # Effects.

    def queue(self, execution: Execution, effect: Effect) -> None:
        """Take in what waits for its instant, for a poll or for a call of a function."""
        if isinstance(effect, Alarm):
            self._alarms.push((effect.due_ms,), (execution, effect.kind, effect.reference))
        elif isinstance(effect, TaskReady):
            key = (effect.kind, execution.domain, effect.task_list)
            queue = self._lists.get(key)
            if queue is None:
                queue = self._new_list(key)
            queue.push((-effect.priority, effect.since_ms), (execution, effect.scheduled_id))
            self.ready[key] = None
        elif isinstance(effect, Invocation):
            self.invocations.append((execution, effect.scheduled_id))


def _is_waiting(kind: str, task: tuple[Execution, int]) -> bool:
    execution, scheduled_id = task
    return execution.is_waiting(kind, scheduled_id)
