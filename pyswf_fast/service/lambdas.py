"""Lambda functions: Python callables that are called, and report, as AWS Lambda's Python runtime does.

The state machine only says which function is to be called (`Machine.next_invocation`); who drives it
makes the call and hands the outcome back. A call that had not ended when the service stopped is made
again after the restart, unless it timed out meanwhile: a function is called at least once.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyswf_fast.service.clock import Clock
from pyswf_fast.service.domain import region_of
from pyswf_fast.service.execution import Execution
from pyswf_fast.service.tasks import LambdaFunction

__all__ = ["Call", "Functions", "Handler", "LambdaContext", "Outcome"]

LONGEST_RESULT = LONGEST_DETAILS = 32_768
LONGEST_REASON = 256
DEEPEST_TRACE = 50
ACCOUNT = "000000000000"

Outcome = tuple[str, dict[str, Any]]  # type of the event that ends the function, and its attributes


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What a handler is told of its call, by the names that AWS Lambda has for it.

    Parameters:
        function_name: The function's name, without version or alias.
        invoked_function_arn: Its ARN.
        aws_request_id: What tells this call from others; the same when it is made again after a restart.
        function_version: Always the latest.
    """

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    _due_ms: int
    _clock: Clock
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the call times out, by the service's clock."""
        return max(0, self._due_ms - round(self._clock.now() * 1000))


Handler = Callable[[Any, LambdaContext], Any]


class Functions:
    """The functions that there are.

    Parameters:
        handlers: Handlers by name, or one that is called for every name (`context.function_name`).
        clock: The service's clock.
    """

    def __init__(self, handlers: Mapping[str, Handler] | Handler, clock: Clock) -> None:
        self._handlers = handlers
        self.clock = clock

    def find(self, name: str) -> Handler | None:
        """The handler of a function, which may be named by its ARN and with a version or alias."""
        if not isinstance(self._handlers, Mapping):
            return self._handlers
        return self._handlers.get(name) or self._handlers.get(bare_name(name))


_TIMED_OUT: Outcome = ("LambdaFunctionTimedOut", {"timeoutType": "START_TO_CLOSE"})


def bare_name(name: str) -> str:
    """A function's name without what an ARN, a version or an alias adds to it."""
    return name.rpartition("function:")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function; it may be made on any thread."""

    execution: Execution
    function: LambdaFunction
    functions: Functions

    def __call__(self) -> Outcome:
        """Call the handler; whatever it does is an outcome."""
        name = self.function.attributes["name"]
        context = self._context(bare_name(name))
        if not self.execution.is_open or not context.get_remaining_time_in_millis():
            return _TIMED_OUT  # while it waited for a thread
        handler = self.functions.find(name)
        if handler is None:
            missing = {"Message": f"Function not found: {context.invoked_function_arn}", "Type": "User"}
            return _failed("ResourceNotFoundException", json.dumps(missing))
        try:
            event = json.loads(self.function.attributes.get("input") or "{}")
        except ValueError as error:
            told = {"Message": f"Could not parse request body into json: {error}", "Type": "User"}
            return _failed("InvalidRequestContentException", json.dumps(told))
        try:
            result = handler(event, context)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (Lambda reports all of them)
            return _raised(error, context.aws_request_id)
        return _returned(result, context.aws_request_id)

    def _context(self, name: str) -> LambdaContext:
        region = region_of(self.execution.domain)
        return LambdaContext(
            function_name=name,
            invoked_function_arn=f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}",
            aws_request_id=f"{self.execution.run_id}:{self.function.scheduled_id}",
            _due_ms=self.function.due_ms() or 0,
            _clock=self.functions.clock,
        )


def _failed(reason: str, details: str) -> Outcome:
    return "LambdaFunctionFailed", {"reason": reason[:LONGEST_REASON], "details": details}


def _report(kind: str, message: str, request_id: str, trace: list[str]) -> Outcome:
    """Lambda's account of an error as JSON; where it is too long, the innermost calls stay longest."""
    while True:
        told = {
            "errorMessage": message,
            "errorType": kind[:LONGEST_REASON],
            "requestId": request_id,
            "stackTrace": trace,
        }
        details = json.dumps(told)
        if len(details) <= LONGEST_DETAILS:
            return _failed("HandledError", details)
        if trace:
            trace = trace[1:]
        else:
            message = message[: len(message) * 3 // 4]


def _raised(error: BaseException, request_id: str) -> Outcome:
    ours = error.__traceback__
    trace = traceback.format_tb(ours.tb_next if ours is not None else None, -DEEPEST_TRACE)
    return _report(type(error).__name__, str(error), request_id, trace)


def _returned(result: Any, request_id: str) -> Outcome:
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        text.encode()  # half of a surrogate pair is no text
    except (TypeError, ValueError, RecursionError) as error:
        message = f"Unable to marshal response: {error}"
        return _report("Runtime.MarshalError", message, request_id, [])
    if len(text) > LONGEST_RESULT:
        message = f"The result is {len(text):,} characters long and SWF takes {LONGEST_RESULT:,}"
        return _report("Function.ResponseSizeTooLarge", message, request_id, [])
    return "LambdaFunctionCompleted", {"result": text}
