"""The state of an execution as the fold of its events.

Whatever happens is recorded as an event first and changes the state through `apply` alone, so that the
state after a restart, folded from the stored events, is the state before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from pyswf_fast.service.events import Attributes, Event
from pyswf_fast.service.tasks import Activity, Child, DecisionTask, LambdaFunction, Timer, duration_ms

__all__ = ["CLOSE_STATUS", "State"]

LONGEST_EXECUTION_MS = 31_536_000_000  # one year; NONE means no more than that

CLOSE_STATUS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
}


class State:
    """What is known of an execution after the events applied so far."""

    _folds: ClassVar[dict[str, Callable[[State, Event], None]]]

    def __init__(self) -> None:
        self.last_id = 0
        self.last_ms = 0
        self.started: Attributes = {}  # of WorkflowExecutionStarted
        self.started_ms = 0
        self.close_status: str | None = None
        self.cancel_requested = False
        self.waiting: DecisionTask | None = None  # scheduled; withheld while another runs
        self.running: DecisionTask | None = None
        self.previous_started_id = 0
        self.own_list = ""  # where an override falls back to
        self.task_list = ""
        self.list_timeout = "NONE"
        self.context: str | None = None
        self.latest_activity_ms: int | None = None
        self.activities: dict[int, Activity] = {}  # by scheduledEventId
        self.activity_ids: dict[str, int] = {}
        self.timers: dict[int, Timer] = {}  # by startedEventId
        self.timer_ids: dict[str, int] = {}
        self.children: dict[int, Child] = {}  # by initiatedEventId
        self.lambdas: dict[int, LambdaFunction] = {}  # by scheduledEventId
        self.lambda_ids: dict[str, int] = {}

    def apply(self, event: Event) -> None:
        """Take one more event in."""
        self.last_id = event.event_id
        self.last_ms = event.now_ms
        fold = self._folds.get(event.event_type)
        if fold is not None:
            fold(self, event)

    @property
    def expires_ms(self) -> int:
        """When the execution times out."""
        limit = duration_ms(self.started["executionStartToCloseTimeout"])
        return self.started_ms + (LONGEST_EXECUTION_MS if limit is None else limit)

    def counts(self) -> dict[str, int]:
        """`openCounts` of DescribeWorkflowExecution; a close leaves them as they are."""
        return {
            "openActivityTasks": len(self.activities),
            "openDecisionTasks": int(self.waiting is not None or self.running is not None),
            "openTimers": len(self.timers),
            "openChildWorkflowExecutions": len(self.children),
            "openLambdaFunctions": len(self.lambdas),
        }

    def clear(self) -> None:
        """Forget what is open: the execution has closed."""
        self.waiting = self.running = None
        for open_things in (self.activities, self.timers, self.children, self.lambdas):
            open_things.clear()
        for ids in (self.activity_ids, self.timer_ids, self.lambda_ids):
            ids.clear()

    # One method for each event type that changes the state.

    def _execution_started(self, event: Event) -> None:
        self.started = event.attributes
        self.started_ms = event.now_ms
        self.own_list = self.task_list = event.attributes["taskList"]["name"]

    def _cancel_requested(self, _: Event) -> None:
        self.cancel_requested = True

    def _decision_scheduled(self, event: Event) -> None:
        self.waiting = DecisionTask(event.attributes, event.event_id, event.now_ms)

    def _decision_started(self, event: Event) -> None:
        self.running, self.waiting = self.waiting, None
        if self.running is not None:
            self.running.started_id, self.running.started_ms = event.event_id, event.now_ms

    def _decision_completed(self, event: Event) -> None:
        self.previous_started_id = event.attributes["startedEventId"]
        self._decision_over(event.now_ms)
        self.context = event.attributes.get("executionContext", self.context)
        if "taskList" in event.attributes:
            self.task_list = event.attributes["taskList"]["name"]
            self.list_timeout = event.attributes.get("taskListScheduleToStartTimeout", "NONE")
            if self.list_timeout == "NONE":
                self.own_list = self.task_list

    def _decision_timed_out(self, event: Event) -> None:
        task = self.running or self.waiting
        if event.attributes["timeoutType"] == "SCHEDULE_TO_START":
            self.waiting = None
        else:
            self._decision_over(event.now_ms)
        if task is not None and task.attributes.get("scheduleToStartTimeout", "NONE") != "NONE":
            self.task_list, self.list_timeout = self.own_list, "NONE"

    def _decision_over(self, now_ms: int) -> None:
        self.running = None
        if self.waiting is not None:  # it was withheld: only now can somebody start it
            self.waiting.available_ms = now_ms

    def _activity_scheduled(self, event: Event) -> None:
        self.activities[event.event_id] = Activity(event.attributes, event.event_id, event.now_ms)
        self.activity_ids[event.attributes["activityId"]] = event.event_id
        self.latest_activity_ms = event.now_ms

    def _activity_started(self, event: Event) -> None:
        activity = self.activities[event.attributes["scheduledEventId"]]
        activity.started_id, activity.started_ms = event.event_id, event.now_ms
        self.latest_activity_ms = event.now_ms

    def _activity_over(self, event: Event) -> None:
        activity = self.activities.pop(event.attributes["scheduledEventId"])
        del self.activity_ids[activity.attributes["activityId"]]
        self.latest_activity_ms = event.now_ms

    def _activity_cancel_requested(self, event: Event) -> None:
        self.activities[self.activity_ids[event.attributes["activityId"]]].cancel_id = event.event_id

    def _timer_started(self, event: Event) -> None:
        due_ms = event.now_ms + (duration_ms(event.attributes["startToFireTimeout"]) or 0)
        self.timers[event.event_id] = Timer(event.attributes["timerId"], event.event_id, due_ms)
        self.timer_ids[event.attributes["timerId"]] = event.event_id

    def _timer_over(self, event: Event) -> None:
        del self.timers[event.attributes["startedEventId"]]
        del self.timer_ids[event.attributes["timerId"]]

    def _child_initiated(self, event: Event) -> None:
        self.children[event.event_id] = Child(
            event.attributes["workflowId"], event.attributes["workflowType"]
        )

    def _child_started(self, event: Event) -> None:
        self.children[event.attributes["initiatedEventId"]].started_id = event.event_id

    def _child_over(self, event: Event) -> None:
        self.children.pop(event.attributes["initiatedEventId"], None)  # 0 where it was never initiated

    def _lambda_scheduled(self, event: Event) -> None:
        self.lambdas[event.event_id] = LambdaFunction(event.attributes, event.event_id)
        self.lambda_ids[event.attributes["id"]] = event.event_id

    def _lambda_started(self, event: Event) -> None:
        function = self.lambdas[event.attributes["scheduledEventId"]]
        function.started_id, function.started_ms = event.event_id, event.now_ms

    def _lambda_over(self, event: Event) -> None:
        function = self.lambdas.pop(event.attributes["scheduledEventId"])
        del self.lambda_ids[function.attributes["id"]]

    def _closed(self, event: Event) -> None:
        self.close_status = CLOSE_STATUS[event.event_type]


State._folds = {
    "WorkflowExecutionStarted": State._execution_started,
    "WorkflowExecutionCancelRequested": State._cancel_requested,
    "DecisionTaskScheduled": State._decision_scheduled,
    "DecisionTaskStarted": State._decision_started,
    "DecisionTaskCompleted": State._decision_completed,
    "DecisionTaskTimedOut": State._decision_timed_out,
    "ActivityTaskScheduled": State._activity_scheduled,
    "ActivityTaskStarted": State._activity_started,
    "ActivityTaskCompleted": State._activity_over,
    "ActivityTaskFailed": State._activity_over,
    "ActivityTaskTimedOut": State._activity_over,
    "ActivityTaskCanceled": State._activity_over,
    "ActivityTaskCancelRequested": State._activity_cancel_requested,
    "TimerStarted": State._timer_started,
    "TimerFired": State._timer_over,
    "TimerCanceled": State._timer_over,
    "StartChildWorkflowExecutionInitiated": State._child_initiated,
    "StartChildWorkflowExecutionFailed": State._child_over,
    "ChildWorkflowExecutionStarted": State._child_started,
    "ChildWorkflowExecutionCompleted": State._child_over,
    "ChildWorkflowExecutionFailed": State._child_over,
    "ChildWorkflowExecutionTimedOut": State._child_over,
    "ChildWorkflowExecutionCanceled": State._child_over,
    "ChildWorkflowExecutionTerminated": State._child_over,
    "LambdaFunctionScheduled": State._lambda_scheduled,
    "LambdaFunctionStarted": State._lambda_started,
    "LambdaFunctionCompleted": State._lambda_over,
    "LambdaFunctionFailed": State._lambda_over,
    "LambdaFunctionTimedOut": State._lambda_over,
    "StartLambdaFunctionFailed": State._lambda_over,
    **dict.fromkeys(CLOSE_STATUS, State._closed),
}
