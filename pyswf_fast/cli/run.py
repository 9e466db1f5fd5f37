"""Commands that stay: the embedded service, and a worker."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.values import find_tasks, functions_named

if TYPE_CHECKING:
    from pyswf_fast.service import Limits

__all__ = ["serve", "worker"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="the address to listen on")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one"
)
@click.option(
    "--db", default=":memory:", show_default=True, metavar="PATH", help="the SQLite file that keeps it all"
)
@click.option(
    "--lambda",
    "lambdas",
    multiple=True,
    metavar="[NAME=]MODULE:FUNCTION",
    help="a Lambda function, called as AWS calls it; may be repeated",
)
@click.option(
    "--throttle",
    type=float,
    metavar="SCALE",
    help="throttle as SWF does, its quotas multiplied by SCALE  [default: no throttles]",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help="another quota than SWF's, such as open_timers=10; may be repeated",
)
@click.option(
    "--deny",
    multiple=True,
    metavar="NAME",
    help="an operation or decision that is not permitted; may be repeated",
)
@click.option(
    "--survive-power-loss", is_flag=True, help="answer only when the disk has it: slower, and safer"
)
@click.option("--debug", is_flag=True, help="show the traceback of an error")
def serve(
    host: str,
    port: int,
    db: str,
    lambdas: tuple[str, ...],
    throttle: float | None,
    limits: tuple[str, ...],
    deny: tuple[str, ...],
    survive_power_loss: bool,
    debug: bool,
) -> None:
    """Run the embedded SWF service, for development and tests. It checks no credentials."""
    from pyswf_fast.service.http import serve as run_service

    del debug  # read where errors are shown
    if survive_power_loss and db == ":memory:":
        raise click.UsageError("--survive-power-loss needs a file to keep things in: give --db PATH")
    functions = functions_named(lambdas) if lambdas else None
    run_service(
        host,
        port,
        db,
        lambdas=functions,
        throttle=throttle,
        limits=_limits(limits),
        deny=deny,
        survive_power_loss=survive_power_loss,
    )


def _limits(texts: tuple[str, ...]) -> Limits:
    from pyswf_fast.service.limits import Limits

    names = [one.name for one in fields(Limits)]
    given = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in names:
            raise click.BadParameter(f"there is no limit {name!r}; there are {', '.join(names)}")
        if not (number.isascii() and number.isdigit()):
            raise click.BadParameter(f"limit {name} is a whole number, not {number!r}")
        given[name] = int(number)
    return Limits(**given)


@click.command()
@click.argument("modules", nargs=-1, required=True, metavar="MODULE...")
@click.option("--task-list", envvar="PYSWF_TASK_LIST", help="the list to serve  [env: PYSWF_TASK_LIST]")
@click.option(
    "--activity-concurrency",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="activities at once",
)
@click.option(
    "--only", type=click.Choice(["deciders", "activities"]), help="leave the others to other workers"
)
@click.option(
    "--build-id", envvar="PYSWF_BUILD_ID", help="name of the deciders' build  [env: PYSWF_BUILD_ID]"
)
@click.option(
    "--on-nondeterminism",
    type=click.Choice(["pause", "fail"]),
    default="pause",
    show_default=True,
    help="what to do with workflows whose history the code does not fit",
)
@click.option(
    "--stall-timeout",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="report a decider that blocks for so long; 0 never does",
)
@click.option(
    "--sticky/--no-sticky",
    default=True,
    show_default=True,
    help="keep runs in memory between their decisions",
)
@click.option("-v", "--verbose", is_flag=True, help="log what is done")
@with_session
def worker(
    session: Session,
    modules: tuple[str, ...],
    task_list: str | None,
    activity_concurrency: int,
    only: str | None,
    build_id: str | None,
    on_nondeterminism: str,
    stall_timeout: float,
    sticky: bool,
    verbose: bool,
) -> None:
    """Serve the deciders and activities of modules until SIGINT or SIGTERM."""
    deciders, activities = find_tasks(modules)
    if only == "deciders":
        activities = []
    elif only == "activities":
        deciders = []
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from pyswf_fast.worker import Worker

    Worker.logger.getChild("state").setLevel(logging.INFO)
    serving = Worker(
        session.domain,
        deciders,
        activities,
        task_list,
        activity_concurrency=activity_concurrency,
        transport=session.client.transport,
    )
    serving.build_id = build_id
    serving.on_nondeterminism = on_nondeterminism
    serving.stall_timeout = stall_timeout or None
    serving.sticky = sticky
    serving.run()
