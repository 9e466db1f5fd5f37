"""S3 over HTTP: written once, in parts where it is large, encrypted where asked; every fault by its name."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from moto.s3.models import s3_backends
from storage_line import Line, refusal, silence

from pyswf_fast import exceptions
from pyswf_fast.exceptions import ConfigurationError, DataStoreError
from pyswf_fast.payload import Codec
from pyswf_fast.storage import Dictionary, PayloadCache, S3DataStore, Tiers

BUCKET = "payloads"
LONG = random.Random(1).randbytes(40_000)


def bytes_codec(store: Any) -> Codec:
    class Raw:
        def serialize_result(self, result: bytes) -> bytes:
            return result

        def deserialize_result(self, text: bytes) -> bytes:
            return text

    return Codec("f", result_data_serializer=Raw(), result_data_store=store)  # type: ignore[arg-type]


def kept(key: str) -> Any:
    """An object, as moto holds it."""
    return s3_backends["123456789012"]["aws"].buckets[BUCKET].keys["base/key/" + key]


def test_a_payload_is_written_once(s3: S3DataStore, line: Line) -> None:
    codec = bytes_codec(s3)
    field = codec.encode_result(LONG, "d/w%2F1/r")
    assert codec.encode_result(LONG, "d/w%2F1/r") == field
    [stored] = s3.list()
    assert stored.key.startswith("d/w%2F1/r/")
    assert field == f"~Ss3://{BUCKET}/base/key/{stored.key}#.{stored.size}.b"
    assert codec.decode_result(field) == LONG
    assert codec.decode_result(field) == LONG
    assert line.count("GET") - 1 == 1  # and one to list


def test_what_is_older_than_a_day_is_written_anew(s3: S3DataStore) -> None:
    reference = s3.put(LONG, "d/w/r/" + "0" * 64)
    again = "d/w/r/" + reference.rpartition("#")[2][:64]
    s3.put(LONG, again)
    old = dt.datetime.now() - dt.timedelta(days=1, minutes=1)
    kept(again).last_modified = old
    s3.put(LONG, again)
    assert kept(again).last_modified > old


def test_large_objects_go_in_parts(s3: S3DataStore, line: Line) -> None:
    large = random.Random(2).randbytes(17_000_000)
    reference = s3.put(large, "d/w/r/large")
    assert line.count("POST") >= 2
    assert s3.get(reference) == large


def test_what_is_larger_than_its_reference_says_is_not_read(s3: S3DataStore, line: Line) -> None:
    key = "d/w/r/" + "0" * 64
    s3.write(key, bytes(20_000_000), False)
    for size in (1_000, 17_000_000):
        asked = line.count("GET")
        with pytest.raises(exceptions.PayloadCorrupted, match=f"20000000 bytes instead of {size}"):
            s3.get(f"{s3.place}{key}#.{size}.b")
        assert line.count("GET") - asked == (size == 1_000)  # whose body is left unread


def test_server_side_encryption_is_asked_for(s3: S3DataStore, session: Any) -> None:
    S3DataStore(
        BUCKET, "base/key", session=session, server_side_encryption="aws:kms", kms_key_id="key-1"
    ).put(LONG, "kms")
    assert (kept("kms").encryption, kept("kms").kms_key_id) == ("aws:kms", "key-1")
    with pytest.raises(ConfigurationError, match="needs server_side_encryption"):
        S3DataStore(BUCKET, "k", kms_key_id="key-1")
    with pytest.raises(ConfigurationError, match="not both"):
        S3DataStore(BUCKET, "k", customer_key=b"x" * 32, server_side_encryption="AES256")


class Xor:
    """The client's own encryption, for tests alone."""

    def encrypt(self, plain: bytes, key: str) -> bytes:
        return b"sealed" + key.encode() + bytes(byte ^ 7 for byte in plain)

    def decrypt(self, sealed: bytes, key: str) -> bytes:
        prefix = b"sealed" + key.encode()
        if not sealed.startswith(prefix):
            raise ValueError("another key")
        return bytes(byte ^ 7 for byte in sealed[len(prefix) :])


