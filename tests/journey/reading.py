"""The journey's tables as a database holds them, to be compared with the plain implementation's."""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

from psycopg import Connection, sql
from psycopg.rows import TupleRow, class_row

from tests.journey.tables import (
    BucketLoadRow,
    ChangesRow,
    JourneyRow,
    LogRow,
    ManagerLoadRow,
    ReviewRow,
    SkippedRow,
    Tables,
)

Row = TypeVar("Row")


def read_tables(connection: Connection[TupleRow], schema: str = "journey") -> Tables:
    """All tables of a journey; runs are numbered in the order in which the log got them."""
    log: dict[tuple[str, str], list[LogRow]] = {}
    for row in _rows(connection, schema, "company_change_log", LogRow, order="change_id"):
        log.setdefault((row.company_id, row.field), []).append(row)

    def rows(name: str, kind: type[Row]) -> list[Row]:
        return _rows(connection, schema, name, kind)

    return Tables(
        company_journey={row.company_id: row for row in rows("company_journey", JourneyRow)},
        company_change_log=log,
        company_journey_changes={
            (row.company_id, row.run): row for row in rows("company_journey_changes", ChangesRow)
        },
        skipped_companies={row.company_id: row for row in rows("skipped_companies", SkippedRow)},
        review_queue={(row.company_id, row.topic): row for row in rows("review_queue", ReviewRow)},
        cs_manager_load={row.username: row for row in rows("cs_manager_load", ManagerLoadRow)},
        cs_bucket_load={
            (row.cs_stage, row.region, row.arr_range): row
            for row in rows("cs_bucket_load", BucketLoadRow)
        },
    )


def _rows(
    connection: Connection[TupleRow],
    schema: str,
    name: str,
    kind: type[Row],
    order: str | None = None,
) -> list[Row]:
    """The rows of a table as `kind`, whose fields name the columns."""
    runs = sql.SQL(
        "(select count(distinct earlier.run_id) from {log} as earlier where earlier.change_id <= "
        "(select min(change_id) from {log} as own where own.run_id = t.run_id))::integer"
    ).format(log=sql.Identifier(schema, "company_change_log"))
    columns: list[sql.Composable] = [
        sql.SQL("{} as run").format(runs) if each.name == "run" else sql.Identifier("t", each.name)
        for each in fields(kind)  # type: ignore[arg-type]  # every row is a dataclass
    ]
    query = sql.SQL("select {} from {} as t order by {}").format(
        sql.SQL(", ").join(columns),
        sql.Identifier(schema, name),
        sql.Identifier(order) if order else sql.SQL("1"),
    )
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query).fetchall()
