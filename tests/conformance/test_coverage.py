"""Nothing of SWF's model is forgotten, and the page says what the record says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from .coverage import CANNOT_ARISE, demanded, shown_by
from .page import PAGE, page
from .recorder import load

LINK = re.compile(r"\[([^]]+)\]\((\.\./tests/[a-z_/]+\.py)\)")


def test_everything_in_the_model_is_shown_or_cannot_arise() -> None:
    """Every operation, decision, event type, member, fault and cause."""
    shown, excused = shown_by(load()), set(CANNOT_ARISE)
    assert [item for item in demanded() if item not in shown and item not in excused] == []
    assert excused <= set(demanded()), "what is excused is in the model"
    assert sorted(excused & set(shown)) == [], "what is excused is not shown"


def test_the_page_is_up_to_date() -> None:
    """PYSWF_WRITE_CONFORMANCE=1 writes it anew, see recorder.py."""
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(written, load())


def test_every_test_that_the_page_and_the_record_name_is_there() -> None:
    here = Path(__file__).parent
    for test in load():
        module, _, name = test.partition("::")
        assert name.partition("[")[0] in names_in(here / f"{module}.py"), test
    for words, link in LINK.findall(PAGE.read_text(encoding="utf-8")):
        assert f"test_{words.replace(' ', '_')}" in names_in((PAGE.parent / link).resolve()), words


def names_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
