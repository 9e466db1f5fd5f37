"""Functions for workers in processes of their own.

python worker_fleet.py deciders|activities|all [seconds to drain]
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from pyswf_fast import Worker, activity, activity_task, decision_task


def say(text: str) -> None:
    print(text, flush=True)


@activity_task(swf_task_list="work", start_to_close_timeout=60)
def nap(seconds: float) -> str:
    say(f"napping {seconds}")
    time.sleep(seconds)
    say("awake")
    return "rested"


@activity_task(swf_task_list="work", start_to_close_timeout=2, max_attempts=3)
def stumble(marker: str) -> int:
    """Die in the first attempt, as a machine does; tell which attempt went through."""
    with Path(marker).open("a") as tries:
        tries.write("x")
    if Path(marker).stat().st_size == 1:
        say("dying")
        os.kill(os.getpid(), 9)
    return activity.info.attempt


@activity_task(swf_task_list="work", start_to_close_timeout=3)
def square(number: int) -> int:
    time.sleep(0.1)
    return number * number


@activity_task(swf_task_list="work", heartbeat_timeout=1, max_attempts=3)
def climb(camps: int) -> list[int]:
    """Reach a camp with each heartbeat, and stay at the second in the first attempt; attempt, start, end."""
    start = activity.info.last_heartbeat or 0
    for camp in range(start + 1, camps + 1):
        activity.heartbeat(camp)
        say(f"at camp {camp}")
        while camp == 2 and activity.info.attempt == 1:
            time.sleep(0.1)
    return [activity.info.attempt, start, camps]


@decision_task(swf_task_list="flows", task_start_to_close_timeout=3)
def climbs(camps: int) -> list[int]:
    return climb(camps).result


@decision_task(swf_task_list="flows", task_start_to_close_timeout=3)
def naps(seconds: float) -> str:
    return nap(seconds).result


@decision_task(swf_task_list="flows", task_start_to_close_timeout=3)
def stumbles(marker: str) -> int:
    return stumble(marker).result


@decision_task(swf_task_list="flows", task_start_to_close_timeout=3)
def squares(rounds: int) -> list[int]:
    total = []
    for number in range(rounds):
        one, two = square(number), square(number + 1)
        total.append(one.result + two.result)
    return total


DECIDERS = [naps, stumbles, squares, climbs]
ACTIVITIES = [nap, stumble, square, climb]

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    what, drain = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    Worker(
        deciders=DECIDERS if what in ("deciders", "all") else [],
        activities=ACTIVITIES if what in ("activities", "all") else [],
        drain_timeout=drain,
    ).run()
    say("left in order")
