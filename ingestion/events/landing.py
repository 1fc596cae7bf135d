"""Events into the raw tables: one function for every door, one transaction for every batch.

A batch lands with its row in `ops.load_ledger` or not at all. Which batch comes first does not
matter in the end: the raw tables hold the same contents, and per event id the same one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.events.batches import EventBatch
from ingestion.events.copy_text import array_literal, contents, copy_rows
from ingestion.ledger import Load, record
from warehouse.locks import WarehouseLock

SOURCE = "events"
TABLE = "raw_events.events"

_COPIED_COLUMNS = (
    "event_id",
    "content_hash",
    "event_type",
    "occurred_at",
    "received_at",
    "source",
    "source_place",
    "data",
    "notes",
)
_COPY: LiteralString = f"copy raw_events.events ({', '.join(_COPIED_COLUMNS)}) from stdin"


@dataclass(frozen=True, slots=True)
class LandingCounts:
    """What became of the events of a batch; `read = accepted + duplicate + rejected`."""

    read: int
    accepted: int
    """Ids that were not there before."""
    duplicate: int
    """Ids that were there before, or earlier in the batch, with the same content or another."""
    conflicting: int
    """Those of the duplicates that brought a new content for their id."""
    rejected: int


@dataclass(frozen=True, slots=True)
class _NewContents:
    """What of a batch is not in the raw tables yet."""

    rows: pa.Array
    """Where they stand in the batch: the first of equal ones."""
    new_ids: int
    """How many ids are new."""
    conflicting_ids: Sequence[str]
    """Ids that have several contents because of this batch."""

    @property
    def conflicting(self) -> int:
        """Contents that came in addition to another one of their id."""
        return len(self.rows) - self.new_ids


def land(connection: Connection[TupleRow], batch: EventBatch) -> LandingCounts:
    """Put a batch into the raw tables and its counts into the ledger, all together or nothing.

    The same event again changes nothing. Of several contents under one id all are kept in
    `raw_events.events`, and all but the one with the smallest hash are listed in
    `raw_events.conflicting_duplicates` (spec/events.md, Envelope).

    Args:
        connection: to a migrated warehouse, with isolation level read committed. Outside a
            transaction the batch is committed when the function returns; inside one it is the
            caller who commits, and other landings wait for that.
        batch: in any order, with duplicates or without.
    """
    texts = copy_rows(_copied_columns(batch))
    with connection.transaction():
        take_landing_lock(connection)
        new = _find_new_contents(connection, batch.accepted)
        _copy_events(connection, texts.take(new.rows))
        if new.conflicting_ids:
            _list_conflicts(connection, new.conflicting_ids, batch.received_at)
        _insert_rejected(connection, batch)
        accepted = batch.accepted.num_rows
        counts = LandingCounts(
            read=accepted + len(batch.rejected),
            accepted=new.new_ids,
            duplicate=accepted - new.new_ids,
            conflicting=new.conflicting,
            rejected=len(batch.rejected),
        )
        record(
            connection,
            Load(
                source=SOURCE,
                table_name=TABLE,
                place=batch.place,
                rows_read=counts.read,
                rows_accepted=counts.accepted,
                rows_rejected=counts.rejected,
                rows_duplicate=counts.duplicate,
                started_at=batch.received_at,
            ),
        )
    return counts


def take_landing_lock(connection: Connection[TupleRow]) -> None:
    """Wait for other landings; until the transaction ends none begins.

    Whoever holds it sees all that has landed (read committed) and may rely on it. Without it two
    landings could bring two contents of one id, unseen by each other.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [WarehouseLock.LANDING.value])


def _copied_columns(batch: EventBatch) -> list[pa.ChunkedArray]:
    """The columns of `_COPY`, in its order."""
    received_at = pa.repeat(batch.received_at.isoformat(), batch.accepted.num_rows)
    return [
        received_at if name == "received_at" else batch.accepted[name] for name in _COPIED_COLUMNS
    ]


def _find_new_contents(connection: Connection[TupleRow], accepted: pa.Table) -> _NewContents:
    """Ask once for all ids of the batch what is known of them."""
    known = set(
        connection.execute(
            "select event_id, content_hash from raw_events.events where event_id = any(%s::text[])",
            [array_literal(accepted["event_id"])],
        )
    )
    ids = {event_id for event_id, _ in known}
    known_ids = len(ids)
    rows: list[int] = []
    conflicting_ids: list[str] = []
    sent = zip(accepted["event_id"].to_pylist(), accepted["content_hash"].to_pylist(), strict=True)
    for row, content in enumerate(sent):
        if content in known:
            continue
        known.add(content)
        rows.append(row)
        if content[0] in ids:
            conflicting_ids.append(content[0])
        ids.add(content[0])
    return _NewContents(pa.array(rows, pa.int64()), len(ids) - known_ids, conflicting_ids)


def _copy_events(connection: Connection[TupleRow], rows: pa.ChunkedArray) -> None:
    if not len(rows):
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for content in contents(rows):
            copy.write(content)


def _list_conflicts(
    connection: Connection[TupleRow], event_ids: Sequence[str], found_at: datetime
) -> None:
    # The smallest hash of an id can only become smaller: whoever has lost never counts again.
    connection.execute(
        """
        insert into raw_events.conflicting_duplicates (
            event_id, content_hash, counting_hash, found_at
        )
        select event_id, content_hash, counting_hash, %s
        from (
            select
                event_id,
                content_hash,
                min(content_hash collate "C") over (partition by event_id) as counting_hash
            from raw_events.events
            where event_id = any(%s)
        ) as contents
        where content_hash <> counting_hash
        on conflict (event_id, content_hash) do update
        set counting_hash = excluded.counting_hash
        where conflicting_duplicates.counting_hash <> excluded.counting_hash
        """,
        [found_at, list(event_ids)],
    )


def _insert_rejected(connection: Connection[TupleRow], batch: EventBatch) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into raw_events.rejected_events (
                rejected_id, received_at, source_place, reason, raw_text, is_exact
            )
            values (%s, %s, %s, %s, %s, %s)
            on conflict (rejected_id) do nothing
            """,
            [
                (
                    text.rejected_id,
                    batch.received_at,
                    text.place,
                    text.reason,
                    text.raw_text,
                    text.is_exact,
                )
                for text in batch.rejected
            ],
        )
