"""Bytes that a history holds for each of its events, beyond the JSON that it was read from.

python benchmarks/memory.py
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys

from generate import CHAIN, FAN_OUT, Shape, pages


def resident_bytes() -> int:
    """Resident memory of this process (Linux)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def measure(shape: Shape, what: str) -> float:
    """Bytes an event, raw JSON not counted: the JSON is made before, and `History` refers to it."""
    from deciders import decider

    from pyswf_fast._replay import History, Run

    bodies = pages(shape)
    task = decider(shape)
    makers = {
        "History": lambda: History.from_pages(bodies),
        "History and open Run": lambda: Run(task, History.from_pages(bodies)),
        "dicts (json)": lambda: [json.loads(body) for body in bodies],
    }
    short = makers["History"]()  # what is allocated once, at the first use, is no history's
    del short
    gc.collect()
    before = resident_bytes()
    kept = [makers[what]() for _ in range(4)]
    gc.collect()
    held = (resident_bytes() - before) / len(kept) / shape.events
    del kept
    return held


def main() -> None:
    if len(sys.argv) == 3:
        shape = next(one for one in (FAN_OUT, CHAIN) if one.name == sys.argv[1])
        print(measure(shape, sys.argv[2]))
        return
    for shape in (FAN_OUT, CHAIN):
        raw = sum(map(len, pages(shape))) / shape.events
        print(f"{shape.name}: {shape.events:,} events, {raw:.0f} bytes of JSON each")
        for what in ("History", "History and open Run", "dicts (json)"):
            # A process of its own for each, so that no memory freed by one is another's.
            told = subprocess.run(
                [sys.executable, __file__, shape.name, what], capture_output=True, check=True
            )
            print(f"  {what}: {float(told.stdout):.0f} bytes an event beyond the JSON")


if __name__ == "__main__":
    main()
