"""The codec: every value through a field and back, whatever its size, type and store."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyswf_fast.datastores import SwfDataStore
from pyswf_fast.exceptions import DataStoreError, ForeignReference, PayloadTooLarge, SerializationError
from pyswf_fast.payload import DATA_LIMIT, PREFIX, Codec


class MemoryStore:
    """A store as a user would write it: two methods, references of its own."""

    def __init__(self, always: bool = False) -> None:
        self.always = always
        self.kept: dict[str, Any] = {}

    def put(self, message: Any, key: str) -> str:
        self.kept[key] = message
        return f"ref:{key}"

    def get(self, reference: str) -> Any:
        return self.kept[reference.removeprefix("ref:")]


def noise(length: int, alphabet: str = string.printable) -> str:
    """Text that no compression makes shorter."""
    return "".join(random.Random(length).choices(alphabet, k=length))


class Verbatim:
    """A serializer whose text is its value, so that tests choose the text."""

    def serialize_input(self, args: Any, kwargs: Any) -> Any:
        return args[0]

    def deserialize_input(self, text: Any) -> Any:
        return [text], {}

    def serialize_result(self, result: Any) -> Any:
        return result

    def deserialize_result(self, text: Any) -> Any:
        return text


def resize(url: str, when: object, *more: object, size: int = 1) -> None: ...


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
stores = st.sampled_from([None, "long", "always"])


def make(store: str | None, serializer: Any = None) -> Codec:
    kept = None if store is None else MemoryStore(always=store == "always")
    return Codec(
        "f",
        input_data_serializer=serializer,
        input_data_store=kept,
        result_data_serializer=serializer,
        result_data_store=kept,
    )


@given(values, stores)
def test_json_values_come_back_by_every_field(value: Any, store: str | None) -> None:
    codec = make(store)
    assert codec.decode_result(codec.encode_result(value, "d/w/r")) == value
    assert codec.decode_input(codec.encode_input([value], {"k": value}, "d/w/r")) == ([value], {"k": value})
    assert codec.decode_value(codec.encode_value(value, "d/w/r", "signal")) == value


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.binary(), stores)
def test_what_serializers_write_comes_back_as_its_type(text: str | bytes, store: str | None) -> None:
    codec = make(store, Verbatim())
    for field, read in (
        (codec.encode_result(text, "s"), codec.decode_result),
        (codec.encode_input([text], {}, "s"), lambda field: codec.decode_input(field)[0][0]),
    ):
        assert field
        back = read(field)
        assert back == text
        assert type(back) is type(text)


@pytest.mark.parametrize("text", ["", "~", "~~", "~b", "~t~", "~sref", "~Sx", "~zzz", "ordinary"])
@pytest.mark.parametrize("store", [None, "long", "always"])
def test_text_that_begins_like_a_prefix_comes_back(text: str, store: str | None) -> None:
    codec = make(store, Verbatim())
    assert codec.decode_result(codec.encode_result(text, "")) == text


@pytest.mark.parametrize("value", [None, 0, False, "", [], {}, 0.0])
def test_falsy_values_survive(value: Any) -> None:
    codec = Codec("f")
    back = codec.decode_result(codec.encode_result(value, ""))
    assert back == value
    assert type(back) is type(value)


def test_no_text_is_none_and_no_arguments() -> None:
    codec = Codec("f")
    assert codec.decode_result(None) is None
    assert codec.decode_result("") is None
    assert codec.decode_input(None) == ([], {})
    assert codec.decode_input("") == ([], {})
    assert codec.decode_value(None) is None


def test_plain_json_is_in_the_field_as_it_is() -> None:
    assert Codec("f").encode_result({"a": "ü"}, "") == '{"a":"ü"}'
    assert Codec("f").encode_input([1], {"b": 2}, "") == '[[1],{"b":2}]'


def test_no_json_begins_with_the_prefix() -> None:
    assert Codec("f").plain_results
    assert not Codec("f", result_data_serializer=Verbatim()).plain_results
    assert len(PREFIX) == 1
    assert PREFIX not in '{["-0123456789tfnNI \t\r\n'


@pytest.mark.parametrize("first", [" ", "é", "😀"])
def test_a_field_takes_32768_characters_and_no_more(first: str) -> None:
    codec = Codec("resize", resize)
    alphabet = "".join(chr(ord(first) + step) for step in range(95)).replace('"', "").replace("\\", "")
    text = noise(DATA_LIMIT - 2, alphabet)
    assert codec.decode_result(codec.encode_result(text, "")) == text
    with pytest.raises(PayloadTooLarge) as caught:
        codec.encode_result(text + first, "")
    message = str(caught.value)
    for part in ("result", "resize()", "32,769", "32,768", "result_data_store"):
        assert part in message
    with pytest.raises(PayloadTooLarge, match="input_data_store"):
        codec.encode_input([text], {}, "")
    with pytest.raises(PayloadTooLarge, match="2,048"):
        codec.encode_value(text[:2047], "", "heartbeat", 2048)


def test_only_what_is_too_long_goes_to_the_store() -> None:
    store = MemoryStore()
    codec = Codec("f", result_data_store=store)
    text = noise(DATA_LIMIT - 1, string.ascii_letters + string.digits + "+-*/=<>()[]{}!?.,;:")
    codec.encode_result(text[1:], "d/w/r")
    codec.encode_result("x" * 1_000_000, "d/w/r")
    assert store.kept == {}
    field = codec.encode_result(text, "d/w/r")
    (key,) = store.kept
    assert key.startswith("d/w/r/")
    assert len(key.rpartition("/")[2]) == 64
    assert field.startswith(PREFIX)
    assert codec.decode_result(field) == text


def test_a_smaller_field_goes_to_the_store_sooner() -> None:
    store = MemoryStore()
    field = Codec("f", result_data_store=store).encode_result(noise(500), "", limit=400)
    assert len(store.kept) == 1
    assert len(field) < 400
    details = Codec("f").encode_failure(ValueError("x" * 5000), "", limit=400)[1]
    assert len(details) <= 400


def test_equal_payloads_of_two_runs_have_keys_of_their_own() -> None:
    store = MemoryStore(always=True)
    codec = Codec("f", result_data_store=store)
    codec.encode_result(1, "d/w/r1")
    codec.encode_result(1, "d/w/r2")
    codec.encode_result(1, "d/w/r2")
    assert len(store.kept) == 2


def test_a_store_that_turns_text_into_bytes_is_understood() -> None:
    class Bytes(MemoryStore):
        def get(self, reference: str) -> Any:
            found = super().get(reference)
            return found.encode() if isinstance(found, str) else found

    codec = Codec("f", result_data_store=Bytes(always=True))
    assert codec.decode_result(codec.encode_result("ü", "")) == "ü"


def test_a_store_that_fails_gives_a_named_error() -> None:
    class Broken(MemoryStore):
        def put(self, message: Any, key: str) -> str:
            raise OSError("disk full")

    with pytest.raises(DataStoreError, match=r"result of f\(\) could not be stored as d/w/r/.*disk full"):
        Codec("f", result_data_store=Broken(always=True)).encode_result(1, "d/w/r")
    with pytest.raises(
        DataStoreError, match=r"result of f\(\) could not be had from ref:gone#0+.1.b: KeyError"
    ):
        Codec("f", result_data_store=MemoryStore()).decode_result(f"~sref:gone#{'0' * 64}.1.b")
    with pytest.raises(ForeignReference, match="no store of this library made"):
        Codec("f", result_data_store=MemoryStore()).decode_result("~sref:gone")


def test_a_reference_without_a_store_says_what_is_missing() -> None:
    with pytest.raises(DataStoreError, match="give the decorator the data store that wrote it"):
        Codec("f", result_data_store=SwfDataStore()).decode_result("~sref:x")


def test_a_tier_of_the_future_is_an_error() -> None:
    with pytest.raises(SerializationError, match="begins with '~qxyz'"):
        Codec("f").decode_result("~qxyz")


def test_base64_that_is_none_is_an_error() -> None:
    with pytest.raises(SerializationError, match="no base64"):
        Codec("f").decode_result("~b!!!")


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (("u", object()), {}, r"argument 'when' of resize\(\): an object is no JSON value"),
        ((2j,), {"when": 2}, r"argument 'url' of resize\(\): a complex is no JSON value"),
        (("u", 1, 2, [3j]), {}, r"argument 'more\[1\]' of resize\(\): at \[0\]: a complex"),
        (("u",), {"when": 1, "size": object}, r"argument 'size' of resize\(\): a type"),
    ],
)
def test_the_error_names_function_and_argument(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(SerializationError, match=message):
        Codec("resize", resize).encode_input(args, kwargs, "")


def test_the_object_of_a_method_is_no_argument() -> None:
    class Shop:
        def sell(self, what: object) -> None: ...

    with pytest.raises(SerializationError, match=r"argument 'what' of Shop.sell\(\)"):
        Codec("Shop.sell", Shop.sell).encode_input([object()], {}, "")


def test_the_error_names_the_function_whose_result_cannot_be_written() -> None:
    with pytest.raises(SerializationError, match=r"result of f\(\): at \['a'\]: a complex is no JSON value"):
        Codec("f").encode_result({"a": 1j}, "")


@pytest.mark.parametrize("text", [None, 1, ["x"]])
def test_a_serializer_must_write_text(text: Any) -> None:
    with pytest.raises(SerializationError, match=r"result of f\(\): the serializer returned"):
        make(None, Verbatim()).encode_result(text, "")


def test_a_serializer_must_write_unicode() -> None:
    with pytest.raises(SerializationError, match="lone surrogate"):
        make(None, Verbatim()).encode_result("\ud800", "")


def test_whatever_a_serializer_raises_is_told_with_the_function() -> None:
    class Wild(Verbatim):
        def serialize_result(self, result: Any) -> Any:
            raise KeyError("oops")

        def deserialize_input(self, text: Any) -> Any:
            raise RuntimeError("cannot")

    codec = make(None, Wild())
    with pytest.raises(SerializationError, match=r"result of f\(\): KeyError: 'oops'"):
        codec.encode_result(1, "")
    with pytest.raises(SerializationError, match=r"input of f\(\): RuntimeError: cannot"):
        codec.decode_input("x")


# --- a heartbeat beside the input -------------------------------------------------------------------


@pytest.mark.parametrize("store", [None, "long", "always"])
@pytest.mark.parametrize("beat", [0, "", None, {"done": 3}, "~h9:", "ü" * 2000])
@settings(max_examples=30)  # of each of these
@given(args=st.lists(values, max_size=3))
def test_a_heartbeat_travels_with_the_recorded_input(store: str | None, beat: Any, args: list[Any]) -> None:
    codec = make(store)
    recorded = codec.encode_input(args, {}, "d/w/r")
    text = codec.encode_value(beat, "d/w/r", "heartbeat", 2048)
    again = codec.encode_again(recorded, text, "d/w/r")
    assert again.startswith(PREFIX + "h")
    assert codec.decode_input(again) == (args, {})
    assert codec.decode_heartbeat(again) == beat


def test_a_later_heartbeat_replaces_the_one_before() -> None:
    codec = make(None)
    recorded = codec.encode_input([1], {}, "s")
    twice = codec.encode_again(codec.encode_again(recorded, "1", "s"), "2", "s")
    assert twice == codec.encode_again(recorded, "2", "s")
    assert codec.decode_heartbeat(twice, "3") == 3


@pytest.mark.parametrize("field", [None, "", "[[1],{}]", PREFIX + "t~h"])
def test_an_input_without_a_heartbeat_has_none(field: str | None) -> None:
    assert make(None).decode_heartbeat(field) is None


@pytest.mark.parametrize("text", [noise(32_766), random.Random(1).randbytes(24_574)], ids=["text", "bytes"])
def test_a_store_takes_the_input_that_leaves_no_room_for_a_heartbeat(text: Any) -> None:
    codec = make("long", Verbatim())
    again = codec.encode_again(codec.encode_input([text], {}, "d/w/r"), "123", "d/w/r")
    assert len(again) < 300
    assert codec.decode_input(again) == ([text], {})
    assert codec.decode_heartbeat(again) == 123


def test_a_heartbeat_that_does_not_fit_is_dropped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    codec = make(None, Verbatim())
    recorded = codec.encode_input([noise(32_760)], {}, "s")
    assert codec.encode_again(recorded, "123", "s") == f"~h3:123{recorded}"
    caplog.clear()
    assert codec.encode_again(recorded, "12345678", "s") == recorded
    [warning] = caplog.messages
    assert "the next attempt begins without it" in warning
    older = codec.encode_again(recorded, "1", "s")
    assert codec.encode_again(older, "12345678", "s") == older


@pytest.mark.parametrize("field", ["~h", "~h:", "~h9:x", "~hx:y", "~h-1:y"])
def test_a_broken_heartbeat_is_named(field: str) -> None:
    with pytest.raises(SerializationError, match="no input with a heartbeat"):
        make(None).decode_input(field)
