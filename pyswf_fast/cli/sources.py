"""Where histories come from: files, or SWF itself; read a few ahead, side by side, never all at once."""

from __future__ import annotations

import gzip
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pyswf_fast.cli.filters import Filter, executions
from pyswf_fast.cli.session import Session
from pyswf_fast.exceptions import UsageError

if TYPE_CHECKING:
    from pyswf_fast._replay import History

__all__ = ["Source", "ahead", "from_files", "from_service"]

T = TypeVar("T")
R = TypeVar("R")

READERS = 4
#: Histories that are read and wait for their turn; one has at most some 10 MB.
AHEAD = 8

STDIN = "-"
SUFFIXES = (".json", ".json.gz", ".json.zst")


@dataclass(frozen=True)
class Source:
    """A history that has not been read yet.

    Parameters:
        name: What it is called.
        read: Reads it.
        workflow_id: The workflow, where that is known before it is read.
        run_id: Likewise the run.
        type: Likewise name and version of its type.
    """

    name: str
    read: Callable[[], History]
    workflow_id: str | None = None
    run_id: str | None = None
    type: tuple[str, str] | None = None


def from_files(names: Iterable[str], run_id: str | None = None) -> list[Source]:
    """The histories in files, in directories and those below them, and on stdin."""
    found = []
    for name in names:
        path = Path(name)
        if name == STDIN:
            found.append(Source("stdin", _from_stdin, run_id=run_id))
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.name.endswith(SUFFIXES))
            if not files:
                raise UsageError(f"{name} holds no file *{', *'.join(SUFFIXES)}")
            found += [Source(str(file), _from_file(file), run_id=run_id) for file in files]
        elif path.exists():
            found.append(Source(name, _from_file(path), run_id=run_id))
        else:
            raise UsageError(f"there is no file {name}")
    if run_id and len(found) != 1:
        raise UsageError(f"--run-id is the id of one run: one history expected, found {len(found)}")
    return found


def _from_stdin() -> History:
    from pyswf_fast._replay import History

    return History.from_json(sys.stdin.buffer.read())


def _from_file(path: Path) -> Callable[[], History]:
    def read() -> History:
        from pyswf_fast._replay import History

        return History.from_json(_unpacked(path))

    return read


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return data


def from_service(session: Session, sought: Filter) -> Iterator[Source]:
    """The histories of executions."""
    client = session.client
    for info in executions(session, sought):
        workflow_id, run_id = info["execution"]["workflowId"], info["execution"]["runId"]
        yield Source(
            f"{workflow_id} {run_id}",
            client.execution(workflow_id, run_id).history,
            workflow_id,
            run_id,
            (info["workflowType"]["name"], info["workflowType"]["version"]),
        )


def ahead(jobs: Iterable[tuple[T, Callable[[], R]]]) -> Generator[tuple[T, Future[R]], None, None]:
    """What each job is for and what it comes to, in order, while the next ones are being done."""
    pool = ThreadPoolExecutor(READERS, "history")
    waiting: deque[tuple[T, Future[R]]] = deque()
    try:
        for item, job in jobs:
            waiting.append((item, pool.submit(job)))
            if len(waiting) > AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
