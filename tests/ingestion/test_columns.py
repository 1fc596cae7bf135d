"""Both paths say the same of every text: many at once, and one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.events import columns
from ingestion.events.batches import AcceptedEvent, EventBatch, RejectedEvent, event_table
from ingestion.events.columns import read_events
from ingestion.events.contract import EVENT_TYPES, read_event
from ingestion.events.fields import ContractViolation
from tests.ingestion.sending import RECEIVED_AT, event, event_with_data, text
from tests.ingestion.test_event_types import EVERY_TYPE, full, good_value, minimal


def one_by_one(raws: Sequence[bytes], places: Sequence[str]) -> EventBatch:
    """What the contract says, text by text."""
    accepted, rejected = [], []
    for raw, place in zip(raws, places, strict=True):
        try:
            accepted.append(AcceptedEvent(read_event(raw, RECEIVED_AT), place))
        except ContractViolation as violation:
            rejected.append(RejectedEvent.of(raw, place, str(violation)))
    return EventBatch("batch", RECEIVED_AT, event_table(accepted), rejected)


def at_once(raws: Sequence[bytes]) -> EventBatch:
    """What the fast path makes of texts, once it has been seen to be what the contract says."""
    places = [f"batch:{number}" for number in range(1, len(raws) + 1)]
    batch, expected = read_events(raws, places, "batch", RECEIVED_AT), one_by_one(raws, places)
    assert batch.accepted.to_pylist() == expected.accepted.to_pylist()
    assert batch.accepted.schema == expected.accepted.schema
    assert batch.rejected == expected.rejected
    assert (batch.place, batch.received_at) == (expected.place, expected.received_at)
    return batch


@pytest.fixture
def taken_slowly(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The texts that the fast path has left to the contract itself."""
    taken: list[bytes] = []

    def read_and_tell(raw: bytes, received_at: datetime) -> object:
        taken.append(raw)
        return read_event(raw, received_at)

    monkeypatch.setattr(columns, "read_event", read_and_tell)
    return taken


# What is fast


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_good_events_of_every_type_are_fast(event_type: str, taken_slowly: list[bytes]) -> None:
    sent = [text(event_with_data(event_type, make(event_type))) for make in (full, minimal)]

    assert at_once(sent).accepted.num_rows == 2
    assert taken_slowly == []


USUAL: dict[str, dict[str, Any]] = {
    "numbers for ids": {"event_id": 17, "data": {"company_id": 12, "plan_id": 0, "mrr": 9}},
    "fractions": {"data": {"company_id": "c", "plan_id": "p", "mrr": 166.67}},
    "whole fractions": {"data": {"company_id": "c", "plan_id": "p", "mrr": 100.0}},
    "another offset": {"occurred_at": "2026-02-03T04:05:06.120000+05:30"},
    "no source": {"source": None},
    "other alphabets": {"source": "Köln \U0001f600", "data": {"company_id": "Ärzte & Söhne"}},
    "a further field": {"data": {"company_id": "c", "context": {"x": [1.50, None, {"y": ""}]}}},
    "quotes and line feeds": {"data": {"company_id": 'a "b" \\ \n c'}},
}


@pytest.mark.parametrize("usual", USUAL)
def test_what_is_usual_is_fast(usual: str, taken_slowly: list[bytes]) -> None:
    fields = dict(USUAL[usual])
    data = {**event()["data"], **fields.pop("data", {})}  # type: ignore[dict-item]
    if usual == "a further field":
        data["context"]["x"][2] = {"y": "z"}

    assert at_once([text(event(**fields, data=data))]).accepted.num_rows == 1
    assert taken_slowly == []


# Traps


def raw_event(data: str, envelope: str = "") -> bytes:
    """An event of this data, written exactly so, and with this at the end of the envelope."""
    return (
        f'{{"event_id":"e","event_type":"unsubscribed","occurred_at":"2026-02-03T04:05:06Z",'
        f'"data":{data}{envelope}}}'
    ).encode()


