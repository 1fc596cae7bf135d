"""Raw tables from PostgreSQL to where Spark reads them: parquet files, through Arrow.

What is landed stays in PostgreSQL, which knows what was accepted and what rejected (events.md).
For Spark, the raw tables that the models read are copied as they stood at one instant, each into a
folder of its own, and named in Spark's catalogue; the copy before it is then removed. JSON is text
there.

`python -m lake.raw_tables --help` says how to call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from psycopg import sql
from psycopg.adapt import Loader
from psycopg.rows import TupleRow
from pyarrow.fs import FileSelector, FileSystem

from decisions.dbt_build import BuildError, parse_project
from warehouse.database import Warehouse, WarehouseError, open_warehouse

BATCH_ROWS = 50_000
"""Rows held in memory at once, and in one row group: what one task of Spark reads."""

_TYPES: dict[str, tuple[pa.DataType, str]] = {
    "bool": (pa.bool_(), "boolean"),
    "int2": (pa.int16(), "smallint"),
    "int4": (pa.int32(), "int"),
    "int8": (pa.int64(), "bigint"),
    "float8": (pa.float64(), "double"),
    "text": (pa.string(), "string"),
    "varchar": (pa.string(), "string"),
    "json": (pa.string(), "string"),
    "jsonb": (pa.string(), "string"),
    "_text": (pa.list_(pa.string()), "array<string>"),
    "date": (pa.date32(), "date"),
    "timestamptz": (pa.timestamp("us", tz="UTC"), "timestamp"),
}
"""What PostgreSQL's types become in Arrow, and what Spark calls that."""


class LakeError(Exception):
    """A table cannot be copied; the message says what to do."""


@dataclass(frozen=True, order=True)
class RawTable:
    """A table that the models read as a source."""

    schema: str
    name: str

    def __str__(self) -> str:
        """As SQL names it, in PostgreSQL and in Spark."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class CopiedTable:
    """A table as it lies in the lake."""

    table: RawTable
    columns: Mapping[str, str]
    """Name and type, in Spark's words."""
    rows: int
    location: str
    """URI of the folder that holds its files."""


def raw_tables_of(project: Path) -> list[RawTable]:
    """The raw tables that the models of a dbt project read, by name.

    Raises:
        BuildError: when dbt cannot parse the project.
    """
    return sorted(
        RawTable(source.schema, source.identifier)
        for source in parse_project(project).sources.values()
        if source.schema.startswith("raw_")
    )


def write_raw_tables(
    warehouse: Warehouse, tables: Sequence[RawTable], lake: str
) -> list[CopiedTable]:
    """Write tables as parquet files, all as they stood at one instant.

    Args:
        warehouse: where they are.
        tables: which.
        lake: URI or path of a folder that every worker of Spark sees under the same name.

    Raises:
        LakeError: when a column is of a type that has no counterpart here.
    """
    files, root = FileSystem.from_uri(_uri(lake))
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    copied = []
    with warehouse.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for loaded_as_text in ("json", "jsonb"):
            connection.adapters.register_loader(loaded_as_text, _TextLoader)
        for table in tables:
            place = f"{table.schema}/{table.name}/{stamp}"
            files.create_dir(f"{root}/{place}")
            with connection.cursor(name="lake") as cursor:
                cursor.execute(
                    sql.SQL("select * from {}").format(sql.Identifier(table.schema, table.name))
                )
                types = _types(connection, cursor, table)
                schema = pa.schema([(name, arrow_type) for name, (arrow_type, _) in types.items()])
                rows = _write(cursor, schema, files, f"{root}/{place}/rows.parquet")
            copied.append(
                CopiedTable(
                    table,
                    {name: spark_type for name, (_, spark_type) in types.items()},
                    rows,
                    f"{_uri(lake).rstrip('/')}/{place}",
                )
            )
    return copied


def name_in_catalogue(copied: Sequence[CopiedTable], run: Callable[[str], object]) -> None:
    """Let Spark read these copies under the names that the models use, in place of earlier ones.

    Args:
        copied: tables in the lake.
        run: carries out a statement of Spark SQL, for example `SparkSession.sql`.
    """
    for copy in copied:
        run(f"create schema if not exists {copy.table.schema}")
        run(f"drop table if exists {copy.table}")
        columns = ", ".join(f"`{name}` {spark_type}" for name, spark_type in copy.columns.items())
        run(f"create table {copy.table} ({columns}) using parquet location '{copy.location}'")


def remove_earlier(copied: Sequence[CopiedTable]) -> None:
    """Remove the files of copies that these have replaced."""
    for copy in copied:
        files, location = FileSystem.from_uri(copy.location)
        folder, _, kept = location.rpartition("/")
        for found in files.get_file_info(FileSelector(folder)):
            if found.base_name < kept:
                files.delete_dir(found.path)


def _write(
    cursor: psycopg.ServerCursor[TupleRow], schema: pa.Schema, files: FileSystem, path: str
) -> int:
    """Write the rows of a cursor to one file, batch by batch; how many there were."""
    rows = 0
    with (
        files.open_output_stream(path) as stream,
        pq.ParquetWriter(stream, schema) as writer,
    ):
        while batch := cursor.fetchmany(BATCH_ROWS):
            arrays = [
                pa.array(column, type=field.type)
                for column, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows += len(batch)
    return rows


def _types(
    connection: psycopg.Connection[TupleRow],
    cursor: psycopg.ServerCursor[TupleRow],
    table: RawTable,
) -> dict[str, tuple[pa.DataType, str]]:
    types = {}
    for column in cursor.description or []:
        known = connection.adapters.types.get(column.type_code)
        name = "" if known is None else known.name
        if known is not None and column.type_code == known.array_oid:
            name = f"_{name}"
        if name not in _TYPES:
            raise LakeError(
                f"{table}.{column.name} is of a type that is not copied to Spark: "
                "add it to lake/raw_tables.py."
            )
        types[column.name] = _TYPES[name]
    return types


class _TextLoader(Loader):
    """JSON as PostgreSQL writes it, unread: so no number is changed."""

    def load(self, data: Any) -> str:
        return bytes(data).decode()


def _uri(lake: str) -> str:
    return lake if "://" in lake else Path(lake).absolute().as_uri()


def main(
    lake: Annotated[str, typer.Option(help="Folder or URI that every worker sees.")],
    remote: Annotated[
        str, typer.Option(envvar="SPARK_REMOTE", help="Where Spark Connect listens.")
    ] = "sc://127.0.0.1:15002",
) -> None:
    """Copy the raw tables to Spark, e.g. `python -m lake.raw_tables --lake /mnt/lake`."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # only .venv-spark has it

    try:
        copied = write_raw_tables(open_warehouse(), raw_tables_of(Path.cwd()), lake)
    except (BuildError, LakeError, WarehouseError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    spark = SparkSession.builder.remote(remote).getOrCreate()
    name_in_catalogue(copied, spark.sql)
    remove_earlier(copied)
    for copy in copied:
        typer.echo(f"{copy.table}: {copy.rows:,} rows")


if __name__ == "__main__":
    typer.run(main)
