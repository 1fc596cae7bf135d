"""What comes in together and is to land together: accepted events as an Arrow table, and the rest.

`columns.read_events` makes batches of texts, `landing.land` lands them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from ingestion.events.contract import Event

EVENT_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("occurred_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_place", pa.string(), nullable=False),
        pa.field("data", pa.string(), nullable=False),
        pa.field("notes", pa.string()),
    ]
)
"""The fields of `contract.Event`, with `source_place`: file and line, or request."""


class AcceptedEvent(NamedTuple):
    """An event and where it came from."""

    event: Event
    place: str
    """File and line, or request."""


class RejectedEvent(NamedTuple):
    """A text that is not an event of the contract, whole."""

    place: str
    """File and line, or request."""
    reason: str
    """A sentence without any of the text's values."""
    raw_text: str
    """The text, with what PostgreSQL cannot store escaped: see `readable_text`."""
    is_exact: bool
    """Nothing had to be escaped: `raw_text` in UTF-8 is what was sent."""

    @classmethod
    def of(cls, raw: bytes, place: str, reason: str) -> RejectedEvent:
        """A text, as it was sent, that was rejected for this reason."""
        raw_text = readable_text(raw)
        return cls(place, reason, raw_text, is_exact=_is_storable(raw))

    @property
    def rejected_id(self) -> str:
        """SHA-256 of place and text with a line feed between them (spec/marts.md, raw)."""
        return hashlib.sha256(f"{self.place}\n{self.raw_text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What came in together and is to land together."""

    place: str
    """File and lines, or request; for the ledger."""
    received_at: datetime
    """When it came in at the door, with an offset."""
    accepted: pa.Table
    """Of `EVENT_SCHEMA`, in the order in which they came in."""
    rejected: Sequence[RejectedEvent]


def event_table(accepted: Iterable[AcceptedEvent]) -> pa.Table:
    """Accepted events as a table of `EVENT_SCHEMA`, in their order."""
    return pa.Table.from_pylist(
        [event._asdict() | {"source_place": place} for event, place in accepted],
        schema=EVENT_SCHEMA,
    )


def _is_storable(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def readable_text(raw: bytes) -> str:
    r"""A text as sent, except that what PostgreSQL cannot store is escaped (`\x00`)."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
