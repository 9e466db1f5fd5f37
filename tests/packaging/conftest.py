"""Whatever these tests start in processes of its own uses the build under test."""

from __future__ import annotations

from pathlib import Path

import pytest

import pyswf_fast


@pytest.fixture(autouse=True)
def build_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(pyswf_fast.__file__).parents[1]))
