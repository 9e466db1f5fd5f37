"""Serial mode: a whole workflow in the calling thread.

    decision task? ──► decide      the engine that decides everywhere
    activity task? ──► perform     the code that performs everywhere
    neither        ──► let time pass, up to what is due next

The service in between is the embedded one, in memory: ids, events, retries, timeouts and refusals are those
of a distributed run, and values go through their serializers. A run stays open between its decisions.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyswf_fast import registration
from pyswf_fast._replay import Bound, History, Page, Run, Task
from pyswf_fast.client import Client
from pyswf_fast.decider import Call, answer, calls_of, go_on
from pyswf_fast.exceptions import ServiceFault, SwfError
from pyswf_fast.execution import Execution, ask, scope_of
from pyswf_fast.fetching import read_pages
from pyswf_fast.perform import ActivityTask, perform
from pyswf_fast.rehearsal import is_paranoid, rehearse
from pyswf_fast.roster import bind
from pyswf_fast.service import Clock, EmbeddedSwf, Limits, SystemClock, VirtualClock

__all__ = ["LocalDecisionWorker"]

logger = logging.getLogger("pyswf_fast.worker")

DEFAULT_DOMAIN = "local"
ROLES = {"decider": "deciders", "activity": "activities"}
IDENTITY = "LocalDecisionWorker"

#: Every execution times out after a year. When nothing else is due, nothing will happen.
FOREVER_SECS = float(registration.EXECUTION_SECONDS) - 1

#: A history in this process may grow beyond what SWF keeps.
UNLIMITED = 10**9


class LocalDecisionWorker:
    """Runs a workflow here and now: decider, activities and children, in turn, in the calling thread.

    Parameters:
        decision_function: Decorated with ``@decision_task``.
        decision_object: Its object, if it is a method; it may be bound already.
        skip_time: Let timers and timeouts pass at once instead of waiting for them.
        paranoid: Make every decision twice, the second time from the beginning of its history, and compare.
            None is ``PYSWF_PARANOID``.
    """

    logger = logger

    def __init__(
        self,
        decision_function: Any,
        decision_object: Any = None,
        *,
        skip_time: bool = False,
        paranoid: bool | None = None,
    ) -> None:
        self._decider = bind(decision_function, decision_object)
        self._skip_time = skip_time
        self._paranoid = is_paranoid(paranoid)

    def start(self, *args: Any, **kwargs: Any) -> Any:
        """Run the workflow to its end.

        Returns:
            What the decider returned, as its serializer carries it.

        Raises:
            BaseException: What the decider raised.
            SwfError: The workflow closed otherwise, or waits for what nothing will bring.
        """
        with _LocalSwf(self._skip_time, self._paranoid) as swf:
            return swf.run(self._decider, args, kwargs)


class _LocalSwf:
    """A workflow, its children, and the service that they run in."""

    def __init__(self, skip_time: bool, paranoid: bool) -> None:
        self._paranoid = paranoid
        self._clock: Clock = VirtualClock(time.time()) if skip_time else SystemClock()
        self._service = EmbeddedSwf(clock=self._clock, limits=Limits(history_events=UNLIMITED))
        self._domain = DEFAULT_DOMAIN
        self._registered: set[tuple[str, str, str]] = set()
        self._decision_lists: list[str] = []
        self._activity_lists: list[str] = []
        self._deciders: dict[str, Task[Any, Any] | Bound] = {}  # by workflowId
        self._activities: dict[tuple[str, str], Task[Any, Any] | Bound] = {}  # by runId and activityId
        self._runs: dict[str, Run] = {}  # by runId

    def __enter__(self) -> _LocalSwf:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs.values():
            run.close()
        self._service.close()

    def run(self, decider: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Start a workflow, see it to its end, and give its result."""
        _, options = registration.task_of(decider, "decider")
        self._domain = options.swf_domain or os.environ.get("PYSWF_DOMAIN") or DEFAULT_DOMAIN
        self._register("decider", decider)
        execution = Client(self._domain, transport=self._service).start(decider, *args, **kwargs)
        self._decision_lists.append(execution.describe().configuration["taskList"]["name"])
        self._deciders[execution.workflow_id] = decider
        failure = self._work(execution)
        if failure is not None and execution.status == "FAILED":
            raise failure  # the exception itself, of which outsiders see the text
        return execution.result()

    def _work(self, main: Execution) -> BaseException | None:
        """Do what there is to do until nothing is left; return what the main decider raised."""
        started = self._clock.now()
        failure: BaseException | None = None
        while True:
            decided = self._decide()
            if decided is not None:
                page, run = decided
                if page.workflow_id == main.workflow_id:
                    failure = run.failure
            elif not self._perform():
                if main.status != "OPEN":
                    return failure  # time is not waited for on behalf of children that outlive it
                self._let_time_pass(main, started)

    def _decide(self) -> tuple[Page, Run] | None:
        """Make one decision; None if there is none to make."""
        for task_list in self._decision_lists:
            poll = {
                "domain": self._domain,
                "taskList": {"name": task_list},
                "identity": IDENTITY,
                "startAtPreviousStartedEvent": True,  # the run knows what came before
            }
            page = Page(self._service.call("PollForDecisionTask", poll))
            if page.task_token:
                run = self._advance(page, read_pages(self._service.call, poll, page))
                if self._paranoid:
                    rehearse(run)
                for call in calls_of(run):
                    self._expect(page.run_id, call)
                self._service.call("RespondDecisionTaskCompleted", answer(page, run))
                if run.is_closing:
                    parent = run.started_attributes().get("parentWorkflowExecution", {})
                    self._keep_original(parent.get("runId"), page.workflow_id, run.failure)
                    self._forget_if_closed(page)
                return page, run
        return None

    def _advance(self, page: Page, pages: Sequence[Page]) -> Run:
        """Let a run take its task's pages, and decide it."""
        if page.run_id not in self._runs:
            history = History.from_pages(pages)
            scope = scope_of(self._domain, page.workflow_id, page.run_id)
            decider = self._deciders[page.workflow_id]
            run = Run(decider, history, run_id=page.run_id, scope=scope, domain=self._domain)
            run.originals = {}
            self._runs[page.run_id] = run
            return run
        run = self._runs[page.run_id]
        go_on(run, pages)
        return run

    def _expect(self, run_id: str, call: Call) -> None:
        """Make known what a decision asks for: its type, its list, and which function it is for."""
        function = bind(call.function, call.instance)
        self._register(call.role, function)
        if call.role == "activity":
            self._activities[run_id, call.id] = function
            lists = self._activity_lists
        else:
            self._deciders[call.id] = function
            lists = self._decision_lists
        task_list = call.task_list or registration.DEFAULT_TASK_LIST
        if task_list not in lists:
            lists.append(task_list)

    def _register(self, role: str, function: Task[Any, Any] | Bound) -> None:
        task, _ = registration.task_of(function, role)
        key = (role, task.name, task.version)
        if key not in self._registered:
            self._registered.add(key)
            registration.register(self._service, self._domain, **{ROLES[role]: [function]})

    def _forget_if_closed(self, page: Page) -> None:
        execution = {"workflowId": page.workflow_id, "runId": page.run_id}
        params = {"domain": self._domain, "execution": execution}
        found = ask(self._service, "DescribeWorkflowExecution", params)
        if found["executionInfo"]["executionStatus"] == "CLOSED":
            self._runs.pop(page.run_id).close()

    def _perform(self) -> bool:
        """Run one activity; False if there is none to run."""
        for task_list in self._activity_lists:
            poll = {"domain": self._domain, "taskList": {"name": task_list}, "identity": IDENTITY}
            body = self._service.call("PollForActivityTask", poll)
            task = ActivityTask.from_bytes(self._domain, task_list, body)
            if task is not None:
                activity = self._activities.pop((task.info.run_id, task.info.activity_id))
                done = perform(task, activity, self._service, may_complete_later=False)
                self._keep_original(task.info.run_id, task.info.activity_id, done.exception)
                try:
                    if done.operation is not None:
                        self._service.call(done.operation, done.params)
                except ServiceFault as fault:
                    logger.warning("%s: nobody waits for its result any more: %s", task, fault.message)
                return True
        return False

    def _keep_original(self, run_id: str | None, name: str, exception: BaseException | None) -> None:
        """Let a decider have the exception itself as cause, where outsiders get the text of it."""
        run = self._runs.get(run_id or "")
        if exception is not None and run is not None and run.originals is not None:
            run.originals[name] = exception

    def _let_time_pass(self, main: Execution, started: float) -> None:
        """Wait for what is due next, or skip to it."""
        due = self._service.next_due()
        if due is None or due - started >= FOREVER_SECS:
            raise SwfError(
                f"workflow {main.workflow_id!r} waits for what nothing will bring: no activity, timer or "
                "child of it is open (serial mode has nobody who sends a signal from outside)"
            )
        if isinstance(self._clock, VirtualClock):
            self._clock.advance_to(due)
        else:
            time.sleep(max(0.0, due - self._clock.now()))
        self._service.run_due()
