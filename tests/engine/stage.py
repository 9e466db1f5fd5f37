"""A decider and the world around it, for tests that say step by step what happens."""

from __future__ import annotations

import json
from typing import Any

from pyswf_fast._replay import History, Run

from .records import decision_attributes
from .simulator import Chaos, Simulator
from .wire import RUN_ID, task_body

_IDS = ("activityId", "timerId", "workflowId", "markerName", "signalName", "id")


def brief(decision: dict[str, Any]) -> tuple[str, str | None]:
    """A decision as its type and the id of what it is about."""
    its = decision_attributes(decision)
    return decision["decisionType"], next((its[name] for name in _IDS if name in its), None)


class Stage:
    """One execution of a decider; a cold run and one that goes on make each decision, and must agree."""

    def __init__(self, decider: Any, input: str = "[[], {}]", domain: str | None = None) -> None:
        self.decider = decider
        self.domain = domain
        self.world = Simulator(Chaos([]), input)
        self.open: Run | None = None
        self.known = 0

    def cold(self, decider: Any = None) -> Run:
        """A run that reads everything up to the task in hand."""
        started = self.world.started or self.world.poll()
        history = History.from_pages([task_body(self.world.events[:started], started)])
        return Run(
            decider or self.decider,
            history,
            run_id=RUN_ID,
            scope="domain/order-1/run",
            domain=self.domain,
        )

    def ask(self) -> Run:
        """Hand out the decision task; the run at it, its answer not yet sent."""
        cold = self.cold()
        started = self.world.started or 0
        if self.open is None:
            self.open = self.cold()
        else:
            self.open.append_page(task_body(self.world.events[self.known : started], started))
        self.known = started
        assert cold.decisions == self.open.decisions
        assert cold.execution_context == self.open.execution_context
        assert cold.is_closing == self.open.is_closing
        cold.close()
        return self.open

    def decide(self) -> list[tuple[str, str | None]]:
        """Hand out the decision task and record the answer; the decisions in brief."""
        self.ask()
        return self.decide_now()

    def decide_now(self) -> list[tuple[str, str | None]]:
        """Record the answer to the task that `ask` has handed out."""
        assert self.open is not None
        self.world.complete(self.open.decisions, self.open.execution_context)
        return [brief(one) for one in self.open.decisions]

    def result(self) -> Any:
        """What the decider completes with now."""
        (its,) = (
            decision_attributes(one) for one in self.ask().decisions if "Complete" in one["decisionType"]
        )
        return json.loads(its["result"])

    def failure(self) -> BaseException | None:
        """What the decider fails with now."""
        return self.ask().failure

    # ── what happens in the world

    def place(self, kind: str, id: str) -> int:
        place = self.world.find(kind, id)
        assert place, f"no open {kind} {id}"
        return place

    def starts(self, activity_id: str) -> None:
        place = self.place("activity", activity_id)
        self.world.open[place]["started"] = self.world.append("ActivityTaskStarted", scheduledEventId=place)

    def completes(self, activity_id: str, result: Any = None, text: str | None = None) -> None:
        text = json.dumps(result) if text is None else text
        self.world.end_activity(self.place("activity", activity_id), "Completed", result=text)

    def fails(
        self, activity_id: str, reason: str | None = "ValueError: no", details: str | None = None
    ) -> None:
        self.world.end_activity(self.place("activity", activity_id), "Failed", reason=reason, details=details)

    def times_out(self, activity_id: str, timeout: str = "START_TO_CLOSE") -> None:
        self.world.end_activity(self.place("activity", activity_id), "TimedOut", timeoutType=timeout)

    def is_canceled(self, activity_id: str) -> None:
        place = self.place("activity", activity_id)
        asked = self.world.open[place]["asked"]
        self.world.end_activity(place, "Canceled", latestCancelRequestedEventId=asked)

    def fires(self, timer_id: str) -> None:
        place = self.place("timer", timer_id)
        self.world.step_timer(place, self.world.open[place])

    def child(self, workflow_id: str, how: str | None = None, **its: Any) -> None:
        """A child starts, or ends in some way."""
        place = self.place("child", workflow_id)
        work = self.world.open[place]
        members = {
            "initiatedEventId": place,
            "workflowExecution": {"runId": "r", "workflowId": workflow_id},
            "workflowType": work["type"],
        }
        if how is None:
            work["started"] = self.world.append("ChildWorkflowExecutionStarted", **members)
        else:
            del self.world.open[place]
            self.world.append(
                f"ChildWorkflowExecution{how}", **members, startedEventId=work["started"], **its
            )
        self.world.schedule()

    def function(self, lambda_id: str, how: str = "Completed", **its: Any) -> None:
        """A Lambda function starts and ends in some way, or could not be started."""
        place = self.place("lambda", lambda_id)
        if how == "StartFailed":
            self.world.end_lambda(place, "StartLambdaFunctionFailed", **its)
            return
        self.world.open[place]["started"] = self.world.append("LambdaFunctionStarted", scheduledEventId=place)
        self.world.end_lambda(place, f"LambdaFunction{how}", **its)

    def request(self, workflow_id: str, cause: str | None = None) -> None:
        """A signal or cancel request to another execution arrives, or fails."""
        place = self.place("request", workflow_id)
        work = self.world.open.pop(place)
        if cause is not None:
            members = {name: work["its"].get(name) for name in ("control", "decisionTaskCompletedEventId")}
            self.world.append(
                f"{work['type']}Failed",
                **members,
                cause=cause,
                initiatedEventId=place,
                workflowId=workflow_id,
            )
        else:
            how = "Signaled" if work["type"].startswith("Signal") else "CancelRequested"
            execution = {"runId": "r", "workflowId": workflow_id}
            self.world.append(
                f"ExternalWorkflowExecution{how}", initiatedEventId=place, workflowExecution=execution
            )
        self.world.schedule()

    def signal(self, name: str, input: str | None = None) -> None:
        self.world.append(
            "WorkflowExecutionSignaled", externalInitiatedEventId=0, input=input, signalName=name
        )
        self.world.schedule()

    def cancel(self) -> None:
        self.world.append("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)
        self.world.schedule()

    def evict(self) -> None:
        """Forget the run that goes on."""
        if self.open is not None:
            self.open.close()
            self.open = None
