"""What came of replaying histories, printed: for people a line each, for programs a JSON object each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pyswf_fast.cli.output import print_json
from pyswf_fast.cli.sources import Source

if TYPE_CHECKING:
    from pyswf_fast._replay import History
    from pyswf_fast.replayer import Replay

__all__ = ["FAILED", "FOREIGN", "MISFIT", "OK", "UNREADABLE", "Outcome", "summary", "tell"]

OK = "ok"
MISFIT = "nondeterminism"
FAILED = "decider failed"
UNREADABLE = "not replayed"
FOREIGN = "other type"
STATUSES = (OK, MISFIT, FAILED, UNREADABLE, FOREIGN)
WIDTH = max(map(len, STATUSES))


@dataclass(frozen=True)
class Outcome:
    """What came of one history.

    Parameters:
        source: Where it is from.
        status: One of `STATUSES`.
        history: The history, if it could be read.
        replay: What its replay came to, if there was one.
        error: Why there was none, or what else there is to say, such as what the decider raised.
        milliseconds: How long the replay took.
        decisions: What would be sent next, in words, where that is wanted.
    """

    source: Source
    status: str
    history: History | None = None
    replay: Replay | None = None
    error: str = ""
    milliseconds: float = 0.0
    decisions: tuple[str, ...] = ()


def tell(outcome: Outcome, *, decisions: bool, where: bool, as_json: bool) -> None:
    """Print what came of one history."""
    if as_json:
        print_json(as_data(outcome, decisions=decisions, where=where), indent=False)
        return
    replay = outcome.replay
    line = f"{outcome.status:<{WIDTH}}  {outcome.source.name}"
    if replay is not None:
        events = len(outcome.history or ())
        line += f"  {events:,} events, {replay.batches:,} batches, {outcome.milliseconds:.1f} ms"
    if outcome.error:
        line += f"  {' '.join(outcome.error.split())}"
    click.echo(line)
    if replay is None:
        return
    if replay.report:
        click.echo(indented(replay.report))
    if decisions and not replay.nondeterminism:
        click.echo(indented("\n".join(outcome.decisions) or "nothing would be sent"))
        if replay.not_run:
            names = ", ".join(replay.not_run)
            click.echo(
                indented(
                    f"cached functions not run: {names}; what depends on them is not known (--run-cached)"
                )
            )
    if where:
        click.echo(indented("\n".join(map(str, replay.where)) or "nowhere: the decider has ended"))


def as_data(outcome: Outcome, *, decisions: bool, where: bool) -> dict[str, Any]:
    """What came of one history, for programs."""
    source, history, replay = outcome.source, outcome.history, outcome.replay
    data: dict[str, Any] = {
        "history": source.name,
        "status": outcome.status.replace(" ", "_"),
        "workflowId": source.workflow_id or (history.workflow_id if history else "") or None,
        "runId": source.run_id or (history.run_id if history else "") or None,
        "events": len(history or ()),
        "error": outcome.error or None,
    }
    if replay is None:
        return data
    data |= {
        "batches": replay.batches,
        "milliseconds": round(outcome.milliseconds, 3),
        "closeStatus": replay.closed,
        "nondeterminism": replay.nondeterminism,
    }
    if replay.report:
        data["report"] = replay.report
    if replay.not_run:
        data["notRun"] = replay.not_run
    if decisions:
        data["decisions"] = replay.decisions
        data["executionContext"] = replay.execution_context
    if where:
        data["where"] = [
            {
                "branch": stands.branch,
                "name": stands.name,
                "waitsFor": stands.waits_for,
                "stack": [
                    {"file": at.filename, "line": at.lineno, "function": at.name} for at in stands.stack
                ],
            }
            for stands in replay.where
        ]
    return data


def summary(counts: Counter[str], events: int, seconds: float) -> None:
    """Print how many histories came out how."""
    parts = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    number = counts.total()
    named = "1 history" if number == 1 else f"{number:,} histories"
    click.echo(f"{named}: {parts or 'nothing to replay'} ({events:,} events in {seconds:.1f} s)")


def indented(text: str) -> str:
    """A text as a block below a line."""
    return "\n".join(f"    {line}" for line in text.splitlines())
