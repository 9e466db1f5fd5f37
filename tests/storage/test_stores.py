"""Stores: what is put is got, what was altered is noticed, and no reference leads elsewhere."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyswf_fast.datastores import DataStore, FileDataStore, S3DataStore, SwfDataStore
from pyswf_fast.exceptions import ConfigurationError, DataStoreError
from pyswf_fast.payload import Codec

messages = st.text(st.characters(exclude_categories=["Cs"])) | st.binary()
KEY = "a domain/wörk%2Fflow/22uy+V=/0f3a"


class Bucket(ThreadingHTTPServer):
    """Just enough of S3 for PutObject and GetObject, path style."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BucketHandler)
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.refuse: tuple[int, str] | None = None


class BucketHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def do_PUT(self) -> None:
        self.server.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, b"")

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        found = self.server.objects.get(self.path.partition("?")[0])
        if self.server.refuse:
            status, code = self.server.refuse
            self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
        elif found is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
        else:
            self.answer(200, found)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def s3(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> S3DataStore:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{bucket.server_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return S3DataStore("bucket", "base/key/", "id", "secret", region="eu-west-1")


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DataStore:
    if request.param == "file":
        return FileDataStore(tmp_path / "made" / "when needed")
    return request.getfixturevalue("s3")  # type: ignore[no-any-return]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages)
def test_messages_come_back_as_their_type(store: DataStore, message: str | bytes) -> None:
    back = store.get(store.put(message, KEY))
    assert back == message
    assert type(back) is type(message)


def test_large_messages_come_back(store: DataStore) -> None:
    message = "é😀" * 1_000_000
    assert store.get(store.put(message, KEY)) == message


def test_a_store_serves_a_codec(store: DataStore) -> None:
    codec = Codec("f", result_data_store=store)
    value = {"x": "y" * 100_000}
    field = codec.encode_result(value, "d/w/r")
    assert len(field) < 300
    assert codec.decode_result(field) == value


def test_swf_is_its_own_store() -> None:
    assert SwfDataStore().get(SwfDataStore().put("text", KEY)) == "text"


class TestFiles:
    def test_the_key_is_the_path(self, tmp_path: Path) -> None:
        FileDataStore(tmp_path).put("x", "d/w/r/hash")
        assert (tmp_path / "d/w/r/hash").read_text() == "x"

    def test_nothing_half_written_is_left(self, tmp_path: Path) -> None:
        FileDataStore(tmp_path, fsync=True).put("x", "a")
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_another_process_reads_by_the_same_path(self, tmp_path: Path) -> None:
        reference = FileDataStore(tmp_path).put("x", "a")
        assert FileDataStore(str(tmp_path)).get(reference) == "x"

    @pytest.mark.parametrize(
        "key", ["../x", "..", "/etc/x", "a/../../x", "./x", "a//b", "x" * 300, "é" * 90, "a\x00b", "a\\..\\b"]
    )
    def test_no_key_leads_out_of_the_folder(self, tmp_path: Path, key: str) -> None:
        folder = tmp_path / "folder"
        store = FileDataStore(folder)
        assert store.get(store.put("x", key)) == "x"
        outside = [path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents]
        assert outside == []

    def test_long_names_that_begin_alike_stay_apart(self, tmp_path: Path) -> None:
        store = FileDataStore(tmp_path)
        one, two = store.put("1", "x" * 300 + "a"), store.put("2", "x" * 300 + "b")
        assert (store.get(one), store.get(two)) == ("1", "2")

    @pytest.mark.parametrize(
        "reference", ["", "x", "/etc/passwd", "file:a", "file:../x#" + "0" * 64 + ".1.t", "s3://b/k"]
    )
    def test_no_reference_leads_out_of_the_folder(self, tmp_path: Path, reference: str) -> None:
        (tmp_path / "x").write_text("secret")
        with pytest.raises(DataStoreError, match="no reference"):
            FileDataStore(tmp_path / "folder").get(reference)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        store = FileDataStore(tmp_path)
        reference = store.put("x", "d/a")
        (tmp_path / "d/a").unlink()
        with pytest.raises(DataStoreError, match="has nothing under file:d/a"):
            store.get(reference)

    @pytest.mark.parametrize(("altered", "message"), [(b"xy", "2 bytes instead of 3"), (b"xyZ", "SHA-256")])
    def test_an_altered_file_is_noticed(self, tmp_path: Path, altered: bytes, message: str) -> None:
        store = FileDataStore(tmp_path)
        reference = store.put("xyz", "a")
        (tmp_path / "a").write_bytes(altered)
        with pytest.raises(DataStoreError, match=message):
            store.get(reference)

    def test_a_folder_that_cannot_be_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(DataStoreError, match="could not be written"):
            FileDataStore(tmp_path / "file").put("x", "a")


class TestS3:
    def test_the_key_lies_under_the_base_key(self, s3: S3DataStore, bucket: Bucket) -> None:
        reference = s3.put("x", "d/w/r/hash")
        assert list(bucket.objects) == ["/bucket/base/key/d/w/r/hash"]
        assert reference.startswith("s3://bucket/base/key/d/w/r/hash#")

    def test_no_base_key_is_the_whole_bucket(self, s3: S3DataStore) -> None:
        store = S3DataStore("bucket", "", "id", "secret", region="eu-west-1")
        assert store.get(store.put("x", "d/a")) == "x"

    def test_references_of_pyswfaws_are_read(self, s3: S3DataStore, bucket: Bucket) -> None:
        bucket.objects["/bucket/base/key/run-1"] = b'"old"'
        assert s3.get("s3://bucket/base/key/run-1") == '"old"'
        assert Codec("f", result_data_store=s3).decode_result("s3://bucket/base/key/run-1") == "old"

    @pytest.mark.parametrize(
        "reference",
        [
            "",
            "x",
            "s3://other/base/key/x",
            "s3://bucket/elsewhere/x",
            "s3://bucket/base/keyx",
            "s3://bucket/base/key/../../x",
            "s3://bucket2/base/key/x",
            "file:x",
        ],
    )
    def test_no_reference_leads_elsewhere(self, s3: S3DataStore, bucket: Bucket, reference: str) -> None:
        with pytest.raises(DataStoreError, match="does not lie under s3://bucket/base/key/"):
            s3.get(reference)
        assert bucket.asked == []

    def test_a_missing_object_is_named(self, s3: S3DataStore, bucket: Bucket) -> None:
        reference = s3.put("x", "a")
        bucket.objects.clear()
        with pytest.raises(DataStoreError, match=r"s3://bucket/base/key/a.*NoSuchKey"):
            s3.get(reference)

    @pytest.mark.parametrize("refusal", [(403, "AccessDenied"), (503, "SlowDown")])
    def test_a_refusal_is_named(self, s3: S3DataStore, bucket: Bucket, refusal: tuple[int, str]) -> None:
        reference = s3.put("x", "a")
        bucket.refuse = refusal
        with pytest.raises(DataStoreError, match=refusal[1]):
            s3.get(reference)

    @pytest.mark.parametrize(("altered", "message"), [(b"xy", "2 bytes instead of 3"), (b"xyZ", "SHA-256")])
    def test_an_altered_object_is_noticed(
        self, s3: S3DataStore, bucket: Bucket, altered: bytes, message: str
    ) -> None:
        reference = s3.put("xyz", "a")
        bucket.objects["/bucket/base/key/a"] = altered
        with pytest.raises(DataStoreError, match=message):
            s3.get(reference)

    def test_no_connection_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        store = S3DataStore("b", "k", "id", "secret", region="eu-west-1", endpoint_url="http://127.0.0.1:9")
        with pytest.raises(DataStoreError, match="s3://b/k/a could not be written: Could not connect"):
            store.put("x", "a")

    def test_long_keys_fit(self, s3: S3DataStore, bucket: Bucket) -> None:
        assert s3.get(s3.put("x", "/".join(["%F0%9F%98%80" * 256] * 3))) == "x"
        assert all(len(path) < 1024 for path in bucket.objects)

    def test_a_store_travels_to_other_processes(self, s3: S3DataStore) -> None:
        reference = s3.put("x", "a")
        assert pickle.loads(pickle.dumps(s3)).get(reference) == "x"

    @pytest.mark.parametrize("arguments", [("", "k"), ("a/b", "k"), ("b", "k", "id"), ("b", "k", None, "s")])
    def test_nonsense_is_refused(self, arguments: Any) -> None:
        with pytest.raises(ConfigurationError):
            S3DataStore(*arguments)
