"""What a step of one execution brings about in others: children, signals, cancel requests, ends, new runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyswf_fast.service.effects import (
    CancelExternal,
    Closed,
    ContinueAsNew,
    Effect,
    SignalExternal,
    StartChild,
)
from pyswf_fast.service.execution import Execution

if TYPE_CHECKING:
    from pyswf_fast.service.machine import Machine

__all__ = ["carry_out"]


def carry_out(machine: Machine, now_ms: int, source: Execution, effect: Effect) -> Iterator[Execution]:
    """Carry one effect out; yields the executions it touched."""
    if isinstance(effect, StartChild):
        yield from _start_child(machine, now_ms, source, effect)
    elif isinstance(effect, (SignalExternal, CancelExternal)):
        yield from _reach(machine, now_ms, source, effect)
    elif isinstance(effect, Closed):
        yield from _close(machine, now_ms, source, effect)
    elif isinstance(effect, ContinueAsNew):
        _continue(machine, now_ms, source, effect)
    else:
        machine.queue(source, effect)


def _open(machine: Machine, domain: str, workflow_id: str) -> Execution | None:
    """The open run of that id; one that closed in this very step hears of nothing any more."""
    found = machine.domains[domain].open.get(workflow_id)
    return found if found is not None and found.is_open else None


def _start_child(machine: Machine, now_ms: int, parent: Execution, effect: StartChild) -> Iterator[Execution]:
    given = dict(effect.attributes)
    workflow_id, workflow_type = given.pop("workflowId"), given["workflowType"]
    control = given.pop("control", None)
    if workflow_id in machine.domains[parent.domain].open:  # also of a run that continues as a new one
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
        yield parent
        return
    run_id = machine.new_run_id()
    started = {
        "workflowExecution": {"workflowId": workflow_id, "runId": run_id},
        "workflowType": workflow_type,
        "initiatedEventId": effect.initiated_id,
    }
    parent.happen(now_ms, "ChildWorkflowExecutionStarted", started)  # before whatever the child may tell
    yield parent
    link = {"parentWorkflowExecution": parent.identity, "parentInitiatedEventId": effect.initiated_id}
    machine.start(now_ms, machine.domains[parent.domain], workflow_id, run_id, {**given, **link})


def _reach(
    machine: Machine, now_ms: int, source: Execution, effect: SignalExternal | CancelExternal
) -> Iterator[Execution]:
    """Signal another execution or ask it to cancel, and tell the source whether that arrived."""
    given = effect.attributes
    is_signal = isinstance(effect, SignalExternal)
    target = None if effect.cause is not None else _open(machine, source.domain, given["workflowId"])
    if target is None or given.get("runId") not in (None, "", target.run_id):
        failed = _some(given, "workflowId", "runId", "control")
        failed["cause"] = effect.cause or "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
        failed["initiatedEventId"] = effect.initiated_id
        failed["decisionTaskCompletedEventId"] = effect.completed_id
        kind = "SignalExternal" if is_signal else "RequestCancelExternal"
        source.happen(now_ms, f"{kind}WorkflowExecutionFailed", failed)
        yield source
        return
    sent = _some(given, "signalName", "input")
    sent["externalWorkflowExecution"] = source.identity
    sent["externalInitiatedEventId"] = effect.initiated_id
    past = "Signaled" if is_signal else "CancelRequested"
    target.happen(now_ms, f"WorkflowExecution{past}", sent)
    yield target
    arrived = {"workflowExecution": target.identity, "initiatedEventId": effect.initiated_id}
    source.happen(now_ms, f"ExternalWorkflowExecution{past}", arrived)
    yield source


def _some(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _close(machine: Machine, now_ms: int, closed: Execution, effect: Closed) -> Iterator[Execution]:
    machine.retire(closed)
    if effect.child_policy is not None:
        yield from _apply_child_policy(machine, now_ms, closed, effect.child_policy)
    started = closed.state.started
    if "parentWorkflowExecution" in started and closed.state.close_status != "CONTINUED_AS_NEW":
        parent = machine.run(started["parentWorkflowExecution"]["runId"])
        if parent is not None:
            parent.child_ended(now_ms, started["parentInitiatedEventId"], closed, effect)
            yield parent


def _apply_child_policy(machine: Machine, now_ms: int, parent: Execution, policy: str) -> Iterator[Execution]:
    for initiated_id, link in parent.state.children.items():
        child = _open(machine, parent.domain, link.workflow_id)
        if child is None:
            continue
        started = child.state.started
        theirs = (started.get("parentWorkflowExecution", {}).get("runId"), started["parentInitiatedEventId"])
        if theirs != (parent.run_id, initiated_id):
            continue  # another execution has the id by now
        if policy == "TERMINATE":
            child.terminate(now_ms, {"cause": "CHILD_POLICY_APPLIED"})
        elif policy == "REQUEST_CANCEL":
            attributes: dict[str, Any] = {"cause": "CHILD_POLICY_APPLIED", "externalInitiatedEventId": 0}
            child.happen(now_ms, "WorkflowExecutionCancelRequested", attributes)
        yield child


def _continue(machine: Machine, now_ms: int, closed: Execution, effect: ContinueAsNew) -> None:
    old = closed.state.started
    attributes = {**effect.attributes, "continuedExecutionRunId": closed.run_id}
    for member in ("parentWorkflowExecution", "parentInitiatedEventId"):
        if member in old:
            attributes[member] = old[member]
    machine.start(now_ms, machine.domains[closed.domain], closed.workflow_id, effect.run_id, attributes)
