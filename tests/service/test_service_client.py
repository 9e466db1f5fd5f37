"""The boto3 client that is answered in process."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE, Driver, d

from pyswf_fast.exceptions import UsageError
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.embedded import Checked
from pyswf_fast.service.queues import LapsingQueue


def test_boto3_is_answered_without_a_socket(swf: Driver) -> None:
    swf.restarts = False
    client = swf.swf.client()
    run = client.start_workflow_execution(
        domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE, input="ü"
    )
    assert client.poll_for_activity_task(domain=DOMAIN, taskList={"name": "none"})["taskToken"] == ""
    task = client.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
    assert task["events"][0]["workflowExecutionStartedEventAttributes"]["input"] == "ü"
    assert task["events"][0]["eventTimestamp"].timestamp() == swf.clock.now()
    done = d("CompleteWorkflowExecution")
    client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[done])
    found = client.list_closed_workflow_executions(domain=DOMAIN, closeTimeFilter={"oldestDate": 0})
    assert [info["execution"]["runId"] for info in found["executionInfos"]] == [run["runId"]]
    with pytest.raises(client.exceptions.UnknownResourceFault, match="Unknown domain: no"):
        client.describe_domain(name="no")


def test_boto3s_own_options_are_taken() -> None:
    client = EmbeddedSwf(clock=VirtualClock()).client(region_name="eu-west-1", config=Config(read_timeout=3))
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.read_timeout == 3
    assert client.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []


def test_with_the_systems_clock_a_poll_waits_for_its_task() -> None:
    swf = EmbeddedSwf()
    client = swf.client()
    client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    client.register_workflow_type(domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    found = []
    asked = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    thread = threading.Thread(target=lambda: found.append(client.poll_for_decision_task(**asked)))
    thread.start()
    time.sleep(0.2)
    assert thread.is_alive()
    client.start_workflow_execution(domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE)
    thread.join(5)
    assert found[0]["startedEventId"] == 3
    thread = threading.Thread(target=lambda: found.append(client.poll_for_decision_task(**asked)))
    thread.start()
    time.sleep(0.1)
    swf.close()
    thread.join(5)
    assert found[1]["taskToken"] == ""


def test_a_virtual_clock_moves_only_forward() -> None:
    clock = VirtualClock(100)
    clock.advance(5)
    clock.advance_to(50)
    assert clock.now() == 105


def test_entries_that_lapsed_are_dropped() -> None:
    living = {1, 5000}
    queue: LapsingQueue[int] = LapsingQueue(lambda item: item in living)
    for item in range(10_000):
        queue.push((item % 7,), item)
    assert sorted(queue) == [1, 5000]
    assert len(queue._heap) <= 1026
    assert [queue.pop(), queue.pop(), queue.pop()] == [1, 5000, None]


def test_a_closed_service_answers_no_call_and_lets_waiting_polls_go() -> None:
    swf = EmbeddedSwf()
    swf.call("RegisterDomain", {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"})
    poll = Checked("PollForActivityTask", {"domain": "d", "taskList": {"name": "l"}})
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(swf.wait, poll)
        while not swf._polls:
            time.sleep(0.001)
        swf.close()
        assert waiting.result(20) == b'{"startedEventId":0,"taskToken":""}'
    with pytest.raises(UsageError, match="closed"):
        swf.call("ListDomains", {"registrationStatus": "REGISTERED"})
