"""Failures: type, message, traceback and causes reach the other side, whatever their length."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast.exceptions import RemoteError
from pyswf_fast.failures import (
    DETAILS_LIMIT,
    REASON_LIMIT,
    exception_types,
    failure_from_text,
    failure_to_text,
    heartbeat_in_failure,
)


def raised(exception: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise it, so that it has a traceback."""
    try:
        raise exception from cause
    except BaseException as caught:  # noqa: BLE001
        return caught


def there_and_back(exception: BaseException) -> RemoteError:
    reason, details = failure_to_text(exception)
    assert len(reason) <= REASON_LIMIT
    assert len(details) <= DETAILS_LIMIT
    error = failure_from_text(reason, details)
    assert error is not None
    return error


def test_type_message_and_traceback_arrive() -> None:
    error = there_and_back(raised(ValueError("bad ü")))
    assert (error.type_name, error.message) == ("builtins.ValueError", "bad ü")
    assert "in raised" in error.traceback
    assert error.traceback.rstrip().endswith("ValueError: bad ü")
    assert error.__cause__ is None


def test_the_reason_is_for_people() -> None:
    assert failure_to_text(raised(ValueError("bad")))[0] == "ValueError: bad"
    assert failure_to_text(raised(KeyError()))[0] == "KeyError"


def test_causes_arrive_as_causes() -> None:
    error = there_and_back(raised(ValueError("outer"), raised(KeyError("inner"), raised(OSError("root")))))
    assert isinstance(error.__cause__, RemoteError)
    assert error.__cause__.type_name == "builtins.KeyError"
    assert isinstance(error.__cause__.__cause__, RemoteError)
    assert error.__cause__.__cause__.message == "root"


def test_an_exception_while_handling_another_is_one_of_its_causes() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904
    except ValueError as caught:
        error = there_and_back(caught)
    assert isinstance(error.__cause__, RemoteError)
    assert error.__cause__.type_name == "builtins.KeyError"


def test_a_stand_in_travels_on_as_what_it_stands_for() -> None:
    once = there_and_back(raised(ValueError("bad"), raised(KeyError("k"))))
    twice = there_and_back(raised(RuntimeError("wrapper"), once))
    assert isinstance(twice.__cause__, RemoteError)
    assert twice.__cause__.args == once.args


def test_a_circle_of_causes_ends() -> None:
    one, two = raised(ValueError("one")), raised(ValueError("two"))
    one.__cause__, two.__cause__ = two, one
    error = there_and_back(one)
    assert error.__cause__ is not None
    assert error.__cause__.__cause__ is None


def test_a_long_chain_is_cut() -> None:
    last: BaseException | None = None
    for number in range(200):
        last = raised(ValueError(f"{number} " + "x" * 1000), last)
    assert last is not None
    error = there_and_back(last)
    assert error.message.startswith("199 ")


def deep(levels: int) -> None:
    if levels == 0:
        raise ValueError("the end")
    deep_again(levels - 1)


def deep_again(levels: int) -> None:
    deep(levels)


def test_the_tail_of_a_long_traceback_is_kept() -> None:
    try:
        deep(400)
    except ValueError as caught:
        error = there_and_back(raised(RuntimeError("around"), caught))
    assert isinstance(error.__cause__, RemoteError)
    assert error.__cause__.traceback.rstrip().endswith("ValueError: the end")
    assert error.__cause__.traceback.startswith("…")


@pytest.mark.parametrize("filler", ["x", '"', "\x00", "é", "😀", "\ud800", "\ud83d\ude00"])
@pytest.mark.parametrize("length", [0, 1, 250, 256, 257, 1001, 32_000, 32_768, 100_000])
def test_any_message_fits(filler: str, length: int) -> None:
    exception = raised(ValueError(filler * length), raised(KeyError(filler * length)))
    reason, details = failure_to_text(exception)
    assert len(reason) <= REASON_LIMIT
    assert len(details) <= DETAILS_LIMIT
    reason.encode()
    details.encode()
    error = failure_from_text(reason, details)
    assert error is not None
    assert "in raised" in error.traceback
    if length <= 1001 and not "\ud800" <= filler[0] <= "\udfff":
        assert error.message == filler * length


@given(st.text(st.characters(), max_size=600), st.integers(300, 4000))
def test_any_limit_is_kept(message: str, limit: int) -> None:
    reason, details = failure_to_text(raised(ValueError(message), raised(KeyError(message))), limit)
    assert len(details) <= limit
    error = failure_from_text(reason, details)
    assert error is not None
    assert error.type_name == "builtins.ValueError"


