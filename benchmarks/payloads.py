"""What payloads cost: encodings, compression levels, dictionaries, stores, and reading 1,000 of them.

    python benchmarks/payloads.py [encodings] [levels] [dictionary] [stores] [cold]

`stores` needs moto (`pip install moto[s3,server]`), and shows simpleflow's jumbo fields beside
where that is installed.
"""

from __future__ import annotations

import base64
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import zstandard
from generate import FAN_OUT, events

from pyswf_fast import activity_task, decision_task, wait_all, wait_any
from pyswf_fast._replay import History
from pyswf_fast.payload import Codec
from pyswf_fast.replayer import Replayer
from pyswf_fast.storage import (
    Dictionary,
    FileDataStore,
    MemoryDataStore,
    PayloadCache,
    S3DataStore,
    Tiers,
    traffic,
)

ROUNDS = 5
GET_SECS = 0.020
RESULTS = 1_000


def order(number: int) -> dict[str, Any]:
    """A record as services send it: many names, few of them new."""
    draw = random.Random(number)
    return {
        "orderId": f"{draw.getrandbits(64):016x}",
        "customer": {"id": draw.randrange(10**6), "country": draw.choice(["DE", "FR", "US", "JP"])},
        "items": [
            {
                "sku": f"SKU-{draw.randrange(10**5):05d}",
                "quantity": draw.randrange(1, 9),
                "cents": draw.randrange(10**5),
            }
            for _ in range(draw.randrange(1, 6))
        ],
        "state": draw.choice(["PAID", "SHIPPED", "RETURNED"]),
        "at": f"2026-11-{draw.randrange(1, 29):02d}T12:00:00Z",
    }


def orders(count: int) -> list[dict[str, Any]]:
    return [order(number) for number in range(count)]


