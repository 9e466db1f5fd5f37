"""What docs/testing.md and the example show runs as it is written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
FILES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_every_snippet_has_a_file() -> None:
    assert len(FILES) == PAGE.count("```python\n") == 6


def test_the_snippets_run_as_written(pytester: pytest.Pytester) -> None:
    for name, text in FILES.items():
        (pytester.path / name).write_text(text, "utf-8")
    outcome = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=4)
    subprocess.run([sys.executable, "script.py"], cwd=pytester.path, check=True, timeout=60)


def test_the_example_runs(pytester: pytest.Pytester) -> None:
    for name in ("approval.py", "test_approval.py"):
        (pytester.path / name).write_text((ROOT / "examples" / name).read_text("utf-8"), "utf-8")
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_users_types_are_checked(pytester: pytest.Pytester) -> None:
    """The fixture's type is for annotations: mypy --strict knows what it has, in a user's own project."""
    pytester.makepyfile(
        test_typed="""
        from pyswf_fast import activity_task, decision_task
        from pyswf_fast.testing import Call, Fault, SwfRun, SwfTest

        @activity_task
        def add(a: int, b: int) -> int:
            return a + b

        @decision_task
        def total(a: int, b: int) -> int:
            return add(a, b).result

        def test_total(swf: SwfTest) -> None:
            swf.replace(add, lambda a, b: 7)
            run: SwfRun = swf.start(total, 1, 2)
            calls: list[Call] = run.calls(add)
            fault: Fault = swf.faults.throttle("PollForActivityTask", nth=[1, 2])
            swf.after("3h", run.signal, "approved", True)
            reveal_type(run.activities)
            swf.advance(None)
        """
    )
    mypy = pytest.importorskip("mypy.api")
    out, _, _ = mypy.run(["--strict", "--no-incremental", "test_typed.py"])
    assert 'Revealed type is "list[str]"' in out.replace("builtins.", "")
    assert out.count("error:") == 1
    assert 'Argument 1 to "advance" of "SwfTest" has incompatible type "None"' in out
