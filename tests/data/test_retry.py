"""Attempt limits and retry policies: who is retried, when, and who is given up."""

from __future__ import annotations

from typing import Any

import pytest

from pyswf_fast import Failure, activity_task
from pyswf_fast.exceptions import ConfigurationError, PayloadTooLarge, UsageError
from pyswf_fast.failures import qualified_name
from pyswf_fast.retry import AttemptLimit, RetryPolicy, policy_of


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


UNHEALED = (
    "pyswf_fast.exceptions.PayloadTooLarge",
    *(qualified_name(base) for base in PayloadTooLarge.__mro__[1:-1]),
)


def test_what_cannot_heal_is_not_tried_again() -> None:
    """A value that cannot travel will not travel the next time; who retries it nevertheless must name it."""
    one = failure(1, exception_types=UNHEALED)
    gone = [AttemptLimit(), RetryPolicy(), RetryPolicy(retry_on="FAILED"), RetryPolicy(retry_on=OSError)]
    assert [policy.delay(one) for policy in gone] == [None] * 4
    named = ["PayloadTooLarge", PayloadTooLarge, ValueError, Exception, ("FAILED", UsageError)]
    assert [RetryPolicy(retry_on=names).delay(one) for names in named] == [1] * 5
    assert RetryPolicy(retry_on=ValueError, give_up_on=PayloadTooLarge).delay(one) is None
    mine = failure(1, exception_types=["app.PayloadTooLarge", "builtins.ValueError"])
    assert (AttemptLimit().delay(mine), RetryPolicy().delay(mine)) == (0, 1)


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


class Odd(LookupError):
    """An exception of a module of its own."""


RAISED = ("app.errors.Timeout", "builtins.OSError", "builtins.Exception", "builtins.BaseException")


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(max_attempts=None),
        RetryPolicy(retry_on="Timeout"),
        RetryPolicy(retry_on="app.errors.Timeout"),
        RetryPolicy(retry_on=OSError),
        RetryPolicy(retry_on=Exception),
        RetryPolicy(retry_on=["TIMED_OUT", "OSError"]),
        RetryPolicy(give_up_on=[Odd, "TIMED_OUT", "HEARTBEAT", "errors.Timeout", "Time", "timeout"]),
    ],
)
def test_what_a_policy_retries(policy: RetryPolicy) -> None:
    assert policy.delay(failure(1, exception_types=RAISED)) == 1


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(max_attempts=1),
        RetryPolicy(retry_on=Odd),
        RetryPolicy(retry_on="TIMED_OUT"),
        RetryPolicy(retry_on=()),
        RetryPolicy(retry_on=OSError, give_up_on="Timeout"),
        RetryPolicy(give_up_on=BaseException),
        RetryPolicy(give_up_on="FAILED"),
        RetryPolicy(total=0),
    ],
)
def test_what_a_policy_gives_up(policy: RetryPolicy) -> None:
    assert policy.delay(failure(1, exception_types=RAISED)) is None


def test_a_policy_backs_off_exponentially() -> None:
    policy = RetryPolicy(None, initial=0.5, factor=3, maximum=20)
    assert [policy.delay(failure(n)) for n in (1, 2, 3, 4, 5, 6)] == [0.5, 1.5, 4.5, 13.5, 20, 20]
    assert policy.delay(failure(100_000)) == 20
    assert RetryPolicy(None, initial=0).delay(failure(100_000)) == 0
    assert RetryPolicy(None, initial=7, factor=1).delay(failure(100_000)) == 7


def test_what_was_refused_waits_a_second() -> None:
    policy = RetryPolicy(None, initial=0)
    assert policy.delay(failure(9, "FAILED_TO_SCHEDULE", cause="OPERATION_NOT_PERMITTED")) == 1


def test_no_attempt_begins_after_the_total_time() -> None:
    policy = RetryPolicy(None, initial=9.5, factor=1, total=60)
    assert policy.delay(failure(1, elapsed=50.0)) == 9.5
    assert policy.delay(failure(1, elapsed=50.5)) is None  # timers run whole seconds


def test_jitter_is_drawn_from_the_failure() -> None:
    policy = RetryPolicy(None, initial=100, maximum=100, jitter=0.25)
    waits = {policy.delay(failure(1, seed=str(n))) for n in range(50)}
    assert len(waits) == 50
    assert all(75 <= wait <= 100 for wait in waits if wait is not None)
    assert policy.delay(failure(1, seed="7")) == policy.delay(failure(1, seed="7"))


@pytest.mark.parametrize(
    ("keywords", "found"),
    [
        ({"max_attempts": 0}, "max_attempts is 0"),
        ({"max_attempts": 2.0}, "max_attempts is 2.0"),
        ({"max_attempts": True}, "max_attempts is True"),
        ({"initial": -1}, "initial is -1"),
        ({"initial": "1"}, "initial is '1'"),
        ({"initial": float("nan")}, "initial is nan"),
        ({"initial": 90}, "maximum is 60.0"),
        ({"factor": 0.5}, "factor is 0.5"),
        ({"factor": float("inf")}, "factor is inf"),
        ({"maximum": 10**9}, "maximum is 1000000000"),
        ({"total": -1}, "total is -1"),
        ({"total": True}, "total is True"),
        ({"jitter": 1.5}, "jitter is 1.5"),
        ({"retry_on": 7}, "retry_on is 7"),
        ({"retry_on": [7]}, "retry_on has 7"),
        ({"retry_on": int}, "no class of exceptions"),
        ({"retry_on": ValueError("x")}, "retry_on is ValueError"),
        ({"retry_on": ""}, "retry_on has ''"),
        ({"give_up_on": "not a name"}, "give_up_on has 'not a name'"),
        ({"retry_on": "FAIELD"}, "no state (FAILED_TO_SCHEDULE, FAILED, "),
        ({"give_up_on": "ACTIVITY_TYPE_UNKNOWN"}, "no cause of a refusal"),
        ({"give_up_on": "ACTIVITY_CREATION_RATE_EXCEEDED"}, "always asked for again"),
        ({"give_up_on": "OPEN_CHILDREN_LIMIT_EXCEEDED"}, "always asked for again"),
    ],
)
def test_a_policy_without_sense_is_refused_when_it_is_made(keywords: Any, found: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        RetryPolicy(**keywords)
    assert found in str(error.value)


def test_policies_are_data() -> None:
    assert RetryPolicy(retry_on=ValueError) == RetryPolicy(retry_on=["builtins.ValueError"])
    assert len({RetryPolicy(), RetryPolicy(), RetryPolicy(2)}) == 2
    assert eval(repr(RetryPolicy(2, jitter=0.5))) == RetryPolicy(2, jitter=0.5)
    with pytest.raises(AttributeError):
        RetryPolicy().total = 5  # type: ignore[misc]


@pytest.mark.parametrize("retry", [7, "always", RetryPolicy, object()])
def test_what_cannot_be_asked_is_no_policy(retry: Any) -> None:
    with pytest.raises(ConfigurationError, match="retry is "):
        activity_task(retry=retry)(lambda: None)


def test_ours_are_asked_directly() -> None:
    policy = RetryPolicy()
    assert policy_of(policy, 5, ()) is policy
    assert policy_of(None, 3, ["FAILED"]) == AttemptLimit(3, ["FAILED"])


def test_a_failure_is_frozen() -> None:
    one = failure(2, exception_types=["a.B"], last_heartbeat=[1])
    assert (one.attempt, one.exception_types, one.last_heartbeat) == (2, ("a.B",), [1])
    with pytest.raises(AttributeError):
        one.attempt = 3  # type: ignore[misc]
