"""The deciders of `cli_replayed` and `cli_tasks` after a change that does not fit what they have recorded."""

from __future__ import annotations

from typing import Any

from pyswf_fast import Timer, decision_task, wait_all


@decision_task(swf_workflow_type="order")
def order(item: str) -> Any:
    return wait_all(Timer.get(len(item)))


@decision_task(swf_workflow_type="wait_for_word")
def wait_for_word() -> Any:
    return wait_all(Timer.get(1))
