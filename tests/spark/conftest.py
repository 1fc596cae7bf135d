"""A Spark cluster of the test session's own, beside the PostgreSQL of every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lake.cluster import LocalCluster, local_cluster
from lake.raw_tables import (
    RawTable,
    name_in_catalogue,
    raw_tables_of,
    remove_earlier,
    write_raw_tables,
)
from tests.spark.engines import Engine, Row
from warehouse.database import Warehouse


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A master, two workers and a Spark Connect server; gone after the session."""
    with local_cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running


@pytest.fixture(scope="session")
def spark(cluster: LocalCluster) -> Iterator[Any]:
    """A client's session on the cluster, in UTC."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # only .venv-spark has it

    session = SparkSession.builder.remote(cluster.remote).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def raw_tables() -> list[RawTable]:
    """The raw tables that the project reads."""
    return raw_tables_of(Path.cwd())


@dataclass
class Both:
    """The same raw tables on both engines."""

    warehouse: Warehouse
    raw_tables: Sequence[RawTable]
    spark: Any
    lake: Path
    on_postgres: Engine
    on_spark: Engine

    def copy_raw_tables(self) -> None:
        """Bring what has landed in PostgreSQL to Spark."""
        copied = write_raw_tables(self.warehouse, self.raw_tables, str(self.lake))
        name_in_catalogue(copied, self.spark.sql)
        remove_earlier(copied)

    def build(self, as_of: datetime) -> None:
        """Build at `as_of` on both, at the same time."""
        building = [
            (engine, engine.start_build(as_of)) for engine in (self.on_postgres, self.on_spark)
        ]
        for engine, process in building:
            engine.finish_build(process)


@pytest.fixture
def both(
    warehouse: Warehouse,
    cluster: LocalCluster,
    spark: Any,
    raw_tables: list[RawTable],
    tmp_path: Path,
) -> Iterator[Both]:
    """Both engines, nothing landed and nothing built; Spark's schemas are gone after the test."""

    def from_postgres(query: str) -> tuple[list[str], list[Row]]:
        with warehouse.connect() as connection:
            cursor = connection.execute(query.encode())
            return [column.name for column in cursor.description or []], cursor.fetchall()

    def from_spark(query: str) -> tuple[list[str], list[Row]]:
        table = spark.sql(query).toArrow()
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        return table.column_names, list(rows)

    environments = {
        "prod": {"MILLRACE_DATABASE_URL": warehouse.url},
        "spark": {"SPARK_REMOTE": cluster.remote},
    }
    engines = {}
    for target, fetch in (("prod", from_postgres), ("spark", from_spark)):
        folder = tmp_path / target
        folder.mkdir()
        shutil.copy("profiles.example.yml", folder / "profiles.yml")
        engines[target] = Engine(target, environments[target], folder, fetch)
    yield Both(warehouse, raw_tables, spark, tmp_path / "lake", engines["prod"], engines["spark"])
    for row in spark.sql("show schemas").collect():
        if row[0] != "default":
            spark.sql(f"drop schema {row[0]} cascade")
