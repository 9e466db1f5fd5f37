"""Commands that act on a running execution: signal, cancel, terminate."""

from __future__ import annotations

import click

from pyswf_fast.cli.output import print_json
from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.values import json_value

__all__ = ["cancel", "signal", "terminate"]


@click.command()
@click.argument("workflow_id")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--run-id", help="this run, not the open one")
@with_session
def signal(session: Session, workflow_id: str, name: str, value: str | None, run_id: str | None) -> None:
    """Send a signal to an open execution; VALUE is JSON."""
    execution = session.client.execution(workflow_id, run_id)
    execution.signal(name, None if value is None else json_value(value, "VALUE"))
    done(session, "signaled", workflow_id)


@click.command()
@click.argument("workflow_id")
@click.option("--run-id", help="this run, not the open one")
@with_session
def cancel(session: Session, workflow_id: str, run_id: str | None) -> None:
    """Ask an open execution to cancel itself; its decider says what that means."""
    session.act("RequestCancelWorkflowExecution", workflow_id, run_id)
    done(session, "cancelRequested", workflow_id)


@click.command()
@click.argument("workflow_id")
@click.option("--run-id", help="this run, not the open one")
@click.option("--reason", help="why, for the history")
@click.option("--details", help="more of it")
@click.option(
    "--child-policy",
    type=click.Choice(["TERMINATE", "REQUEST_CANCEL", "ABANDON"], case_sensitive=False),
    help="what becomes of its children  [default: what the execution says]",
)
@with_session
def terminate(
    session: Session,
    workflow_id: str,
    run_id: str | None,
    reason: str | None,
    details: str | None,
    child_policy: str | None,
) -> None:
    """End an open execution at once; its decider is not asked."""
    session.act(
        "TerminateWorkflowExecution",
        workflow_id,
        run_id,
        reason=reason,
        details=details,
        childPolicy=child_policy.upper() if child_policy else None,
    )
    done(session, "terminated", workflow_id)


def done(session: Session, what: str, workflow_id: str) -> None:
    """Say what was done."""
    if session.json:
        print_json({"workflowId": workflow_id, what: True})
    else:
        click.echo(f"{workflow_id}: {'cancel requested' if what == 'cancelRequested' else what}")
