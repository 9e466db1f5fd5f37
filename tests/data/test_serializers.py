"""JSON and protobuf: what goes in comes out, or the error says where it could not."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import sys
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast.exceptions import SerializationError
from pyswf_fast.serializers import JsonSerializer, ProtobufSerializer, Serializer

JSON = JsonSerializer()

# two lone surrogates that make a pair are one character to JSON, so at most one of either kind is drawn
texts = st.text() | st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDBFF), max_size=3)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values)
def test_every_json_value_comes_back(value: Any) -> None:
    assert JSON.deserialize_result(JSON.serialize_result(value)) == value


@given(st.lists(values, max_size=4), st.dictionaries(st.text(), values, max_size=4))
def test_every_input_comes_back(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert JSON.deserialize_input(JSON.serialize_input(args, kwargs)) == (args, kwargs)


@given(values)
def test_what_the_standard_json_wrote_is_read(value: Any) -> None:
    assert JSON.deserialize_result(json.dumps(value)) == value
    assert JSON.deserialize_result(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**18, 10**19, 10**300]
)
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [n, "x"], lambda n: {"n": [{"m": n}]}])
def test_integers_stay_integers_at_any_size(number: int, wrap: Any) -> None:
    value = wrap(number)
    back = JSON.deserialize_result(JSON.serialize_result(value))
    assert back == value
    assert "e" not in JSON.serialize_result(back).replace("null", "")


@pytest.mark.parametrize("value", [math.inf, -math.inf, [None, math.inf], {"a": [1, -math.inf]}])
def test_infinities_are_not_turned_into_null(value: Any) -> None:
    assert JSON.deserialize_result(JSON.serialize_result(value)) == value


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("value", [math.nan, math.inf, [None, {"x": -math.inf}], {1: math.nan}])
def test_every_reader_of_json_reads_what_is_no_number(value: Any) -> None:
    assert "$numberDouble" in str(strictly(JSON.serialize_result(value)))


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}'])
def test_what_older_writers_made_of_nan_is_read(text: str) -> None:
    assert str(JSON.deserialize_result(text)) == str(json.loads(text))


wrapped = st.recursive(
    st.sampled_from(["NaN", "Infinity", "x"]) | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.dictionaries(st.sampled_from(["$numberDouble", "a"]), inner) | st.lists(inner),
    max_leaves=8,
)


@given(wrapped)
def test_dicts_that_look_like_a_nan_come_back_as_dicts(value: Any) -> None:
    text = JSON.serialize_result(value)
    strictly(text)
    assert JSON.deserialize_result(text) == value


def test_nan_comes_back() -> None:
    back = JSON.deserialize_result(JSON.serialize_result([None, float("nan"), {"x": math.nan}]))
    assert back[0] is None
    assert math.isnan(back[1])
    assert math.isnan(back[2]["x"])


def test_a_none_beside_no_nan_stays_fast_and_right() -> None:
    assert JSON.serialize_result([None, 1.5, "null"]) == '[null,1.5,"null"]'


def test_keys_that_are_no_strings_are_written_as_json_does() -> None:
    value = {2: "a", 1.5: "b", None: "d", True: [{-1: 0}]}
    assert JSON.deserialize_result(JSON.serialize_result(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [{1: "a", "1": "b"}, [{"x": {None: 0, "null": 1}}], {True: 1, "true": 2}])
def test_keys_that_json_would_merge_are_an_error(value: Any) -> None:
    with pytest.raises(SerializationError, match="are one in JSON"):
        JSON.serialize_result(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "an object is no JSON value"),
        ({"a": [1, {2j}]}, r"at \['a'\]\[1\]: a complex is no JSON value"),
        ([{"x": object}], r"at \[0\]\['x'\]: a type is no JSON value"),
        ({"k": {(1, 2): 3}}, r"at \['k'\]: the key \(1, 2\) is a tuple"),
        ([1, [2, 3j]], r"at \[1\]\[1\]: a complex is no JSON value"),
        (lambda: None, "a function is no JSON value"),
    ],
)
def test_the_error_names_the_place(value: Any, message: str) -> None:
    with pytest.raises(SerializationError, match=message):
        JSON.serialize_result(value)


def test_a_value_that_contains_itself_is_an_error() -> None:
    value: list[Any] = [1]
    value.append({"again": value})
    with pytest.raises(SerializationError, match=r"at \[1\]\['again'\]: it contains itself"):
        JSON.serialize_result(value)


def test_the_same_value_twice_is_no_circle() -> None:
    shared = [1]
    assert JSON.deserialize_result(JSON.serialize_result([shared, shared, 2**70])) == [[1], [1], 2**70]


def test_nesting_is_bounded_by_an_error_and_not_by_a_crash() -> None:
    value: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 10):
        value = [value]
    with pytest.raises(SerializationError, match="nested too deeply"):
        JSON.serialize_result(value)
    with pytest.raises(SerializationError, match="no JSON"):
        JSON.deserialize_result("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("depth", [250, 260, 500])
def test_what_is_too_deep_for_orjson_alone_passes(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    assert JSON.deserialize_result(JSON.serialize_result(value)) == value


class Color(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    made: dt.datetime


def test_what_orjson_writes_is_written_the_same_beside_what_it_refuses() -> None:
    moment = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.timezone.utc)
    value = [Point(1.5, moment), Color.RED, uuid.UUID(int=1), moment.date(), (1, 2)]
    plain = [
        {"x": 1.5, "made": "2024-05-06T07:08:09+00:00"},
        "red",
        "00000000-0000-0000-0000-000000000001",
        "2024-05-06",
        [1, 2],
    ]
    assert JSON.deserialize_result(JSON.serialize_result(value)) == plain
    assert JSON.deserialize_result(JSON.serialize_result([*value, 2**64])) == [*plain, 2**64]


def test_nan_inside_a_dataclass_is_not_turned_into_null() -> None:
    back = JSON.deserialize_result(JSON.serialize_result(Point(math.nan, dt.datetime(2024, 1, 1))))
    assert math.isnan(back["x"])


@pytest.mark.parametrize("text", ["", "{", "nope", "[1,]", '"\x00', b"\xff"])
def test_text_that_is_no_json_is_an_error(text: str | bytes) -> None:
    with pytest.raises(SerializationError, match="this is no JSON"):
        JSON.deserialize_result(text)


@pytest.mark.parametrize("text", ["1", "[]", "[1,2]", "[[],[]]", "[{},[]]", "[[],{},0]", "null"])
def test_input_of_another_shape_is_an_error(text: str) -> None:
    with pytest.raises(SerializationError, match=r"expected the JSON array \[args, kwargs\]"):
        JSON.deserialize_input(text)


def test_inputs_of_pyswfaws_are_read() -> None:
    assert JSON.deserialize_input('[["\\u00fc", 1, NaN], {"k": null}]')[0][:2] == ["ü", 1]


def test_the_protocol_is_four_methods() -> None:
    assert isinstance(JSON, Serializer)
    assert not isinstance(object(), Serializer)


class TestProtobuf:
    @pytest.fixture
    def message(self) -> Any:
        return pytest.importorskip("google.protobuf.wrappers_pb2").StringValue

    @given(st.text())
    def test_messages_come_back(self, text: str) -> None:
        message = pytest.importorskip("google.protobuf.wrappers_pb2").StringValue
        serializer = ProtobufSerializer(message)
        sent = message(value=text)
        assert serializer.deserialize_result(serializer.serialize_result(sent)) == sent
        assert serializer.deserialize_input(serializer.serialize_input([sent], {})) == ([sent], {})
        assert serializer.deserialize_input(serializer.serialize_input([], {"m": sent})) == ([sent], {})

    @pytest.mark.parametrize("count", [0, 2])
    def test_an_input_is_one_argument(self, message: Any, count: int) -> None:
        with pytest.raises(SerializationError, match=f"this call has {count}"):
            ProtobufSerializer(message).serialize_input([message()] * count, {})

    @pytest.mark.parametrize("value", [None, "text", 0])
    def test_other_values_are_an_error(self, message: Any, value: Any) -> None:
        with pytest.raises(SerializationError, match="expected a StringValue message"):
            ProtobufSerializer(message).serialize_result(value)

    def test_other_bytes_are_an_error(self, message: Any) -> None:
        with pytest.raises(SerializationError, match="no StringValue"):
            ProtobufSerializer(message).deserialize_result(b"\xff\xff\xff")
        with pytest.raises(SerializationError, match="expected the bytes of a StringValue, found a str"):
            ProtobufSerializer(message).deserialize_result("text")  # type: ignore[arg-type]

    def test_another_class_is_an_error(self, message: Any) -> None:
        with pytest.raises(SerializationError, match="no generated protobuf message class"):
            ProtobufSerializer(dict)

    def test_without_the_package_the_error_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "google.protobuf.message", None)
        with pytest.raises(SerializationError, match=r"pip install 'pyswf-fast\[protobuf\]'"):
            ProtobufSerializer(dict)
