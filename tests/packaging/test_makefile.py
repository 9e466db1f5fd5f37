"""The developers' door says what is behind it, and what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def make(*words: str, cwd: Path = ROOT, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if path is not None:
        environment["PATH"] = path
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_lists_the_commands() -> None:
    listed = {line.split()[1] for line in make("help").stdout.splitlines()}
    assert {"demo", "test", "lint", "bench", "debug", "asan", "clean"} <= listed


def test_help_is_what_a_bare_make_says() -> None:
    assert make().stdout == make("help").stdout


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sys.version_info = (3, 9)", "needs Python 3.10 or newer, this is 3.9"),
        ("os.environ['CC'] = 'no-such-compiler'", "there is no C compiler (no-such-compiler)"),
        ("sysconfig.get_path = lambda name: '/nowhere'", "Python.h is not there"),
        ("sys.modules['venv'] = None", "has no venv"),
    ],
)
def test_what_is_missing_is_said_in_one_line(tmp_path: Path, script: str, says: str) -> None:
    """The interpreter is a stand-in that spoils one thing before it runs the check."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec python3 -c "import os, sys, sysconfig; {script}\n$2"\n')
    python.chmod(0o755)
    found = make("demo", f"PYTHON={python}", cwd=tmp_path)
    assert found.returncode != 0
    told = [line for line in found.stderr.splitlines() if not line.startswith("make")]
    assert len(told) == 1
    assert says in told[0]


def test_an_interpreter_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    found = make("demo", "PYTHON=no-such-python", cwd=tmp_path)
    told = [line for line in found.stderr.splitlines() if not line.startswith("make")]
    assert told == ["no-such-python is not there: give make PYTHON=…"]
