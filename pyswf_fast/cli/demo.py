"""The demo: a service, workers and a workflow of more than a thousand activities, in one command."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pyswf_fast.cli import survey as workflow
from pyswf_fast.cli.output import console, print_json
from pyswf_fast.cli.processes import Processes
from pyswf_fast.cli.session import Session
from pyswf_fast.cli.watch import Watch
from pyswf_fast.exceptions import ServiceFault, SwfError

if TYPE_CHECKING:
    from rich.progress import Progress

    from pyswf_fast import Client, Execution

__all__ = ["demo"]

DOMAIN = "demo"
LOOK_SECONDS = 1.0
TELL_SECONDS = 5.0
#: So long a service that does not answer is waited for.
PATIENCE_SECONDS = 60
#: What fits a terminal of 80 columns; the JSON has the number of syntax nodes, too.
COLUMNS = ("files", "lines", "functions", "classes", "imports", "tokens", "bytecode")

R = TypeVar("R")


@click.command()
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="the service's file, kept  [default: a temporary one]",
)
@click.option("--keep", is_flag=True, help="keep the temporary folder: file and logs")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="the service's port  [default: a free one]"
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="processes that run activities  [default: one a core]"
)
@click.option("--limit", type=click.IntRange(min=1), help="survey at most so many files")
@click.option("--verify", is_flag=True, help="compute the same without any workflow, and compare")
@click.option("--json", "as_json", is_flag=True, help="print the summary as JSON")
@click.option("--debug", is_flag=True, help="show the traceback of an error")
def demo(
    db: Path | None,
    keep: bool,
    port: int,
    workers: int | None,
    limit: int | None,
    verify: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Survey the Python standard library as installed, by a workflow on the embedded service.

    Starts the service and workers in processes of their own; one child workflow for each package, an
    activity for each batch of files and each check; a retry, a timer, a cached query and a signal.
    """
    del debug  # read where errors are shown
    signal.signal(signal.SIGTERM, stop)
    folder = Path(tempfile.mkdtemp(prefix="pyswf-demo-"))
    processes = Processes(folder, (db or folder / "swf.db").absolute(), port, DOMAIN, note)
    try:
        summary = run(processes, workers or os.cpu_count() or 1, limit, as_json)
        if verify:
            compare(summary["packages"], workflow.survey_in_process(limit))
            summary["verified"] = True
    finally:
        processes.stop()
        if keep:
            note(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print_json(summary)
    else:
        show(summary)


def note(text: str) -> None:
    """Say what happens, beside the progress."""
    click.echo(text, err=True)


def stop(signum: int, _: FrameType | None) -> None:
    """On SIGTERM leave through every `finally`, so that no process stays behind."""
    sys.exit(128 + signum)


def run(processes: Processes, workers: int, limit: int | None, quiet: bool) -> dict[str, Any]:
    """Start everything, watch it, and say what came out."""
    began = time.monotonic()
    processes.start_service()
    os.environ.pop("AWS_PROFILE", None)  # the service is ours: no account of anybody's has a part in it
    os.environ.update(processes.environment())
    session = Session("us-east-1", None, processes.endpoint, DOMAIN, json=False)
    client = session.client

    def patiently(call: Callable[[], R]) -> R:
        """Do a call; while the service does not answer, see to it that it comes back, and try again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            processes.check()
            try:
                return call()
            except SwfError as error:
                if not is_connection_error(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    patiently(lambda: client.register(workflow.DECIDERS, workflow.ACTIVITIES))
    processes.start_worker("decider", ["--only", "deciders"])
    for number in range(1, workers + 1):
        processes.start_worker(f"worker-{number}", ["--only", "activities", "--activity-concurrency", "2"])
    workflow_id = f"survey-{time.time_ns()}"
    execution = patiently(lambda: start(client, workflow_id, limit))
    watch = Watch(
        lambda operation, **members: patiently(lambda: session.call(operation, **members)),
        execution.workflow_id,
        execution.run_id,
    )
    packages = workflow.list_packages.orig(limit)
    with Display(workflow.count_activities(packages), len(packages), quiet=quiet) as display:
        patiently(lambda: execution.signal("go", f"process {os.getpid()}"))
        while not watch.is_closed:
            time.sleep(LOOK_SECONDS)
            watch.look()
            display.update(watch)
    result = patiently(lambda: execution.result(timeout=PATIENCE_SECONDS))
    return {
        **result,
        "activities": watch.activities,
        "retries": watch.failures,
        "workflows": len(watch.runs),
        "events": watch.events,
        "seconds": round(time.monotonic() - began, 1),
    }


def start(client: Client, workflow_id: str, limit: int | None) -> Execution:
    """Start the survey; a start whose answer got lost is found again."""
    try:
        return client.start(workflow.survey, limit, workflow_id=workflow_id)
    except ServiceFault as fault:
        if fault.type != "WorkflowExecutionAlreadyStartedFault":
            raise
        return client.execution(workflow_id)


def is_connection_error(error: SwfError) -> bool:
    """Whether a call failed because nobody answered, not because the service said no."""
    return type(error) is SwfError and type(error.__cause__).__module__.startswith("botocore.")


class Display(AbstractContextManager["Display"]):
    """The progress: a bar on a terminal, else a line now and then.

    Parameters:
        activities: How many there will be.
        packages: How many children.
        quiet: Show nothing.
    """

    def __init__(self, activities: int, packages: int, *, quiet: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.totals = activities, packages
        self.console = console(stderr=True)
        self.told = time.monotonic()
        self.lines = not quiet and not self.console.is_terminal
        self.progress: Progress | None = None
        if not quiet and self.console.is_terminal:
            self.progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self.console,
            )
            self.activities = self.progress.add_task("activities", total=activities)
            self.packages = self.progress.add_task("packages", total=packages)

    def __enter__(self) -> Display:
        if self.progress:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.progress:
            self.progress.stop()

    def update(self, watch: Watch) -> None:
        """Show how far it is."""
        if self.progress:
            self.progress.update(self.activities, completed=watch.activities)
            self.progress.update(self.packages, completed=watch.children)
        elif self.lines and (watch.is_closed or time.monotonic() - self.told >= TELL_SECONDS):
            self.told = time.monotonic()
            activities, packages = self.totals
            self.console.print(
                f"{watch.activities} of {activities} activities, {watch.children} of {packages} packages"
            )


def compare(found: dict[str, dict[str, int]], expected: dict[str, dict[str, int]]) -> None:
    """See that the workflow's totals are those that plain function calls give."""
    wrong = [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]
    if wrong:
        name = wrong[0]
        differ = f"{found.get(name)} instead of {expected.get(name)}"
        raise SwfError(f"{len(wrong)} packages are wrong, first {name}: {differ}")


def show(summary: dict[str, Any]) -> None:
    """Print the summary."""
    from rich import box
    from rich.table import Table

    packages: dict[str, dict[str, int]] = summary["packages"]
    sums = workflow.add(packages.values())
    grid = Table(
        title=f"The standard library of {summary['interpreter']}",
        box=box.SIMPLE_HEAD,
        show_footer=True,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    grid.add_column("package", footer=f"{len(packages)} packages")
    for name in COLUMNS:
        grid.add_column(name, footer=f"{sums.get(name, 0):,}", justify="right")
    for name, totals in packages.items():
        grid.add_row(name, *(f"{totals.get(column, 0):,}" for column in COLUMNS))
    out = console()
    out.print(grid)
    out.print(
        f"{summary['activities']:,} activities in {summary['workflows']} workflows, "
        f"{summary['events']:,} events, {summary['seconds']} s.\n"
        f"The warm-up succeeded at attempt {summary['attempts']} "
        f"(attempts that failed: {summary['retries']}); the signal came from {summary['audience']}."
        + ("\nVerified: plain function calls give the same totals." if summary.get("verified") else "")
    )
