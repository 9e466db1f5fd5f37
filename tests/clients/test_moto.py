"""moto asked the same as this service: each difference is explained, and `docs/moto.md` says how."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from clients_service import ROOT, environment_of
from moto_explained import EXPLAINED
from moto_steps import differences, tell
from service_process import Server

DOCUMENT = ROOT / "docs" / "moto.md"
LONGEST_SHOWN = 90
Difference = tuple[str, Any, Any]

HEAD = """\
# This service and moto

[moto](https://docs.getmoto.org) mocks many AWS services, {common} of SWF's 39 operations among them.
`make clients` asks both services the same {steps} things and compares the answers. Where they differ, this
page says why; it is made by that test, which fails where it is out of date. Compared with moto {version}.

*The model* is botocore's description of the API, *the guide* AWS's developer guide; *recordings* were made of
the real service, *measured* is what others report of it, *a choice* is ours where nothing says what SWF does.

| at | here | moto | why |
|---|---|---|---|
"""


@pytest.fixture
def moto() -> Iterator[str]:
    """Where a moto server listens."""
    process = subprocess.Popen(
        [environment_of("moto") / "bin" / "moto_server", "-p", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        url = next(found[0] for line in said if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        drain = threading.Thread(target=said.read)
        drain.start()
        yield url
        process.kill()
        drain.join()
    process.wait()


def shown(value: Any) -> str:
    """A value as a cell of a table."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value)
    text = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return f"`{text}`".replace("|", "\\|") if text else '`""`'


def test_every_difference_to_moto_is_explained(moto: str) -> None:
    server = Server(longest_poll_seconds=0.1)
    ours = tell(server.url)
    assert server.stop()[0] == 0
    theirs = tell(moto)
    assert list(ours) == list(theirs)

    found: list[Difference] = [
        (f"{step}: {path}", here, there)
        for step in ours
        for path, here, there in differences(ours[step], theirs[step])
    ]
    by_reason: dict[str, list[Difference]] = {pattern: [] for pattern, _ in EXPLAINED}
    unexplained = []
    for difference in found:
        pattern = next((one for one in by_reason if fnmatchcase(difference[0], one)), None)
        (unexplained if pattern is None else by_reason[pattern]).append(difference)
    assert not unexplained, "\n".join(" | ".join([where, shown(a), shown(b)]) for where, a, b in unexplained)
    gone = [pattern for pattern, differing in by_reason.items() if not differing]
    assert not gone, "these are no differences any more"

    version = environment_of("moto").glob("lib/python*/site-packages/moto-*.dist-info")
    lacking = sum(reason.startswith("moto lacks the operation") for _, reason in EXPLAINED)
    lines = [
        HEAD.format(
            common=39 - lacking,
            steps=len(ours),
            version=next(version).stem.split("-")[1].removesuffix(".dist"),
        )
    ]
    for pattern, reason in EXPLAINED:
        where, here, there = by_reason[pattern][0]
        more = len(by_reason[pattern]) - 1
        also = f" and {more} more" if more else ""
        lines.append(f"| {where}{also} | {shown(here)} | {shown(there)} | {reason} |\n")
    text = "".join(lines)
    if os.environ.get("PYSWF_WRITE_DOCS"):
        DOCUMENT.write_text(text)
    assert DOCUMENT.read_text() == text, (
        "run `PYSWF_WRITE_DOCS=1 make clients ARGS='-k moto'` and commit docs/moto.md"
    )