TRAPS = [
    '{"person_id":"p","x":1e-401,"x":1}',
    '{"person_id":"p","x":1e401,"x":1}',
    '{"person_id":"p","x":1e-400}',
    '{"person_id":"p","x":1E2}',
    '{"person_id":"p","x":[-0, -0.0, 0.0, 0e0]}',
    '{"person_id":"p","x":0.00000001}',
    '{"person_id":"p","x":0.30000000000000004}',
    '{"person_id":"p","x":1234567.12345678}',
    '{"person_id":"p","x":123456789012345.6}',
    '{"person_id":"p","x":9007199254740993.0}',
    '{"person_id":"p","x":9007199254740993}',
    '{"person_id":"p","x":999999999999999999}',
    '{"person_id":"p","x":18446744073709551616}',
    '{"person_id":"p","x":-9223372036854775809}',
    '{"person_id":"p","x":0.' + "1" * 1200 + "}",
    '{"person_id":"p","x":' + "1" * 5000 + "}",
    '{"person_id":"p","x":0.' + "1" * 1200 + ',"x":1}',
    '{"person_id":"p","x":' + "1" * 5000 + ',"x":1}',
    '{"person_id":"p","x" : \t' + "1" * 5000 + ',"x":1}',
    '{"person_id":"p","x":' + "[" * 1010 + "]" * 1010 + ',"x":1}',
    '{"person_id":"p","x":' + "[" * 200 + "]" * 200 + ',"x":1}',
    '{"person_id":"p","x":' + "[" * 98 + "]" * 98 + "}",
    '{"person_id":"p","x":' + "[" * 99 + "]" * 99 + "}",
    '{"person_id":"p","x":' + '{"y":' * 98 + "1.5" + "}" * 98 + "}",
    '{"person_id":"p","x":"' + "[" * 300 + '"}',
    '{"person_id":"p","x":"\\u0000"}',
    '{"person_id":"p","x":"\\u0000","x":1}',
    '{"person_id":"p","\\u0000":1}',
    '{"person_id":"p","x":"\\ud800"}',
    '{"person_id":"p","x":"\\ud800","x":1}',
    '{"person_id":"p","x":"\\ud83d\\ude00"}',
    '{"person_id":"p","x":"\\u001f\\u007f\\u0080\\u2028\\/"}',
    '{"person_id":"p","ä":1,"z":2,"\U0001f600":3,"\uffff":4,"":5}',
    '{"person_id":"p","person_id":null}',
    '{"person_id":null,"person_id":"p"}',
    '{"person_id":" p","x":" kept "}',
    '{"person_id":"\\tp"}',
    '{"person_id":"p\\u0085"}',
    '{"person_id":"\\u001cp"}',
    '{"person_id":"p\\u3000"}',
    '{"person_id":"\\ufeffp"}',
    '{"person_id":"\\\\np\\\\n"}',
    '{"person_id":""}',
    '{"person_id":7.0}',
    '{"person_id":7.5}',
    '{"person_id":true}',
    '{"person_id":-0}',
    '{"person_id":1e3}',
    '{"person_id":["p"]}',
    '{"person_id":"p","x":NaN}',
    '{"person_id":"p","x":Infinity}',
    '{"person_id":"p","x":01}',
    '{"person_id":"p","x":1.}',
    '{"person_id":"p",}',
    '{"person_id":"p"}/**/',
    "{}",
    "[]",
    "null",
]


@pytest.mark.parametrize("data", TRAPS)
def test_what_the_parsers_see_differently_is_the_same_in_the_end(data: str) -> None:
    at_once([raw_event(data)])


@pytest.mark.parametrize(
    "envelope",
    [
        ',"source":" web "',
        ',"source":""',
        ',"source":"\\u0000"',
        ',"source":"a\\tb\\nc"',
        ',"source":5',
        ',"source":1e-401,"source":"web"',
        ',"event_id":"\\u0000"',
        ',"event_id":"x\\u0000"',
        ',"event_id":""',
        ',"event_id":" \\u2003e"',
        ',"event_id":"' + "ü" * 128 + '"',
        ',"event_id":"' + "ü" * 129 + '"',
        ',"event_id":"' + "ü" * 128 + ' "',
        ',"event_id":1.5',
        ',"event_id":-0',
        ',"event_id":false',
        ',"event_type":" unsubscribed"',
        ',"event_type":"Unsubscribed"',
        ',"data":{"person_id":"p2"}',
        ',"received_at":"2026-02-03T04:05:06Z"',
    ],
)
def test_traps_in_the_envelope_are_the_same_in_the_end(envelope: str) -> None:
    at_once([raw_event('{"person_id":"p"}', envelope)])


