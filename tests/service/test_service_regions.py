"""Domains belong to the region that a request is signed for; nothing crosses from one to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from service_driver import ACTIVITY_DEFAULTS, ACTIVITY_TYPE, WORKFLOW_DEFAULTS, WORKFLOW_TYPE
from service_process import Server

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, Limits, VirtualClock

REGIONS = ("us-east-1", "eu-west-1")
LISTED = {"registrationStatus": "REGISTERED"}


@pytest.fixture
def service() -> EmbeddedSwf:
    return EmbeddedSwf(clock=VirtualClock())


def prepare(client: Any, name: str = "d") -> None:
    client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")
    client.register_workflow_type(domain=name, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    client.register_activity_type(domain=name, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)


def test_one_name_in_two_regions_is_two_domains(service: EmbeddedSwf) -> None:
    clients = [service.client(region_name=region) for region in REGIONS]
    for region, client in zip(REGIONS, clients, strict=True):
        prepare(client)
        arn = client.describe_domain(name="d")["domainInfo"]["arn"]
        assert arn == f"arn:aws:swf:{region}:000000000000:/domain/d"
        client.tag_resource(resourceArn=arn, tags=[{"key": "region", "value": region}])
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "region", "value": region}]
        assert [one["arn"] for one in client.list_domains(**LISTED)["domainInfos"]] == [arn]
    here, there = clients
    here.start_workflow_execution(domain="d", workflowId="w", workflowType=WORKFLOW_TYPE)
    there.start_workflow_execution(domain="d", workflowId="w", workflowType=WORKFLOW_TYPE)
    tasks = [client.poll_for_decision_task(domain="d", taskList={"name": "decisions"}) for client in clients]
    assert tasks[0]["workflowExecution"] != tasks[1]["workflowExecution"]
    assert there.count_pending_decision_tasks(domain="d", taskList={"name": "decisions"})["count"] == 0
    with pytest.raises(there.exceptions.UnknownResourceFault):
        there.describe_workflow_execution(domain="d", execution=tasks[0]["workflowExecution"])
    with pytest.raises(there.exceptions.UnknownResourceFault):
        there.respond_decision_task_completed(taskToken=tasks[0]["taskToken"])
    with pytest.raises(there.exceptions.UnknownResourceFault):
        there.list_tags_for_resource(resourceArn=here.describe_domain(name="d")["domainInfo"]["arn"])
    here.deprecate_domain(name="d")
    assert there.describe_domain(name="d")["domainInfo"]["status"] == "REGISTERED"


def test_a_domain_of_another_region_is_unknown_and_the_fault_says_where_there_is_one(
    service: EmbeddedSwf,
) -> None:
    prepare(service.client(region_name="eu-west-1"))
    with pytest.raises(ServiceFault) as caught:
        service.call("DescribeDomain", {"name": "d"})
    assert caught.value.message == (
        "Unknown domain: d (the request is for region us-east-1, a domain of that name is in eu-west-1)"
    )
    for name in ("eu-west-1/d", "/d"):
        with pytest.raises(ServiceFault, match="Unknown domain"):
            service.call("DescribeDomain", {"name": name})
        with pytest.raises(ServiceFault, match="Unknown domain"):
            service.call("PollForActivityTask", {"domain": name, "taskList": {"name": "l"}})


def test_each_region_has_its_own_quota() -> None:
    service = EmbeddedSwf(clock=VirtualClock(), limits=Limits(domains=1))
    for region in REGIONS:
        client = service.client(region_name=region)
        prepare(client)
        with pytest.raises(client.exceptions.LimitExceededFault):
            prepare(client, "e")


def test_regions_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "swf.db")
    for attempt in range(2):
        service = EmbeddedSwf(path, clock=VirtualClock())
        for region in REGIONS:
            client = service.client(region_name=region)
            if not attempt:
                prepare(client)
                client.start_workflow_execution(domain="d", workflowId=region, workflowType=WORKFLOW_TYPE)
            found = client.list_open_workflow_executions(domain="d", startTimeFilter={"oldestDate": 0})
            assert [one["execution"]["workflowId"] for one in found["executionInfos"]] == [region]
            assert client.describe_activity_type(domain="d", activityType=ACTIVITY_TYPE)["typeInfo"]
        service.close()


def test_the_region_comes_over_http_and_unsigned_requests_are_for_the_default(
    launch: Callable[..., Server],
) -> None:
    server = launch()
    server.call("RegisterDomain", name="d", workflowExecutionRetentionPeriodInDays="1")
    assert server.client().describe_domain(name="d")["domainInfo"]["name"] == "d"
    with pytest.raises(ClientError, match="Unknown domain: d"):
        server.client(region_name="eu-west-1").describe_domain(name="d")
