"""swf-typed: an order with activities, a retry, a timer, a marker, a child and a signal, which continues as new.

Argument: the domain. The decider looks at the state that the library makes of the history, as its users do.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from datetime import timedelta

import swf_typed as swf

warnings.simplefilter("error")
domain = sys.argv[1]
FLOW, PART = swf.WorkflowId("order", "1"), swf.WorkflowId("part", "1")
WORK = swf.ActivityId("work", "1")
LIMIT = timedelta(seconds=60)
pauses = 0


def decide(state: swf.ExecutionState) -> list[swf.Decision]:
    """The next decisions of an order."""
    tasks = {task.id: task for task in state.tasks}
    if state.input == "first run":
        return [swf.ContinueAsNewWorkflowExecutionDecision(execution_input="second run", tags=["again"])]
    if not tasks:
        return [
            swf.ScheduleActivityTaskDecision(WORK, "one", task_input="fail", control="mine"),
            swf.StartTimerDecision("pause", timedelta(seconds=1)),
            swf.StartTimerDecision("never", timedelta(seconds=50)),
            swf.RecordMarkerDecision("began", "now"),
            swf.StartChildWorkflowExecutionDecision(PART, swf.CurrentExecutionId("part"), "of it"),
        ]
    if "two" not in tasks and tasks["one"].status == swf.TaskStatus.failed:
        return [
            swf.ScheduleActivityTaskDecision(WORK, "two", task_input="do"),
            swf.CancelTimerDecision("never"),
        ]
    timers = {timer.id: timer.status for timer in state.timers}
    children = [child.status for child in state.child_executions]
    if (
        "two" in tasks
        and tasks["two"].status == swf.TaskStatus.completed
        and timers["pause"] == swf.TimerStatus.fired
        and children == [swf.ExecutionStatus.completed]
        and [signal.input for signal in state.signals] == ["from the part"]
    ):
        assert timers["never"] == swf.TimerStatus.cancelled
        return [
            swf.CompleteWorkflowExecutionDecision(
                f"{tasks['two'].result}, {state.child_executions[0].result}"
            )
        ]
    return []


def decide_part(state: swf.ExecutionState) -> list[swf.Decision]:
    """A child tells its parent something and ends."""
    signal = swf.SignalExternalWorkflowExecutionDecision(swf.CurrentExecutionId("w"), "told", "from the part")
    return [signal, swf.CompleteWorkflowExecutionDecision("the part is done")]


def run_decider() -> None:
    while True:
        task = swf.request_decision_task("clients", domain, "the decider")
        state = swf.build_state(task.execution_history)
        swf.send_decisions(task.token, decide(state) if task.workflow == FLOW else decide_part(state))


def run_worker() -> None:
    while True:
        task = swf.request_task("work", domain, "the worker")
        swf.send_heartbeat(task.token, "half way")
        if task.input == "fail":
            swf.fail_task(task.token, "no luck", "at all")
        else:
            swf.complete_task(task.token, task.input + "ne")


swf.register_domain(domain, swf.DomainConfiguration(timedelta(days=1)), tags={"made": "here"})
for workflow in (FLOW, PART):
    swf.register_workflow(
        workflow,
        domain,
        default_execution_configuration=swf.DefaultExecutionConfiguration(
            timeout=LIMIT,
            decision_task_timeout=LIMIT,
            decision_task_list="clients",
            child_execution_policy_on_termination=swf.ChildExecutionTerminationPolicy.terminate,
        ),
    )
swf.register_activity(
    WORK,
    domain,
    default_task_configuration=swf.DefaultTaskConfiguration(
        runtime_timeout=LIMIT,
        schedule_timeout=LIMIT,
        total_timeout=LIMIT,
        heartbeat_timeout=LIMIT,
        task_list="work",
    ),
)
for loop in (run_decider, run_worker):
    threading.Thread(target=loop, daemon=True).start()
first = swf.start_execution(FLOW, swf.CurrentExecutionId("w"), domain, "first run", tags=["tagged"])
while True:
    if swf.get_number_of_closed_executions(domain, property_filter=swf.IdExecutionFilter("w")) == 2:
        break
    threading.Event().wait(0.1)
for execution in swf.list_closed_executions(domain):
    history = list(swf.get_execution_history(execution.execution, domain))
    details = swf.describe_execution(execution.execution, domain)
    print(execution.execution.id, details.info.status.name, len(history), flush=True)
try:
    swf.describe_execution(swf.ExecutionId("none", "x"), domain)
except swf.UnknownResourceFault as fault:
    print(fault, flush=True)
os._exit(0)  # threads poll for up to a minute
