"""Lambda functions, which are Python callables here, called on threads of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from service_driver import attributes, d

from pyswf_fast.service import Limits

from .conftest import Client
from .test_causes import refused
from .test_registration import ROLE

GIVEN = {"id": "1", "name": "f", "control": "mine", "input": '"in"', "startToCloseTimeout": "60"}


def function(**changed: Any) -> dict[str, Any]:
    return d("ScheduleLambdaFunction", **{**GIVEN, **changed})


def ended(swf: Client, event_type: str) -> dict[str, Any]:
    """Attributes of the event by which a function ends, once it has."""
    while swf.kinds()[-1] != "DecisionTaskScheduled":
        time.sleep(0.01)
    return swf.last(event_type)


def test_a_function_is_called_and_returns(make_swf: Callable[..., Client]) -> None:
    swf = make_swf(lambdas={"f": lambda event, context: [event, context.get_remaining_time_in_millis()]})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.last("LambdaFunctionScheduled") == {**GIVEN, "decisionTaskCompletedEventId": 4}
    completed = ended(swf, "LambdaFunctionCompleted")
    assert completed == {"result": '["in", 60000]', "scheduledEventId": 5, "startedEventId": 6}
    assert swf.last("LambdaFunctionStarted") == {"scheduledEventId": 5}


def test_a_function_fails(make_swf: Callable[..., Client]) -> None:
    def f(event: Any, context: Any) -> None:
        raise ValueError(event)

    swf = make_swf(lambdas={"f": f})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    failed = ended(swf, "LambdaFunctionFailed")
    assert (failed["reason"], failed["scheduledEventId"], failed["startedEventId"]) == ("HandledError", 5, 6)
    assert '"errorMessage": "in"' in failed["details"]


def test_a_function_times_out(make_swf: Callable[..., Client]) -> None:
    release = threading.Event()
    swf = make_swf(lambdas={"f": lambda *_: release.wait(60)})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 1
    swf.advance(60)
    timed_out = {"timeoutType": "START_TO_CLOSE", "scheduledEventId": 5, "startedEventId": 6}
    assert ended(swf, "LambdaFunctionTimedOut") == timed_out
    release.set()


def test_a_function_cannot_be_started_without_a_role(make_swf: Callable[..., Client]) -> None:
    swf = make_swf(lambdas={})
    swf.start()
    swf.decide(function())
    failed = ended(swf, "StartLambdaFunctionFailed")
    assert failed == {
        "cause": "ASSUME_ROLE_FAILED",
        "message": "No IAM role is attached to the current workflow execution.",
        "scheduledEventId": 5,
    }


def test_a_function_is_not_scheduled(make_swf: Callable[..., Client]) -> None:
    release = threading.Event()
    swf = make_swf(lambdas={"f": lambda *_: release.wait(60)}, limits=Limits(open_lambdas=1))
    swf.start(lambdaRole=ROLE)
    swf.decide(function(), function(name="g"), function(id="2"))
    failed = [
        attributes(event) for event in swf.history() if event["eventType"] == "ScheduleLambdaFunctionFailed"
    ]
    completed = {"decisionTaskCompletedEventId": 4}
    assert failed == [
        {"id": "1", "name": "g", "cause": "ID_ALREADY_IN_USE", **completed},
        {"id": "2", "name": "f", "cause": "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED", **completed},
    ]
    release.set()
    swf = make_swf()
    swf.start(lambdaRole=ROLE)
    said = refused(swf, "ScheduleLambdaFunction", "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION", **GIVEN)
    assert said == {"id": "1", "name": "f"}
