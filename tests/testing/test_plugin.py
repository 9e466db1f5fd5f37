"""The pytest plugin: found by itself, of no effect on who does not ask for it, and each test on its own."""

from __future__ import annotations

import pytest

SUMS = """
from pyswf_fast import activity_task, decision_task

@activity_task
def add(a, b):
    return a + b

@decision_task
def total(a, b, c):
    return add(add(a, b).result, c).result

READ = [0]

@decision_task
def unstable():
    READ[0] += 1
    return READ[0]
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project, whose pytest runs in a process of its own."""
    monkeypatch.delenv("PYSWF_PARANOID", raising=False)
    pytester.makepyfile(sums=SUMS)
    return pytester


def test_the_fixture_is_there_and_each_test_has_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from sums import add, total

        @pytest.mark.parametrize("n", range(6))
        def test_total(swf, n):
            if n % 2:
                swf.replace(add, lambda a, b: 7)
            run = swf.start(total, 1, 2, 3, workflow_id="the-same")
            assert run.result() == (7 if n % 2 else 6)
            assert run.run_id == "run-1"
        """
    )
    project.runpytest_subprocess("-n", "2", "-W", "error").assert_outcomes(passed=6)
    project.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=6)


def test_a_decider_that_is_not_deterministic_fails_its_test_not_the_teardown(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        """
        import pytest
        from sums import unstable

        def test_unstable(swf):
            swf.run(unstable)

        @pytest.mark.swf(check_replays=False)
        def test_unstable_and_told_so(swf):
            swf.run(unstable)
        """
    )
    outcome = project.runpytest_subprocess("--strict-markers")
    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(["*NondeterminismError: nondeterminism (changed)*"])


def test_the_marker_gives_parameters(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import datetime as dt
        import pytest

        @pytest.mark.swf(domain="shop", now=dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc))
        def test_marked(swf):
            assert swf.client.domain == "shop"
            assert swf.now().year == 2030
        """
    )
    project.runpytest_subprocess("--strict-markers").assert_outcomes(passed=1)


def test_who_does_not_ask_for_it_loads_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_nothing():
            assert not [name for name in sys.modules if name.partition(".")[0] in ("pyswf_fast", "boto3")]
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_it_can_be_turned_off(project: pytest.Pytester) -> None:
    project.makepyfile("def test_none(swf): ...")
    outcome = project.runpytest_subprocess("-p", "no:pyswf_fast")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*fixture 'swf' not found*"])


def test_a_fixture_of_the_same_name_wins(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def swf():
            return "mine"

        def test_mine(swf):
            assert swf == "mine"
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_failing_test_shows_what_is_pending(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from pyswf_fast import decision_task, workflow

        @decision_task
        def waiting():
            return workflow.signals("go").get()

        def test_waiting(swf):
            swf.run(waiting)
        """
    )
    outcome = project.runpytest_subprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        ["*NothingLeft: nothing is left that could happen*", "*waits for a signal 'go'*"]
    )


def test_unittest_has_it_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import unittest
        from pyswf_fast.testing import SwfTest
        from sums import total

        class Totals(unittest.TestCase):
            def test_total(self):
                with SwfTest() as swf:
                    self.assertEqual(swf.run(total, 1, 2, 3), 6)
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)