INSTANTS = [
    "2026-02-03T04:05:06Z",
    "2026-02-03T04:05:06.0Z",
    "2026-02-03T04:05:06.10Z",
    "2026-02-03T04:05:00.000100Z",
    "2026-02-03T04:05:06.1234567Z",
    "2026-02-03T04:05:06,5Z",
    "2026-02-03T04:05:06z",
    "2026-02-03t04:05:06Z",
    "2026-02-03 04:05:06Z",
    "2026-02-03T04:05:06",
    "2026-02-03T04:05Z",
    "2026-02-03T04:05:06+00:00",
    "2026-02-03T04:05:06-00:00",
    "2026-02-03T04:05:06.5+23:59",
    "2026-02-03T04:05:06-23:59",
    "2026-02-03T04:05:06+24:00",
    "2026-02-03T04:05:06+0100",
    "2026-02-03T24:00:00Z",
    "2026-02-03T23:59:60Z",
    "2016-12-31T23:59:60Z",
    "2024-02-29T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-12-31T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1900-01-01T00:00:00+01:00",
    "2026-03-02T12:00:00Z",
    "2026-03-02T12:00:00.000001Z",
    "2026-03-02T13:00:00+01:00",
    "2199-12-31T23:59:59.999999-12:00",
    "9999-12-31T23:59:59-01:00",
    " 2026-02-03T04:05:06Z",
    "2026-02-03T04:05:06Z\n",
    "٢٠٢٦-02-03T04:05:06Z",
    "",
]


@pytest.mark.parametrize("instant", INSTANTS)
def test_instants_in_every_spelling_are_the_same(instant: str) -> None:
    appointment = {"appointment_id": "a", "starts_at": instant}
    at_once(
        [
            text(event(occurred_at=instant)),
            text(event_with_data("appointment_updated", appointment)),
        ]
    )


def test_texts_of_any_length_are_the_same() -> None:
    data = {"person_id": "p", "x": "x" * 30_000}
    at_once([b"", b"{", b" " * 5_000_001, text(event_with_data("unsubscribed", data))])
    assert at_once([]).accepted.num_rows == 0


def test_places_and_order_are_those_of_the_texts() -> None:
    good, slow = text(event()), text(event(source=" web "))
    batch = at_once([good, b"broken", slow, good, b"\xff", slow])

    assert batch.accepted["source_place"].to_pylist() == [f"batch:{n}" for n in (1, 3, 4, 6)]
    assert [(sent.place, sent.is_exact) for sent in batch.rejected] == [
        ("batch:2", True),
        ("batch:5", False),
    ]


# Anything

