"""Lambda functions, asked for by deciders and called by SWF."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    ActivityTaskException,
    ConfigurationError,
    LambdaTaskException,
    NondeterminismError,
    PayloadTooLarge,
    RemoteError,
    RetryPolicy,
    SerializationError,
    UsageError,
    decision_task,
    lambda_task,
    wait_all,
    workflow,
)

from .program import VALUES
from .records import decision_attributes
from .stage import Stage
from .test_results import work


def members(run: Any, place: int = 0) -> dict[str, Any]:
    return decision_attributes(run.decisions[place])


def caught(how: Callable[[], Any]) -> Any:
    try:
        return how()
    except ActivityTaskException as error:
        cause = None if error.__cause__ is None else str(error.__cause__)
        return [type(error).__name__, error.task_id, error.failure_status, error.failure_reason, cause]


def one(**keywords: Any) -> Stage:
    """A decider that calls one function and tells what came of it."""

    @decision_task
    def decider() -> Any:
        return caught(lambda: lambda_task("resize", {"key": "k"}, **keywords).result)

    return Stage(decider)


def test_decision() -> None:
    """A call is a ScheduleLambdaFunction with the plain JSON of its input, numbered apart from activities."""

    @decision_task
    def decider() -> Any:
        work()
        lambda_task("resize", {"key": "ü"}, start_to_close_timeout=7.2)
        workflow.lambda_task("sweep")

    run = Stage(decider).ask()
    assert run.decisions[1]["decisionType"] == "ScheduleLambdaFunction"
    assert members(run, 1) == {
        "id": "1",
        "name": "resize",
        "input": '{"key":"ü"}',
        "startToCloseTimeout": "8",
    }
    assert members(run, 2) == {"id": "2", "name": "sweep"}


@pytest.mark.parametrize("value", [*VALUES, 2**70, "~t"], ids=repr)
def test_values(value: Any) -> None:
    """Input and result travel as JSON, however empty."""

    @decision_task
    def decider() -> Any:
        return lambda_task("echo", [value]).result

    stage = Stage(decider)
    run = stage.ask()
    assert json.loads(members(run)["input"]) == [value]
    stage.world.complete(run.decisions)
    stage.function("1", result=json.dumps(value))

    assert stage.result() == value


@pytest.mark.parametrize("result", [None, ""])
def test_no_result(result: str | None) -> None:
    """A function that gives nothing gives None."""
    stage = one()
    stage.decide()
    stage.function("1", result=result)

    assert stage.result() is None


def test_promises_in_the_input() -> None:
    """A Promise within the input is waited for before the function is asked for."""

    @decision_task
    def decider() -> Any:
        first = work()
        return lambda_task("resize", {"of": [first]}).result

    stage = Stage(decider)
    assert stage.decide() == [("ScheduleActivityTask", "1")]
    stage.completes("1", "one")
    run = stage.ask()
    assert json.loads(members(run)["input"]) == {"of": ["one"]}
    stage.world.complete(run.decisions)
    stage.function("1", result="2")

    assert stage.result() == 2


def test_async() -> None:
    """In an `async def` decider it is awaited."""

    @decision_task
    async def decider() -> Any:
        return await lambda_task("resize")

    stage = Stage(decider)
    stage.decide()
    stage.function("1", result="[]")

    assert stage.result() == []


def test_failure() -> None:
    """A failed function is tried again at once, then raised with what Lambda tells of its exception."""
    stage = one(max_attempts=2)
    details = json.dumps({"errorType": "KeyError", "errorMessage": "'k'", "stackTrace": ["  line 1\n"]})
    assert stage.decide() == [("ScheduleLambdaFunction", "1")]
    stage.function("1", "Failed", reason="HandledError", details=details)
    run = stage.ask()
    assert members(run) == {"id": "1-2", "name": "resize", "input": '{"key":"k"}'}
    stage.world.complete(run.decisions)
    stage.function("1-2", "Failed", reason="HandledError", details=details)

    assert stage.result() == ["LambdaTaskException", "1-2", "FAILED", "HandledError", "KeyError: 'k'"]


def test_exception() -> None:
    """It raises an ActivityTaskException of its own, whose cause is a RemoteError with Lambda's traceback."""

    @decision_task
    def decider() -> Any:
        lambda_task("resize", max_attempts=1).result

    stage = Stage(decider)
    stage.decide()
    details = json.dumps({"errorType": "KeyError", "errorMessage": "'k'", "stackTrace": ["  line 1\n"]})
    stage.function("1", "Failed", reason="HandledError", details=details)
    failure = stage.failure()
    assert isinstance(failure, LambdaTaskException)
    assert isinstance(failure, ActivityTaskException)
    assert isinstance(failure.__cause__, RemoteError)
    assert failure.__cause__.traceback == "  line 1\n"


