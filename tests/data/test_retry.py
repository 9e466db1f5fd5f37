"""Attempt limits: who is retried, when, and who is given up."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast import Failure
from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.retry import AttemptLimit


def failure(attempt: int, state: str = "FAILED", **its: Any) -> Failure:
    return Failure(attempt=attempt, state=state, **its)


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT"])
def test_failures_and_timeouts_are_retried_at_once_until_the_limit(state: str) -> None:
    limit = AttemptLimit(3)
    assert [limit.delay(failure(n, state)) for n in (1, 2, 3, 4)] == [0, 0, None, None]


def test_one_attempt_is_never_retried() -> None:
    assert AttemptLimit(1).delay(failure(1)) is None


def test_refused_schedules_back_off() -> None:
    limit = AttemptLimit(9)
    delays = [limit.delay(failure(n, "FAILED_TO_SCHEDULE")) for n in range(1, 10)]
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, None]


@pytest.mark.parametrize("state", ["CANCELED", "TERMINATED"])
def test_other_states_are_retried_only_when_named(state: str) -> None:
    assert AttemptLimit().delay(failure(1, state)) is None
    assert AttemptLimit(5, [state]).delay(failure(1, state)) == 0
    assert AttemptLimit(5, [state]).delay(failure(1)) is None


@pytest.mark.parametrize(
    ("attempts", "states"),
    [(0, ()), (-1, ()), (1.5, ()), (True, ()), ("5", ()), (5, "FAILED"), (5, ["FAIL"])],
)
def test_nonsense_is_refused(attempts: Any, states: Any) -> None:
    with pytest.raises(ConfigurationError):
        AttemptLimit(attempts, states)


def test_limits_are_data() -> None:
    assert AttemptLimit(5, ["FAILED"]) == AttemptLimit(5, ("FAILED",))
    assert hash(AttemptLimit()) == hash(AttemptLimit(5))
