"""An S3 of moto's over HTTP, and an embedded service."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from storage_line import Line

from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.storage import PayloadCache, S3DataStore

BUCKET = "payloads"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def session() -> boto3.session.Session:
    return boto3.session.Session("id", "secret", region_name="us-east-1")


@pytest.fixture
def line(session: boto3.session.Session) -> Line:
    return Line(session)


@pytest.fixture
def s3(
    moto_url: str, session: boto3.session.Session, line: Line, monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3DataStore]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    admin = boto3.client("s3", endpoint_url=moto_url, region_name="us-east-1",
                         aws_access_key_id="id", aws_secret_access_key="secret")  # fmt: skip
    admin.create_bucket(Bucket=BUCKET)
    yield S3DataStore(BUCKET, "base/key", session=session, cache=PayloadCache())
    line.heal()
    for item in admin.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        admin.delete_object(Bucket=BUCKET, Key=item["Key"])
    admin.close()


@pytest.fixture
def swf() -> Iterator[EmbeddedSwf]:
    running = EmbeddedSwf()
    yield running
    running.close()
