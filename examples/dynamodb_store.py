"""A data store of one's own: two methods, here on a DynamoDB table.

    aws dynamodb create-table --table-name payloads --billing-mode PAY_PER_REQUEST \\
      --attribute-definitions AttributeName=key,AttributeType=S --key-schema AttributeName=key,KeyType=HASH

An item holds 400 KB: enough for payloads of some megabytes of JSON, which come here compressed. The library
verifies size and hash, caches what is read, fetches ahead, and knows what to do when `get` or `put` raises.
"""

import time

import boto3

from pyswf_fast.exceptions import PayloadMissing

KEPT_DAYS = 400  # longer than the longest execution and the domain's retention


class DynamoDbStore:
    def __init__(self, table: str, **client_options) -> None:
        self._items = boto3.client("dynamodb", **client_options)
        self._table = table

    def put(self, message: bytes, key: str) -> str:
        expires = str(int(time.time()) + KEPT_DAYS * 86_400)  # let the table's time to live look at this
        item = {"key": {"S": key}, "message": {"B": message}, "expires": {"N": expires}}
        self._items.put_item(TableName=self._table, Item=item)
        return f"dynamodb:{key}"

    def get(self, reference: str) -> bytes:
        key = reference.removeprefix("dynamodb:")
        answer = self._items.get_item(TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True)
        if "Item" not in answer:
            raise PayloadMissing(f"table {self._table} has nothing under {key}", reference)
        return answer["Item"]["message"]["B"]
