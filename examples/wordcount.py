"""Map and reduce: count the words of text files, one activity a file, all files at once.

python wordcount.py FILE...                           in this process, without any service

pyswf-fast worker wordcount                           as a worker, against the service of your environment
pyswf-fast start --wait wordcount:count '["FILE", …]'
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

from pyswf_fast import LocalDecisionWorker, activity_task, decision_task, wait_all

MOST_WORDS = 10


@activity_task(start_to_close_timeout=60)
def words_of(path: str) -> dict[str, int]:
    """How often each word of four letters or more is in a file."""
    return Counter(re.findall(r"[a-z]{4,}", Path(path).read_text("utf-8").lower()))


@activity_task
def merge(counts: list[dict[str, int]]) -> list[tuple[str, int]]:
    """The words that are most frequent in all files together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return sorted(total.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]


@decision_task
def count(paths: list[str]) -> list[tuple[str, int]]:
    """Count the words of all files side by side, then merge."""
    counted = [words_of(path) for path in paths]
    return merge(wait_all(*counted)).result


if __name__ == "__main__":
    for word, times in LocalDecisionWorker(count).start(sys.argv[1:]):
        print(f"{times:6} {word}")
