"""Rejected events once more through the contract, after a fix (spec/events.md, Envelope).

A text that keeps the contract now lands like any other, with the place it came from, and leaves
`raw_events.rejected_events`; one that does not stays, with its present reason. `received_at` is the
time of the replay, for that is when the event became known. Chunk by chunk: what a stopped replay
has left is there for the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow, args_row

from ingestion.events.batches import EventBatch, RejectedEvent
from ingestion.events.columns import read_events
from ingestion.events.landing import LandingCounts, land, take_landing_lock
from warehouse.database import Warehouse

CHUNK_TEXTS = 2_000
CHUNK_BYTES = 16 * 2**20
"""A chunk ends with the text that reaches this."""
PLACE = "raw_events.rejected_events"
"""Where replayed texts come from, for the ledger."""


@dataclass(slots=True)
class ReplaySummary:
    """What became of the rejected events: `read = accepted + duplicates + rejected`."""

    read: int = 0
    accepted: int = 0
    """Events that have landed now."""
    duplicates: int = 0
    """Events whose id was known already; they have left the rejected ones all the same."""
    conflicting: int = 0
    """Those of the duplicates that say something else than what was known."""
    rejected: int = 0
    """Still rejected."""
    rejected_by_reason: Counter[str] = field(default_factory=Counter)


class _Kept(NamedTuple):
    """A row of `raw_events.rejected_events`."""

    rejected_id: str
    source_place: str
    reason: str
    raw_text: str
    is_exact: bool


def replay_rejected(
    warehouse: Warehouse, *, on_progress: Callable[[ReplaySummary], None] | None = None
) -> ReplaySummary:
    """Read all rejected events again and land those that keep the contract by now.

    Running it again changes nothing but the ledger. A text that could not be kept as it was sent
    (`is_exact`) is never accepted: it was no JSON, and its escaped form may be by accident.

    Args:
        warehouse: migrated.
        on_progress: called after every chunk with the summary so far, the same object every time.

    Raises:
        WarehouseError: when the database does not answer.
    """
    summary = ReplaySummary()
    last = ""
    with warehouse.connect() as connection:
        while True:
            with connection.transaction():
                take_landing_lock(connection)
                kept = _next_chunk(connection, last)
                if not kept:
                    return summary
                batch = _read_again(kept)
                counts = land(connection, batch)
                _settle(connection, kept, batch.rejected)
            last = kept[-1].rejected_id
            _add(summary, batch, counts)
            if on_progress is not None:
                on_progress(summary)


def _next_chunk(connection: Connection[TupleRow], last: str) -> list[_Kept]:
    with connection.cursor(row_factory=args_row(_Kept)) as cursor:
        return cursor.execute(
            """
            select rejected_id, source_place, reason, raw_text, is_exact
            from (
                select
                    *,
                    sum(octet_length(raw_text)) over (order by rejected_id)
                    - octet_length(raw_text) as bytes_before
                from (
                    select rejected_id, source_place, reason, raw_text, is_exact
                    from raw_events.rejected_events
                    where rejected_id > %s
                    order by rejected_id
                    limit %s
                ) as next_texts
            ) as measured
            where bytes_before < %s
            order by rejected_id
            """,
            [last, CHUNK_TEXTS, CHUNK_BYTES],
        ).fetchall()


def _read_again(kept: Sequence[_Kept]) -> EventBatch:
    exact = [row for row in kept if row.is_exact]
    batch = read_events(
        [row.raw_text.encode() for row in exact],
        [row.source_place for row in exact],
        PLACE,
        datetime.now(UTC),
    )
    inexact = [
        RejectedEvent(row.source_place, row.reason, row.raw_text, row.is_exact)
        for row in kept
        if not row.is_exact
    ]
    return replace(batch, rejected=[*batch.rejected, *inexact])


def _settle(
    connection: Connection[TupleRow], kept: Sequence[_Kept], rejected: Sequence[RejectedEvent]
) -> None:
    """Let go of those that have landed; give the others their present reason."""
    reasons = {text.rejected_id: text.reason for text in rejected}
    changed = [
        (reasons[row.rejected_id], row.rejected_id)
        for row in kept
        if row.rejected_id in reasons and row.reason != reasons[row.rejected_id]
    ]
    connection.execute(
        "delete from raw_events.rejected_events where rejected_id = any(%s)",
        [[row.rejected_id for row in kept if row.rejected_id not in reasons]],
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "update raw_events.rejected_events set reason = %s where rejected_id = %s", changed
        )


def _add(summary: ReplaySummary, batch: EventBatch, counts: LandingCounts) -> None:
    summary.read += counts.read
    summary.accepted += counts.accepted
    summary.duplicates += counts.duplicate
    summary.conflicting += counts.conflicting
    summary.rejected += counts.rejected
    summary.rejected_by_reason.update(text.reason for text in batch.rejected)
