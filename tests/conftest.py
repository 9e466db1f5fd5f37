"""What the whole suite shares: Hypothesis profiles, and a header that names the build under test."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # for the tests of our own plugin

# Every decision that the suite makes is made twice and compared; workers in other processes inherit it.
os.environ.setdefault("PYSWF_PARANOID", "1")

# Shared machines are noisy: a deadline would fail examples that are only unlucky.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=int(os.environ.get("PYSWF_EXAMPLES", "400")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


def pytest_report_header() -> str:
    """Name the build of the extension: the same suite runs in release, debug and asan."""
    try:
        from pyswf_fast import _replay
    except ImportError as error:
        return f"pyswf_fast._replay: not importable ({error})"
    return f"pyswf_fast._replay: {_replay.BUILD} build, {_replay.__file__}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was not tested for want of something that the machine lacks, which `-q` would not show."""
    reasons = {
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple) and "NOT TESTED" in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.write_line(reason, yellow=True, bold=True)
