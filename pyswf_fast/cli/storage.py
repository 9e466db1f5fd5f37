"""Commands that look after data stores: ls, get, stat, gc, train."""

from __future__ import annotations

import datetime as dt
import heapq
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import click

from pyswf_fast.cli.filters import Filter, executions, with_filter
from pyswf_fast.cli.output import clock, fields, print_json, table
from pyswf_fast.cli.session import Session, with_session
from pyswf_fast.cli.stores import keys_in, texts_in, with_store
from pyswf_fast.cli.sweep import LEAST_AGE, domain_folder, in_use, sweep
from pyswf_fast.exceptions import DataStoreError, SwfError, UsageError
from pyswf_fast.storage.compression import Dictionary, decompress
from pyswf_fast.storage.fields import read_field
from pyswf_fast.storage.sealed import SealedStore, StoredObject
from pyswf_fast.storage.tiers import DEFAULT_TIERS, PREFIX, Frame, Tiers

__all__ = ["storage"]

DELETED_AT_ONCE = 1_000
SHOWN_RUNS = 50
#: Samples of which a dictionary is made. zstd wants a hundred times the dictionary; more takes long.
MOST_SAMPLES = 20_000
MOST_SAMPLE_BYTES = 64 * 1024 * 1024
#: Every so manieth sample is not trained with, but shows the gain.
HELD_OUT = 5


@click.group()
def storage() -> None:
    """Look after the data store that holds payloads too long for SWF."""


@storage.command("ls")
@click.argument("workflow_id")
@click.option("--run-id", help="this run, not the open or last one")
@with_store
@with_session
def list_references(session: Session, store: SealedStore, workflow_id: str, run_id: str | None) -> None:
    """List what an execution refers to: where it lies, how large it is, whether it is there."""
    execution = session.find(workflow_id, run_id)
    found: dict[str, dict[str, Any]] = {}
    for page in session.pages("GetWorkflowExecutionHistory", execution=execution):
        for event in page["events"]:
            for key in keys_in(event, store):
                found.setdefault(key, {"key": key, "events": []})["events"].append(event["eventId"])
    present: dict[str, StoredObject] = {}
    for folder in {key.rpartition("/")[0] for key in found}:
        present.update((each.key, each) for each in store.list(f"{folder}/") if each.key in found)
    rows = [
        {
            **row,
            "place": store.place + key,
            "bytes": present[key].size if key in present else None,
            "modified": present[key].modified.timestamp() if key in present else None,
        }
        for key, row in found.items()
    ]
    if session.json:
        print_json({"workflowExecution": execution, "references": rows})
    else:
        table(
            ("events", "where", "bytes", "written"),
            (
                (
                    ", ".join(map(str, row["events"])),
                    row["place"],
                    "MISSING" if row["bytes"] is None else f"{row['bytes']:,}",
                    clock(row["modified"]),
                )
                for row in rows
            ),
            empty="it refers to nothing in this store",
        )
    if len(present) < len(found):
        sys.exit(1)


@storage.command()
@click.argument("reference")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="a file; else stdout")
@with_store
def get(store: SealedStore, reference: str, output: Path | None) -> None:
    """Print the payload that a field of SWF holds or refers to, as its serializer wrote it.

    REFERENCE is such a field, or only the reference in it (s3://… or file:…).
    """
    if reference.startswith(PREFIX):
        written = read_field(reference, store, "the payload")
    else:
        written = store.get(reference)
        if isinstance(written, bytes):
            written = _content(written, store, reference)
    body = written.encode() if isinstance(written, str) else written
    if output is not None:
        output.write_bytes(body)
    else:
        click.echo(body, nl=False)


def _content(frame: bytes, store: SealedStore, reference: str) -> bytes:
    """Decompress an object by what its frame itself says."""
    import zstandard

    number = zstandard.get_frame_parameters(frame).dict_id
    dictionary = store.dictionary(f"{number:08x}") if number else None
    return decompress(frame, (store.tiers or DEFAULT_TIERS).max_bytes, dictionary, reference)


