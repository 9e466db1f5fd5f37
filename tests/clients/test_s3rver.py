"""A second S3: s3rver on Node.js, which shares no code with moto and knows no conditional put."""

from __future__ import annotations

import random
import shutil
import string
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from clients_service import Service, end, environment_of

from pyswf_fast import Client, Worker, activity_task, decision_task, wait_all
from pyswf_fast.exceptions import DataStoreMissing, PayloadMissing
from pyswf_fast.storage import PayloadCache, S3DataStore, references
from pyswf_fast.transport import Boto3Transport

BUCKET = "payloads"
NAMES = {"aws_access_key_id": "S3RVER", "aws_secret_access_key": "S3RVER", "region_name": "us-east-1"}
LARGE = random.Random(1).randbytes(17_000_000)


def noise(seed: int) -> str:
    return "".join(random.Random(seed).choices(string.printable, k=40_000))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node = shutil.which("node")
    assert node is not None, "Node.js is not there"
    program = environment_of("s3rver") / "node_modules" / "s3rver" / "bin" / "s3rver.js"
    command: list[str | Path] = [node, program, "--silent", "-a", "127.0.0.1", "-p", "0"]
    command += ["-d", tmp_path_factory.mktemp("s3rver"), "--configure-bucket", BUCKET]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert server.stdout is not None
    said = next(line for line in server.stdout if line.strip())
    assert "listening on" in said
    yield f"http://{said.split()[-1]}"
    end(server)
    server.communicate()


@pytest.fixture
def session() -> boto3.session.Session:
    return boto3.session.Session(**NAMES)


@pytest.fixture
def store(url: str, session: boto3.session.Session) -> S3DataStore:
    return S3DataStore(BUCKET, "base/key", session=session, endpoint_url=url, cache=PayloadCache())


@pytest.mark.parametrize("message", ["", "é 😀" * 9_000, b"", bytes(range(256)) * 200, LARGE])
def test_messages_come_back(store: S3DataStore, message: str | bytes) -> None:
    assert store.get(store.put(message, "d/w%2F1 é/r/x")) == message


def test_parts_are_asked_for(store: S3DataStore, session: boto3.session.Session) -> None:
    started: list[str] = []
    events: Any = session.events
    events.register("before-call.s3", lambda model, **_: started.append(model.name))
    assert store.get(store.put(LARGE, "d/w/parts/x")) == LARGE
    assert started.count("UploadPart") == 3
    assert started.count("GetObject") == 3


def test_content_is_kept_once(store: S3DataStore) -> None:
    key = store.put(noise(1), "d/w/once/x").rpartition("#")[2][:64]
    references = {store.put(noise(1), f"d/w/once/{key}") for _ in range(2)}
    assert len(references) == 1
    assert store.get(references.pop()) == noise(1)


def test_objects_are_listed_and_deleted(store: S3DataStore) -> None:
    written = [store.put(str(number), f"d/list {number}/r/x") for number in range(3)]
    assert sorted(item.key for item in store.list("d/list")) == [f"d/list%20{n}/r/x" for n in range(3)]
    store.delete(["d/list%200/r/x", "d/list%202/r/x", "d/none"])
    assert [(item.key, item.size) for item in store.list("d/list")] == [("d/list%201/r/x", 1)]
    with pytest.raises(PayloadMissing, match="NoSuchKey"):
        store.get(written[0])


def test_a_bucket_that_is_not_there(url: str, session: boto3.session.Session) -> None:
    store = S3DataStore("no-such-bucket", "k", session=session, endpoint_url=url)
    with pytest.raises(DataStoreMissing, match="NoSuchBucket"):
        store.put("x", "y")


def test_a_workflow_whose_payloads_lie_there(
    service: Service, store: S3DataStore, session: boto3.session.Session
) -> None:
    @activity_task(input_data_store=store, result_data_store=store)
    def turn(number: int, text: str) -> str:
        return noise(number) + text[::-1]

    @decision_task(input_data_store=store, result_data_store=store)
    def flow(text: str) -> str:
        return "".join(wait_all(*[turn(number, text) for number in range(3)]))

    service.register_domain("s3rver")
    swf = Boto3Transport(session, endpoint_url=service.url)
    client = Client("s3rver", transport=swf)
    worker = Worker("s3rver", [flow], [turn], transport=swf)
    client.register([flow], [turn])
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        execution = client.start(flow, noise(9), workflow_id="w 1é")
        assert execution.result(60) == "".join(noise(number) + noise(9)[::-1] for number in range(3))
    finally:
        worker.stop()
        thread.join(30)
    texts = [value for event in execution.history() for value in event.attributes.values()]
    found = {reference for text in texts if isinstance(text, str) for reference in references(text)}
    assert len(found) == 8  # a start's input, three inputs and results, and the run's own
    assert {store.locate(reference)[0] for reference in found} == {each.key for each in store.list("s3rver/")}
