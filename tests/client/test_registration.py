"""Registering: what is missing is made with the documented defaults, what exists is left as it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pyswf_fast.client import Client
from pyswf_fast.exceptions import ConfigurationError, ServiceFault, UsageError
from pyswf_fast.service import EmbeddedSwf


def described(swf: EmbeddedSwf, kind: str, name: str) -> dict[str, Any]:
    member = f"{kind[0].lower()}{kind[1:]}Type"
    body = swf.call(f"Describe{kind}Type", {"domain": "shop", member: {"name": name, "version": "1.0"}})
    configuration: dict[str, Any] = orjson.loads(body)["configuration"]
    return configuration


def test_the_domain_is_made_with_a_week_of_retention(swf: EmbeddedSwf) -> None:
    Client("shop", transport=swf).register()
    domain = orjson.loads(swf.call("DescribeDomain", {"name": "shop"}))
    assert domain["configuration"] == {"workflowExecutionRetentionPeriodInDays": "7"}


def test_types_have_the_documented_defaults(swf: EmbeddedSwf, make_decider: Any, make_activity: Any) -> None:
    Client("shop", transport=swf).register([make_decider()], [make_activity()])
    assert described(swf, "Workflow", "add") == {
        "defaultExecutionStartToCloseTimeout": "31536000",
        "defaultTaskStartToCloseTimeout": "30",
        "defaultChildPolicy": "TERMINATE",
        "defaultTaskList": {"name": "default"},
    }
    assert described(swf, "Activity", "work") == {
        "defaultTaskStartToCloseTimeout": "3600",
        "defaultTaskScheduleToStartTimeout": "NONE",
        "defaultTaskScheduleToCloseTimeout": "NONE",
        "defaultTaskHeartbeatTimeout": "NONE",
        "defaultTaskList": {"name": "default"},
    }


def test_options_become_defaults(swf: EmbeddedSwf, make_decider: Any, make_activity: Any) -> None:
    Client("shop", transport=swf).register(
        [make_decider(swf_task_list="l", child_policy="ABANDON", execution_start_to_close_timeout=0.5)],
        [make_activity(heartbeat_timeout=59.1, priority=4, start_to_close_timeout="NONE")],
    )
    workflow, activity = described(swf, "Workflow", "add"), described(swf, "Activity", "work")
    assert workflow["defaultTaskList"] == {"name": "l"}
    assert workflow["defaultChildPolicy"] == "ABANDON"
    assert workflow["defaultExecutionStartToCloseTimeout"] == "1"
    assert activity["defaultTaskHeartbeatTimeout"] == "60"
    assert activity["defaultTaskPriority"] == "4"
    assert activity["defaultTaskStartToCloseTimeout"] == "NONE"


def test_what_exists_is_fine(swf: EmbeddedSwf, make_decider: Any, make_activity: Any) -> None:
    client = Client("shop", transport=swf)
    for _ in range(2):
        client.register([make_decider(), make_decider("other")], [make_activity()])
        client.register()


def test_each_goes_to_its_own_domain(swf: EmbeddedSwf, make_decider: Any, make_activity: Any) -> None:
    Client(transport=swf).register([make_decider(swf_domain="shop")], [make_activity(swf_domain="other")])
    described(swf, "Workflow", "add")
    with pytest.raises(ServiceFault):
        described(swf, "Activity", "work")


def test_who_may_not_register_goes_on(make_decider: Any) -> None:
    class Forbidden:
        def call(self, operation: str, params: Any) -> bytes:
            raise ServiceFault("AccessDeniedException", "not you")

    Client("shop", transport=Forbidden()).register([make_decider()])


def test_other_faults_are_raised(make_decider: Any) -> None:
    class Full:
        def call(self, operation: str, params: Any) -> bytes:
            raise ServiceFault("LimitExceededFault")

    with pytest.raises(ServiceFault, match="LimitExceededFault"):
        Client("shop", transport=Full()).register([make_decider()])


def test_roles_are_not_mixed_up(swf: EmbeddedSwf, make_decider: Any, make_activity: Any) -> None:
    client = Client("shop", transport=swf)
    with pytest.raises(UsageError, match="is no decider"):
        client.register(deciders=[make_activity()])
    with pytest.raises(UsageError, match="is no activity"):
        client.register(activities=[make_decider()])


@pytest.mark.parametrize(
    ("name", "message"), [("x" * 257, "257 characters"), ("a:b", "contains ':'"), ("", "0 characters")]
)
def test_names_are_checked(swf: EmbeddedSwf, make_decider: Any, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Client("shop", transport=swf).register([make_decider(name)])


@pytest.mark.parametrize("domain", [" shop", "a/b", "arn"])
def test_domains_are_checked(swf: EmbeddedSwf, domain: str) -> None:
    with pytest.raises(ConfigurationError, match="the domain"):
        Client(domain, transport=swf).register()
