"""What is open when nothing can happen any more: said so that the missing piece is plain."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyswf_fast.replayer import Replay
from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.service.effects import ACTIVITY, DECISION
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.machine import ListKey

__all__ = ["describe"]


def describe(
    service: EmbeddedSwf, polls: Callable[[ListKey], bool], replay: Callable[[Execution], Replay | None]
) -> str:
    """Name what each open execution waits for.

    Parameters:
        service: Where they are.
        polls: Whether somebody polls a list.
        replay: Replays an execution's history; None where its decider is not known.
    """
    lines = ["nothing is left that could happen: no timer, no timeout and no work is to come"]
    for domain in service.machine.domains.values():
        for execution in domain.open.values():
            name = execution.state.started["workflowType"]["name"]
            lines.append(f"workflow {execution.workflow_id!r} ({name}) is open:")
            lines += [f"  {line}" for line in _open(execution, polls)]
            replayed = replay(execution)
            if replayed is not None:
                lines += [f"  {line}" for one in replayed.where for line in str(one).splitlines()]
    return "\n".join(lines)


def _open(execution: Execution, polls: Callable[[ListKey], bool]) -> Iterator[str]:
    state = execution.state
    domain = execution.domain
    waiting = state.waiting
    if waiting is not None:
        task_list = waiting.attributes["taskList"]["name"]
        yield f"a decision waits in the list {task_list!r}{_why((DECISION, domain, task_list), polls)}"
    for activity in state.activities.values():
        given = activity.attributes
        what = f"activity {given['activityType']['name']} (id {given['activityId']})"
        if activity.started_id:
            yield (
                f"{what} has been started and is not answered, and has no timeout: it hangs, said "
                "complete_later() and nobody completed it, or its answer was lost"
            )
        else:
            task_list = given["taskList"]["name"]
            yield f"{what} waits in the list {task_list!r}{_why((ACTIVITY, domain, task_list), polls)}"
    for child in state.children.values():
        yield f"child {child.workflow_type['name']} ({child.workflow_id!r}) is open"


def _why(key: ListKey, polls: Callable[[ListKey], bool]) -> str:
    return ", where its requests fail" if polls(key) else ", which no worker polls"
