"""The page of nondeterminism reports shows what is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .gallery import CASES, Case, page, report_of

PAGE = Path(__file__).parents[2] / "docs" / "nondeterminism.md"


def test_the_page_is_what_is_printed() -> None:
    """Each report stands there word by word."""
    written = PAGE.read_text(encoding="utf-8")
    if os.environ.get("PYSWF_WRITE_GALLERY"):
        PAGE.write_text(page(written), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(written)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_kind(case: Case) -> None:
    """Each change is of its kind."""
    assert report_of(case).report["kind"] == case.kind
