"""Attempt limits: who is retried, when, and who is given up."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.retry import AttemptLimit

THROTTLES = [
    "ACTIVITY_CREATION_RATE_EXCEEDED",
    "CHILD_CREATION_RATE_EXCEEDED",
    "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
    "OPEN_CHILDREN_LIMIT_EXCEEDED",
    "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
]


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT"])
def test_failures_and_timeouts_are_retried_at_once_until_the_limit(state: str) -> None:
    limit = AttemptLimit(3)
    assert [limit.delay(n, state, None) for n in (1, 2, 3, 4)] == [0, 0, None, None]


def test_one_attempt_is_never_retried() -> None:
    assert AttemptLimit(1).delay(1, "FAILED", None) is None


def test_refused_schedules_back_off() -> None:
    limit = AttemptLimit(9)
    delays = [limit.delay(n, "FAILED_TO_SCHEDULE", "ACTIVITY_TYPE_DOES_NOT_EXIST") for n in range(1, 10)]
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, None]


@pytest.mark.parametrize("cause", THROTTLES)
@pytest.mark.parametrize("limit", [AttemptLimit(1), AttemptLimit(5, ()), AttemptLimit()])
def test_throttles_and_limits_back_off_without_end(cause: str, limit: AttemptLimit) -> None:
    assert limit.delay(1, "FAILED_TO_SCHEDULE", cause) == 1
    assert limit.delay(5, "FAILED_TO_SCHEDULE", cause) == 16
    assert limit.delay(100_000, "FAILED_TO_SCHEDULE", cause) == 60


def test_throttled_attempts_are_not_counted() -> None:
    assert AttemptLimit(2).delay(8, "FAILED", None, throttled=7) == 0
    assert AttemptLimit(2).delay(9, "FAILED", None, throttled=7) is None


@pytest.mark.parametrize("state", ["CANCELED", "TERMINATED"])
def test_other_states_are_retried_only_when_named(state: str) -> None:
    assert AttemptLimit().delay(1, state, None) is None
    assert AttemptLimit(5, [state]).delay(1, state, None) == 0
    assert AttemptLimit(5, [state]).delay(1, "FAILED", None) is None


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