def median_ms(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def cpu_ms(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """As median_ms, by the process's own time: others who use the machine do not count."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken) * 1000


def encodings() -> None:
    frame = zstandard.compress(json.dumps(orders(700)).encode())[:24_000]
    print(f"\n{len(frame)} bytes of zstd as text | characters | bytes in JSON | encode ms | decode ms")
    for name, encode, decode in (
        ("base64", base64.b64encode, base64.b64decode),
        ("base85", base64.b85encode, base64.b85decode),
    ):
        text = encode(frame)
        wire = len(json.dumps(text.decode())) - 2
        there, back = cpu_ms(partial(encode, frame)), cpu_ms(partial(decode, text))
        print(f"{name} | {len(text)} | {wire} | {there:.3f} | {back:.3f}")


def levels() -> None:
    body = json.dumps(orders(5_000), separators=(",", ":")).encode()
    print(f"\n{len(body):,} bytes of JSON | ratio | compress MB/s | decompress MB/s")
    for level in (-5, 1, 3, 6, 9, 12, 19):
        compressor = zstandard.ZstdCompressor(level=level)
        frame = compressor.compress(body)
        there = len(body) / cpu_ms(partial(compressor.compress, body), 3) / 1000
        back = len(body) / cpu_ms(partial(zstandard.decompress, frame), 5) / 1000
        print(f"level {level} | {len(body) / len(frame):.2f} | {there:.0f} | {back:.0f}")


def dictionary() -> None:
    texts = [json.dumps(one, separators=(",", ":")) for one in orders(4_000)]
    samples, rest = texts[:1_000], texts[1_000:2_000]
    print("\n1,000 orders, each a payload | characters in fields | CPU us a payload, there and back")
    print(f"as they are | {sum(map(len, rest)):,} |")
    for name, tiers in (
        ("zstd 3", Tiers(compress_from=1)),
        ("zstd 3, dictionary of 4 KB", Tiers(compress_from=1, dictionary=Dictionary.train(samples, 4_096))),
        ("zstd 3, dictionary of 32 KB", Tiers(compress_from=1, dictionary=Dictionary.train(samples, 32_768))),
    ):
        codec = Codec("f", result_data_store=MemoryDataStore(tiers=tiers))
        values = [json.loads(text) for text in rest]
        fields = write(codec, values, "d/w/r")
        taken = cpu_ms(partial(there_and_back, codec, values), 3)
        print(f"{name} | {sum(map(len, fields)):,} | {taken:.1f}")


def write(codec: Codec, values: list[Any], scope: str) -> list[str]:
    return [codec.encode_result(value, scope) for value in values]


def read(codec: Codec, fields: list[str]) -> list[Any]:
    return [codec.decode_result(field) for field in fields]


def there_and_back(codec: Codec, values: list[Any]) -> None:
    for value in values:
        codec.decode_result(codec.encode_result(value, "d/w/r"))


@contextmanager
def moto() -> Iterator[str]:
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # which tells of each request

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(
        AWS_ENDPOINT_URL_S3=f"http://{host}:{port}", AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="secret",
    )  # fmt: skip
    import boto3

    boto3.client("s3").create_bucket(Bucket="jumbo")
    yield f"http://{host}:{port}"
    server.stop()


def stores() -> None:
    values = [orders(2_500 + number) for number in range(8)]
    size = sum(len(json.dumps(value, separators=(",", ":"))) for value in values)
    print(f"\n{len(values)} lists of orders, {size:,} bytes of JSON | put ms | get ms | bytes stored")
    with tempfile.TemporaryDirectory() as folder, moto():
        made: list[tuple[str, Any]] = [
            ("memory", MemoryDataStore(always=True, cache=None)),
            ("files", FileDataStore(folder, always=True, cache=None)),
            ("S3 (moto)", S3DataStore("jumbo", "ours", always=True, cache=None)),
        ]
        for name, store in made:
            codec = Codec("f", result_data_store=store)
            scopes = count(1)
            there = median_ms(
                lambda codec=codec, scopes=scopes: write(codec, values, f"d/w/{next(scopes)}"), 3
            )
            back = median_ms(partial(read, codec, write(codec, values, "d/w/1")), 3)
            stored = sum(item.size for item in store.list("d/w/1/"))
            print(f"{name} | {there:.0f} | {back:.0f} | {stored:,}")
        jumbo_fields(values)


def jumbo_fields(values: list[Any]) -> None:
    os.environ["SIMPLEFLOW_JUMBO_FIELDS_BUCKET"] = "jumbo/theirs"
    try:
        from simpleflow import format as theirs
        from simpleflow import storage
    except ImportError as missing:
        print(f"simpleflow: skipped, {missing}")
        return
    fields: list[Any] = []

    def put() -> None:
        fields[:] = [theirs.result(value) for value in values]

    def get() -> list[Any]:
        theirs.JUMBO_FIELDS_MEMORY_CACHE.clear()  # which is without bound
        return [theirs.decode(field, use_proxy=False) for field in fields]

    there = median_ms(put, 3)
    back = median_ms(get, 3)
    stored = sum(item.size for item in storage.list_keys("jumbo", "theirs")) // 3
    print(f"simpleflow's jumbo fields (moto) | {there:.0f} | {back:.0f} | {stored:,}")


class Slow(MemoryDataStore):
    """A store in which each reading takes as long as one of S3."""

    def read(self, key: str, size: int | None) -> bytes:
        time.sleep(GET_SECS)
        return super().read(key, size)


def cold() -> None:
    store = Slow(always=True, cache=PayloadCache())
    codec = Codec("thumbnail", result_data_store=store)
    history, results = offloaded_history(events(FAN_OUT), codec)

    @activity_task(swf_task_type="thumbnail", result_data_store=store)
    def thumbnail(number: int) -> Any: ...

    @decision_task(swf_workflow_type="thumbnails")
    def decide() -> int:
        total = 0
        for first in range(0, results, 50):
            for result in wait_all(*[thumbnail(first + step) for step in range(50)]):
                total += result["bytes"]
        return total

    @decision_task(swf_workflow_type="thumbnails")
    def decide_unread() -> int:
        for first in range(0, results, 50):
            open_ones = [thumbnail(first + step) for step in range(50)]
            while open_ones := [one for one in open_ones if not one.is_ready]:
                wait_any(*open_ones)
        return 0

    def replay(decider: Any) -> Any:
        return Replayer(decider).replay(history).decisions

    print(
        f"\ncold decision, {results} results in a store, {GET_SECS * 1000:.0f} ms a reading | ms | readings"
    )
    for name, decider, at_once in (
        ("none is read", decide_unread, traffic.AT_ONCE),
        ("all are read, side by side", decide, traffic.AT_ONCE),
        ("all are in the cache", decide, traffic.AT_ONCE),
        ("all are read, one after another", decide, 0),
    ):
        if at_once == 0:
            store.cache = None
        elif "cache" not in name:
            store.cache = PayloadCache()
        store.reads.clear()
        begun = time.perf_counter()
        assert replay(decider)[0]["decisionType"] == "CompleteWorkflowExecution"
        print(f"{name} | {(time.perf_counter() - begun) * 1000:.0f} | {len(store.reads)}")


def offloaded_history(found: list[dict[str, Any]], codec: Codec) -> tuple[History, int]:
    """The first batches of a history, with results that lie in a store, and a decision task in hand."""
    kept: list[dict[str, Any]] = []
    done = 0
    for event in found:
        kept.append(event)
        completed = event.get("activityTaskCompletedEventAttributes")
        if completed:
            done += 1
            completed["result"] = codec.encode_result(json.loads(completed["result"]) | {"of": done}, "d/w/r")
        if done >= RESULTS and event["eventType"] == "DecisionTaskStarted":
            break
    kept[0]["workflowExecutionStartedEventAttributes"]["input"] = "[[],{}]"
    return History.from_json(json.dumps({"events": kept}).encode()), done


if __name__ == "__main__":
    parts = {part.__name__: part for part in (encodings, levels, dictionary, stores, cold)}
    for name in sys.argv[1:] or parts:
        parts[name]()
