"""The command that starts an execution, and may wait for its end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pyswf_fast import jsontext
from pyswf_fast.cli.output import print_json
from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.values import json_value, task_named
from pyswf_fast.exceptions import SwfError

__all__ = ["start"]

T = TypeVar("T")

#: For how long a service that does not listen yet is waited for: it may have been started just before.
PATIENCE_SECS = 8.0


@click.command()
@click.argument("target", metavar="MODULE:FUNCTION|TYPE")
@click.argument("arguments", nargs=-1, metavar="[ARG]...")
@click.option("--workflow-id", help="its name; no open execution may have the same  [default: a new one]")
@click.option("--type-version", default="1.0", show_default=True, help="the version, where TYPE is given")
@click.option(
    "--task-list", envvar="PYSWF_TASK_LIST", help="where its decision tasks go  [env: PYSWF_TASK_LIST]"
)
@click.option("--tag", "tags", multiple=True, help="a tag; at most five times")
@click.option("--wait", is_flag=True, help="wait for its end and print the result")
@click.option("--timeout", type=click.FloatRange(min=0), help="with --wait: at most so many seconds")
@with_session
def start(
    session: Session,
    target: str,
    arguments: tuple[str, ...],
    workflow_id: str | None,
    type_version: str,
    task_list: str | None,
    tags: tuple[str, ...],
    wait: bool,
    timeout: float | None,
) -> None:
    """Start an execution. The arguments of its decider are JSON, one word each.

    MODULE:FUNCTION is imported, and what it needs is registered; a TYPE must be registered.
    """
    values = [json_value(text, f"argument {n}") for n, text in enumerate(arguments, 1)]
    if ":" in target:
        decider = task_named(target)
        given: dict[str, Any] = {"swf_task_list": task_list, "tags": list(tags) or None}
        options = {name: value for name, value in given.items() if value is not None}
        _once_it_listens(lambda: session.client.register(deciders=[decider]))
        execution = session.client.start(
            decider.options(**options) if options else decider, *values, workflow_id=workflow_id
        )
    else:
        name = workflow_id or str(uuid.uuid4())
        run = _once_it_listens(
            lambda: session.act(
                "StartWorkflowExecution",
                name,
                workflowType={"name": target, "version": type_version},
                taskList={"name": task_list} if task_list else None,
                input=session.client.encode_input(values),
                tagList=list(tags) or None,
            )
        )
        execution = session.client.execution(name, run["runId"])
    started = {"workflowId": execution.workflow_id, "runId": execution.run_id}
    if not wait:
        if session.json:
            print_json(started)
        else:
            click.echo(f"{execution.workflow_id}: started (run {execution.run_id})")
        return
    # of the type that the decider's annotation names; printed as it travels
    result = json.loads(jsontext.write(execution.result(timeout)))
    print_json({**started, "result": result} if session.json else result)


def _once_it_listens(ask: Callable[[], T]) -> T:
    until = time.monotonic() + PATIENCE_SECS
    while True:
        try:
            return ask()
        except SwfError as error:
            if type(error.__cause__).__name__ != "EndpointConnectionError" or time.monotonic() > until:
                raise
        time.sleep(0.2)
