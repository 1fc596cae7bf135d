"""Raw tables come to the lake as they are in PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from lake.raw_tables import (
    CopiedTable,
    LakeError,
    RawTable,
    name_in_catalogue,
    raw_tables_of,
    remove_earlier,
    write_raw_tables,
)
from warehouse.database import Warehouse

EVENTS = RawTable("raw_events", "events")
COMPANIES = RawTable("raw_hubspot", "companies")


def rows(copy: CopiedTable) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(urlsplit(copy.location).path).to_pylist()
    return found


def land_company(warehouse: Warehouse, name: str, properties: str) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw_hubspot.companies (id, archived, created_at, updated_at, properties,"
            " _dlt_load_id, _dlt_id) values (%s, false, %s, %s, %s, 'load', %s)",
            (
                name,
                "2026-03-29T02:30:00.123456+02:00",
                "2026-03-30T00:00:00Z",
                properties,
                name,
            ),
        )


def test_a_copy_holds_every_row_exactly(warehouse: Warehouse, tmp_path: Path) -> None:
    properties = (
        '{"mrr": 166.66666666666666666666, "name": "O\'Neill \\\\ \\"S\u00f6hne\\"", "none": null}'
    )
    land_company(warehouse, "1", properties)
    land_company(warehouse, "2", "{}")
    empty, companies = write_raw_tables(warehouse, [EVENTS, COMPANIES], str(tmp_path))
    assert (empty.rows, rows(empty)) == (0, [])
    assert (empty.columns["occurred_at"], empty.columns["data"]) == ("timestamp", "string")
    assert companies.rows == 2
    first, second = sorted(rows(companies), key=lambda row: str(row["id"]))
    assert first["created_at"] == datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC)
    assert first["archived"] is False
    assert "166.66666666666666666666" in str(first["properties"])
    assert json.loads(str(first["properties"])) == json.loads(properties)
    assert second["properties"] == "{}"


def test_the_models_tell_which_tables_are_copied(warehouse: Warehouse, tmp_path: Path) -> None:
    tables = raw_tables_of(Path.cwd())
    assert {EVENTS, COMPANIES} <= set(tables)
    assert {table.schema for table in tables} == {
        "raw_events",
        "raw_hubspot",
        "raw_pipedrive",
        "raw_yobi",
    }
    copied = write_raw_tables(warehouse, tables, str(tmp_path))
    assert [copy.table for copy in copied] == tables


def test_a_newer_copy_takes_the_place_of_the_one_before(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    (before,) = write_raw_tables(warehouse, [COMPANIES], str(tmp_path))
    land_company(warehouse, "1", "{}")
    (after,) = write_raw_tables(warehouse, [COMPANIES], tmp_path.as_uri())
    assert len(rows(before)) == 0  # until the catalogue names the new one, both are there
    statements: list[str] = []
    name_in_catalogue([after], statements.append)
    assert statements[-1].startswith("create table raw_hubspot.companies (`id` string, ")
    assert statements[-1].endswith(f") using parquet location '{after.location}'")
    remove_earlier([after])
    assert [folder.as_uri() for folder in (tmp_path / "raw_hubspot/companies").iterdir()] == [
        after.location
    ]
    assert len(rows(after)) == 1


def test_a_column_that_cannot_be_copied_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.connect() as connection:
        connection.execute("alter table raw_hubspot.companies add column place point")
    with pytest.raises(LakeError, match=r"raw_hubspot\.companies\.place .* lake/raw_tables\.py"):
        write_raw_tables(warehouse, [COMPANIES], str(tmp_path))
