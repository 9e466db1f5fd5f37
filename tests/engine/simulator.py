"""A small SWF that writes histories: random, but never against the rules of the real one.

It takes decisions and appends the events that the service would (one decision task at a time, the next one
written while it runs, records behind DecisionTaskCompleted, `UNHANDLED_DECISION`, …). What happens in the
world, and when, is drawn from a list of numbers, so that Hypothesis can make histories simpler.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from .program import VALUES
from .records import decision_attributes
from .wire import RUN_ID, START_MS, WORKFLOW_ID, Event, event

_LIST = {"name": "default"}
#: Causes for which the service refuses a decision by bad luck alone.
REFUSALS = {
    "ScheduleActivityTask": (
        "ACTIVITY_TYPE_DOES_NOT_EXIST",
        "ACTIVITY_CREATION_RATE_EXCEEDED",
        "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
        "ACTIVITY_TYPE_DEPRECATED",
        "DEFAULT_TASK_LIST_UNDEFINED",
        "OPERATION_NOT_PERMITTED",
    ),
    "StartChildWorkflowExecution": (
        "WORKFLOW_TYPE_DOES_NOT_EXIST",
        "OPEN_CHILDREN_LIMIT_EXCEEDED",
        "WORKFLOW_ALREADY_RUNNING",
        "CHILD_CREATION_RATE_EXCEEDED",
        "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
        "WORKFLOW_TYPE_DEPRECATED",
        "DEFAULT_CHILD_POLICY_UNDEFINED",
        "OPERATION_NOT_PERMITTED",
    ),
    "ScheduleLambdaFunction": (
        "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
        "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
        "ID_ALREADY_IN_USE",
    ),
    "StartTimer": (
        "OPERATION_NOT_PERMITTED",
        "TIMER_CREATION_RATE_EXCEEDED",
        "OPEN_TIMERS_LIMIT_EXCEEDED",
        "TIMER_ID_ALREADY_IN_USE",
    ),
    "SignalExternalWorkflowExecution": (
        "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ),
    "RequestCancelExternalWorkflowExecution": (
        "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ),
    "ContinueAsNewWorkflowExecution": (
        "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ),
}
_NOT_PERMITTED = ("OPERATION_NOT_PERMITTED",)


class Chaos:
    """Choices out of a list of numbers, then of what a seed gives; 0 is always the tame one.

    Parameters:
        numbers: The first choices.
        seed: Of the choices behind these; 0: all of them are tame.
    """

    def __init__(self, numbers: Sequence[int] = (), seed: int = 0) -> None:
        self.numbers = list(numbers)
        self.seed = seed
        self.used = 0
        self.later = random.Random(seed)

    def pick(self, count: int) -> int:
        """A number below `count`."""
        self.used += 1
        if self.used <= len(self.numbers):
            return self.numbers[self.used - 1] % count
        return self.later.randrange(count) if self.seed else 0

    def happens(self, one_in: int) -> bool:
        """Once in so many times; never when the numbers are used up."""
        return self.pick(one_in) == one_in - 1

    def __repr__(self) -> str:
        return f"Chaos({self.numbers}, {self.seed})"


class Simulator:
    """One execution and the world around it."""

    def __init__(self, chaos: Chaos, input: str = "[[], {}]") -> None:
        self.chaos = chaos
        self.now_ms = START_MS
        self.events: list[Event] = []
        self.open: dict[
            int, dict[str, Any]
        ] = {}  # by id of the event that began it: what it is and how it stands
        self.scheduled: int | None = None  # the decision task that waits
        self.started: int | None = None  # the one that runs
        self.previous = 0
        self.is_closed = False
        self.is_recording = self.is_due = False
        self.most_open = {"activity": 1000, "child": 1000, "lambda": 1000, "timer": 1000}
        #: Why it is refused next: by activityId, timerId, workflowId of a child, `lambda <id>`, or the
        #: type of the decision.
        self.refusals: dict[str, str] = {}
        self.append(
            "WorkflowExecutionStarted",
            childPolicy="TERMINATE",
            executionStartToCloseTimeout="3600",
            input=input,
            parentInitiatedEventId=0,
            taskList=_LIST,
            taskStartToCloseTimeout="30",
            workflowType={"name": "decider", "version": "1.0"},
        )
        self.schedule()

    # ── decision tasks

    def append(self, event_type: str, **its: Any) -> int:
        self.events.append(event(len(self.events) + 1, event_type, self.now_ms, **its))
        return len(self.events)

    def schedule(self) -> None:
        """A state change: a decision task is scheduled, behind records, unless one waits already."""
        if self.is_recording:
            self.is_due = True
        elif self.scheduled is None:
            self.scheduled = self.append(
                "DecisionTaskScheduled",
                scheduleToStartTimeout="NONE",
                startToCloseTimeout="30",
                taskList=_LIST,
            )

    def poll(self) -> int:
        """Hand out the decision task; tells the id of its DecisionTaskStarted."""
        assert self.scheduled is not None
        assert self.started is None
        if self.chaos.happens(12):
            self.append(
                "DecisionTaskTimedOut",
                scheduledEventId=self.scheduled,
                startedEventId=0,
                timeoutType="SCHEDULE_TO_START",
            )
            self.scheduled = None
            self.schedule()
        self.tick()
        self.in_hand = self.scheduled
        self.scheduled = None
        self.started = self.append("DecisionTaskStarted", identity="d", scheduledEventId=self.in_hand)
        return self.started

    def time_out(self) -> None:
        """The decider did not answer in time."""
        self.append(
            "DecisionTaskTimedOut",
            scheduledEventId=self.in_hand,
            startedEventId=self.started,
            timeoutType="START_TO_CLOSE",
        )
        self.started = None
        self.schedule()

    def complete(self, decisions: Sequence[dict[str, Any]], context: str | None = None) -> None:
        """The decider's answer: its records, one behind the other, and a next task if one of them failed."""
        completed = self.append(
            "DecisionTaskCompleted",
            executionContext=context,
            scheduledEventId=self.in_hand,
            startedEventId=self.started,
        )
        self.previous, self.started = self.started or 0, None
        assert len(decisions) <= 100
        self.is_recording, self.is_due = True, False
        for one in decisions:
            assert not self.is_closed, "a close must be the last decision"
            record = getattr(self, f"do_{one['decisionType']}")
            if not record(decisionTaskCompletedEventId=completed, **decision_attributes(one)):
                self.is_due = True
        self.is_recording = False
        if self.is_due and not self.is_closed:
            self.schedule()

    # ── decisions; False: it was refused

    def cause(self, decision_type: str) -> str:
        causes = REFUSALS.get(decision_type, _NOT_PERMITTED)
        return causes[self.chaos.pick(len(causes))]

    def is_full(self, kind: str) -> bool:
        """Whether as many of a kind are open as the service allows."""
        return sum(work["kind"] == kind for work in self.open.values()) >= self.most_open[kind]

    def refuse(self, decision_type: str, cause: str, **its: Any) -> bool:
        """Record that a decision was not carried out."""
        self.append(f"{decision_type}Failed", cause=cause, **its)
        return False

    def do_ScheduleActivityTask(self, activityId: str, activityType: dict[str, str], **its: Any) -> bool:
        completed = its["decisionTaskCompletedEventId"]
        assert not self.find("activity", activityId), f"activityId {activityId} is in use"
        cause = self.refusals.pop(activityId, None)
        if cause is None and self.is_full("activity"):
            cause = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
        if cause is None and self.chaos.happens(9):
            cause = self.cause("ScheduleActivityTask")
        if cause is not None:
            self.append(
                "ScheduleActivityTaskFailed",
                activityId=activityId,
                activityType=activityType,
                cause=cause,
                decisionTaskCompletedEventId=completed,
            )
            return False
        its = {
            "heartbeatTimeout": "NONE",
            "scheduleToCloseTimeout": "NONE",
            "scheduleToStartTimeout": "NONE",
            "startToCloseTimeout": "3600",
            "taskList": _LIST,
            **its,
        }
        place = self.append("ActivityTaskScheduled", activityId=activityId, activityType=activityType, **its)
        self.open[place] = {"kind": "activity", "id": activityId, "started": 0, "asked": 0}
        return True

    def do_RequestCancelActivityTask(self, activityId: str, decisionTaskCompletedEventId: int) -> bool:
        place = self.find("activity", activityId)
        cause = self.refusals.pop("RequestCancelActivityTask", None)
        if cause or not place or self.chaos.happens(9):
            return self.refuse(
                "RequestCancelActivityTask",
                cause or ("OPERATION_NOT_PERMITTED" if place else "ACTIVITY_ID_UNKNOWN"),
                activityId=activityId,
                decisionTaskCompletedEventId=decisionTaskCompletedEventId,
            )
        work = self.open[place]
        work["asked"] = self.append(
            "ActivityTaskCancelRequested",
            activityId=activityId,
            decisionTaskCompletedEventId=decisionTaskCompletedEventId,
        )
        if not work["started"]:
            self.end_activity(place, "Canceled", latestCancelRequestedEventId=work["asked"])
        return True

    def do_StartTimer(self, timerId: str, **its: Any) -> bool:
        assert not self.find("timer", timerId), f"timerId {timerId} is in use"
        cause = self.refusals.pop(timerId, None)
        if cause is None and self.is_full("timer"):
            cause = "OPEN_TIMERS_LIMIT_EXCEEDED"
        if cause is None and self.chaos.happens(15):
            cause = self.cause("StartTimer")
        if cause is not None:
            completed = its["decisionTaskCompletedEventId"]
            return self.refuse("StartTimer", cause, decisionTaskCompletedEventId=completed, timerId=timerId)
        self.open[self.append("TimerStarted", timerId=timerId, **its)] = {"kind": "timer", "id": timerId}
        return True

    def do_CancelTimer(self, timerId: str, decisionTaskCompletedEventId: int) -> bool:
        place = self.find("timer", timerId)
        cause = self.refusals.pop("CancelTimer", None)
        if cause or not place or self.chaos.happens(9):
            return self.refuse(
                "CancelTimer",
                cause or ("OPERATION_NOT_PERMITTED" if place else "TIMER_ID_UNKNOWN"),
                decisionTaskCompletedEventId=decisionTaskCompletedEventId,
                timerId=timerId,
            )
        del self.open[place]
        self.append(
            "TimerCanceled",
            decisionTaskCompletedEventId=decisionTaskCompletedEventId,
            startedEventId=place,
            timerId=timerId,
        )
        return True

    def do_StartChildWorkflowExecution(
        self, workflowId: str, workflowType: dict[str, str], **its: Any
    ) -> bool:
        assert not self.find("child", workflowId), f"workflowId {workflowId} is in use"
        cause = self.refusals.pop(workflowId, None)
        if cause is None and self.chaos.happens(7):
            cause = self.cause("StartChildWorkflowExecution")
        if self.is_full("child"):
            cause = "OPEN_CHILDREN_LIMIT_EXCEEDED"
        told = {"control": its.get("control"), "workflowId": workflowId, "workflowType": workflowType}
        told["decisionTaskCompletedEventId"] = its["decisionTaskCompletedEventId"]
        if cause is not None and cause != "WORKFLOW_ALREADY_RUNNING":
            return self.refuse("StartChildWorkflowExecution", cause, initiatedEventId=0, **told)
        its = {
            "childPolicy": "TERMINATE",
            "executionStartToCloseTimeout": "3600",
            "taskList": _LIST,
            "taskStartToCloseTimeout": "30",
            **its,
        }
        place = self.append(
            "StartChildWorkflowExecutionInitiated", workflowId=workflowId, workflowType=workflowType, **its
        )
        if cause is not None:
            # The one refusal behind an Initiated event: it is no record by itself.
            return self.refuse("StartChildWorkflowExecution", cause, initiatedEventId=place, **told)
        self.open[place] = {"kind": "child", "id": workflowId, "type": workflowType, "started": 0}
        return True

    def do_ScheduleLambdaFunction(self, id: str, name: str, **its: Any) -> bool:
        assert not self.find("lambda", id), f"Lambda id {id} is in use"
        cause = self.refusals.pop(f"lambda {id}", None)
        if cause is None and self.is_full("lambda"):
            cause = "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"
        if cause is None and self.chaos.happens(7):
            cause = self.cause("ScheduleLambdaFunction")
        if cause is not None:
            completed = its["decisionTaskCompletedEventId"]
            return self.refuse(
                "ScheduleLambdaFunction", cause, decisionTaskCompletedEventId=completed, id=id, name=name
            )
        place = self.append(
            "LambdaFunctionScheduled", id=id, name=name, **{"startToCloseTimeout": "900", **its}
        )
        self.open[place] = {"kind": "lambda", "id": id, "started": 0}
        return True

    def do_SignalExternalWorkflowExecution(self, **its: Any) -> bool:
        return self.request("SignalExternalWorkflowExecution", its)

    def do_RequestCancelExternalWorkflowExecution(self, **its: Any) -> bool:
        return self.request("RequestCancelExternalWorkflowExecution", its)

    def request(self, decision_type: str, its: dict[str, Any]) -> bool:
        """Something for another execution is on its way, unless it is refused at once."""
        cause = self.refusals.pop(decision_type, None)
        if cause or self.chaos.happens(15):
            told = {
                name: its[name]
                for name in ("control", "decisionTaskCompletedEventId", "workflowId")
                if name in its
            }
            return self.refuse(decision_type, cause or "OPERATION_NOT_PERMITTED", initiatedEventId=0, **told)
        place = self.append(f"{decision_type}Initiated", **its)
        self.open[place] = {"kind": "request", "id": its["workflowId"], "its": its, "type": decision_type}
        return True

    def do_RecordMarker(self, **its: Any) -> bool:
        # What the library itself records is never refused here: nothing would say what was refused.
        cause = self.refusals.pop("RecordMarker", None)
        if cause or (its["markerName"] in ("m", "n") and self.chaos.happens(9)):
            its.pop("details", None)
            return self.refuse("RecordMarker", cause or "OPERATION_NOT_PERMITTED", **its)
        self.append("MarkerRecorded", **its)
        return True

    def close(self, decision: str, closes: str, its: dict[str, Any]) -> bool:
        decision = f"{decision}WorkflowExecution"
        completed = its["decisionTaskCompletedEventId"]
        if self.scheduled is not None:
            return self.refuse(decision, "UNHANDLED_DECISION", decisionTaskCompletedEventId=completed)
        cause = self.refusals.pop(decision, None)
        if cause is None and self.chaos.happens(9):
            cause = self.cause(decision)
        if cause is not None:
            return self.refuse(decision, cause, decisionTaskCompletedEventId=completed)
        self.append(f"WorkflowExecution{closes}", **its)
        self.is_closed = True
        return True

    def do_CompleteWorkflowExecution(self, **its: Any) -> bool:
        return self.close("Complete", "Completed", its)

    def do_FailWorkflowExecution(self, **its: Any) -> bool:
        return self.close("Fail", "Failed", its)

    def do_CancelWorkflowExecution(self, **its: Any) -> bool:
        return self.close("Cancel", "Canceled", its)

    def do_ContinueAsNewWorkflowExecution(self, workflowTypeVersion: str, **its: Any) -> bool:
        type_ = {"name": "decider", "version": workflowTypeVersion}
        more = {"newExecutionRunId": "next-run", "workflowType": type_}
        return self.close("ContinueAsNew", "ContinuedAsNew", {**its, **more})

    # ── the world

    def find(self, kind: str, id: str) -> int:
        return next(
            (place for place, work in self.open.items() if (work["kind"], work["id"]) == (kind, id)), 0
        )

    def tick(self) -> None:
        self.now_ms += 1 + 250 * self.chaos.pick(5)

    def step(self) -> bool:
        """One thing happens in the world, if anything can; mostly to the oldest that is open."""
        self.tick()
        if self.chaos.happens(7):
            self.signal("st"[self.chaos.pick(2)])
            return True
        if self.chaos.happens(15):
            self.append("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)
            self.schedule()
            return True
        if not self.open:
            return False
        place = list(self.open)[self.chaos.pick(len(self.open))]
        getattr(self, f"step_{self.open[place]['kind']}")(place, self.open[place])
        return True

    def signal(self, name: str) -> None:
        """A signal from outside; every other one without input."""
        value = VALUES[self.chaos.pick(len(VALUES))]
        text = None if value is None else json.dumps(value, ensure_ascii=False)
        self.append("WorkflowExecutionSignaled", externalInitiatedEventId=0, input=text, signalName=name)
        self.schedule()

    def step_activity(self, place: int, work: dict[str, Any]) -> None:
        if not work["started"]:
            if self.chaos.happens(8):
                self.end_activity(place, "TimedOut", timeoutType="SCHEDULE_TO_START")
            else:
                work["started"] = self.append("ActivityTaskStarted", identity="a", scheduledEventId=place)
            return
        how = self.chaos.pick(6)
        if how == 4:
            self.end_activity(place, "Failed", details="d", reason="r")
        elif how == 5:
            timeout = ("START_TO_CLOSE", "HEARTBEAT")[self.chaos.pick(2)]
            self.end_activity(place, "TimedOut", timeoutType=timeout)
        elif how == 3 and work["asked"]:
            self.end_activity(place, "Canceled", latestCancelRequestedEventId=work["asked"])
        else:
            self.end_activity(place, "Completed", result=self.result(place))

    def end_activity(self, place: int, how: str, **its: Any) -> None:
        started = self.open.pop(place)["started"]
        self.append(f"ActivityTask{how}", scheduledEventId=place, startedEventId=started, **its)
        self.schedule()

    def result(self, place: int) -> str | None:
        """What the work at this place gives: a falsy value as often as not; sometimes no result at all."""
        choice = self.chaos.pick(len(VALUES) + 2)
        if choice == len(VALUES):
            return None
        return json.dumps(VALUES[choice] if choice < len(VALUES) else place, ensure_ascii=False)

    def step_timer(self, place: int, work: dict[str, Any]) -> None:
        del self.open[place]
        self.append("TimerFired", startedEventId=place, timerId=work["id"])
        self.schedule()

    def step_child(self, place: int, work: dict[str, Any]) -> None:
        execution = {"runId": f"child-run-{place}", "workflowId": work["id"]}
        its: dict[str, Any] = {
            "initiatedEventId": place,
            "workflowExecution": execution,
            "workflowType": work["type"],
        }
        if not work["started"]:
            work["started"] = self.append("ChildWorkflowExecutionStarted", **its)
        else:
            del self.open[place]
            its["startedEventId"] = work["started"]
            more: dict[str, Any]
            how, more = [
                ("Completed", {"result": self.result(place)}),
                ("Completed", {"result": self.result(place)}),
                ("Failed", {"details": "d", "reason": "r"}),
                ("TimedOut", {"timeoutType": "START_TO_CLOSE"}),
                ("Canceled", {"details": "d"}),
                ("Terminated", {}),
            ][self.chaos.pick(6)]
            self.append(f"ChildWorkflowExecution{how}", **its, **more)
        self.schedule()

    def step_lambda(self, place: int, work: dict[str, Any]) -> None:
        how = self.chaos.pick(4)
        if not work["started"] and not self.chaos.happens(7):
            work["started"] = self.append("LambdaFunctionStarted", scheduledEventId=place)
        elif not work["started"]:
            self.end_lambda(place, "StartLambdaFunctionFailed", cause="ASSUME_ROLE_FAILED", message="no")
        elif how == 3:
            self.end_lambda(place, "LambdaFunctionFailed", reason="HandledError", details="d")
        elif how == 2:
            self.end_lambda(place, "LambdaFunctionTimedOut", timeoutType="START_TO_CLOSE")
        else:
            self.end_lambda(place, "LambdaFunctionCompleted", result=self.result(place))

    def end_lambda(self, place: int, how: str, **its: Any) -> None:
        started = self.open.pop(place)["started"] or None
        self.append(how, scheduledEventId=place, startedEventId=started, **its)
        self.schedule()

    def step_request(self, place: int, work: dict[str, Any]) -> None:
        """A signal or cancel request arrives; mostly, and with luck."""
        del self.open[place]
        is_signal = work["type"] == "SignalExternalWorkflowExecution"
        is_child = bool(self.find("child", work["id"]))
        cause = None if is_child or work["id"] == WORKFLOW_ID else REFUSALS[work["type"]][0]
        if cause is None or self.chaos.happens(2):
            cause = self.cause(work["type"]) if self.chaos.happens(7) else None
        if cause is not None:
            told = {
                name: work["its"][name]
                for name in ("control", "decisionTaskCompletedEventId", "workflowId")
                if name in work["its"]
            }
            self.append(f"{work['type']}Failed", cause=cause, initiatedEventId=place, **told)
        else:
            how = "Signaled" if is_signal else "CancelRequested"
            execution = {"runId": "other-run", "workflowId": work["id"]}
            self.append(
                f"ExternalWorkflowExecution{how}", initiatedEventId=place, workflowExecution=execution
            )
        self.schedule()
        if cause is None and work["id"] == WORKFLOW_ID:
            source = {"runId": RUN_ID, "workflowId": WORKFLOW_ID}
            told = {"externalInitiatedEventId": place, "externalWorkflowExecution": source}
            if is_signal:
                told["input"] = work["its"].get("input")
                told["signalName"] = work["its"]["signalName"]
            self.append(f"WorkflowExecution{how}", **told)

    def until_task(self) -> bool:
        """Let the world go on until there is a decision task, or a bit longer; False if all stands still."""
        while self.scheduled is None:
            if not self.step():
                return False
        while self.chaos.happens(3):
            self.step()
        return True
