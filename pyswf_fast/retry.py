"""What to do about work that failed: retry policies, as data.

A policy is asked only for failures that the decision in hand is the first to see; what earlier decisions did
about theirs stands in the history and is followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pyswf_fast.exceptions import ConfigurationError

__all__ = ["AttemptLimit", "RetryVerdict"]

#: States in which a task can end without completing.
FAILURE_STATES = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED")

FIRST_BACK_OFF_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 60.0


class RetryVerdict(Protocol):
    """Decides whether a failure is followed by another attempt."""

    def delay(self, attempt: int, state: str, cause: str | None, throttled: int = 0) -> float | None:
        """Tell how many seconds to wait before the next attempt (0 = retry at once), or None to give up.

        Parameters:
            attempt: The number of the attempt that failed, from 1, refused ones included.
            state: FAILED, TIMED_OUT, FAILED_TO_SCHEDULE, CANCELED or TERMINATED.
            cause: Why SWF refused the schedule, else None.
            throttled: How many of these attempts were refused by throttling or an open limit.
        """


def is_passing_refusal(cause: str | None) -> bool:
    """Tell whether a refusal says only "not now": a throttle or a limit of what may be open."""
    return cause is not None and (
        cause.endswith("_RATE_EXCEEDED") or (cause.startswith("OPEN_") and cause.endswith("_LIMIT_EXCEEDED"))
    )


@dataclass(frozen=True)
class AttemptLimit:
    """So many attempts for failures in these states, as PySwfAws counted them.

    Failures and timeouts are retried at once. A schedule that SWF refused is retried after a back-off (1 s,
    doubling to 60 s); one refused by throttling or an open limit always is, and uses up no attempt.

    Parameters:
        max_attempts: How often the work is tried in all.
        retry_states: The states that are retried.
    """

    max_attempts: int = 5
    retry_states: Iterable[str] = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT")

    def __post_init__(self) -> None:
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise ConfigurationError(f"max_attempts is {self.max_attempts!r}; it must be an integer from 1")
        if isinstance(self.retry_states, str):
            raise ConfigurationError(f"retry_states is the string {self.retry_states!r}, not several")
        states = tuple(self.retry_states)
        for state in states:
            if state not in FAILURE_STATES:
                known = ", ".join(FAILURE_STATES)
                raise ConfigurationError(f"retry_states has {state!r}; the states are {known}")
        object.__setattr__(self, "retry_states", states)

    def delay(self, attempt: int, state: str, cause: str | None, throttled: int = 0) -> float | None:
        """Tell how many seconds to wait before the next attempt, or None to give up; see `RetryVerdict`."""
        refused = state == "FAILED_TO_SCHEDULE"
        if refused and is_passing_refusal(cause):
            return _back_off(attempt)
        if state not in self.retry_states or attempt - throttled >= self.max_attempts:
            return None
        return _back_off(attempt) if refused else 0.0


def _back_off(attempt: int) -> float:
    # the exponent is bounded before the power is taken: a throttle may last for thousands of attempts
    return min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2.0 ** min(attempt - 1, 16))
