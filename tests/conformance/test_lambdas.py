"""Lambda functions, which are Python callables here."""

from __future__ import annotations

from service_driver import d

from .conftest import Client
from .test_registration import ROLE

GIVEN = {"id": "1", "name": "f", "control": "mine", "input": "in", "startToCloseTimeout": "60"}


def test_a_function_that_cannot_be_started(swf: Client) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(d("ScheduleLambdaFunction", **GIVEN))
    assert swf.last("LambdaFunctionScheduled") == {**GIVEN, "decisionTaskCompletedEventId": 4}
    failed = swf.last("StartLambdaFunctionFailed")
    assert (failed["cause"], failed["scheduledEventId"]) == ("ASSUME_ROLE_FAILED", 5)
