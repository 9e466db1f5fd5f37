"""The boto3 client whose requests stay in the process, as whole as one that sends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from pyswf_fast import UsageError
from pyswf_fast.service import EmbeddedSwf, VirtualClock
from pyswf_fast.service.clock import seconds

MODEL = boto3.client("swf", region_name="us-east-1").meta.service_model


def test_there_are_39_operations() -> None:
    assert len(MODEL.operation_names) == 39


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_each_operation_is_answered_by_the_service(operation: str) -> None:
    """With the least that boto3 takes, each is refused by name or answered, and none is unknown."""
    with EmbeddedSwf(clock=VirtualClock()) as service:
        client = service.client()
        shape = MODEL.operation_model(operation).input_shape
        request = {} if shape is None else _least(shape)
        told, error = _ask(getattr(client, xform_name(operation)), request)
        if error is None:
            assert told["ResponseMetadata"]["HTTPStatusCode"] == 200
            return
        code = told["Error"]["Code"]
        assert code != "UnknownOperationException"
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert told["Error"]["Message"]
        if code.endswith("Fault"):
            assert isinstance(error, getattr(client.exceptions, code))


def _ask(operation: Callable[..., Any], request: dict[str, Any]) -> tuple[dict[str, Any], ClientError | None]:
    try:
        return operation(**request), None
    except ClientError as error:
        return error.response, error


def _least(shape: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {name: _least(shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return []
    if kind == "string":
        return shape.enum[0] if shape.enum else "1"
    return {"timestamp": dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), "boolean": True}.get(kind, 1)


def test_paginators_page() -> None:
    with EmbeddedSwf(clock=VirtualClock()) as service:
        client = service.client()
        for number in range(7):
            client.register_domain(name=f"d{number}", workflowExecutionRetentionPeriodInDays="1")
        pages = client.get_paginator("list_domains").paginate(
            registrationStatus="REGISTERED", PaginationConfig={"PageSize": 3}
        )
        assert [len(page["domainInfos"]) for page in pages] == [3, 3, 1]


def test_a_service_is_closed_at_the_end_of_its_block() -> None:
    with EmbeddedSwf() as service:
        service.call("ListDomains", {"registrationStatus": "REGISTERED"})
    assert service._closed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("5m", 300),
        ("3h", 10_800),
        ("1d 12h", 129_600),
        ("1d12h", 129_600),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("2w", 1_209_600),
        (dt.timedelta(minutes=1), 60),
        (0.5, 0.5),
        (0, 0),
    ],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "3", "h", "3 hours", "3h x", "-3h", -1, float("nan"), dt.timedelta(-1)])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        seconds(text)


def test_a_clock_moves_by_durations_and_to_instants() -> None:
    clock = VirtualClock(dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))
    clock.advance("1d")
    clock.advance(dt.timedelta(hours=1))
    assert repr(clock) == "<VirtualClock 2024-01-02T01:00:00+00:00>"
    clock.advance_to(dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc))
    assert repr(clock) == "<VirtualClock 2025-01-01T00:00:00+00:00>"
