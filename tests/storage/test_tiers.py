"""The first tier that fits: round trips around each limit, bombs, dictionaries, what a field refers to."""

from __future__ import annotations

import random
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pyswf_fast.exceptions import (
    ConfigurationError,
    DataStoreError,
    DecompressionLimitExceeded,
    PayloadCorrupted,
    PayloadTooLarge,
    SerializationError,
)
from pyswf_fast.payload import DATA_LIMIT, Codec
from pyswf_fast.storage import (
    Dictionary,
    FileDataStore,
    MemoryDataStore,
    PayloadCache,
    SwfDataStore,
    Tiers,
    references,
)
from pyswf_fast.storage.fields import read_field, write_field
from pyswf_fast.storage.offloaded import Draft

ALPHABETS = {"plain": "x", "ascii": string.printable, "astral": "".join(map(chr, range(0x1F300, 0x1F500)))}


def put(written: str | bytes, store: Any, limit: int = DATA_LIMIT) -> str:
    field = write_field(written, limit, store, "d/w/r", "it", lambda length: PayloadTooLarge(str(length)))
    return field.field if isinstance(field, Draft) else field


@settings(max_examples=60, deadline=None)
@given(
    limit=st.sampled_from([2_048, 32_768]),
    beyond=st.integers(-3, 3),
    alphabet=st.sampled_from(list(ALPHABETS)),
    as_bytes=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_is_written_comes_back_around_each_limit(
    limit: int, beyond: int, alphabet: str, as_bytes: bool, seed: int
) -> None:
    store = MemoryDataStore()
    text = "".join(random.Random(seed).choices(ALPHABETS[alphabet], k=limit + beyond))
    written: str | bytes = text.encode() if as_bytes else text
    field = put(written, store, limit)
    assert len(field) <= limit
    back = read_field(field, store, "it")
    assert back == written
    assert type(back) is type(written)
    if not as_bytes and beyond <= 0:
        assert field == text
    if alphabet == "plain" and (beyond > 0 or as_bytes):
        assert field.startswith("~z" if not as_bytes else "~Z") or len(field) < 3000
    if alphabet != "plain" and beyond > 0:
        assert len(store.objects) == 1


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.binary(), st.sampled_from([1, 10, None]))
def test_thresholds_change_no_value(written: str | bytes, threshold: int | None) -> None:
    for tiers in (Tiers(compress_from=threshold), Tiers(store_from=threshold, compress_from=threshold)):
        store = MemoryDataStore(tiers=tiers)
        back = read_field(put(written, store), store, "it")
        assert back == written
        assert type(back) is type(written)


def test_fifty_megabytes() -> None:
    store = MemoryDataStore(tiers=Tiers(level=1))
    codec = Codec("f", result_data_store=store)
    value = "line of a log, number 12345\n" * 1_800_000 + "".join(
        random.Random(1).choices(string.printable, k=60_000)
    )
    assert codec.decode_result(codec.encode_result(value, "d/w/r")) == value
    assert len(store.objects) == 1


def test_no_store_is_needed_for_what_fits_compressed() -> None:
    codec = Codec("f")
    value = [{"id": number, "state": "COMPLETED"} for number in range(3_000)]
    field = codec.encode_result(value, "d/w/r")
    assert field.startswith("~z")
    assert field.isascii()
    assert len(field) < DATA_LIMIT
    assert codec.decode_result(field) == value


def test_a_bomb_is_refused_with_the_limit() -> None:
    store = SwfDataStore(tiers=Tiers(max_bytes=10_000))
    field = put("x" * 40_000, SwfDataStore())
    with pytest.raises(DecompressionLimitExceeded, match=r"40,000 bytes.* the limit is 10,000"):
        read_field(field, store, "it")
    stored = MemoryDataStore(always=True)
    field = put("x" * 40_000, stored)
    stored.tiers = store.tiers
    with pytest.raises(DecompressionLimitExceeded, match="10,000"):
        read_field(field, stored, "it")


def test_a_frame_that_hides_or_belies_its_size_is_refused() -> None:
    from pyswf_fast.storage.compression import decompress

    hidden = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 1_000_000)
    with pytest.raises(PayloadCorrupted, match="does not say"):
        decompress(hidden, 10**9, None, "it")
    for broken in (
        b"",
        b"abc",
        hidden[:9],
        zstandard.compress(b"x" * 1_000)[:-2],
        zstandard.compress(b"x") + b"y",
    ):
        with pytest.raises(PayloadCorrupted):
            decompress(broken, 10**9, None, "it")


@pytest.mark.parametrize("field", ["~z!!!", "~zAAAA", "~d12345678:~tx", "~dxx", "~d12345678~z"])
def test_a_broken_field_is_named(field: str) -> None:
    with pytest.raises(SerializationError, match="it"):
        read_field(field, SwfDataStore(), "it")


def test_a_dictionary_makes_small_payloads_smaller() -> None:
    texts = [f'{{"kind":"order","customer":"c-{n * 7919 % 1000}","total":{n}}}' for n in range(2000)]
    dictionary = Dictionary.train(texts, 4096)
    plain = SwfDataStore(tiers=Tiers(compress_from=1))
    trained = SwfDataStore(tiers=Tiers(compress_from=1, dictionary=dictionary))
    text = '{"kind":"order","customer":"c-77","total":77}' * 2
    assert len(put(text, trained)) < len(put(text, plain))
    assert read_field(put(text, trained), SwfDataStore(tiers=Tiers(known=(dictionary,))), "it") == text
    with pytest.raises(SerializationError, match=f"dictionary {dictionary.id}"):
        read_field(put(text, trained), SwfDataStore(), "it")
    with pytest.raises(ConfigurationError, match="no dictionary can be made of 1 samples"):
        Dictionary.train(["x"])
    with pytest.raises(ConfigurationError, match="no zstd dictionary"):
        Dictionary(b"nothing")


