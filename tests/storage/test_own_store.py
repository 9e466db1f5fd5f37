"""The store of examples/dynamodb_store.py, against moto's DynamoDB."""

from __future__ import annotations

import random
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pyswf_fast.exceptions import DataStoreUnavailable, PayloadMissing
from pyswf_fast.payload import Codec

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from dynamodb_store import DynamoDbStore


@pytest.fixture
def options(moto_url: str) -> Iterator[dict[str, Any]]:
    given = {"endpoint_url": moto_url, "region_name": "us-east-1",
             "aws_access_key_id": "id", "aws_secret_access_key": "secret"}  # fmt: skip
    admin = boto3.client("dynamodb", **given)
    admin.create_table(
        TableName="payloads",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    yield given
    admin.delete_table(TableName="payloads")
    admin.close()


def test_a_store_of_two_methods_is_all_that_is_needed(options: dict[str, Any]) -> None:
    value = "".join(random.Random(1).choices(string.printable, k=60_000))
    codec = Codec("f", result_data_store=DynamoDbStore("payloads", **options))
    field = codec.encode_result(value, "d/w/r")
    assert field.startswith("~sdynamodb:d/w/r/")
    assert codec.decode_result(field) == value
    with pytest.raises(PayloadMissing, match="nothing under"):
        codec.decode_result(f"~sdynamodb:d/w/r/{'0' * 64}#.9.b")
    with pytest.raises(DataStoreUnavailable, match="ResourceNotFoundException"):
        Codec("f", result_data_store=DynamoDbStore("elsewhere", **options)).encode_result(value, "d/w/r")
