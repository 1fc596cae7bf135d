"""What is in the raw event tables and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow, args_row

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class RawTables:
    """The rows that do not depend on when and from where a record came in, in their order."""

    events: Rows
    conflicting_duplicates: Rows
    rejected_events: Rows


def raw_tables(connection: Connection[TupleRow]) -> RawTables:
    """The raw tables as they are."""
    return RawTables(
        events=rows(
            connection,
            "select event_id, content_hash, event_type, occurred_at, data::text "
            "from raw_events.events order by event_id, content_hash",
        ),
        conflicting_duplicates=rows(
            connection,
            "select event_id, content_hash, counting_hash "
            "from raw_events.conflicting_duplicates order by event_id, content_hash",
        ),
        rejected_events=rows(
            connection,
            "select reason, raw_text from raw_events.rejected_events order by reason, raw_text",
        ),
    )


class LedgerRow(NamedTuple):
    """What became of the rows of one load."""

    read: int
    accepted: int
    rejected: int
    duplicate: int


def ledger(connection: Connection[TupleRow]) -> list[LedgerRow]:
    """The loads of events, in their order."""
    query = """
        select rows_read, rows_accepted, rows_rejected, rows_duplicate
        from ops.load_ledger where source = 'events' order by load_id
    """
    with connection.cursor(row_factory=args_row(LedgerRow)) as cursor:
        found = cursor.execute(query).fetchall()
    connection.commit()
    return found


def empty(connection: Connection[TupleRow]) -> None:
    """Remove everything that has landed."""
    connection.execute(
        "truncate raw_events.events, raw_events.conflicting_duplicates, "
        "raw_events.rejected_events, ops.load_ledger, ops.event_file"
    )
    connection.commit()


def rows(connection: Connection[TupleRow], query: str) -> Rows:
    """The rows of a query; the connection is idle afterwards."""
    found: Rows = connection.execute(query).fetchall()
    connection.commit()
    return found
