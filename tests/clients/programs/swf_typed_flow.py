"""swf-typed: an order with activities, timers, a marker, a child and a signal, which continues as new.

Argument: the domain. The decider looks at the state that the library makes of the history, as its users do.
"""

from __future__ import annotations

import sys
import time
import warnings
from datetime import timedelta

import boto3
import swf_typed as swf
from beside import end, run_beside

warnings.simplefilter("error")
domain = sys.argv[1]
client = boto3.client("swf")
FLOW, PART = swf.WorkflowId("order", "1"), swf.WorkflowId("part", "1")
WORK = swf.ActivityId("work", "1")
LIMIT = timedelta(seconds=60)
PART_IS_DONE = [swf.CompleteWorkflowExecutionDecision("the part is done")]


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
        and [signal.input for signal in state.signals] == ["from the worker"]
    ):
        assert timers["never"] == swf.TimerStatus.cancelled
        return [
            swf.CompleteWorkflowExecutionDecision(
                f"{tasks['two'].result}, {state.child_executions[0].result}"
            )
        ]
    return []


def run_decider() -> None:
    while True:
        task = swf.request_decision_task("clients", domain, "the decider")
        state = swf.build_state(task.execution_history)
        swf.send_decisions(task.token, decide(state) if task.workflow == FLOW else PART_IS_DONE)


def run_worker() -> None:
    while True:
        task = swf.request_task("work", domain, "the worker")
        swf.send_heartbeat(task.token, "half way")
        if task.input == "fail":
            swf.fail_task(task.token, "no luck", "at all")
        else:
            # swf.signal_execution asks for a cancel; a signal of another execution cannot be read (1.1.2).
            client.signal_workflow_execution(
                domain=domain, workflowId="w", signalName="told", input="from the worker"
            )
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
run_beside(run_decider, run_worker)
first = swf.start_execution(FLOW, swf.CurrentExecutionId("w"), domain, "first run", tags=["tagged"])
while True:
    if (
        swf.get_number_of_closed_executions(
            domain, property_filter=swf.IdExecutionFilter(swf.CurrentExecutionId("w"))
        )
        == 2
    ):
        break
    time.sleep(0.1)
for execution in swf.list_closed_executions(domain):
    history = list(swf.get_execution_history(execution.execution, domain))
    details = swf.describe_execution(execution.execution, domain)
    print(execution.execution.id, details.info.status.name, len(history))
try:
    swf.describe_execution(swf.ExecutionId("none", "x"), domain)
except swf.UnknownResourceFault as fault:
    print(fault)
end()