def test_the_clients_own_encryption(s3: S3DataStore, session: Any, tmp_path: Any) -> None:
    store = S3DataStore(
        BUCKET, "base/key", session=session, cipher=Xor(), cache=PayloadCache(0, tmp_path / "cache")
    )
    field = bytes_codec(store).encode_result(LONG, "d/w/r")
    [stored] = store.list("d/")
    assert LONG[:100] not in kept(stored.key).value
    assert bytes_codec(store).decode_result(field) == LONG
    assert not (tmp_path / "cache").exists()
    kept(stored.key).value = b"other"
    with pytest.raises(exceptions.PayloadCorrupted, match=r"decrypted|checksum"):
        bytes_codec(store).decode_result(field)


def test_objects_are_listed_and_deleted(s3: S3DataStore) -> None:
    for number in range(3):
        s3.put(f"{number}", f"d/w{number}/r/x")
    assert sorted(item.key for item in s3.list("d/w")) == ["d/w0/r/x", "d/w1/r/x", "d/w2/r/x"]
    s3.delete(["d/w0/r/x", "d/w1/r/x", "gone"])
    assert [(item.key, item.size) for item in s3.list()] == [("d/w2/r/x", 1)]


def test_a_reader_finds_the_dictionary_in_the_store(s3: S3DataStore, session: Any) -> None:
    texts = [f'{{"kind":"order","customer":"c-{n * 7919 % 1000}","total":{n}}}' for n in range(2000)]
    dictionary = Dictionary.train(texts, 4096)
    s3.save_dictionary(dictionary)
    s3.tiers = Tiers(compress_from=1, dictionary=dictionary)
    writer = Codec("f", result_data_store=s3)
    orders = [{"kind": "order", "customer": f"c-{n}", "total": n} for n in (42, 142, 242)]
    field = writer.encode_result(orders, "d/w/r")
    assert field.startswith(f"~d{dictionary.id}:~z")
    reader = Codec("f", result_data_store=S3DataStore(BUCKET, "base/key", session=session))
    assert reader.decode_result(field) == orders


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(404, "NoSuchKey"), "PayloadMissing"),
        (refusal(403, "AccessDenied"), "DataStoreDenied"),
        (refusal(400, "ExpiredToken"), "CredentialsExpired"),
        (refusal(503, "SlowDown"), "DataStoreUnavailable"),
        (refusal(500, "InternalError"), "DataStoreUnavailable"),
        (silence, "DataStoreUnavailable"),
    ],
)
def test_each_fault_has_its_name(s3: S3DataStore, line: Line, answer: Any, error: str) -> None:
    reference = s3.put(LONG, "d/w/r/x")
    line.fail(answer)
    kind = getattr(exceptions, error)
    with pytest.raises(kind) as reading:
        s3.get(reference)
    assert "s3://payloads/base/key/d/w/r/x" in str(reading.value)
    assert reading.value.reference is not None
    if error != "PayloadMissing":
        with pytest.raises(kind):
            s3.put(LONG, "d/w/r/y")
    line.heal()
    assert s3.get(reference) == LONG


def test_what_passes_is_tried_again_at_once(s3: S3DataStore, line: Line) -> None:
    reference = s3.put(LONG, "d/w/r/x")
    line.fail(refusal(503, "SlowDown"), for_ever=False)
    assert s3.get(reference) == LONG


def test_a_bucket_that_is_not_there(session: Any, s3: S3DataStore) -> None:
    store = S3DataStore("no-such-bucket", "k", session=session)
    with pytest.raises(exceptions.DataStoreMissing, match="NoSuchBucket"):
        store.put(LONG, "x")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda body: body[:-1], "bytes instead of"),
        (lambda body: b"", "bytes instead of"),
        (lambda body: body[:50] + bytes([body[50] ^ 1]) + body[51:], "SHA-256|checksum"),
        (lambda body: body[::-1], "SHA-256|checksum"),
    ],
)
def test_what_was_altered_is_noticed(s3: S3DataStore, alter: Any, message: str) -> None:
    reference = s3.put(LONG, "d/w/r/x")
    kept("d/w/r/x").value = alter(LONG)
    with pytest.raises(DataStoreError, match=message) as caught:
        s3.get(reference)
    assert isinstance(caught.value, exceptions.PayloadCorrupted)
    assert not caught.value.may_pass
