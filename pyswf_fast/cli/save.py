"""The command that saves histories of executions, for replays elsewhere."""

from __future__ import annotations

import functools
import gzip
import sys
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import click

from pyswf_fast.cli.filters import Filter, executions, with_filter
from pyswf_fast.cli.output import print_json, to_json
from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.sources import ahead
from pyswf_fast.exceptions import SwfError

__all__ = ["save"]

LONGEST_NAME = 150


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@with_filter(limit=100)
@click.option("--gzip", "is_compressed", is_flag=True, help="compress them")
@with_session
def save(session: Session, directory: Path, sought: Filter, is_compressed: bool) -> None:
    """Save histories of executions in a directory, a file each, for `replay`.

    What workflows were given and what they came to is in them, as far as it is not in a data store.
    """
    directory.mkdir(parents=True, exist_ok=True)
    suffix = ".json.gz" if is_compressed else ".json"
    missing = 0
    found = (info["execution"] for info in executions(session, sought))
    for execution, reading in ahead((one, functools.partial(document, session, one)) for one in found):
        path = directory / (file_name(execution) + suffix)
        try:
            text = reading.result()
        except SwfError as error:
            missing += 1
            click.echo(f"{execution['workflowId']}: {error}", err=True)
            continue
        path.write_bytes(gzip.compress(text) if is_compressed else text)
        if session.json:
            print_json({**execution, "file": str(path)}, indent=False)
        else:
            click.echo(path)
    if missing:
        sys.exit(1)


def document(session: Session, execution: dict[str, str]) -> bytes:
    """The history of an execution, as `History.from_json` reads it."""
    pages = session.pages("GetWorkflowExecutionHistory", execution=execution)
    events = [event for page in pages for event in page["events"]]
    return to_json({"workflowExecution": execution, "events": events}).encode()


def file_name(execution: dict[str, str]) -> str:
    """A name for a run's file, without suffix: its workflow for people, a hash for its run."""
    run = sha256(execution["runId"].encode()).hexdigest()[:12]
    return f"{quote(execution['workflowId'], safe='')[:LONGEST_NAME]}.{run}"
