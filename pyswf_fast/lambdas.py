"""AWS Lambda functions, called by SWF itself: no worker of ours has a part in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyswf_fast import constraints
from pyswf_fast._replay import Promise, Task, current_run
from pyswf_fast.exceptions import PayloadTooLarge, RemoteError, SerializationError, UsageError
from pyswf_fast.payload import DATA_LIMIT
from pyswf_fast.retry import RETRIED_STATES, Retry, policy_of
from pyswf_fast.serializers import JsonSerializer

__all__ = ["lambda_task"]

NAME_LIMIT = 64
LONGEST_SECONDS = 900

_JSON = JsonSerializer()


def lambda_task(
    name: str,
    input: Any = None,
    *,
    start_to_close_timeout: float | None = None,
    retry: Retry | None = None,
    max_attempts: int = 5,
    retry_states: Iterable[str] = RETRIED_STATES,
) -> Promise[Any]:
    """Ask SWF to call a Lambda function, with the IAM role of the workflow (`lambda_role` of its decider).

    Parameters:
        name: The function's name, 1 to 64 characters.
        input: What it gets as its event, as JSON carries it, at most 32,768 characters; None is no input.
            Promises in it are waited for as those among an activity's arguments are.
        start_to_close_timeout: Seconds that it may take, 1 to 900; None is 900.
        retry, max_attempts, retry_states: Whether it is tried again, as for activities.

    Returns:
        A Promise of its result, as JSON carries it. It fails with `LambdaTaskException`, which is an
        `ActivityTaskException`. SWF cannot cancel a Lambda function: `cancel()` takes back a call that has
        not left, else it only ends the retries.

    Raises:
        ConfigurationError: A name, timeout or policy that is none.
        UsageError: It is called outside a decider.

    Example:
        >>> thumbnail = lambda_task("make-thumbnail", {"key": key}, start_to_close_timeout=60).result
    """
    if current_run() is None:
        raise UsageError("lambda_task() works only inside a decider, while a worker runs it")
    attributes = {"name": constraints.text(name, "name", NAME_LIMIT)}
    if start_to_close_timeout is not None:
        attributes["startToCloseTimeout"] = constraints.duration(
            start_to_close_timeout, "start_to_close_timeout", least=1, most=LONGEST_SECONDS
        )
    policy = policy_of(retry, max_attempts, retry_states)
    task: Task[..., Promise[Any]] = Task("lambda", None, name, "", attributes, _PlainJson(name), policy)
    return task(input)


class _PlainJson:
    """How a Lambda function's input, result and failures are written and read: it knows nothing of ours."""

    plain_results = True

    def __init__(self, name: str) -> None:
        self.name = name

    def encode_input(
        self,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],  # noqa: ARG002 - there are none
        scope: str | None,  # noqa: ARG002 - it is not stored
        later: bool = False,  # noqa: ARG002
    ) -> str | None:
        """Write the event, None for none."""
        (value,) = args
        if value is None:
            return None
        try:
            text = _JSON.serialize_result(value)
        except SerializationError as refusal:
            raise SerializationError(f"input of lambda {self.name}: {refusal}") from refusal
        if len(text) > DATA_LIMIT:
            raise PayloadTooLarge(
                f"the input of lambda {self.name} is {len(text):,} characters long and SWF takes "
                f"{DATA_LIMIT:,}: pass a reference to the data instead (a Lambda function cannot read this "
                "library's data stores)"
            )
        return text

    def draft_input(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
        """Serialize the event, to be compared with `written_input`."""
        return self.encode_input(args, kwargs, None)

    def written_input(self, field: str) -> str:
        """Find the event as it was serialized."""
        return field

    def decode_result(self, text: str | None, ahead: object = None) -> Any:  # noqa: ARG002
        """Read a result; no text is None."""
        if not text:
            return None
        try:
            return _JSON.deserialize_result(text)
        except SerializationError as refusal:
            raise SerializationError(f"result of lambda {self.name}: {refusal}") from refusal

    def decode_failure(self, reason: str | None, details: str | None) -> RemoteError | None:
        """Read what Lambda tells of an exception; None where there is nothing."""
        told = _told(details)
        if told is not None:
            return RemoteError(told["errorType"], str(told.get("errorMessage", "")), _trace(told))
        return RemoteError(reason or "failure", details or "") if reason or details else None

    def exception_types(self, reason: str | None, details: str | None) -> tuple[str, ...]:
        """Name the exception's type, as Lambda does."""
        told = _told(details)
        return tuple(name for name in (told["errorType"] if told else None, reason) if name)


def _told(details: str | None) -> dict[str, Any] | None:
    """Read Lambda's account of an exception: ``{"errorType": …, "errorMessage": …, "stackTrace": […]}``."""
    try:
        told = json.loads(details or "")
    except ValueError:
        return None
    return told if isinstance(told, dict) and isinstance(told.get("errorType"), str) else None


def _trace(told: dict[str, Any]) -> str:
    lines = told.get("stackTrace")
    return "".join(str(line) for line in lines) if isinstance(lines, list) else ""
