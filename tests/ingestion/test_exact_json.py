"""JSON is read and written without changing a value, and one value has one text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.events.exact_json import instant_text, number_text, read_json, write_json

storable_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
exact = st.decimals(-(10**40), 10**40, allow_nan=False, allow_infinity=False)
numbers = st.integers() | exact
values = st.recursive(
    st.none() | st.booleans() | numbers | storable_text,
    lambda inner: st.lists(inner) | st.dictionaries(storable_text, inner),
    max_leaves=15,
)


@given(values)
def test_what_is_written_is_read_again(value: object) -> None:
    assert read_json(write_json(value).encode()) == value


@given(values)
def test_what_was_read_is_written_as_it_was(value: object) -> None:
    text = write_json(value)
    assert write_json(read_json(text.encode())) == text


@given(values)
def test_the_way_of_writing_does_not_depend_on_the_numbers_in_it(value: object) -> None:
    without_numbers = write_json({"a": value, "b": 1})
    assert write_json({"b": Decimal("1.0"), "a": value}) == without_numbers


@given(numbers)
def test_a_number_keeps_its_value_in_plain_notation(number: int | Decimal) -> None:
    text = number_text(number)
    assert Decimal(text) == number
    assert set(text) <= set("-0123456789.")


@pytest.mark.parametrize("written", ["100", "100.0", "1e2", "1E+2", "1000e-1", "100.000"])
def test_one_number_has_one_text(written: str) -> None:
    assert write_json(read_json(f"[{written}]".encode())) == "[100]"


def test_keys_are_sorted_by_code_point_and_text_is_not_escaped() -> None:
    value = {"ä": "ü\u2028", "z": 1, "A": [], "": {}, "\U0001f600": '"\\\n', "\uffff": None}

    assert write_json(value) == (
        '{"":{},"A":[],"z":1,"ä":"ü\u2028","\uffff":null,"\U0001f600":"\\"\\\\\\n"}'
    )


@given(st.dictionaries(storable_text, st.booleans()))
def test_the_order_of_keys_is_that_of_their_bytes(value: dict[str, bool]) -> None:
    keys = [key.encode() for key in json.loads(write_json(value))]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "2026-01-31T09:30:00Z"),
        (datetime(2026, 1, 31, 9, 30, 0, 250_000, tzinfo=UTC), "2026-01-31T09:30:00.25Z"),
        (
            datetime(2026, 1, 31, 23, 30, 10, 1, tzinfo=timezone(timedelta(hours=-1))),
            "2026-02-01T00:30:10.000001Z",
        ),
    ],
)
def test_an_instant_is_written_in_utc(instant: datetime, text: str) -> None:
    assert instant_text(instant) == text
    assert write_json([instant, date(2026, 1, 31)]) == f'["{text}","2026-01-31"]'


def test_what_is_no_json_value_is_not_written() -> None:
    with pytest.raises(TypeError, match="set is not a JSON value"):
        write_json({"a": {1}})
