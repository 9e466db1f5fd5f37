"""Each example does what its docstring says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, *words: object) -> str:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_wordcount_counts_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Timer timer worker")
    (tmp_path / "b.txt").write_text("timer WORKER decider of it")
    lines = run("wordcount", tmp_path / "a.txt", tmp_path / "b.txt").splitlines()
    assert [line.split() for line in lines] == [["3", "timer"], ["2", "worker"], ["1", "decider"]]


def test_backup_archives_what_is_there_and_reports_what_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "one").write_text("1")
    (folder / "two").write_text("2")
    target = tmp_path / "target"
    target.mkdir()
    out = run("backup", target, folder, tmp_path / "gone")
    with tarfile.open(target / "letters.tar.gz") as archive:
        assert sorted(member.name for member in archive if member.isfile()) == ["letters/one", "letters/two"]
    first, second = out.splitlines()
    assert "'files': 2" in first
    assert "FileNotFoundError" in second


def test_approval_is_not_asked_for_small_orders() -> None:
    from pyswf_fast import LocalDecisionWorker

    approval = example("approval")
    found = LocalDecisionWorker(approval.order).start("hammer", 2)
    assert found == {"total": 50, "state": "2 × hammer shipped", "approved_by": None}


def test_approval_refuses_what_nobody_approves_in_time() -> None:
    from pyswf_fast import LocalDecisionWorker

    approval = example("approval")
    found = LocalDecisionWorker(approval.order, skip_time=True).start("hammer", 5)
    assert found["state"] == "refused"
