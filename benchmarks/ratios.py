"""Ratios of the contenders, run in turns in one process: on a shared machine times lie, ratios hardly do.

python benchmarks/ratios.py [parse] [cold] [sticky] [--rounds N]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from generate import CHAIN, FAN_OUT, SHORT_CHAIN, SHORT_FAN_OUT, Shape, pages
from rich.console import Console
from rich.table import Table

#: A contender that is this much slower than the first is run in every fifth round only.
SLOW = 20
Contender = tuple[str, Callable[[], object]]


def measure(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round; the rounds go through all of them in turn."""
    taken: dict[str, list[float]] = {name: [] for name, _ in contenders}
    for number in range(rounds):
        for name, run in contenders:
            slow = taken[name] and min(taken[name]) > SLOW * min(taken[contenders[0][0]])
            if slow and number % 5:
                continue
            gc.collect()
            gc.disable()
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
            gc.enable()
    return taken


def show(title: str, contenders: Sequence[Contender], rounds: int) -> None:
    """Measure, and print a row for each contender; ratios are to the first one's median."""
    taken = measure(contenders, rounds)
    table = Table("contender", "median ms", "best ms", "ratio", title=title)
    first = statistics.median(taken[contenders[0][0]])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        table.add_row(name, f"{median * 1e3:.3f}", f"{min(seconds) * 1e3:.3f}", f"{median / first:.2f}")
    Console().print(table)


def parse(rounds: int) -> None:
    from parsers import PARSERS

    for shape in (FAN_OUT, CHAIN):
        bodies = pages(shape)
        size = sum(map(len, bodies)) / 1e6
        title = f"parse, {shape.name}: {shape.events:,} events, {size:.1f} MB in {len(bodies)} pages"
        show(title, [(name, partial(run, bodies)) for name, run in PARSERS.items()], rounds)


def cold(rounds: int) -> None:
    from replays import CONTENDERS, contender

    for shape in (FAN_OUT, CHAIN):
        present, absent = [], []
        for name in CONTENDERS:
            try:
                present.append((name, contender(name, shape)))
            except ImportError as error:  # noqa: PERF203 - six of them
                absent.append(f"{name} is not installed here: {error}")
        show(f"cold decision, {shape.name}: pages in, decisions out", present, rounds)
        print(*absent, sep="\n")


def sticky(rounds: int) -> None:
    from sticky import next_decision

    for long, short in ((FAN_OUT, SHORT_FAN_OUT), (CHAIN, SHORT_CHAIN)):
        taken: dict[Shape, list[float]] = {short: [], long: []}
        for _ in range(max(3, rounds // 3)):
            for shape in (short, long):
                taken[shape].extend(next_decision(shape))
        table = Table("events", "median ms", "ratio", title=f"next decision of an open run, {long.name}")
        first = statistics.median(taken[short])
        for shape, seconds in taken.items():
            median = statistics.median(seconds)
            table.add_row(f"{shape.events:,}", f"{median * 1e3:.4f}", f"{median / first:.2f}")
        Console().print(table)


def main(arguments: Sequence[str]) -> None:
    questions = {"parse": parse, "cold": cold, "sticky": sticky}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", metavar="parse | cold | sticky", help="default: all three")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args(arguments)
    for what in options.what or questions:
        if what not in questions:
            parser.error(f"{what!r} is none of {', '.join(questions)}")
        questions[what](options.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
