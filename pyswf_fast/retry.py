"""What to do about work that failed: retry policies, as data.

A policy is asked only for failures that the decision in hand is the first to see; what earlier decisions did
about theirs stands in the history and is followed. Schedules that SWF refused by throttling or an open limit
are none of its business: the engine asks for them again, after a back-off, until SWF takes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pyswf_fast._replay import Failure
from pyswf_fast.exceptions import (
    ConfigurationError,
    DataStoreError,
    PayloadTooLarge,
    SerializationError,
    UsageError,
)
from pyswf_fast.failures import qualified_name, users_line

__all__ = ["AttemptLimit", "Retry", "RetryPolicy", "RetryVerdict", "policy_of"]

#: States in which work can end without completing.
FAILURE_STATES = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED")
#: Those that are retried unless a policy says otherwise.
RETRIED_STATES = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT")
TIMEOUT_TYPES = ("START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT")
#: Why SWF refuses to schedule or start something, but for what says only "not now".
CAUSES = (
    "ACTIVITY_ID_ALREADY_IN_USE",
    "ACTIVITY_TYPE_DEPRECATED",
    "ACTIVITY_TYPE_DOES_NOT_EXIST",
    "ASSUME_ROLE_FAILED",
    "DEFAULT_CHILD_POLICY_UNDEFINED",
    "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "DEFAULT_TASK_LIST_UNDEFINED",
    "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "ID_ALREADY_IN_USE",
    "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
    "OPERATION_NOT_PERMITTED",
    "WORKFLOW_ALREADY_RUNNING",
    "WORKFLOW_TYPE_DEPRECATED",
    "WORKFLOW_TYPE_DOES_NOT_EXIST",
)
_SWFS_NAMES = frozenset((*FAILURE_STATES, *TIMEOUT_TYPES, *CAUSES))
_NOT_NOW = re.compile(r"[A-Z_]+_RATE_EXCEEDED|OPEN_[A-Z_]+_LIMIT_EXCEEDED")
#: What a worker raises where a value cannot travel: the next attempt would come to the same.
_CANNOT_HEAL = frozenset(map(qualified_name, (PayloadTooLarge, SerializationError)))
#: What a worker raises whose data store cannot be reached: to try at once would use up all attempts.
_DATA_STORE = qualified_name(DataStoreError)
_TYPE_NAME = re.compile(r"[^\W\d]\w*(\.(<locals>|[^\W\d]\w*))*")

FIRST_BACK_OFF_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 60.0
#: SWF lets no timer run longer: one year.
LONGEST_SECONDS = 31_536_000

#: Names of states, timeout types, causes or exception types; exception classes.
Condition: TypeAlias = "str | type[BaseException]"


class RetryVerdict(Protocol):
    """Decides whether a failure is followed by another attempt."""

    def delay(self, failure: Failure, /) -> float | None:
        """Tell how many seconds to wait before the next attempt (0 = retry at once), or None to give up.

        Parameters:
            failure: What failed, and how.
        """


#: What ``retry=`` takes. A callable answers True (retry: at once, or after a back-off where SWF refused the
#: schedule), False or None (give up), or the seconds to wait.
Retry: TypeAlias = "RetryVerdict | Callable[[Failure], float | bool | None]"


@dataclass(frozen=True)
class AttemptLimit:
    """So many attempts for failures in these states, as PySwfAws counted them.

    Failures and timeouts are retried at once; a schedule that SWF refused, and a failure of a worker's data
    store, after a back-off (1 s, doubling to 60 s). What cannot heal, a `PayloadTooLarge` or
    `SerializationError` of the worker, is not retried.

    Parameters:
        max_attempts: How often the work is tried in all.
        retry_states: The states that are retried.
    """

    max_attempts: int = 5
    retry_states: Iterable[str] = RETRIED_STATES

    def __post_init__(self) -> None:
        _check_attempts(self.max_attempts, "an integer from 1")
        if isinstance(self.retry_states, str):
            raise ConfigurationError(f"retry_states is the string {self.retry_states!r}, not several")
        states = tuple(self.retry_states)
        for state in states:
            if state not in FAILURE_STATES:
                known = ", ".join(FAILURE_STATES)
                raise ConfigurationError(f"retry_states has {state!r}; the states are {known}")
        object.__setattr__(self, "retry_states", states)

    def delay(self, failure: Failure, /) -> float | None:
        """Tell how many seconds to wait before the next attempt, or None to give up; see `RetryVerdict`."""
        if failure.state not in self.retry_states or failure.attempt >= self.max_attempts:
            return None
        if _cannot_heal(failure):
            return None
        return _at_once_or_later(failure)


@dataclass(frozen=True)
class RetryPolicy:
    """When work that failed is tried again, and after how long.

    Before attempt n + 1 pass ``initial * factor ** (n - 1)`` seconds, at most `maximum`. SWF's timers run
    whole seconds: fractions are rounded up. A schedule that SWF refused is never asked for again before a
    second has passed.

    `retry_on` and `give_up_on` take one name or class, or several:

    - states: FAILED, TIMED_OUT, FAILED_TO_SCHEDULE, CANCELED, TERMINATED;
    - types of timeouts: START_TO_CLOSE, SCHEDULE_TO_START, SCHEDULE_TO_CLOSE, HEARTBEAT;
    - causes of refusals, as SWF names them: ACTIVITY_TYPE_DOES_NOT_EXIST, …;
    - exceptions that were raised: classes, or names, short (``"Timeout"``) or with their module
      (``"requests.exceptions.Timeout"``). Classes derived from them match, too.

    A `PayloadTooLarge` or `SerializationError` cannot heal: it is tried again only if `retry_on` names it,
    or a class that it is derived from.

    Parameters:
        max_attempts: How often the work is tried in all; None is without limit.
        initial: Seconds before the second attempt.
        factor: By how much each wait is longer than the one before.
        maximum: The longest wait, in seconds.
        total: Seconds after the first attempt was scheduled, by the history's clock, from which on no further
            attempt begins; None is without limit.
        jitter: By what part of itself, 0 to 1, a wait may at random be shorter; the same at each replay.
        retry_on: What is tried again.
        give_up_on: What is not, even if `retry_on` names it, too.

    Raises:
        ConfigurationError: A value out of its range, or a name that nothing has.

    Example:
        >>> @activity_task(retry=RetryPolicy(8, initial=2, maximum=300, give_up_on=ValueError))
        ... def charge(card: str, amount: int) -> str: ...
    """

    max_attempts: int | None = 5
    initial: float = FIRST_BACK_OFF_SECONDS
    factor: float = 2.0
    maximum: float = LONGEST_BACK_OFF_SECONDS
    total: float | None = None
    jitter: float = 0.0
    retry_on: Condition | Iterable[Condition] = RETRIED_STATES
    give_up_on: Condition | Iterable[Condition] = ()

    def __post_init__(self) -> None:
        if self.max_attempts is not None:
            _check_attempts(self.max_attempts, "an integer from 1, or None for no limit")
        _check_number(self.initial, "initial", 0, LONGEST_SECONDS, "seconds")
        _check_number(self.factor, "factor", 1, 1_000_000, "times")
        _check_number(self.maximum, "maximum", 0, LONGEST_SECONDS, "seconds")
        if self.maximum < self.initial:
            raise ConfigurationError(
                f"maximum is {self.maximum!r} seconds; it must be at least initial, {self.initial!r}"
            )
        if self.total is not None:
            _check_number(self.total, "total", 0, LONGEST_SECONDS, "seconds")
        _check_number(self.jitter, "jitter", 0, 1, "of a wait")
        object.__setattr__(self, "retry_on", _names(self.retry_on, "retry_on"))
        object.__setattr__(self, "give_up_on", _names(self.give_up_on, "give_up_on"))

    def delay(self, failure: Failure, /) -> float | None:
        """Tell how many seconds to wait before the next attempt, or None to give up; see `RetryVerdict`."""
        if self.max_attempts is not None and failure.attempt >= self.max_attempts:
            return None
        if _is_one_of(failure, self.give_up_on) or not _is_one_of(failure, self.retry_on):
            return None
        if _cannot_heal(failure) and not _has_raised(failure, self.retry_on):
            return None
        seconds = self._back_off(failure.attempt)
        if self.jitter:
            seconds *= 1 - self.jitter * failure.random.random()
        if failure.state == "FAILED_TO_SCHEDULE":
            seconds = max(seconds, FIRST_BACK_OFF_SECONDS)
        if self.total is not None and failure.elapsed + math.ceil(seconds) > self.total:
            return None
        return seconds

    def _back_off(self, attempt: int) -> float:
        try:
            return float(min(self.maximum, self.initial * float(self.factor) ** (attempt - 1)))
        except OverflowError:
            return float(self.maximum if self.initial else 0)


@dataclass(frozen=True)
class _Consulted:
    """A policy that is not ours: what it says is checked, what it raises is reported."""

    policy: Any

    def delay(self, failure: Failure, /) -> float | None:
        ask = getattr(self.policy, "delay", self.policy)
        concerned = f"{failure.kind} {failure.name} (id {failure.id}: {failure.state})"
        try:
            said = ask(failure)
        except Exception as error:
            raise UsageError(
                f"the retry policy {self.policy!r} raised {type(error).__qualname__}: {error}"
                f"{users_line(error)}; it was asked about {concerned}"
            ) from error
        if said is None or said is False:
            return None
        if said is True:
            return _at_once_or_later(failure)
        if not isinstance(said, (int, float)) or not 0 <= said <= LONGEST_SECONDS:
            raise UsageError(
                f"the retry policy {self.policy!r} answered {said!r:.200}; expected are True, False, None, "
                f"or 0 to {LONGEST_SECONDS:,} seconds; it was asked about {concerned}"
            )
        return float(said)


def policy_of(retry: Retry | None, max_attempts: int, retry_states: Iterable[str]) -> RetryVerdict:
    """Find the policy that keywords name: `retry`, else so many attempts in these states.

    Raises:
        ConfigurationError: `retry` is nothing that can be asked.
    """
    limit = AttemptLimit(max_attempts, retry_states)
    if retry is None:
        return limit
    if isinstance(retry, type) or not callable(getattr(retry, "delay", retry)):
        raise ConfigurationError(
            f"retry is {retry!r:.200}; it must be a RetryPolicy(…), an object with the method "
            "delay(failure), or a callable that takes the failure"
        )
    if isinstance(retry, (AttemptLimit, RetryPolicy)) and type(retry).__module__ == __name__:
        return retry
    return _Consulted(retry)


def _at_once_or_later(failure: Failure) -> float:
    if failure.state != "FAILED_TO_SCHEDULE" and _DATA_STORE not in failure.exception_types:
        return 0.0
    # the exponent is bounded before the power is taken: a throttle may last for thousands of attempts
    doublings = min(failure.attempt + failure.throttled - 1, 16)
    return min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2.0**doublings)


def _is_one_of(failure: Failure, names: Any) -> bool:
    """Tell whether one of several names is the failure's state, timeout type, cause or exception."""
    said = (failure.state, failure.timeout_type, failure.cause)
    return any(name in said for name in names) or _has_raised(failure, names)


