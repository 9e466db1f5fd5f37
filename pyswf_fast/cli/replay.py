"""The command that replays histories against the code at hand: the check before a deploy, and a debugger."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from pyswf_fast.cli.deciders import Deciders, ForeignType, type_of
from pyswf_fast.cli.filters import Filter, with_filter
from pyswf_fast.cli.outcome import FAILED, FOREIGN, MISFIT, OK, UNREADABLE, Outcome, summary, tell
from pyswf_fast.cli.output import console
from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.sources import Source, ahead, from_files, from_service
from pyswf_fast.exceptions import UsageError
from pyswf_fast.failures import users_line

if TYPE_CHECKING:
    from pyswf_fast._replay import History, Run

__all__ = ["replay"]


@dataclass(frozen=True)
class Wishes:
    """What is wanted beside the verdict."""

    until: int | None
    decisions: bool
    where: bool
    pdb: bool
    run_cached: bool
    strict: bool
    domain: str | None
    json: bool


@click.command()
@click.argument("target", metavar="MODULE:FUNCTION|MODULE")
@click.argument("histories", nargs=-1, metavar="[HISTORY]...")
@with_filter(limit=None)
@click.option("--run-id", help="of a HISTORY: its run's own id; with --workflow-id: only this run")
@click.option(
    "--until", type=click.IntRange(min=1), metavar="EVENT", help="as if it had ended with this event"
)
@click.option("--decisions", is_flag=True, help="print what would be sent next")
@click.option("--where", is_flag=True, help="print where each branch stands, and what it waits for")
@click.option("--pdb", is_flag=True, help="stop in the decider where it stands, in a debugger")
@click.option("--strict", is_flag=True, help="compare arguments, durations, options and results, too")
@click.option("--run-cached", is_flag=True, help="run new calls of @cached functions")
@click.option("--all-types", is_flag=True, help="fail where MODULE has no decider of a history's type")
@with_session
def replay(
    session: Session,
    target: str,
    histories: tuple[str, ...],
    sought: Filter,
    run_id: str | None,
    until: int | None,
    decisions: bool,
    where: bool,
    pdb: bool,
    strict: bool,
    run_cached: bool,
    all_types: bool,
) -> None:
    """Replay recorded histories with the code at hand, and tell whether it fits them.

    HISTORY is a file ('-' is stdin) as `history --json` and the AWS CLI write it, or a directory of them
    (*.json, *.json.gz, *.json.zst). Without one, histories are read from SWF, as the filters say:
    `--status open` is the check before a deploy.

    MODULE:FUNCTION (or MODULE:OBJECT.METHOD) replays every HISTORY given; of the executions in SWF, those of
    its type and version, or of --type. With MODULE each history goes to the decider of its type and version;
    those of other types are told and passed over, and only with --all-types is that a failure.

    Nothing is sent to SWF. Unless you say so (--run-cached), nothing is put into data stores either, and new
    calls of @cached functions are not run.

    Exits with 0 if all that was replayed fits; with 1 if something does not (nondeterminism, a decider that
    would now fail its workflow, a history that cannot be read), nothing in the HISTORY given is of a type at
    hand, or there is no such workflow or run as --workflow-id and --run-id name; with 2 if it was called
    wrongly.
    """
    if pdb and (session.json or "-" in histories):
        raise click.UsageError("--pdb talks to you on stdin and stdout: not with --json, nor with '-'.")
    if histories and sought.is_given:
        raise click.UsageError("Give either HISTORY or filters of executions in SWF, not both.")
    if not histories and not sought.is_given:
        raise click.UsageError("Give HISTORY, or say which executions in SWF, such as --status open.")
    sources: Iterable[Source]
    try:
        deciders = Deciders(target)
        if histories:
            sources = from_files(histories, run_id)
        else:
            session.domain = session.domain or deciders.domain
            sources = from_service(session, deciders.narrow(replace(sought, run_id=run_id)))
    except UsageError as error:
        raise click.UsageError(f"{error}.") from error

    wishes = Wishes(until, decisions, where, pdb, run_cached, strict, session.domain, session.json)
    counts: Counter[str] = Counter()
    events = 0
    began = time.perf_counter()
    total = len(sources) if isinstance(sources, list) else None
    with (
        progress(total, shown=not pdb) as advance,
        contextlib.closing(replayed(sources, deciders, wishes)) as outcomes,
    ):
        for outcome in outcomes:
            counts[outcome.status] += 1
            events += len(outcome.history or ())
            advance()
            tell(outcome, decisions=decisions, where=where, as_json=wishes.json)
    if sought.workflow_id and not counts:
        raise UsageError(f"{missing(sought, run_id)} in domain {session.client.domain!r}")
    if not wishes.json:
        summary(counts, events, time.perf_counter() - began)
    fits = counts[OK] + (0 if all_types else counts[FOREIGN])
    if fits < counts.total() or (histories and not counts[OK]):
        sys.exit(1)


def missing(sought: Filter, run_id: str | None) -> str:
    """What was named and is not there."""
    what = (
        f"run {run_id} of workflow {sought.workflow_id!r}" if run_id else f"workflow {sought.workflow_id!r}"
    )
    return f"no {what}" + (f" with status {sought.status}" if sought.status else "")


def replayed(sources: Iterable[Source], deciders: Deciders, wishes: Wishes) -> Generator[Outcome, None, None]:
    """The outcome of each history, one after the other."""
    told = iter(sources)
    first = list(itertools.islice(told, 2))
    alone = len(first) == 1
    for source, reading in ahead(
        (source, reader(source, deciders)) for source in itertools.chain(first, told)
    ):
        debugger = Stop(source, wishes, alone=alone) if wishes.pdb else None
        yield outcome_of(source, reading, deciders, wishes, debugger)
        if debugger is not None and debugger.was_quit:
            return


def reader(source: Source, deciders: Deciders) -> Callable[[], History]:
    """What reads a history, unless it is known that nobody here decides it."""

    def read() -> History:
        if source.type is not None:
            deciders.check(source.type)
        return source.read()

    return read


class Stop:
    """Stops in the debugger: in the only history always, else where one does not fit."""

    def __init__(self, source: Source, wishes: Wishes, *, alone: bool) -> None:
        self._source = source
        self._always = alone or wishes.until is not None
        self.was_quit = False

    def __call__(self, run: Run, error: BaseException | None) -> None:
        from pyswf_fast.cli.debugger import Debugger

        fails = run.failure is not None and bool(run.decisions)
        if error is None and not self._always and not fails:
            return
        if error is not None:
            if not run.standing and run.failure is None:
                return  # it is no history: no code has run
            click.echo(str(error))
        debugger = Debugger(run)
        debugger.stop(self._source.name)
        self.was_quit = debugger.was_quit


def outcome_of(
    source: Source, reading: Future[History], deciders: Deciders, wishes: Wishes, stop: Stop | None
) -> Outcome:
    """Replay one history; whatever is wrong with it is an outcome, too."""
    from pyswf_fast.cli.decisions import in_words
    from pyswf_fast.registration import task_of
    from pyswf_fast.replayer import Replayer

    lines: list[str] = []
    history = None
    try:
        history = reading.result()
        if not history:
            return Outcome(source, UNREADABLE, error="it has no events")
        decider = deciders.find(history)

        def inspect(run: Run, error: BaseException | None) -> None:
            if wishes.decisions and error is None:
                calls = run.calls
                lines.extend(in_words(decision, decider, calls) for decision in run.decisions)
            if stop is not None:
                stop(run, error)

        began = time.perf_counter()
        # what deciders print is no JSON
        with contextlib.redirect_stdout(sys.stderr) if wishes.json else contextlib.nullcontext():
            replay = Replayer(
                decider, dry=not wishes.run_cached, strict=wishes.strict, domain=wishes.domain
            ).replay(history, source.run_id, wishes.until, inspect)
        milliseconds = (time.perf_counter() - began) * 1000
    except ForeignType as error:
        return Outcome(source, FOREIGN, history, error=str(error))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one history, the others are replayed
        kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
        return Outcome(source, UNREADABLE, history, error=f"{kind}{error}")
    status = MISFIT if replay.nondeterminism else FAILED if replay.failure is not None else OK
    said = []
    task, _ = task_of(decider, "decider")
    if status == MISFIT and type_of(history) != (task.name, task.version):
        said.append(f"type {' '.join(type_of(history))} replayed as {task.name} {task.version}")
    if replay.failure is not None:
        raised = replay.failure
        said.append(f"the decider raised {type(raised).__qualname__}: {raised}{users_line(raised)}")
    return Outcome(source, status, history, replay, "; ".join(said), milliseconds, tuple(lines))


@contextlib.contextmanager
def progress(total: int | None, *, shown: bool) -> Iterator[Callable[[], object]]:
    """A progress bar where somebody sees it; what is called for each history."""
    if not shown or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    terminal = console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
