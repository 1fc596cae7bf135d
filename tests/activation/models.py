"""Syncs and models that tests make up: whatever fields they need, in any mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import sql

from activation import Declaration
from warehouse.database import Warehouse

FIRST = "hubspot_company__first"
SECOND = "hubspot_company__second"


def declare(name: str, properties: Iterable[str], **more: Any) -> Declaration:
    """A sync of HubSpot companies whose columns have the names of their properties."""
    fields = [{"column": each, "property": each} for each in properties]
    return Declaration.model_validate(
        {
            "name": name,
            "description": "Made up.",
            "destination": "hubspot",
            "object": "company",
            "mode": "upsert",
            "key": "key",
            "policy": "row_by_row",
            "batch_size": 100,
            "fields": fields,
            **more,
        }
    )


def fill(
    warehouse: Warehouse, declaration: Declaration, rows: Mapping[str, Mapping[str, str | None]]
) -> None:
    """Let the sync's model have these rows, by key, and no others."""
    schema, table = declaration.source
    columns = ["key", "skip_reason", *(field.column for field in declaration.fields)]
    place = sql.Identifier(schema, table)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists activation")
        connection.execute(sql.SQL("drop table if exists {}").format(place))
        connection.execute(
            sql.SQL("create table {} ({})").format(
                place,
                sql.SQL(", ").join(
                    sql.SQL("{} text").format(sql.Identifier(name)) for name in columns
                ),
            )
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL("insert into {} values ({})").format(
                    place, sql.SQL(", ").join([sql.Placeholder()] * len(columns))
                ),
                [[{"key": key, **row}.get(name) for name in columns] for key, row in rows.items()],
            )