@storage.command()
@with_store
@with_session
def stat(session: Session, store: SealedStore) -> None:
    """Tell how much a domain's runs have stored, and how much of that nobody needs any more.

    A run is dead if SWF has forgotten it, and what it stored if no other execution refers to it either.
    """
    totals = {"alive": [0, 0], "dead": [0, 0]}
    largest: list[tuple[int, int, str]] = []
    with in_use(session, store) as marked:
        for folder, objects in _by_run(store.list(domain_folder(session.client.domain))):
            count = size = 0
            for each in objects:
                side = totals["alive" if marked.has(each.key) else "dead"]
                side[0] += 1
                side[1] += each.size
                count += 1
                size += each.size
            heapq.heappush(largest, (size, count, folder))
            if len(largest) > SHOWN_RUNS:
                heapq.heappop(largest)
        rows = [
            (folder, count, size, marked.has_folder(f"{folder}/"))
            for size, count, folder in sorted(largest, reverse=True)
        ]
    sums = {side: {"objects": count, "bytes": size} for side, (count, size) in totals.items()}
    if session.json:
        names = ("run", "objects", "bytes", "known")
        print_json({**sums, "largest": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    fields((side, f"{each['objects']:,} objects, {each['bytes']:,} bytes") for side, each in sums.items())
    table(
        ("largest runs", "objects", "bytes", "in SWF"),
        ((run, f"{count:,}", f"{size:,}", "yes" if known else "no") for run, count, size, known in rows),
        empty="nothing is stored",
    )


def _by_run(objects: Iterable[StoredObject]) -> Iterator[tuple[str, Iterator[StoredObject]]]:
    return groupby(objects, lambda each: each.key.rpartition("/")[0])


@storage.command()
@click.option("--delete", "is_meant", is_flag=True, help="delete; without it, only say what would be")
@click.option(
    "--days", type=click.FloatRange(min=2), default=2, show_default=True, help="spare what is younger"
)
@click.option("--all-gone", is_flag=True, help="delete though SWF knows none of the runs")
@with_store
@with_session
def gc(session: Session, store: SealedStore, is_meant: bool, days: float, all_gone: bool) -> None:
    """Delete what runs have stored that SWF has forgotten, and that no execution refers to.

    Reads the history of every open and every retained execution of the domain. A store that is shared with
    another account or region, whose executions cannot be asked for here, must have a base key for each.
    """
    age = max(dt.timedelta(days=days), LEAST_AGE)
    with in_use(session, store) as marked:
        if is_meant and not marked.runs and not all_gone:
            raise UsageError(
                f"SWF knows no execution of domain {session.client.domain!r}: is this the account and region "
                "whose payloads these are? If all of them are gone for good: --all-gone"
            )
        count = size = 0
        sweep(session, store, marked, age)
        dead = marked.dead()
        while some := list(islice(dead, DELETED_AT_ONCE)):
            if is_meant:
                store.delete(key for key, _ in some)
            for key, length in some:
                count += 1
                size += length
                if session.json:
                    print_json({"key": key, "bytes": length, "deleted": is_meant}, indent=False)
                else:
                    click.echo(store.place + key)
    done = "deleted" if is_meant else "would be deleted; nothing was: give --delete"
    click.echo(f"{count:,} objects with {size:,} bytes {done}", err=True)


@storage.command()
@click.argument("histories", nargs=-1)
@click.option(
    "--size", type=click.IntRange(min=256), default=112_640, show_default=True, help="its most bytes"
)
@click.option("--dry-run", is_flag=True, help="show the gain, keep nothing")
@with_store
@with_filter(limit=100)
@with_session
def train(
    session: Session, sought: Filter, store: SealedStore, histories: tuple[str, ...], size: int, dry_run: bool
) -> None:
    """Make a dictionary of the payloads in HISTORIES (files, folders) or of executions; keep it in the store.

    Many small payloads that are alike then take less room: give its id to Tiers(dictionary=…).
    """
    samples, held_out = _samples(_events(session, sought, histories), store)
    dictionary = Dictionary.train(samples, size)
    if not dry_run:
        store.save_dictionary(dictionary)
    shown = held_out or samples
    tiers = {"plain": None, "zstd": Tiers(), "with dictionary": Tiers(dictionary=dictionary)}
    lengths = {name: sum(_length(each, one) for each in shown) for name, one in tiers.items()}
    if session.json:
        about = {"id": dictionary.id, "bytes": len(dictionary.data), "kept": not dry_run}
        print_json({**about, "samples": len(samples), "heldOut": len(held_out), "characters": lengths})
        return
    fields(
        [
            ("dictionary", dictionary.id + (" (not kept)" if dry_run else "")),
            ("bytes", f"{len(dictionary.data):,}"),
            ("samples", f"{len(samples):,}, and {len(held_out):,} others to see the gain"),
            *(
                (name, f"{length:,} characters ({length / max(1, lengths['plain']):.0%})")
                for name, length in lengths.items()
            ),
            ("use it", f"Tiers(compress_from=200, dictionary=store.dictionary({dictionary.id!r}))"),
        ]
    )


def _events(session: Session, sought: Filter, histories: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """What the events of histories say, from files or from SWF."""
    if histories:
        from pyswf_fast.cli.sources import from_files

        for source in from_files(histories):
            for event in source.read():
                yield event.attributes
        return
    for info in executions(session, sought):
        for page in session.pages("GetWorkflowExecutionHistory", execution=info["execution"]):
            yield from page["events"]


def _samples(events: Iterable[dict[str, Any]], store: SealedStore) -> tuple[list[bytes], list[bytes]]:
    """Payloads as their serializers wrote them: to train with, and to see the gain."""
    samples: list[bytes] = []
    held_out: list[bytes] = []
    room = MOST_SAMPLE_BYTES
    for number, text in enumerate(_payloads(events)):
        try:
            written = read_field(text, store, "a payload")
        except (SwfError, DataStoreError):  # of another store, or gone: there are others
            continue
        body = written.encode() if isinstance(written, str) else written
        room -= len(body)
        if room < 0 or number > MOST_SAMPLES:
            break
        (held_out if number % HELD_OUT == HELD_OUT - 1 else samples).append(body)
    return samples, held_out


def _payloads(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        inner = [event, *(value for value in event.values() if isinstance(value, dict))]
        for attributes in inner:
            for name in ("input", "result", "details"):
                yield from texts_in(attributes.get(name) or [])


def _length(body: bytes, tiers: Tiers | None) -> int:
    """Characters that a payload takes in its field."""
    as_it_is = len(body)
    return as_it_is if tiers is None else min(as_it_is, Frame.of(body, tiers).inline_length)