def test_an_exception_that_cannot_be_printed_still_travels() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert there_and_back(raised(Mute())).message == "<RuntimeError in its __str__>"


def test_nothing_said_is_nothing() -> None:
    assert failure_from_text(None, None) is None
    assert failure_from_text("", "") is None


@pytest.mark.parametrize(
    "details",
    [
        None,
        "",
        "division by zero",
        "{",
        '{"error": 1}',
        "[]",
        '{"pyswf": 1}',
        '{"pyswf": 2, "type": "a", "message": "b", "traceback": "c"}',
        '{"pyswf": 1, "type": 1, "message": "b", "traceback": "c"}',
        '{"pyswf": 1, "type": "a", "message": "b", "traceback": "c", "causes": 7}',
        '{"pyswf": 1, "type": "a", "message": "b", "traceback": "c", "causes": [null]}',
    ],
)
def test_what_others_wrote_becomes_one_error_of_its_text(details: str | None) -> None:
    error = failure_from_text("Activity exception", details)
    assert error is not None
    assert (error.type_name, error.message) == ("Activity exception", details or "")


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_details_break_the_reader(document: Any) -> None:
    written = {"pyswf": 1, "type": "a", "message": "b", "traceback": "c", "causes": document}
    assert failure_from_text("r", json.dumps(written)) is not None
    assert failure_from_text("r", json.dumps(document)) is not None


class Refused(KeyError, OSError):
    """An exception with several bases."""


def test_the_names_of_the_base_classes_travel() -> None:
    reason, details = failure_to_text(raised(Refused("k"), raised(ValueError("v"))))
    names = [__name__ + ".Refused", *(f"builtins.{name}" for name in BASES)]
    assert exception_types(reason, details) == tuple(names)
    error = failure_from_text(reason, details)
    assert error is not None
    assert error.bases == tuple(names[1:])
    assert exception_types(*failure_to_text(error)) == tuple(names)


BASES = ("KeyError", "LookupError", "OSError", "Exception", "BaseException")


def test_many_base_classes_are_cut() -> None:
    kind: type[Exception] = Exception
    for number in range(100):
        kind = type("E" * 200 + str(number), (kind,), {})
    reason, details = failure_to_text(raised(kind("x" * 100_000)))
    assert len(details) <= DETAILS_LIMIT
    assert 2 <= len(exception_types(reason, details)) <= 10


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("KeyError: 'k'", ("KeyError",)),
        ("app.errors.Timeout", ("app.errors.Timeout",)),
        ("it does not work", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_others_name_an_exception_in_the_reason(reason: str | None, expected: tuple[str, ...]) -> None:
    assert exception_types(reason, "whatever") == expected


@pytest.mark.parametrize("length", [0, 100, 100_000])
@pytest.mark.parametrize("beat", ["0", '"ü"', '"' + "😀" * 2046 + '"', '"' + "\\\\" * 1023 + '"'])
def test_a_heartbeat_travels_with_a_failure_of_any_length(length: int, beat: str) -> None:
    _, details = failure_to_text(
        raised(ValueError("x" * length), raised(KeyError("y" * length))), heartbeat=beat
    )
    assert len(details) <= DETAILS_LIMIT
    assert heartbeat_in_failure(details) == beat


@pytest.mark.parametrize("details", [None, "", "text", "{", '{"pyswf": 1}', failure_to_text(ValueError())[1]])
def test_a_failure_without_a_heartbeat_has_none(details: str | None) -> None:
    assert heartbeat_in_failure(details) is None


def test_messages_of_ten_megabytes_fit() -> None:
    error: BaseException | None = None
    for filler in ("x", "😀", "\ud800"):
        error = raised(ValueError(filler * 10_000_000), error)
    assert error is not None
    assert there_and_back(error).message.startswith("\ufffd")


def test_a_cause_that_is_falsy_is_one() -> None:
    class Empty(Exception):
        def __len__(self) -> int:
            return 0

    error = there_and_back(raised(ValueError("outer"), raised(Empty("inner"))))
    assert isinstance(error.__cause__, RemoteError)
    assert error.__cause__.message == "inner"


if sys.version_info >= (3, 11):

    def test_the_traceback_of_a_group_shows_its_members() -> None:
        kind: Any = vars(builtins)["ExceptionGroup"]
        group = kind("both", [ValueError("one"), kind("inner", [KeyError("two")])])
        error = there_and_back(raised(group))
        assert error.type_name == "builtins.ExceptionGroup"
        assert error.message == "both (2 sub-exceptions)"
        assert "ValueError: one" in error.traceback
        assert "KeyError: 'two'" in error.traceback
