"""Child workflows, retries and a marker: archive folders, each by a workflow of its own, and check them.

python backup.py TARGET FOLDER...
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
from pathlib import Path

from pyswf_fast import (
    ChildWorkflowException,
    LocalDecisionWorker,
    Marker,
    Promise,
    activity_task,
    decision_task,
)


@activity_task(start_to_close_timeout=600, max_attempts=3)
def archive(folder: str, target: str) -> str:
    """Pack a folder; the archive takes its name only when it is whole, so that a retry is safe."""
    path = Path(target) / f"{Path(folder).name}.tar.gz"
    part = path.with_suffix(".part")
    with tarfile.open(part, "w:gz") as tar:
        tar.add(folder, arcname=Path(folder).name)
    part.rename(path)
    return str(path)


@activity_task(start_to_close_timeout=600)
def check(path: str) -> dict[str, str | int]:
    """Read an archive to its end: how many files it has, and its checksum."""
    with tarfile.open(path) as tar:
        files = sum(member.isfile() for member in tar)
    return {"path": path, "files": files, "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}


@decision_task
def back_up_folder(folder: str, target: str) -> dict[str, str | int]:
    """Archive one folder and check what came out."""
    return check(archive(folder, target).result).result


@decision_task
def back_up(folders: list[str], target: str) -> dict[str, dict[str, str | int]]:
    """Back up folders side by side; one that fails does not keep the others from being saved."""
    children = {folder: back_up_folder(folder, target) for folder in folders}
    report = {folder: outcome(child) for folder, child in children.items()}
    Marker("backed up", f"{len(report)} folders")
    return report


def outcome(child: Promise[dict[str, str | int]]) -> dict[str, str | int]:
    """What came of a child, whichever way it ended."""
    try:
        return child.result
    except ChildWorkflowException as failure:
        return {"failed": str(failure.__cause__ or failure)}


if __name__ == "__main__":
    target, *folders = sys.argv[1:]
    for folder, found in LocalDecisionWorker(back_up).start(folders, target).items():
        print(folder, found)
