"""The event contract (spec/events.md): what an event is, whichever door it came through.

`read_event` turns one JSON text into an `Event`, or says in one sentence why it is none. The types
are declared in `web_and_mobile`, `company` and `people`, one class each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from ingestion.events import company, people, web_and_mobile
from ingestion.events.exact_json import UnusableJsonError, instant_text, read_json, write_json
from ingestion.events.fields import (
    ContractViolation,
    EventData,
    EventId,
    Fields,
    Instant,
    Note,
    Text,
    read_fields,
)

MAX_EVENT_BYTES = 5_000_000
"""Longer texts are no events; the HTTP collector takes no more either (spec/app.md, Doors in)."""
MAX_AHEAD = timedelta(hours=24)
"""How far `occurred_at` may lie after `received_at`; clocks of senders differ."""
DEFAULT_SOURCE = "unknown"

EVENT_TYPES: Mapping[str, type[EventData]] = MappingProxyType(
    {
        kind.event_type: kind
        for module in (web_and_mobile, company, people)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, EventData) and kind is not EventData
    }
)
"""Every type of event by its name, in the order of the contract."""


class Envelope(Fields):
    """What every event has. Further fields are no part of the contract and end up in the notes."""

    event_id: EventId
    event_type: Text
    occurred_at: Instant
    source: Text | None = None
    data: dict[str, Any]


class Event(NamedTuple):
    """An event that keeps the contract."""

    event_id: str
    content_hash: str
    """What it says, in 64 hexadecimal digits: see `content_hash`."""
    event_type: str
    occurred_at: datetime
    """In UTC."""
    source: str
    data: str
    """Canonical JSON text (see `exact_json`): the fields of the type as the contract wants them,
    further ones as they were sent."""
    notes: str | None
    """What became null, and what the envelope had too much; None when there is nothing. JSON text
    of an object: by field name, objects of `problem` (a sentence's end) and `sent` (the value)."""


def read_event(raw: bytes, received_at: datetime) -> Event:
    """Read one event from its JSON text in UTF-8.

    Args:
        raw: the text of one JSON object.
        received_at: when it came in at the door, with an offset.

    Raises:
        ContractViolation: when the text is not an event of the contract.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise ContractViolation(f"the text is longer than {MAX_EVENT_BYTES} bytes")
    try:
        sent = read_json(raw)
    except UnusableJsonError as error:
        raise ContractViolation(str(error)) from None
    if not isinstance(sent, dict):
        raise ContractViolation("the text is not a JSON object")

    envelope, notes = read_fields(Envelope, sent)
    kind = EVENT_TYPES.get(envelope["event_type"])
    if kind is None:
        raise ContractViolation("event_type is unknown")
    if envelope["occurred_at"] > received_at + MAX_AHEAD:
        raise ContractViolation("occurred_at is more than 24 hours after received_at")
    data, notes_on_data = read_fields(kind, envelope["data"], prefix="data.")

    for name in envelope.keys() - Envelope.model_fields.keys():
        notes[name] = Note("is no field of the envelope", sent[name])
    data_text = write_json(data)
    return Event(
        event_id=envelope["event_id"],
        content_hash=content_hash(kind.event_type, envelope["occurred_at"], data_text),
        event_type=kind.event_type,
        occurred_at=envelope["occurred_at"],
        source=envelope.get("source") or DEFAULT_SOURCE,
        data=data_text,
        notes=_notes_text(notes | notes_on_data),
    )


def content_hash(event_type: str, occurred_at: datetime, data: str) -> str:
    """SHA-256 of what an event says, in 64 lower-case hexadecimal digits.

    It is the hash of the canonical JSON (see `exact_json`) of an object with the keys `data`,
    `event_type` and `occurred_at`, all three as the contract wants them. Who sent the event, when
    it arrived, and in which spelling (key order, white space, other offset, `1e2` for `100`) do
    not change it. Of two contents under one id the one with the smaller hash counts.

    Args:
        event_type: a type of the contract.
        occurred_at: with an offset, any.
        data: canonical JSON text.
    """
    content = (
        f'{{"data":{data},"event_type":"{event_type}","occurred_at":"{instant_text(occurred_at)}"}}'
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _notes_text(notes: Mapping[str, Note]) -> str | None:
    if not notes:
        return None
    return write_json(
        {name: {"problem": note.problem, "sent": note.sent} for name, note in notes.items()}
    )