@pytest.mark.parametrize("timeout_type", ["START_TO_CLOSE", None])
def test_timeout(timeout_type: str | None) -> None:
    """A function that took too long is tried again like one that failed, and named TIMED_OUT."""
    stage = one(max_attempts=1)
    stage.decide()
    stage.function("1", "TimedOut", timeoutType=timeout_type)

    assert stage.result() == ["LambdaTaskException", "1", "TIMED_OUT", "START_TO_CLOSE", None]


def test_not_started() -> None:
    """A function that SWF may not call is tried after a back-off; at last its cause and message are told."""
    stage = one(max_attempts=2)
    stage.decide()
    stage.function("1", "StartFailed", cause="ASSUME_ROLE_FAILED", message="No IAM role")
    assert stage.decide() == [("StartTimer", "l1-2")]
    stage.fires("l1-2")
    assert stage.decide() == [("ScheduleLambdaFunction", "1-2")]
    stage.function("1-2", "StartFailed", cause="ASSUME_ROLE_FAILED", message="No IAM role")

    told = ["LambdaTaskException", "1-2", "FAILED_TO_SCHEDULE", "ASSUME_ROLE_FAILED"]
    assert stage.result()[:4] == told


@pytest.mark.parametrize("cause", ["ID_ALREADY_IN_USE", "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"])
def test_refused(cause: str) -> None:
    """A refused schedule is tried again after a back-off, and counts as an attempt."""
    stage = one(max_attempts=2)
    stage.world.refusals["lambda 1"] = cause
    stage.decide()
    assert stage.decide() == [("StartTimer", "l1-2")]
    stage.fires("l1-2")
    stage.world.refusals["lambda 1-2"] = cause
    assert stage.decide() == [("ScheduleLambdaFunction", "1-2")]

    assert stage.result() == ["LambdaTaskException", "1-2", "FAILED_TO_SCHEDULE", cause, None]


@pytest.mark.parametrize(
    "cause", ["LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED", "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"]
)
def test_throttled(cause: str) -> None:
    """A throttled schedule backs off and uses up no attempt."""
    stage = one(max_attempts=1)
    for _ in range(3):
        stage.world.refusals["lambda 1"] = cause
        assert stage.decide() == [("ScheduleLambdaFunction", "1")]
        assert stage.decide() == [("StartTimer", "l1-1")]
        stage.fires("l1-1")
    assert stage.decide() == [("ScheduleLambdaFunction", "1")]
    stage.function("1", result="7")

    assert stage.result() == 7


def test_policy() -> None:
    """A policy knows the exceptions of a Lambda function by the names that Lambda gives them."""
    stage = one(retry=RetryPolicy(3, initial=4, retry_on="Throttled"))
    stage.decide()
    stage.function("1", "Failed", reason="x", details=json.dumps({"errorType": "Throttled"}))
    assert stage.decide() == [("StartTimer", "l1-2")]
    stage.fires("l1-2")
    stage.decide()
    stage.function("1-2", "Failed", reason="x", details=json.dumps({"errorType": "Broken"}))

    assert stage.result()[:3] == ["LambdaTaskException", "1-2", "FAILED"]


def test_open_limit() -> None:
    """Of more than 1,000 functions, the others wait until one has ended."""

    @decision_task
    def decider() -> Any:
        return len(wait_all([lambda_task("resize", number) for number in range(1003)]))

    stage = Stage(decider)
    sent = 0
    while stage.world.scheduled is not None:
        sent += sum(kind == "ScheduleLambdaFunction" for kind, _ in stage.decide())
        if stage.world.scheduled is None and stage.world.find("timer", f"wake-{stage.known}"):
            stage.fires(f"wake-{stage.known}")
    assert sent == 1000
    for number in (1, 2):
        stage.function(str(number))
    assert stage.decide() == [("ScheduleLambdaFunction", "1001"), ("ScheduleLambdaFunction", "1002")]


