"""What the ledger tells of the loads of a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from psycopg import Connection
from psycopg.rows import TupleRow

DAYS = 14
"""How far back a table's usual volume is looked for."""
ENOUGH_DAYS = 7
"""With fewer days on which it was loaded nobody knows what is usual."""
ENOUGH_ROWS = 50
"""With fewer rows on a usual day every number is possible."""
TOLERANCE = 4
"""A day may have so many times the rows of a usual one, or this part of them."""


@dataclass(frozen=True, slots=True)
class History:
    """The loads of one table up to a moment."""

    last_load: datetime | None
    """When the last one ended; None when there was none."""
    usual_rows: float | None
    """Read on the median day of those before the last 24 hours; None when that is not known."""

    @property
    def least(self) -> int | None:
        """Rows that the last 24 hours should have brought at least; None: any number will do."""
        return None if self.usual_rows is None else int(self.usual_rows / TOLERANCE)

    @property
    def most(self) -> int | None:
        """Rows that the last 24 hours should have brought at the most; None: any number will do."""
        return None if self.usual_rows is None else int(self.usual_rows * TOLERANCE)


def history_of(connection: Connection[TupleRow], table: str, as_of: datetime) -> History:
    """What the ledger tells of a table.

    Args:
        connection: to the warehouse.
        table: with its schema, as in the ledger.
        as_of: what came later is not looked at; with an offset.
    """
    last = connection.execute(
        "select max(finished_at) from ops.load_ledger where table_name = %s and finished_at <= %s",
        [table, as_of],
    ).fetchone()
    yesterday = as_of - timedelta(days=1)
    per_day = [
        float(rows)
        for (rows,) in connection.execute(
            """
            select sum(rows_read)
            from ops.load_ledger
            where table_name = %(table)s and finished_at > %(from)s and finished_at <= %(until)s
            group by floor(extract(epoch from %(until)s - finished_at) / 86400)
            """,
            {"table": table, "from": yesterday - timedelta(days=DAYS), "until": yesterday},
        )
    ]
    usual = median(per_day) if len(per_day) >= ENOUGH_DAYS else None
    return History(
        last_load=last[0] if last else None,
        usual_rows=usual if usual is not None and usual >= ENOUGH_ROWS else None,
    )
