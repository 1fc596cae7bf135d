"""From the workbench into the raw tables: what a load has read becomes what is known.

A source reads into tables like its raw ones, in a schema of its own (`ingestion.pipeline`). What is
here moves the rows on, within the transaction of the caller, so that everything that a load has to
say lands together or not at all. The workbench exists for as long as a load lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, LiteralString, TypeAlias

from psycopg import Connection, sql
from psycopg.rows import TupleRow

ColumnType: TypeAlias = Literal["text", "bool", "bigint", "date", "timestamp", "json"]

_LINEAGE = ("_dlt_load_id", "_dlt_id")
"""Of the load that brought what a row says."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw table, made by a migration, and how rows land in it."""

    schema: str
    name: str
    key: tuple[str, ...]
    columns: Mapping[str, ColumnType]
    """The columns that a load reads, those of the key among them."""
    nullable: frozenset[str] = frozenset()
    """Those of the columns that may be null."""
    set_back: tuple[str, ...] = ()
    """Further columns, which become null when a row lands."""
    prefer: LiteralString = "_dlt_id"
    """Of several rows with one key in the workbench, the first in this order counts."""
    outdated: LiteralString = "false"
    """When a row of the workbench (`excluded`) says less than the one that is `landed`."""

    @property
    def full_name(self) -> str:
        """With its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def target(self) -> sql.Identifier:
        """For statements."""
        return sql.Identifier(self.schema, self.name)

    @property
    def source(self) -> sql.Identifier:
        """Its table in the workbench."""
        return sql.Identifier(workbench_of(self.schema), self.name)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns beside those of the key."""
        return (*(name for name in self.columns if name not in self.key), *self.set_back)


def workbench_of(schema: str) -> str:
    """Name of the workbench of a raw schema."""
    return f"{schema}_staging"


def set_up(connection: Connection[TupleRow], schema: str, tables: Iterable[RawTable]) -> None:
    """Make an empty workbench, whatever an interrupted load has left there."""
    clear_away(connection, schema)
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(workbench_of(schema))))
    for table in tables:
        connection.execute(sql.SQL("create table {} (like {})").format(table.source, table.target))


def clear_away(connection: Connection[TupleRow], schema: str) -> None:
    """Remove a workbench, if there is one."""
    connection.execute(
        sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(workbench_of(schema)))
    )


def merge(
    connection: Connection[TupleRow], table: RawTable, only: sql.Composable | None = None
) -> int:
    """Land the rows of the workbench; those that say what is known already stay untouched.

    Args:
        connection: in the transaction of the load.
        table: the table.
        only: condition on the rows of the workbench; None lands all.

    Returns:
        How many rows are new or say something else now.
    """
    lineage_and_values = (*table.values, *_LINEAGE)
    merged = connection.execute(
        sql.SQL(
            """
            insert into {target} as landed ({columns})
            select distinct on ({key}) {columns}
            from {source}
            where {only}
            order by {key}, {prefer}
            on conflict ({key}) do update set ({changed}) = row({excluded})
            where ({landed_values}) is distinct from ({excluded_values}) and not ({outdated})
            """
        ).format(
            target=table.target,
            source=table.source,
            columns=_names((*table.key, *lineage_and_values)),
            key=_names(table.key),
            only=only or sql.SQL("true"),
            prefer=sql.SQL(table.prefer),
            changed=_names(lineage_and_values),
            excluded=_names(lineage_and_values, "excluded"),
            landed_values=_names(table.values, "landed"),
            excluded_values=_names(table.values, "excluded"),
            outdated=sql.SQL(table.outdated),
        )
    )
    return merged.rowcount


def not_in_workbench(table: RawTable) -> sql.Composed:
    """Condition: a row of the raw table is not among those that were read."""
    same_key = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(
            sql.Identifier("workbench", name), sql.Identifier(table.name, name)
        )
        for name in table.key
    )
    return sql.SQL("not exists (select 1 from {} as workbench where {})").format(
        table.source, same_key
    )


def _names(names: Iterable[str], relation: str | None = None) -> sql.Composed:
    qualifier = () if relation is None else (relation,)
    return sql.SQL(", ").join(sql.Identifier(*qualifier, name) for name in names)
