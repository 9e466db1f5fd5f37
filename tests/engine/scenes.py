"""Deciders that ask for one thing, and what is to be seen of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyswf_fast import (
    ActivityTaskException,
    Canceled,
    History,
    activity_task,
    decision_task,
    workflow,
)
from pyswf_fast._replay import Run
from pyswf_fast.lambdas import lambda_task
from pyswf_fast.workflow import Timer

from .records import child_prefix
from .stage import Stage
from .wire import RUN_ID, attributes, history_body

CHILD_ID = f"{child_prefix(RUN_ID)}-1"


@activity_task(max_attempts=1)
def work(x: Any = None) -> Any: ...


@activity_task(max_attempts=2)
def twice() -> Any: ...


@decision_task(swf_workflow_type="child")
def child(x: Any = None) -> Any: ...


def waits_for(begin: Callable[[], Any]) -> Stage:
    """A decider that gives the result of what it asks for, or how that failed; it has decided once."""

    @decision_task
    def decider() -> Any:
        try:
            return ["result", begin().result]
        except ActivityTaskException as error:
            return [
                type(error).__name__,
                error.task_name,
                error.task_id,
                error.failure_status,
                error.failure_reason,
            ]
        except Canceled as error:
            return ["Canceled", error.details]

    stage = Stage(decider)
    stage.decide()
    return stage


def of_type(stage: Stage, event_type: str) -> list[dict[str, Any]]:
    """The attributes of all events of a type that the history has."""
    return [attributes(one) for one in stage.world.events if one["eventType"] == event_type]


def replayed(stage: Stage) -> Run:
    """A run over the whole history as it is, however it ends."""
    run = Run(stage.decider, History.from_pages([history_body(stage.world.events)]), run_id=RUN_ID, scope="s")
    run.close()
    return run


def signals_out() -> Any:
    return workflow.signal_external("other-1", "s", {"a": 1})


def cancels_out() -> Any:
    return workflow.cancel_external("other-1")


def calls() -> Any:
    return lambda_task("f", {"a": 1}, max_attempts=1)


def canceling() -> Stage:
    """A decider that cancels its activity on a signal and waits for what becomes of it."""

    @decision_task
    def decider() -> Any:
        promise = twice()
        workflow.signals("stop").get()
        promise.cancel()
        promise.cancel()
        try:
            return promise.result
        except Canceled as error:
            return ["Canceled", error.details]
        except ActivityTaskException as error:
            return [error.failure_status, error.failure_reason]

    stage = Stage(decider)
    stage.decide()
    stage.starts("1")
    stage.signal("stop")
    return stage


def canceling_a_timer() -> Stage:
    @decision_task
    def decider() -> Any:
        timer = Timer.get(60)
        workflow.signals("stop").get()
        timer.cancel()
        state = type(timer.exception).__name__
        workflow.signals("go on").get()
        return [state, type(timer.exception).__name__]

    stage = Stage(decider)
    stage.decide()
    stage.signal("stop")
    stage.ask()
    return stage
