"""The published schema says what the contract does; the committed files are the present ones."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from ingestion.events.contract import EVENT_TYPES, read_event
from ingestion.events.fields import ContractViolation
from ingestion.events.published_contract import SCHEMA_FILE, TABLE_FILE, json_schema, markdown
from tests.ingestion.sending import LEFT_OUT, RECEIVED_AT, event, event_with_data, text
from tests.ingestion.test_event_types import EVERY_TYPE, fields, full, minimal

SCHEMA = Draft202012Validator(json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_committed_files_are_the_present_ones() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema()
    assert TABLE_FILE.read_text(encoding="utf-8") == markdown()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_the_table_names_every_field(event_type: str) -> None:
    [row] = [line for line in markdown().splitlines() if line.startswith(f"| `{event_type}` |")]
    told = {part.split(" (")[0] for part in row.split("| ")[3].split("), ")}
    assert told == {f"{name}{'' if need else '?'}" for name, need in fields(event_type).items()}


def contract_takes(sent: Mapping[str, object]) -> bool:
    """The contract accepts an event and has nothing to note."""
    try:
        return read_event(text(sent), RECEIVED_AT).notes is None
    except ContractViolation:
        return False


@pytest.mark.parametrize("event_type", EVERY_TYPE)
def test_it_takes_what_the_contract_takes(event_type: str) -> None:
    for data in (full(event_type), minimal(event_type), full(event_type) | {"more": {"x": [1]}}):
        assert SCHEMA.is_valid(event_with_data(event_type, data))
        assert contract_takes(event_with_data(event_type, data))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([1.5, "", "  ", "text", "12", "LEAD", "active", "cs_sales", "hard", "lead"]),
    st.sampled_from(["2026-02-03T04:05:06Z", "2026-02-03T04:05:06", "2026-02-30", "2026-02-03"]),
    st.sampled_from(["2026-02-30T00:00:00Z", "2026-02-03T04:05:06.5+01:00", [], {}, ["a"]]),
)


@st.composite
def sent_events(draw: st.DrawFn) -> dict[str, object]:
    """An event of any type with any values in a few places."""
    event_type = draw(st.sampled_from(EVERY_TYPE))
    data = draw(st.sampled_from([full(event_type), minimal(event_type)]))
    names = st.sampled_from([*EVENT_TYPES[event_type].model_fields, "more"])
    data |= draw(st.dictionaries(names, values, max_size=3))
    for name in draw(st.lists(st.sampled_from(sorted(data)), max_size=1)):
        del data[name]
    envelope = draw(
        st.dictionaries(
            st.sampled_from(["event_id", "event_type", "occurred_at", "source", "data", "more"]),
            values | st.just(LEFT_OUT) | st.sampled_from(["x" * 128, "x" * 129]),
            max_size=1,
        )
    )
    return event(**{"event_type": event_type, "data": data, **envelope})


@given(sent_events())
def test_it_takes_and_refuses_exactly_what_the_contract_does(sent: dict[str, object]) -> None:
    assert SCHEMA.is_valid(sent) == contract_takes(sent)
