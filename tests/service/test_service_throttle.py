"""SWF's throttles, scaled down: buckets that empty, fill up again and belong to somebody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.config import Config
from service_driver import DOMAIN, WORKFLOW_TYPE, Driver, activity, child, d, timer

from pyswf_fast.exceptions import ConfigurationError, ServiceFault
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service import throttle as quotas
from pyswf_fast.service.throttle import Throttle
from pyswf_fast.service.validation import DECISIONS, OPERATIONS, failure_causes

LAMBDA = d("ScheduleLambdaFunction", id="1", name="f")


def test_it_is_off_unless_it_is_switched_on(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    for _ in range(210):
        swf("DescribeDomain", name=DOMAIN)
    swf.swf.throttle(1.0)
    for _ in range(200):
        swf("DescribeDomain", name=DOMAIN)
    fault = swf.fault("DescribeDomain", name=DOMAIN)
    assert (fault.type, fault.message) == ("ThrottlingException", "Rate exceeded")
    swf.swf.throttle(None)
    swf("DescribeDomain", name=DOMAIN)


def test_a_bucket_fills_again_as_time_goes_by_and_no_further_than_its_size(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver()
    swf.swf.throttle(0.01)  # of 200 and 6 a second

    def calls() -> int:
        count = 0
        with suppress(ServiceFault):
            while True:
                swf("DescribeDomain", name=DOMAIN)
                count += 1
        return count

    assert calls() == 2
    swf.clock.advance(16.6)
    assert calls() == 0
    swf.clock.advance(0.1)
    assert calls() == 1
    swf.clock.advance(1000)
    assert calls() == 2


def test_operations_and_regions_have_buckets_of_their_own(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.swf.throttle(0.001)
    swf("DescribeDomain", name=DOMAIN)
    swf.fault("DescribeDomain", name=DOMAIN)
    swf("ListDomains", registrationStatus="REGISTERED")
    with pytest.raises(ServiceFault, match="Unknown domain"):
        swf.swf.call("DescribeDomain", {"name": DOMAIN}, region="eu-west-1")


def test_a_workflow_has_a_bucket_beside_that_of_the_account(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    for name in ("one", "two"):
        swf.start(name)
    swf.swf.throttle(0.01)  # 20 signals, 10 of them for one workflow
    for _ in range(10):
        swf.signal("one")
    assert swf.fault("SignalWorkflowExecution", domain=DOMAIN, workflowId="one", signalName="s").type == (
        "ThrottlingException"
    )
    swf.signal("two")


def test_heartbeats_of_a_workflow_share_its_bucket(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf.start()
    swf.decide(activity("1"), activity("2"))
    tokens = [swf.work()["taskToken"] for _ in range(2)]
    swf.swf.throttle(0.002)
    for token in tokens:
        swf("RecordActivityTaskHeartbeat", taskToken=token)
    assert swf.fault("RecordActivityTaskHeartbeat", taskToken=tokens[0]).type == "ThrottlingException"
    swf.clock.advance(1)
    assert swf.fault("RecordActivityTaskHeartbeat", taskToken="made up").message == "Invalid token"


@pytest.mark.parametrize(
    ("decision", "cause"),
    [
        (activity, "ACTIVITY_CREATION_RATE_EXCEEDED"),
        (timer, "TIMER_CREATION_RATE_EXCEEDED"),
        (child, "CHILD_CREATION_RATE_EXCEEDED"),
        (
            lambda name: d("SignalExternalWorkflowExecution", workflowId="w", signalName=name),
            "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
        (
            lambda name: d("RequestCancelExternalWorkflowExecution", workflowId="w", control=name),
            "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
        (
            lambda name: d("ScheduleLambdaFunction", id=name, name="f"),
            "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
        ),
    ],
)
def test_decisions_are_throttled_by_an_event(
    make_driver: Callable[..., Driver], decision: Callable[[str], dict[str, Any]], cause: str
) -> None:
    swf = make_driver(lambdas={}, throttle=0.0005)
    swf.start(lambdaRole="arn:aws:iam::000000000000:role/r")
    swf.decide(decision("1"), decision("2"))
    swf.clock.advance(1000)
    swf.decide(decision("3"))
    swf.swf.throttle(None)
    failed = f"{decision('1')['decisionType']}Failed"
    assert swf.kinds().count(failed) == 1, "only the second found no token"
    assert swf.last(failed)["cause"] == cause


def test_continuing_as_new_is_throttled_and_the_run_goes_on(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(throttle=0.001)
    swf.start()
    for _ in range(2):
        swf.clock.advance(1)
        swf.decide(d("ContinueAsNewWorkflowExecution"))
    failed = swf.last("ContinueAsNewWorkflowExecutionFailed", run_id=swf.open_run("w"))
    assert failed["cause"] == "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"


def test_boto3_tries_again_what_was_throttled() -> None:
    clock = VirtualClock()
    swf = EmbeddedSwf(clock=clock, throttle=0.001)
    client = swf.client(config=Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    attempts: list[Any] = []

    def later(**event: Any) -> None:
        attempts.append(event["response"])
        clock.advance(1000)

    client.meta.events.register("needs-retry.swf.ListDomains", later)
    for _ in range(3):
        client.list_domains(registrationStatus="REGISTERED")
    client.meta.events.unregister("needs-retry.swf.ListDomains", later)
    client.list_domains(registrationStatus="REGISTERED")
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_domains(registrationStatus="REGISTERED")
    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1
    swf.close()


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_is_above_nothing(scale: float) -> None:
    with pytest.raises(ConfigurationError, match="throttle"):
        Throttle(scale)


def test_buckets_of_workflows_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "_MOST_BUCKETS", 10)
    throttle = Throttle(0.001)
    for n in range(100):
        throttle.check(n * 1_000_000, "r", "SignalWorkflowExecution", {"domain": "d", "workflowId": str(n)})
    assert len(throttle._levels) == 10


def test_the_tables_name_all_operations_and_all_causes_of_the_model() -> None:
    assert set(quotas._OPERATIONS) == set(OPERATIONS)
    rates = {
        (kind, cause)
        for kind in DECISIONS
        for cause in failure_causes(kind)
        if cause.endswith("RATE_EXCEEDED")
    }
    assert set(quotas._CAUSES.items()) == rates
    assert set(quotas._DECISIONS) == set(quotas._CAUSES)


def test_a_poll_that_waits_takes_one_token(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(throttle=0.001)
    swf.fault("StartWorkflowExecution", domain=DOMAIN, workflowId="w")
    swf("StartWorkflowExecution", domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE)
    assert swf.poll()["taskToken"]
    assert swf.poll()["taskToken"] == ""
