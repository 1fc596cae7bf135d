"""What has come in, as `ops.load_ledger` tells it, whichever door it came through."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from ingestion.events.landing import SOURCE as EVENTS
from warehouse.database import Warehouse


@dataclass(frozen=True, slots=True)
class LandedRows:
    """What loads brought to one table: `read = accepted + rejected + duplicate`."""

    table_name: str
    """With its schema."""
    read: int
    accepted: int
    rejected: int
    duplicate: int


def last_load(warehouse: Warehouse) -> int:
    """Id of the load that was recorded last; 0 when there was none."""
    with warehouse.connect() as connection:
        row = connection.execute("select coalesce(max(load_id), 0) from ops.load_ledger").fetchone()
    return int(row[0]) if row else 0


def landed_since(warehouse: Warehouse, load_id: int, *, source: str) -> dict[str, LandedRows]:
    """What a source has brought since that load, by table with its schema."""
    with (
        warehouse.connect() as connection,
        connection.cursor(row_factory=class_row(LandedRows)) as cursor,
    ):
        rows = cursor.execute(
            """
            select
                table_name,
                sum(rows_read)::bigint as read,
                sum(rows_accepted)::bigint as accepted,
                sum(rows_rejected)::bigint as rejected,
                sum(rows_duplicate)::bigint as duplicate
            from ops.load_ledger
            where load_id > %s and source = %s
            group by table_name
            """,
            [load_id, source],
        ).fetchall()
    return {row.table_name: row for row in rows}


def events_mark(warehouse: Warehouse) -> str | None:
    """How far the events have come: another text after every load that brought a new one.

    It counts all events, so that a load which is committed after a later one is not overlooked, and
    names the time of the last load, so that a warehouse which begins anew never repeats a mark.

    Returns:
        `<events> by <time>`; None while no event has landed, or where there is no ledger yet.
    """
    with warehouse.connect() as connection:
        if connection.execute("select to_regclass('ops.load_ledger')").fetchone() == (None,):
            return None
        row = connection.execute(
            """
            select sum(rows_accepted)::bigint, max(finished_at)
            from ops.load_ledger
            where source = %s and rows_accepted > 0
            """,
            [EVENTS],
        ).fetchone()
    if row is None or row[0] is None:
        return None
    return f"{row[0]} by {row[1].isoformat()}"
