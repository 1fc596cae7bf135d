r"""The fast path: many texts at once, with the very results of `contract.read_event`.

`contract.read_event` defines the contract and reads one text. Here a batch is parsed by orjson,
which is fast and knows less: it rounds numbers and accepts some texts that the contract refuses.
Whether that matters is asked of whole columns (as sent, canonical, ids, timestamps); every text of
which any question is left open goes through `read_event`. So a check may be too strict here, which
costs time, and never too lax; `tests/ingestion/test_columns.py` compares both paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from hashlib import sha256
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.events.batches import (
    EVENT_SCHEMA,
    AcceptedEvent,
    EventBatch,
    RejectedEvent,
    event_table,
)
from ingestion.events.contract import DEFAULT_SOURCE, MAX_AHEAD, Envelope, read_event
from ingestion.events.exact_json import MAX_DEPTH
from ingestion.events.fields import EVENT_ID_LENGTH, ContractViolation
from ingestion.events.shapes import NoSimpleAnswerError, shape_of

LONGEST_TEXT = 20_000
"""Bytes. Of longer texts there are few, and shapes of them would fill the memory."""

# What Python's `str.strip` removes, as RE2 writes it; control characters are escaped in JSON.
_SPACE = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)

_INEXACT_NUMBER = (
    r"[:,\[][ \t\r\n]*-?"
    r"(?:[0-9]{19}|[0-9]{13,}\.|[0-9]{8,}\.[0-9]{4}|[0-9]+\.[0-9]{9}|[0-9]+(?:\.[0-9]+)?[eE])"
)
"""Numbers that a double may not hold: more than 15 digits, or an exponent; integers of 19 digits.
Also where the text overwrites them by giving a key twice, for the contract looks at them too."""

_UNTIDY_DATA = (
    # Canonical text has no white space between its parts, so a quote after one of these begins a
    # text, and one after white space ends it.
    rf'[:,\[{{]"(?:"|[{_SPACE}]|\\[bfnrt])'  # an empty text, or one with white space before it
    rf'|[{_SPACE}]"|\\[bfnrt]"'  # or behind it
    r"|\\u"  # other control characters, which canonical text escapes so
)
_UNTIDY_TEXT = rf"^$|^[{_SPACE}]|[{_SPACE}]$|\x00"

_INSTANT = (
    r"^(?:19|20|21)\d\d-"
    r"(?:(?:0[13-9]|1[012])-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8])|(?:0[13578]|1[02])-31)"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$"
)
"""Timestamps of the contract that Arrow surely reads: no leap days or seconds, for example."""
_CANONICAL_INSTANT = r"^[^.]*(?:\.\d*[1-9])?Z$"
"""Of these, the ones that `exact_json.instant_text` would write so."""

_ENVELOPE = frozenset(Envelope.model_fields)
_LEFT_TO_READ_EVENT = (
    NoSimpleAnswerError,
    orjson.JSONDecodeError,
    orjson.JSONEncodeError,  # integers of more than 64 bits, for example
    RecursionError,
)


@dataclass(slots=True)
class _Candidates:
    """Columns of the texts that look good so far."""

    rows: list[int] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    event_types: list[str] = field(default_factory=list)
    instants: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)

    def add(self, row: int, sent: Any) -> None:
        """Add what orjson read.

        Raises:
            NoSimpleAnswerError: when it is left to `read_event`; nothing was added.
        """
        if type(sent) is not dict or not sent.keys() <= _ENVELOPE:
            raise NoSimpleAnswerError
        event_id, event_type, instant, data = map(
            sent.get, ("event_id", "event_type", "occurred_at", "data")
        )
        source = sent.get("source")
        if type(event_id) is int:
            event_id = str(event_id)
        if source is None:
            source = DEFAULT_SOURCE
        if not (
            type(data) is dict
            and type(event_id) is type(event_type) is type(instant) is type(source) is str
        ):
            raise NoSimpleAnswerError
        shape = shape_of(event_type, tuple(data), tuple(map(type, data.values())))
        if shape is None:
            raise NoSimpleAnswerError
        shape.tidy(data)
        self.data.append(orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
        self.rows.append(row)
        self.event_ids.append(event_id)
        self.event_types.append(event_type)
        self.instants.append(instant)
        self.sources.append(source)


def read_events(
    raws: Sequence[bytes], places: Sequence[str], place: str, received_at: datetime
) -> EventBatch:
    """Read many texts at once, each as `contract.read_event` does.

    Args:
        raws: JSON texts in UTF-8, as they were sent and in the order in which they came in; few
            enough to be in memory three times.
        places: where each of them came in: file and line, or request.
        place: where they came in together, for the ledger.
        received_at: when they came in at the door, with an offset.
    """
    candidates = _Candidates()
    for row, raw in enumerate(raws):
        if len(raw) <= LONGEST_TEXT and raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
            try:
                candidates.add(row, orjson.loads(raw))
            except _LEFT_TO_READ_EVENT:
                continue
    table, rows = _accepted(candidates, raws, places, received_at)

    one_by_one: list[AcceptedEvent] = []
    their_rows: list[int] = []
    rejected: list[RejectedEvent] = []
    for row in sorted(set(range(len(raws))).difference(rows)):
        try:
            one_by_one.append(AcceptedEvent(read_event(raws[row], received_at), places[row]))
            their_rows.append(row)
        except ContractViolation as violation:
            rejected.append(RejectedEvent.of(raws[row], places[row], str(violation)))
    if one_by_one:
        order = pc.sort_indices(pa.array([*rows, *their_rows], pa.int64()))
        table = pa.concat_tables([table, event_table(one_by_one)]).take(order)
    return EventBatch(place, received_at, table, rejected)


def _accepted(
    candidates: _Candidates,
    raws: Sequence[bytes],
    places: Sequence[str],
    received_at: datetime,
) -> tuple[pa.Table, list[int]]:
    """The candidates that pass all questions, and the rows where they stand among the texts."""
    raw = pa.array([raws[row] for row in candidates.rows], pa.binary())
    data = pa.array(candidates.data, pa.binary()).cast(pa.string())
    event_ids = pa.array(candidates.event_ids, pa.string())
    sources = pa.array(candidates.sources, pa.string())
    instants = pa.array(candidates.instants, pa.string())
    readable = pc.if_else(pc.match_substring_regex(instants, _INSTANT), instants, None)
    occurred_at = readable.cast(EVENT_SCHEMA.field("occurred_at").type)
    latest = pa.scalar(received_at + MAX_AHEAD, occurred_at.type)
    doubtful = [
        pc.match_substring_regex(raw, _INEXACT_NUMBER),
        pc.match_substring_regex(data, _UNTIDY_DATA),
        pc.match_substring_regex(event_ids, _UNTIDY_TEXT),
        pc.greater(pc.utf8_length(event_ids), EVENT_ID_LENGTH),
        pc.match_substring_regex(sources, _UNTIDY_TEXT),
        pc.fill_null(pc.greater(occurred_at, latest), True),
    ]
    table = pa.table(
        {
            "row": pa.array(candidates.rows, pa.int64()),
            "event_id": event_ids,
            "event_type": pa.array(candidates.event_types, pa.string()),
            "occurred_at": occurred_at,
            "instant": instants,
            "source": sources,
            "source_place": pa.array([places[row] for row in candidates.rows], pa.string()),
            "data": data,
            "notes": pa.nulls(len(candidates.rows), pa.string()),
        }
    ).filter(pc.invert(reduce(pc.or_, doubtful)))
    columns = {**_by_name(table), "content_hash": _content_hashes(table)}
    accepted = pa.table([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)
    return accepted, table["row"].to_pylist()


def _by_name(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))


def _content_hashes(columns: pa.Table) -> pa.Array:
    """As `contract.content_hash` has them."""
    contents = pc.binary_join_element_wise(
        '{"data":', columns["data"],
        ',"event_type":"', columns["event_type"],
        '","occurred_at":"', _instant_texts(columns["instant"], columns["occurred_at"]),
        '"}',
        "",
    )  # fmt: skip
    binary = contents.cast(pa.binary())
    return pa.array([sha256(content).hexdigest() for content in binary.to_pylist()], pa.string())


def _instant_texts(sent: pa.ChunkedArray, instants: pa.ChunkedArray) -> pa.ChunkedArray:
    """As `exact_json.instant_text` has them."""
    is_canonical = pc.match_substring_regex(sent, _CANONICAL_INSTANT)
    if pc.all(is_canonical, min_count=0).as_py():
        return sent
    written = instants.cast(pa.timestamp("us")).cast(pa.string())  # 2026-01-31 09:30:00.250000
    parts = pc.replace_substring(written, " ", "T")
    short = pc.replace_substring_regex(parts, r"\.?0*$", "")
    return pc.if_else(is_canonical, sent, pc.binary_join_element_wise(short, "Z", ""))
