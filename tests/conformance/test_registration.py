"""Domains, types and tags over HTTP."""

from __future__ import annotations

import pytest
from service_driver import ACTIVITY_DEFAULTS, DOMAIN, WORKFLOW_DEFAULTS

from .conftest import Client

EPOCH = 1.7e9
ROLE = "arn:aws:iam::000000000000:role/lambda"


def test_the_life_of_a_domain(swf: Client) -> None:
    tags = [{"key": "team", "value": "orders"}, {"key": "bare"}]
    swf(
        "RegisterDomain", name="d", description="what", workflowExecutionRetentionPeriodInDays="90", tags=tags
    )
    found = swf("DescribeDomain", name="d")
    arn = found["domainInfo"]["arn"]
    assert found == {
        "configuration": {"workflowExecutionRetentionPeriodInDays": "90"},
        "domainInfo": {"arn": arn, "description": "what", "name": "d", "status": "REGISTERED"},
    }
    assert swf("ListTagsForResource", resourceArn=arn) == {"tags": tags}
    swf("DeprecateDomain", name="d")
    assert swf("DescribeDomain", name="d")["domainInfo"]["status"] == "DEPRECATED"
    assert [info["name"] for info in swf("ListDomains", registrationStatus="DEPRECATED")["domainInfos"]] == [
        "d"
    ]
    swf("UndeprecateDomain", name="d")
    assert swf("ListDomains", registrationStatus="DEPRECATED") == {"domainInfos": []}


def test_tags_are_added_replaced_and_taken_away(swf: Client) -> None:
    arn = swf("DescribeDomain", name=DOMAIN)["domainInfo"]["arn"]
    swf("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}])
    swf("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "2"}])
    assert swf("ListTagsForResource", resourceArn=arn)["tags"] == [
        {"key": "a", "value": "2"},
        {"key": "b", "value": ""},
    ]
    swf("UntagResource", resourceArn=arn, tagKeys=["b", "not there"])
    assert swf("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]


@pytest.mark.parametrize("kind", ["Activity", "Workflow"])
def test_the_life_of_a_type(swf: Client, kind: str) -> None:
    defaults = {
        **(ACTIVITY_DEFAULTS if kind == "Activity" else WORKFLOW_DEFAULTS),
        "defaultTaskPriority": "-3",
    }
    if kind == "Workflow":
        defaults["defaultLambdaRole"] = ROLE
    identity = {"name": "t", "version": "1.0"}
    member = f"{kind.lower()}Type"
    named = {"domain": DOMAIN, member: identity}
    swf(f"Register{kind}Type", domain=DOMAIN, **identity, description="what", **defaults)
    info = {member: identity, "status": "REGISTERED", "description": "what", "creationDate": EPOCH}
    assert swf(f"Describe{kind}Type", **named) == {"typeInfo": info, "configuration": defaults}
    swf.advance(60)
    swf(f"Deprecate{kind}Type", **named)
    info.update(status="DEPRECATED", deprecationDate=EPOCH + 60)
    listed = swf(f"List{kind}Types", domain=DOMAIN, name="t", registrationStatus="DEPRECATED")
    assert listed == {"typeInfos": [info]}
    assert swf(f"Describe{kind}Type", **named)["typeInfo"] == info
    swf(f"Undeprecate{kind}Type", **named)
    assert swf(f"Describe{kind}Type", **named)["typeInfo"]["status"] == "REGISTERED"
    swf(f"Deprecate{kind}Type", **named)
    swf(f"Delete{kind}Type", **named)
    assert swf.fault(f"Describe{kind}Type", **named).type == "UnknownResourceFault"
    swf(f"Register{kind}Type", domain=DOMAIN, **identity)
    assert swf(f"Describe{kind}Type", **named)["configuration"] == {}


def test_a_deprecated_domain_deprecates_its_types_and_takes_nothing_new(swf: Client) -> None:
    swf.start()
    swf("DeprecateDomain", name=DOMAIN)
    for kind in ("Activity", "Workflow"):
        (info,) = swf(f"List{kind}Types", domain=DOMAIN, registrationStatus="DEPRECATED")["typeInfos"]
        assert info["status"] == "DEPRECATED"
    assert swf.poll()["taskToken"], "what runs goes on"