def _has_raised(failure: Failure, names: Any) -> bool:
    """Tell whether one of several names is that of the exception, or of a base class of it."""
    for name in names:
        if name in _SWFS_NAMES:
            continue
        for type_name in failure.exception_types:
            if name == type_name or ("." not in name and name == type_name.rpartition(".")[2]):
                return True
    return False


def _cannot_heal(failure: Failure) -> bool:
    return not _CANNOT_HEAL.isdisjoint(failure.exception_types)


def _names(given: object, keyword: str) -> tuple[str, ...]:
    if isinstance(given, (str, type)):
        given = (given,)
    if not isinstance(given, Iterable):
        raise ConfigurationError(
            f"{keyword} is {given!r:.80}; it must be a name or an exception class, or several"
        )
    return tuple(_name(item, keyword) for item in given)


def _name(item: object, keyword: str) -> str:
    if isinstance(item, type):
        if not issubclass(item, BaseException):
            raise ConfigurationError(f"{keyword} has {item!r}, which is no class of exceptions")
        # Which script was started as __main__ is not the same on each machine.
        return item.__qualname__ if item.__module__ == "__main__" else qualified_name(item)
    if not isinstance(item, str) or not _TYPE_NAME.fullmatch(item):
        raise ConfigurationError(f"{keyword} has {item!r:.80}; it must be a name or an exception class")
    if _NOT_NOW.fullmatch(item):
        raise ConfigurationError(
            f"{keyword} has {item!r}: what SWF refuses for a throttle or an open limit is always asked for "
            "again, after a back-off, and uses up no attempt"
        )
    if item.isupper() and item not in _SWFS_NAMES:
        raise ConfigurationError(
            f"{keyword} has {item!r}, which is no state ({', '.join(FAILURE_STATES)}), no type of timeouts "
            f"({', '.join(TIMEOUT_TYPES)}) and no cause of a refusal ({', '.join(CAUSES)}); an exception of "
            "that name is given as a class, or with its module"
        )
    return item


def _check_attempts(value: object, expected: str) -> None:
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"max_attempts is {value!r}; it must be {expected}")


def _check_number(value: object, keyword: str, least: float, most: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ConfigurationError(
            f"{keyword} is {value!r:.80}; it must be a number of {least:,} to {most:,} {unit}"
        )
