"""What the whole suite shares: Hypothesis profiles, and a header that names the build under test."""

from __future__ import annotations

import os

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
