"""A command line that only prints help loads nothing that talks to a network."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"boto3", "botocore", "uvicorn", "starlette", "rich", "sqlite3"}


def loaded(code: str) -> set[str]:
    """The modules that are loaded after some code, in a fresh interpreter."""
    show = f"{code}\nimport json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(run.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["worker", "--help"], ["demo", "-h"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = f"from pyswf_fast.cli import main\ntry: main({words!r})\nexcept SystemExit: pass"
    assert loaded(code) & HEAVY == set()


def test_the_package_itself_loads_no_sdk() -> None:
    assert (
        loaded("import pyswf_fast") & {"boto3", "botocore", "uvicorn", "starlette", "click", "rich"} == set()
    )
