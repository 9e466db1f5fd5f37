"""Requests that fail, and production's worker, which survives each: nothing lost, nothing done twice."""

from __future__ import annotations

import datetime as dt

import botocore.exceptions
import pytest
import shop

from pyswf_fast import ServiceFault, SwfError, UsageError
from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.testing import Faults, NothingLeft, SwfTest

DONE = [f"{number} shipped" for number in range(3)]

#: What a worker asks for in the course of `ships`.
OPERATIONS = [
    "PollForDecisionTask",
    "PollForActivityTask",
    "RespondDecisionTaskCompleted",
    "RespondActivityTaskCompleted",
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(
    "kind", ["throttle", "unavailable", "delay", "time_out", "late", "drop", "lost answer"]
)
def test_workers_survive_it(swf: SwfTest, operation: str, nth: int, kind: str) -> None:
    shop.LOG.clear()
    if kind == "throttle":
        fault = swf.faults.throttle(operation, nth=nth)
    elif kind == "unavailable":
        fault = swf.faults.refuse(operation, "ServiceUnavailable", nth=nth)
    elif kind == "delay":
        fault = swf.faults.delay(operation, "20s", nth=nth)
    elif kind in ("time_out", "late"):
        fault = swf.faults.time_out(operation, reached=kind == "late", nth=nth)
    else:
        fault = swf.faults.drop(operation, reached=kind == "lost answer", nth=nth)
    run = swf.start(shop.ships, 3)
    assert run.result() == DONE
    assert fault.hits == 1
    swf.faults.clear()
    swf.settle()
    # An attempt is made again only where the first timed out: a poll that failed was given its task, or its
    # answer arrived too late.
    again = [call for call in run.calls() if call.status == "TIMED_OUT"]
    assert len(run.calls()) == 3 + len(again)
    assert run.events.count("ActivityTaskCompleted") == 3
    assert len(shop.LOG) <= 3 + len(again)
    assert run.events.count("WorkflowExecutionCompleted") == 1


def test_a_storm_of_throttles_is_waited_out_on_the_virtual_clock(swf: SwfTest) -> None:
    fault = swf.faults.throttle(times=40, when=lambda params: "taskToken" in params or "taskList" in params)
    assert swf.run(shop.ships, 3) == DONE
    assert fault.hits == 40


def test_whoever_waits_asks_again_when_the_answer_fails(swf: SwfTest) -> None:
    fault = swf.faults.throttle("GetWorkflowExecutionHistory", times=30)
    idle = swf.start(shop.process, 1)
    swf.replace(shop.charge, lambda order: "ok")
    assert swf.run(shop.shipping, 1) == "1 shipped"
    assert fault.hits == 30
    assert idle.status == "OPEN"


def test_the_services_own_throttles_are_waited_out_too() -> None:
    with SwfTest(throttle=0.002) as swf:
        began = swf.now()
        run = swf.start(shop.ships, 12)
        assert len(run.result()) == 12
        assert swf.now() > began
        assert len(run.activities) == 12


def test_a_service_that_never_answers_polls_is_no_endless_loop(swf: SwfTest) -> None:
    swf.faults.throttle("PollForActivityTask")
    with pytest.raises(NothingLeft, match="waits in the list 'default', where its requests fail"):
        swf.run(shop.shipping, 1)


def test_a_start_whose_answer_is_lost_is_told_to_the_caller(swf: SwfTest) -> None:
    swf.faults.drop("StartWorkflowExecution", reached=True, nth=1)
    with pytest.raises(SwfError, match="connection lost"):
        swf.start(shop.shipping, 1, workflow_id="ship-1")
    assert swf.client.execution("ship-1", decider=shop.shipping).result() == "1 shipped"


def test_faults_are_for_the_requests_that_are_meant(swf: SwfTest) -> None:
    first = swf.faults.refuse("SignalWorkflowExecution", nth=[1, 3])
    named = swf.faults.throttle(
        "SignalWorkflowExecution", when=lambda params: params["signalName"] == "b", times=1
    )
    run = swf.start(shop.process, 1)

    def told(name: str) -> str:
        try:
            run.signal(name)
        except ServiceFault as fault:
            return fault.type
        return "ok"

    denied = "OperationNotPermittedFault"
    assert [told(name) for name in "abbb"] == [denied, "ThrottlingException", denied, "ok"]
    assert (first.seen, first.hits) == (4, 2)
    assert (named.seen, named.hits) == (3, 1)
    assert repr(named) == "<Fault of SignalWorkflowExecution: 1 of 3>"


def test_faults_end(swf: SwfTest) -> None:
    fault = swf.faults.throttle("StartWorkflowExecution")
    with pytest.raises(ServiceFault, match="ThrottlingException: Rate exceeded"):
        swf.start(shop.shipping, 1)
    swf.faults.remove(fault)
    assert swf.run(shop.shipping, 1) == "1 shipped"


def test_an_operation_that_swf_does_not_have() -> None:
    with pytest.raises(UsageError, match="SWF has no operation 'PollForTask'"):
        Faults(EmbeddedSwf()).throttle("PollForTask")


def test_boto3_meets_with_the_same_faults(swf: SwfTest) -> None:
    client = swf.boto3_client()
    swf.faults.throttle("ListDomains", nth=1)
    swf.faults.time_out("ListDomains", nth=2)
    swf.faults.drop("ListDomains", nth=3)
    swf.faults.refuse("ListDomains", nth=4)
    began = swf.now()
    with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException"):
        client.list_domains(registrationStatus="REGISTERED")
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client.list_domains(registrationStatus="REGISTERED")
    assert swf.now() - began == dt.timedelta(minutes=1)
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        client.list_domains(registrationStatus="REGISTERED")
    with pytest.raises(client.exceptions.OperationNotPermittedFault):
        client.list_domains(registrationStatus="REGISTERED")
    assert client.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []


def test_faults_need_no_test() -> None:
    service = EmbeddedSwf()
    faults = Faults(service)
    faults.delay("ListDomains", 0.001, times=1)
    assert faults.call("ListDomains", {"registrationStatus": "REGISTERED"}) == b'{"domainInfos":[]}'