def test_two_runs_never_share_an_object() -> None:
    store = MemoryDataStore(always=True)
    codec = Codec("f", result_data_store=store)
    one, two = codec.encode_result([1], "d/w/r1"), codec.encode_result([1], "d/w/r2")
    assert one != two
    store.delete(key for key in list(store.objects) if "/r1/" in key)
    assert codec.decode_result(two) == [1]
    with pytest.raises(DataStoreError):
        codec.decode_result(one)


def test_references_are_found_wherever_they_are() -> None:
    store = MemoryDataStore(always=True)
    codec = Codec("f", input_data_store=store, result_data_store=store)
    one = codec.encode_input([1], {}, "d/w/r")
    beat = codec.encode_value({"at": 3}, "d/w/r", "heartbeat", 2_048)
    both = codec.encode_again(one, beat, "d/w/r")
    assert references(one) == [one[2:]]
    assert references(both) == [beat[2:], one[2:]]
    assert references(f'{{"n":1,"f":"x","r":"{one}"}}') == [one[2:]]
    assert references("s3://bucket/key") == ["s3://bucket/key"]
    for nothing in (None, "", "[1]", "~t~sx", "~zAAAA", '{"n":1,"f":"x","r":"[1]"}'):
        assert references(nothing) == []


def test_the_disk_cache_is_shared_bounded_and_verified(tmp_path: Any) -> None:
    folder = tmp_path / "cache"
    store = MemoryDataStore(always=True, cache=PayloadCache(0, folder, 20_000))
    codec = Codec("f", result_data_store=store)
    noise = "".join(random.Random(3).choices(string.printable, k=4_000))
    field = codec.encode_result(noise, "d/w/r")
    assert codec.decode_result(field) == codec.decode_result(field) == noise
    assert len(store.reads) == 1
    store.cache = PayloadCache(0, folder, 20_000)  # as another process has it
    assert codec.decode_result(field) == noise
    assert len(store.reads) == 1
    [file] = [path for path in folder.rglob("*") if path.is_file()]
    file.write_bytes(b"altered" + file.read_bytes()[7:])
    assert codec.decode_result(field) == noise
    assert len(store.reads) == 2
    for number in range(20):
        codec.decode_result(codec.encode_result(noise + str(number), "d/w/r"))
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 22_000 + 4_000


def test_what_nobody_could_read_is_not_written() -> None:
    store = MemoryDataStore(tiers=Tiers(max_bytes=40_000))
    assert read_field(put("x" * 40_000, store), store, "it") == "x" * 40_000
    for message in ("x" * 40_001, "é" * 40_000, random.Random(1).randbytes(40_001)):
        with pytest.raises(PayloadTooLarge, match=r"it has \d0,00\d bytes, and at most 40,000 are read"):
            put(message, store)
    assert not store.objects


@pytest.mark.parametrize("id", ["../../ab", "0123456G", "ABCDEF01", "a/b/c/d/"])
def test_the_id_of_a_dictionary_leads_nowhere(id: str, tmp_path: Path) -> None:
    store = FileDataStore(tmp_path / "within" / "store")
    (tmp_path / "within" / "store" / "dictionaries").mkdir(parents=True)
    (tmp_path / "within" / "ab").write_bytes(b"not a payload")
    with pytest.raises(SerializationError, match="a tier that this version"):
        read_field(f"~d{id}:~zAAAA", store, "it")


def test_dictionaries_of_two_stores_may_have_one_id() -> None:
    stores = []
    for kind in ("order", "visit"):
        texts = [f'{{"kind":"{kind}","of":"c-{n * 7919 % 1000}","total":{n}}}' for n in range(2000)]
        trained = bytearray(Dictionary.train(texts, 4096).data)
        trained[4:8] = (77).to_bytes(4, "little")
        store = MemoryDataStore(tiers=Tiers(compress_from=1, dictionary=Dictionary(bytes(trained))))
        text = "".join(texts[:20])
        field = put(text, store)
        assert field.startswith("~d0000004d:~z")
        stores.append((store, field, text))

    def read_alone() -> None:  # a thread has no contexts yet, as another process has none
        for store, field, text in reversed(stores):
            assert read_field(field, store, "it") == text

    with ThreadPoolExecutor(1) as pool:
        pool.submit(read_alone).result()


def test_the_length_of_a_heartbeat_may_be_absurd() -> None:
    for field in ("~h" + "9" * 5_000 + ":x", "~h9:12345678", "~h-1:x", "~h\u0663:xyz", "~h:"):
        with pytest.raises(SerializationError, match="no input with a heartbeat"):
            Codec("f").decode_input(field)
    assert Codec("f").decode_input('~h3:"a"[[1],{}]') == ([1], {})


def test_a_spoilt_file_of_the_cache_does_no_harm_though_it_cannot_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(f"{path} is not ours")

    store = MemoryDataStore(cache=PayloadCache(0, tmp_path))
    text = "".join(random.Random(1).choices(ALPHABETS["astral"], k=40_000))
    field = put(text, store)
    assert read_field(field, store, "it") == text
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    file.write_bytes(b"something else")
    monkeypatch.setattr(Path, "unlink", refuse)
    assert read_field(field, store, "it") == text
    assert len(store.reads) == 2
