"""The account of what came in: one row per load and table in `ops.load_ledger`."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow


@dataclass(frozen=True, slots=True)
class Load:
    """What became of the rows that one load read: `read = accepted + rejected + duplicate`."""

    source: str
    table_name: str
    """With its schema."""
    place: str
    """Where the rows came from: file and lines, or the URL that was asked; no secrets."""
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int
    started_at: datetime
    """With an offset; the end is the moment of recording."""


def record(connection: Connection[TupleRow], load: Load) -> None:
    """Write a load down, in the transaction that is open.

    Raises:
        psycopg.errors.CheckViolation: when the numbers do not add up.
    """
    connection.execute(
        """
        insert into ops.load_ledger (
            source, table_name, place,
            rows_read, rows_accepted, rows_rejected, rows_duplicate,
            started_at, finished_at
        )
        values (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
        """,
        astuple(load),
    )