edges = st.sampled_from(["", " ", "\t", "\n", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"])
words = st.text(
    st.characters(exclude_categories=[], codec=None, max_codepoint=0x10FFFF)
    | st.sampled_from('"\\/\b\0\x1f\x7f\u2028\ufeff€😀'),
    max_size=6,
)
texts_in_json = st.builds(lambda before, word, after: before + word + after, edges, words, edges)
number_spellings = st.sampled_from(
    [
        "0",
        "-0",
        "1",
        "12",
        "1.0",
        "1.50",
        "-3.25",
        "0.1",
        "1e2",
        "1E+2",
        "1e-7",
        "1e-401",
        "1e401",
        "0.00001",
        "123456789012345678",
        "1234567890123456789",
        "12345678901234567890123",
        "0.1234567890123456",
        "99999999.9999",
        "1.0e0",
        "166.666666",
        "0.30000000000000004",
        "4503599627370497.5",
        "5e-324",
        "1e999999999",
    ]
)
odd_values = st.one_of(
    st.none(),
    st.booleans(),
    texts_in_json,
    st.sampled_from(INSTANTS),
    st.sampled_from(
        ["A@Example.com", "ÄÖ@EXAMPLE.com", "no mail", "İ@x", "LEAD", "active", "lead"]
    ),
    st.builds(lambda spelling: f"\0{spelling}", number_spellings),
    st.lists(st.none() | st.booleans() | texts_in_json, max_size=2),
    st.dictionaries(words, st.none() | texts_in_json | st.integers(), max_size=2),
)


def spelled(value: object, ascii_only: bool) -> str:
    """JSON as someone may write it; a text that begins with NUL is a number spelled like that."""
    if isinstance(value, str) and value[:1] == "\0" and value[1:2].strip("-").isdigit():
        return value[1:]
    if isinstance(value, str) and value[:2] in {"\0-"}:
        return value[1:]
    return json.dumps(value, ensure_ascii=ascii_only)


@st.composite
def members(draw: st.DrawFn, pairs: Sequence[tuple[str, str]]) -> str:
    """An object of these keys and texts, in any order, some twice, with any white space."""
    order = list(draw(st.permutations(pairs)))
    if order and draw(st.integers(0, 5)) == 0:
        order.append(draw(st.sampled_from(order)))
    space = draw(st.sampled_from(["", "", " ", "\t", "\r"]))
    colon = draw(st.sampled_from([":", ": ", " :"]))
    inner = f",{space}".join(f"{json.dumps(key)}{colon}{value}" for key, value in order)
    return f"{{{space}{inner}{space}}}"


@st.composite
def sent_events(draw: st.DrawFn) -> bytes:
    """An event of any type, right or wrong in a few places."""
    event_type = draw(st.sampled_from(EVERY_TYPE))
    ascii_only = draw(st.booleans())
    data: dict[str, object] = {
        name: good_value(event_type, name)
        for name, field in EVENT_TYPES[event_type].model_fields.items()
        if field.is_required() or draw(st.booleans())
    }
    for name in draw(st.lists(st.sampled_from(sorted(EVENT_TYPES[event_type].model_fields)))):
        data[name] = draw(odd_values)
    data |= draw(st.dictionaries(words, odd_values, max_size=2))
    if data and draw(st.integers(0, 9)) == 0:
        del data[draw(st.sampled_from(sorted(data)))]
    envelope: dict[str, object] = {
        "event_id": draw(st.sampled_from(["a", "b"]) | odd_values),
        "event_type": event_type,
        "occurred_at": draw(st.sampled_from(INSTANTS[:5])),
        "source": "web",
    }
    for name in draw(st.lists(st.sampled_from([*envelope, "more"]), max_size=1)):
        envelope[name] = draw(odd_values)

    def pairs(values: dict[str, object]) -> list[tuple[str, str]]:
        return [(name, spelled(value, ascii_only)) for name, value in values.items()]

    inner = draw(members(pairs(data)))
    whole = draw(members([*pairs(envelope), ("data", inner)]))
    raw = whole.encode("utf-8", "surrogatepass")
    mark = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"]))
    cut = draw(st.sampled_from([None, None, None, None, len(raw) // 2, -1]))
    return mark + raw[:cut]


@settings(deadline=None, max_examples=200)
@given(st.lists(sent_events() | st.binary(max_size=20), min_size=1, max_size=8))
def test_both_paths_say_the_same_of_anything(raws: list[bytes]) -> None:
    at_once(raws)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@settings(deadline=None, max_examples=8_000)
@given(st.lists(sent_events() | st.binary(max_size=20), min_size=1, max_size=8))
def test_both_paths_say_the_same_of_very_many_things(raws: list[bytes]) -> None:
    at_once(raws)


def test_the_day_of_receipt_decides_what_is_too_far_ahead() -> None:
    sent = [text(event(occurred_at="2026-02-03T04:05:06Z"))]
    day_before = datetime(2026, 2, 2, 4, 5, 6, tzinfo=UTC)

    assert read_events(sent, ["1"], "batch", day_before).rejected == []
    [rejected] = read_events(sent, ["1"], "batch", day_before - timedelta(seconds=1)).rejected
    assert rejected.reason == "occurred_at is more than 24 hours after received_at"
