"""How results are printed: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import orjson

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["clock", "console", "fields", "print_json", "read_json", "table", "to_json"]

PIPE_WIDTH = 160


def console(*, stderr: bool = False) -> Console:
    """A rich console; where nobody sees a terminal, wide enough not to cut what others read."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else PIPE_WIDTH, highlight=False)


def print_json(value: Any, *, indent: bool | None = None) -> None:
    """Print a value as JSON, where nothing else is said indented if a person looks."""
    click.echo(to_json(value, indent=sys.stdout.isatty() if indent is None else indent))


def to_json(value: Any, *, indent: bool = False) -> str:
    """A value as JSON."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode()
    except TypeError:  # JSON that orjson refuses: integers beyond 64 bits, lone surrogates in somebody's text
        return json.dumps(value, indent=2 if indent else None)


def read_json(body: bytes) -> Any:
    """The value of an answer; "" is an answer, too."""
    try:
        return orjson.loads(body or b"{}")
    except ValueError:
        return json.loads(body)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print rows under their headings, or one line that there are none."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [[Text(cell) for cell in row] for row in rows]
    if not lines:
        click.echo(empty)
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        grid.add_column(name, overflow="fold")
    for line in lines:
        grid.add_row(*line)
    console().print(grid)


def fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line; those without a value are left out."""
    shown = [(name, str(value)) for name, value in pairs if value not in (None, "", [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def clock(timestamp: float | None) -> str:
    """A time of SWF's in the local time zone."""
    if timestamp is None:
        return ""
    return datetime.fromtimestamp(timestamp).astimezone().isoformat(sep=" ", timespec="milliseconds")
