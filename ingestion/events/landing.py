"""Events into the raw tables: one function for every door, one transaction for every batch.

A batch lands with its row in `ops.load_ledger` or not at all. Which batch comes first does not
matter in the end: the raw tables hold the same contents, and per event id the same one counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.events.contract import Event
from ingestion.ledger import Load, record
from warehouse.locks import WarehouseLock

SOURCE = "events"
TABLE = "raw_events.events"


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
    accepted: Sequence[AcceptedEvent]
    rejected: Sequence[RejectedEvent]


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


def readable_text(raw: bytes) -> str:
    r"""A text for `RejectedEvent`, as sent; what PostgreSQL cannot store is escaped (`\x00`)."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


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
    contents = {
        (accepted.event.event_id, accepted.event.content_hash): accepted
        for accepted in reversed(batch.accepted)
    }
    with connection.transaction():
        _copy_events(connection, batch.received_at, contents.values())
        # Without the lock two landings could bring two contents of one id, unseen by each other.
        connection.execute("select pg_advisory_xact_lock(%s)", [WarehouseLock.LANDING.value])
        new_ids = _count_new_ids(connection)
        new_contents = _insert_events(connection)
        if new_contents > new_ids:
            _list_conflicts(connection, batch.received_at)
        connection.execute("drop table incoming")
        _insert_rejected(connection, batch)
        counts = LandingCounts(
            read=len(batch.accepted) + len(batch.rejected),
            accepted=new_ids,
            duplicate=len(batch.accepted) - new_ids,
            conflicting=new_contents - new_ids,
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


def _copy_events(
    connection: Connection[TupleRow], received_at: datetime, events: Iterable[AcceptedEvent]
) -> None:
    connection.execute("create temporary table incoming (like raw_events.events)")
    statement: LiteralString = """
        copy incoming (
            event_id, content_hash, event_type, occurred_at, received_at,
            source, source_place, data, notes
        ) from stdin
    """
    received = received_at.isoformat()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for event, place in events:
            copy.write_row(
                (
                    event.event_id,
                    event.content_hash,
                    event.event_type,
                    event.occurred_at.isoformat(),
                    received,
                    event.source,
                    place,
                    event.data,
                    event.notes,
                )
            )


def _count_new_ids(connection: Connection[TupleRow]) -> int:
    counted = connection.execute(
        """
        select count(distinct event_id)
        from incoming
        where not exists (
            select 1 from raw_events.events as known where known.event_id = incoming.event_id
        )
        """
    ).fetchone()
    return int(counted[0]) if counted else 0


def _insert_events(connection: Connection[TupleRow]) -> int:
    """The number of contents that were not there before."""
    return connection.execute(
        "insert into raw_events.events select * from incoming on conflict do nothing"
    ).rowcount


def _list_conflicts(connection: Connection[TupleRow], found_at: datetime) -> None:
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
            where event_id in (select event_id from incoming)
        ) as contents
        where content_hash <> counting_hash
        on conflict (event_id, content_hash) do update
        set counting_hash = excluded.counting_hash
        where conflicting_duplicates.counting_hash <> excluded.counting_hash
        """,
        [found_at],
    )


def _insert_rejected(connection: Connection[TupleRow], batch: EventBatch) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into raw_events.rejected_events (
                rejected_id, received_at, source_place, reason, raw_text
            )
            values (%s, %s, %s, %s, %s)
            on conflict (rejected_id) do nothing
            """,
            [
                (text.rejected_id, batch.received_at, text.place, text.reason, text.raw_text)
                for text in batch.rejected
            ],
        )
