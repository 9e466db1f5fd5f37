"""Values come back as the type that an annotation names, or an error says what does not fit, and where."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import functools
import math
import pathlib
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)

import attrs
import msgspec
import numpy as np
import numpy.typing as npt
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import NotRequired

from pyswf_fast import activity_task
from pyswf_fast.exceptions import ConversionError, SerializationError
from pyswf_fast.payload import Codec
from pyswf_fast.serializers import JsonSerializer

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Odd(enum.Enum):
    HALF = 0.5
    PAIR = (1, 2)
    NOTHING = None


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclass
class Cat:
    name: str
    lives: int = 9


@dataclass
class Dog:
    name: str
    bark: str = "woof"


@dataclass
class Order:
    id: uuid.UUID
    total: Decimal
    placed: dt.datetime
    pet: Cat | Dog
    tags: frozenset[str] = frozenset()
    _note: str = ""
    doubled: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.doubled = self.total * 2

    @functools.cached_property
    def half(self) -> Decimal:
        return self.total / 2


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Tree:
    pet: Cat | Dog
    branches: list[Tree] = field(default_factory=list)


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    when: dt.datetime = pydantic.Field(alias="at")
    inner: Model | None = None


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    when: dt.date
    several: tuple[int, ...] = ()


class Struct(msgspec.Struct, tag=True):
    day: dt.date
    numbers: set[int]


@attrs.define
class Attrs:
    day: dt.date


class Place(NamedTuple):
    x: int
    day: dt.date = dt.date(2000, 1, 1)


class Mixed(NamedTuple):
    pet: Cat | Dog
    count: int = 0


class Entry(TypedDict):
    day: dt.date
    count: NotRequired[int]


class PetEntry(TypedDict):
    pet: Cat | Dog


class Name(str):
    __slots__ = ()


UserId = NewType("UserId", uuid.UUID)

#: Python takes a time that a zone has twice, or never, for unequal to all times of other zones.
moments = st.datetimes(timezones=st.none() | st.just(dt.timezone.utc) | st.timezones()).filter(
    lambda moment: moment.utcoffset() == moment.replace(fold=1 - moment.fold).utcoffset()
)
days = st.dates()
cats = st.builds(Cat, st.text(), st.integers())
dogs = st.builds(Dog, st.text(), st.text())
decimals = st.decimals(allow_nan=False)
orders = st.builds(
    Order, st.uuids(), decimals, moments, cats | dogs, st.frozensets(st.text(), max_size=3), st.text()
)
floats = st.floats(width=32)
#: pydantic itself rounds the offsets of old local times.
utc = st.datetimes(timezones=st.none() | st.just(dt.timezone.utc))

#: What an annotation says, and values of it.
CASES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (dt.datetime, moments),
    (dt.date, days),
    (dt.time, st.times(timezones=st.none() | st.just(dt.timezone.utc))),
    (dt.timedelta, st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999))),
    (uuid.UUID, st.uuids()),
    (Decimal, decimals),
    (bytes, st.binary()),
    (bytearray, st.binary().map(bytearray)),
    (pathlib.PurePosixPath, st.text().map(pathlib.PurePosixPath)),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Odd, st.sampled_from(Odd)),
    (Rights, st.sampled_from([Rights.READ, Rights.READ | Rights.WRITE, Rights(0)])),
    (Name, st.text().map(Name)),
    (set[int], st.sets(st.integers())),
    (frozenset[dt.date], st.frozensets(days)),
    (set[Color | int], st.sets(st.sampled_from(Color) | st.integers())),
    (tuple[int, ...], st.lists(st.integers()).map(tuple)),
    (tuple[str, dt.date], st.tuples(st.text(), days)),
    (tuple[Cat | Dog, int], st.tuples(cats | dogs, st.integers())),
    (list[Order], st.lists(orders, max_size=2)),
    (Sequence[dt.date], st.lists(days)),
    (dict[str, Order], st.dictionaries(st.text(), orders, max_size=2)),
    (dict[int, dt.date], st.dictionaries(st.integers(-(2**62), 2**62), days)),
    (dict[uuid.UUID, Cat | Dog], st.dictionaries(st.uuids(), cats | dogs)),
    (dict[Color, float], st.dictionaries(st.sampled_from(Color), st.floats(allow_nan=False))),
    (Mapping[dt.date, int], st.dictionaries(days, st.integers())),
    (Optional[Order], st.none() | orders),  # noqa: UP045
    (Union[Cat, Dog], cats | dogs),  # noqa: UP007
    (Cat | Dog | None, cats | dogs | st.none()),
    (Cat | int | str, cats | st.integers() | st.text()),
    (dt.date | dt.datetime, days | st.datetimes()),
    (Model | int | None, st.builds(Model, at=utc) | st.integers() | st.none()),
    (Box[dt.date], st.builds(Box, days)),
    (Box[Any], st.builds(Box, st.text())),
    (Tree, st.builds(Tree, cats | dogs, st.lists(st.builds(Tree, cats), max_size=2))),
    (Model, st.builds(Model, at=utc, inner=st.none() | st.builds(Model, at=utc))),
    (Strict, st.builds(Strict, when=days, several=st.lists(st.integers(), max_size=3).map(tuple))),
    (Struct, st.builds(Struct, days, st.sets(st.integers()))),
    (Attrs, st.builds(Attrs, days)),
    (Place, st.builds(Place, st.integers(), days)),
    (Mixed, st.builds(Mixed, cats | dogs, st.integers())),
    (Entry, st.fixed_dictionaries({"day": days}, optional={"count": st.integers()})),
    (PetEntry, st.fixed_dictionaries({"pet": cats | dogs})),
    (UserId, st.uuids()),
    (Literal["a", 1, None], st.sampled_from(["a", 1, None])),
    (Literal[Color.RED], st.just(Color.RED)),
    (list[Odd], st.lists(st.sampled_from(Odd))),
    (Coroutine[Any, Any, Order], orders),
    (np.float32, floats.map(np.float32)),
    (np.int64, st.integers(-(2**63), 2**63 - 1).map(np.int64)),
    # plain
    (int, st.integers()),
    (float, st.floats()),
    (list[float | None], st.lists(st.none() | st.floats(allow_nan=False))),
    (dict[str, list[int]], st.dictionaries(st.text(), st.lists(st.integers()))),
    (Any, st.none() | st.text() | st.lists(st.integers())),
    (None, st.none()),
]
named = pytest.mark.parametrize(("annotation", "values"), CASES, ids=[str(case[0])[:60] for case in CASES])


def annotated(annotation: Any) -> Callable[..., Any]:
    def work(value: Any, *more: Any, key: Any, **others: Any) -> Any: ...

    names = ("value", "more", "key", "others", "return")
    work.__annotations__ = dict.fromkeys(names, annotation)
    return work


def assert_same(back: Any, sent: Any) -> None:
    if isinstance(sent, (float, np.floating)) and math.isnan(sent):
        assert math.isnan(back)
        return
    assert back == sent
    assert type(back) is type(sent)


@named
@settings(max_examples=12)  # of each of many types
@given(data=st.data())
def test_results_and_arguments_come_back_as_annotated(
    annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    value = data.draw(values)
    codec = Codec("work", annotated(annotation))
    assert_same(codec.decode_result(codec.encode_result(value, "s")), value)
    text = codec.encode_input([value, value], {"key": value, "other": value}, "s")
    args, kwargs = codec.decode_input(text)
    for back in (*args, *kwargs.values()):
        assert_same(back, value)
    if annotation is not Any:  # what has no type of its own is read where a type is named
        read = codec.decode_value(codec.encode_value(value, "s", "signal"), "signal", type=annotation)
        assert_same(read, value)


@pytest.mark.parametrize(
    ("annotation", "array"),
    [
        (np.ndarray, np.array([[1, 2], [3, 4]])),
        (npt.NDArray[np.float64], np.array([0.5, math.inf, -0.0])),
        (npt.NDArray[np.uint8], np.arange(9, dtype="u1")[::2]),
        (npt.NDArray[np.bool_], np.array([True, False])),
        (npt.NDArray[np.datetime64], np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]")),
        (npt.NDArray[Any], np.array(["a", "b"])),
    ],
    ids=str,
)
def test_arrays_come_back_as_annotated(annotation: Any, array: Any) -> None:
    codec = Codec("work", annotated(annotation))
    back = codec.decode_result(codec.encode_result(array, "s"))
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (
            Order(uuid.UUID(int=1), Decimal("1.50"), dt.datetime(2024, 1, 1), Dog("x"), frozenset("ba"), "n"),
            None,
        ),
        ((b"\0\xff", Decimal("0.10"), {3, 1, 2}, Place(1)), ["AP8=", "0.10", [1, 2, 3], [1, "2000-01-01"]]),
        (np.array([1.5]), [1.5]),
        (Model(at=dt.datetime(2024, 1, 1)), {"at": "2024-01-01T00:00:00", "inner": None}),
        ({Level.HIGH: Level.LOW, dt.date(2024, 1, 1): Color.RED}, {"2": 1, "2024-01-01": "red"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_without_annotations_values_are_plain_json(value: Any, plain: Any) -> None:
    json = JsonSerializer()
    back = json.deserialize_result(json.serialize_result(value))
    if plain is None:
        assert back["_note"] == "n"  # nothing of a dataclass is left out
        assert back["tags"] == ["a", "b"]
        assert "half" not in back
    else:
        assert back == plain
    # the slow way writes the same
    assert json.deserialize_result(json.serialize_result([value, 2**70])) == [back, 2**70]


def test_what_a_cached_property_left_behind_does_not_travel() -> None:
    order = Order(uuid.UUID(int=1), Decimal(3), dt.datetime(2024, 1, 1), Cat("x"))
    assert order.half
    assert "half" not in JsonSerializer().serialize_result(order)


def test_offsets_that_rfc_3339_cannot_say_keep_their_instant() -> None:
    odd = dt.datetime(1937, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(minutes=19, seconds=32)))
    codec = Codec("work", annotated(dt.datetime))
    assert codec.decode_result(codec.encode_result(odd, "s")) == odd


def test_sets_are_written_in_an_order_that_does_not_change() -> None:
    json = JsonSerializer()
    items = [str(number) for number in range(50)] + list(range(50))  # type: ignore[operator]
    backwards = items[::-1]
    assert json.serialize_result(set(items)) == json.serialize_result(set(backwards))


@pytest.mark.parametrize(
    ("annotation", "found", "parts"),
    [
        (Order, {"id": "x"}, ["result of work()", "-> Order", "a dict", "Invalid UUID", "$.id"]),
        (list[Place], [[1], ["x"]], ["list[", "Place]", "a list", "Expected `int`, got `str`", "$[1][0]"]),
        (list[Cat | Dog], [{"name": "a"}, {"name": 1}], ["Cat", "Dog", "a dict that is none", "$[1]"]),
        (dict[str, Tree], {"a": {"pet": 1}}, ["a int", "$['a'].pet"]),
        (Model, {"at": "never"}, ["Model", "at:", "valid datetime"]),
        (Color, "green", ["-> Color", "a str"]),
        (Odd, 7, ["a value of `Odd`"]),
        (dt.date, None, ["-> date", "found None"]),
        (npt.NDArray[np.float64], ["x"], ["ndarray", "a list"]),
        (Tree, {}, ["-> Tree", "pet"]),
        (tuple[Cat | Dog, int], [1], ["length 2"]),
        (Mixed, [], ["length 1 to 2"]),
        (PetEntry, {}, ["missing required field `pet`"]),
        (set[Cat | int], {"a": 1}, ["`array`"]),
    ],
    ids=str,
)
def test_the_error_names_function_annotation_finding_and_place(
    annotation: Any, found: Any, parts: list[str]
) -> None:
    codec = Codec("work", annotated(annotation))
    with pytest.raises(ConversionError) as caught:
        codec.decode_result(JsonSerializer().serialize_result(found))
    for part in parts:
        assert part.replace("a int", "an int") in str(caught.value).replace("a int", "an int")
    with pytest.raises(ConversionError, match=r"argument 'key' of work\(\)"):
        codec.decode_input(JsonSerializer().serialize_input([], {"key": found}))


@pytest.mark.parametrize("annotation", [bytes | str, Callable[[int], int] | dt.date, complex | Cat], ids=str)
def test_a_type_that_json_cannot_tell_is_an_error(annotation: Any) -> None:
    with pytest.raises(SerializationError, match=r"result of work\(\), annotated .*"):
        Codec("work", annotated(annotation)).decode_result('"eA=="')


def test_text_stays_text_where_a_union_has_it() -> None:
    codec = Codec("work", annotated(str | uuid.UUID))
    text = str(uuid.uuid4())
    assert codec.decode_result(f'"{text}"') == text


def test_the_type_that_has_all_members_is_preferred() -> None:
    codec = Codec("work", annotated(Cat | Dog))
    assert codec.decode_result('{"name":"x","bark":"y"}') == Dog("x", "y")
    assert codec.decode_result('{"name":"x"}') == Cat("x")
    assert codec.decode_result('{"name":"x","other":1}') == Cat("x")


# --- which annotations are meant --------------------------------------------------------------------


def decoded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    codec = activity_task(function).codec
    return codec.decode_input(codec.encode_input(args, kwargs, "s"))


DAY = dt.date(2024, 5, 6)


def test_a_class_of_the_surrounding_function_is_found() -> None:
    @dataclass
    class Local:
        day: dt.date

    @activity_task
    def work(local: Local) -> Local:
        return local

    @activity_task(max_attempts=1)
    def other() -> list[Local]: ...  # type: ignore[empty-body]

    value = Local(DAY)
    assert work.codec.decode_input(work.codec.encode_input([value], {}, "s")) == ([value], {})
    assert work.codec.decode_result(work.codec.encode_result(value, "s")) == value
    assert other.options(max_attempts=2).codec.decode_result('[{"day":"2024-05-06"}]') == [value]


class Holder:
    @dataclass
    class Item:
        day: dt.date

    @activity_task
    def work(self, item: Item, later: Later) -> Item:
        return item


@dataclass
class Later:
    day: dt.date


def test_a_method_knows_the_classes_of_its_class_and_those_defined_later() -> None:
    codec = Holder.work.codec
    sent = [Holder.Item(DAY), Later(DAY)]
    assert codec.decode_input(codec.encode_input(sent, {}, "s")) == (sent, {})
    assert codec.decode_result(codec.encode_result(sent[0], "s")) == sent[0]


def test_wrapped_functions_have_the_annotations_of_what_they_wrap() -> None:
    def logged(function: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> T:
            return function(*args, **kwargs)

        return wrapper

    @logged
    def work(first: int, day: dt.date) -> dt.date: ...  # type: ignore[empty-body]

    assert decoded(work, 1, DAY) == ([1, DAY], {})
    assert activity_task(work).codec.decode_result('"2024-05-06"') == DAY


def test_a_wrapper_with_arguments_of_its_own_is_not_taken_for_what_it_wraps() -> None:
    def by_name(function: Callable[[dt.date], Any]) -> Callable[[str], Any]:
        @functools.wraps(function)
        def wrapper(name: str) -> Any:
            return function(DAY)

        return wrapper

    @by_name
    def work(day: dt.date) -> None: ...

    assert decoded(work, "x") == (["x"], {})


class Bound:
    def method(self, day: dt.date) -> None: ...

    @classmethod
    def of_class(cls, day: dt.date) -> None: ...


@pytest.mark.parametrize("function", [Bound().method, Bound.of_class])
def test_bound_methods_have_annotations(function: Any) -> None:
    assert decoded(function, DAY) == ([DAY], {})


def test_arguments_that_are_not_annotated_or_not_taken_stay_plain() -> None:
    def work(first, /, day: dt.date = DAY, *, key: dt.date = DAY) -> None: ...  # type: ignore[no-untyped-def]

    assert decoded(work, DAY, DAY, DAY) == (["2024-05-06", DAY, "2024-05-06"], {}) or decoded(
        work, DAY, DAY
    ) == (["2024-05-06", DAY], {})
    assert decoded(work, 1, key=DAY, unknown=DAY) == ([1], {"key": DAY, "unknown": "2024-05-06"})


def test_a_default_of_none_allows_none() -> None:
    def work(day: dt.date = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013

    assert decoded(work, None) == ([None], {})
    assert decoded(work, day=DAY) == ([], {"day": DAY})


def test_one_annotation_that_cannot_be_resolved_does_not_harm_the_others() -> None:
    def work(day: dt.date) -> Missing: ...

    codec = activity_task(work).codec
    assert decoded(work, DAY) == ([DAY], {})
    with pytest.raises(
        ConversionError, match=r"annotated `-> Missing`: it cannot be resolved.*type checkers"
    ):
        codec.decode_result("1")


def test_a_serializer_of_the_users_decides_the_types() -> None:
    class Base64:
        def serialize_input(self, args: Any, kwargs: Any) -> bytes:
            return base64.b64encode(args[0])

        def deserialize_input(self, text: Any) -> Any:
            return [base64.b64decode(text)], {}

        def serialize_result(self, result: Any) -> bytes:
            return base64.b64encode(result)

        def deserialize_result(self, text: Any) -> Any:
            return base64.b64decode(text)

    codec = Codec("work", annotated(int), input_data_serializer=Base64(), result_data_serializer=Base64())
    assert codec.decode_result(codec.encode_result(b"x", "s")) == b"x"
    assert codec.decode_input(codec.encode_input([b"x"], {}, "s")) == ([b"x"], {})


def test_plain_annotations_leave_reading_to_the_engine() -> None:
    plain = [int, None, Any, str | None, list[dict[str, float]], Literal["a"], object, Sequence[int]]
    assert [each for each in plain if not Codec("f", annotated(each)).plain_results] == []
    typed = [dt.date, set[int], tuple[int, int], dict[int, int], list[Cat], Color, Cat | None]
    assert [each for each in typed if Codec("f", annotated(each)).plain_results] == []
    assert Codec("f", lambda: None).plain_results