def test_cancel_before_it_left() -> None:
    """Canceled in the batch of its call, a function is not asked for."""

    @decision_task
    def decider() -> Any:
        promise = lambda_task("resize")
        promise.cancel()
        return type(promise.exception).__name__

    assert Stage(decider).result() == "Canceled"


def test_cancel_ends_retries() -> None:
    """SWF cannot cancel a function: nothing is sent, and its failure, when it comes, is not retried."""

    @decision_task
    def decider() -> Any:
        promise = lambda_task("resize")
        workflow.signals("stop").get()
        promise.cancel()
        return caught(lambda: promise.result)

    stage = Stage(decider)
    stage.decide()
    stage.signal("stop")
    assert stage.decide() == []
    stage.function("1", "TimedOut", timeoutType="START_TO_CLOSE")

    assert stage.result()[:3] == ["LambdaTaskException", "1", "TIMED_OUT"]


def test_cancel_in_a_back_off() -> None:
    """Canceled between two attempts, it is over at once and its back-off timer canceled."""

    @decision_task
    def decider() -> Any:
        promise = lambda_task("resize", retry=RetryPolicy(initial=30))
        workflow.signals("stop").get()
        promise.cancel()
        return type(promise.exception).__name__

    stage = Stage(decider)
    stage.decide()
    stage.function("1", "Failed", reason="x")
    assert stage.decide() == [("StartTimer", "l1-2")]
    stage.signal("stop")
    assert stage.decide() == [("CancelTimer", "l1-2"), ("CompleteWorkflowExecution", None)]


def test_canceled_workflow() -> None:
    """A workflow that is canceled leaves its functions to themselves."""

    @decision_task
    def decider() -> Any:
        lambda_task("resize").result

    stage = Stage(decider)
    stage.decide()
    stage.cancel()
    assert stage.decide() == [("CancelWorkflowExecution", None)]


def test_renamed() -> None:
    """Another function under the id is nondeterminism: renamed."""
    stage = one()
    stage.decide()
    stage.function("1", result="1")

    @decision_task
    def changed() -> Any:
        return lambda_task("crop", {"key": "k"}).result

    with pytest.raises(NondeterminismError) as error:
        stage.cold(changed)
    assert error.value.report["kind"] == "renamed"
    assert "crop" in str(error.value)


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"name": ""}, ConfigurationError),
        ({"name": "n" * 65}, ConfigurationError),
        ({"name": 7}, ConfigurationError),
        ({"start_to_close_timeout": 0}, ConfigurationError),
        ({"start_to_close_timeout": 901}, ConfigurationError),
        ({"start_to_close_timeout": "NONE"}, ConfigurationError),
        ({"max_attempts": 0}, ConfigurationError),
        ({"retry": 7}, ConfigurationError),
        ({"input": "x" * 32_767}, PayloadTooLarge),
        ({"input": object()}, SerializationError),
    ],
)
def test_nonsense(keywords: dict[str, Any], error: type[Exception]) -> None:
    """What SWF would refuse raises at the call."""

    @decision_task
    def decider() -> Any:
        with pytest.raises(error):
            lambda_task(**{"name": "resize", **keywords})
        return "refused"

    assert Stage(decider).result() == "refused"


def test_longest_input() -> None:
    """Input of exactly 32,768 characters is taken."""

    @decision_task
    def decider() -> Any:
        lambda_task("resize", "x" * 32_766).result

    assert len(members(Stage(decider).ask())["input"]) == 32_768


def test_no_json() -> None:
    """A result that is no JSON raises what is wrong with it, and with what."""

    @decision_task
    def decider() -> Any:
        lambda_task("resize").result

    stage = Stage(decider)
    stage.decide()
    stage.function("1", result="<html>")
    failure = stage.failure()
    assert isinstance(failure, SerializationError)
    assert "result of lambda resize" in str(failure)


def test_outside_a_decider() -> None:
    """Elsewhere there is nobody who would call it."""
    with pytest.raises(UsageError, match="only inside a decider"):
        lambda_task("resize")
