"""What is found when the raw tables are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from ingestion.expectations.check import check_raw_tables
from ingestion.expectations.findings import Finding, Verdict
from ingestion.expectations.report import write_report
from ingestion.expectations.tables import CHECKED_TABLES, Aspect
from warehouse.database import Warehouse

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
EVENTS = "raw_events.events"
COMPANIES = "raw_hubspot.companies"


def loaded(
    connection: Connection[TupleRow], table: str, days_ago: float, rows: int, rejected: int = 0
) -> None:
    """A load of a table that has ended."""
    ended = NOON - timedelta(days=days_ago)
    connection.execute(
        "insert into ops.load_ledger (source, table_name, place, rows_read, rows_accepted, "
        "rows_rejected, rows_duplicate, started_at, finished_at) "
        "values ('test', %s, 'here', %s, %s, %s, 0, %s, %s)",
        [table, rows, rows - rejected, rejected, ended, ended],
    )


def look(warehouse: Warehouse, table: str) -> Mapping[Aspect, Finding]:
    """What is found of one table, as of noon."""
    tables = [each for each in CHECKED_TABLES if each.full_name == table]
    check = check_raw_tables(warehouse, as_of=NOON, tables=tables)
    return {finding.aspect: finding for finding in check.findings}


def verdicts(warehouse: Warehouse, table: str) -> dict[str, str]:
    return {aspect.value: found.verdict.value for aspect, found in look(warehouse, table).items()}


def test_a_table_that_nothing_was_loaded_into_is_skipped(warehouse: Warehouse) -> None:
    assert set(verdicts(warehouse, EVENTS).values()) == {"skipped"}


def test_a_table_as_expected_is_ok(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        for day in range(14):
            loaded(connection, EVENTS, days_ago=day + 0.5, rows=100, rejected=5)

    assert set(verdicts(warehouse, EVENTS).values()) == {"ok"}


@pytest.mark.parametrize(("hours", "verdict"), [(25, "ok"), (27, "warning")])
def test_a_table_is_fresh_for_a_day_and_a_little(
    warehouse: Warehouse, hours: float, verdict: str
) -> None:
    with warehouse.connect() as connection:
        loaded(connection, COMPANIES, days_ago=hours / 24, rows=1)

    assert verdicts(warehouse, COMPANIES)["freshness"] == verdict


@pytest.mark.parametrize(
    ("days", "usual", "today", "verdict"),
    [
        (10, 100, 400, "ok"),
        (10, 100, 401, "warning"),
        (10, 100, 25, "ok"),
        (10, 100, 24, "warning"),
        (10, 100, 0, "warning"),
        (6, 100, 9_000, "skipped"),
        (10, 40, 9_000, "skipped"),
    ],
)
def test_volume_is_judged_by_the_usual_day_where_there_is_one(
    warehouse: Warehouse, days: int, usual: int, today: int, verdict: str
) -> None:
    with warehouse.connect() as connection:
        for day in range(1, days + 1):
            loaded(connection, COMPANIES, days_ago=day + 0.5, rows=usual)
        loaded(connection, COMPANIES, days_ago=0.5, rows=today)

    assert verdicts(warehouse, COMPANIES)["volume"] == verdict


def test_one_first_load_of_everything_does_not_make_a_usual_day(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        loaded(connection, COMPANIES, days_ago=9.5, rows=1_000_000)
        for day in range(1, 9):
            loaded(connection, COMPANIES, days_ago=day + 0.5, rows=100)
        loaded(connection, COMPANIES, days_ago=0.5, rows=110)

    told = look(warehouse, COMPANIES)[Aspect.VOLUME]
    assert (told.verdict, told.sentence) == (
        Verdict.OK,
        "110 rows in 24 hours; 100 on a usual day.",
    )


def test_many_rejected_events_of_the_last_day_are_told(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        loaded(connection, EVENTS, days_ago=2, rows=100, rejected=100)
        loaded(connection, EVENTS, days_ago=0.5, rows=100, rejected=6)

    told = look(warehouse, EVENTS)[Aspect.REJECTED]
    assert told.verdict is Verdict.WARNING
    assert told.sentence.startswith("6.00% of the rows of the last 24 hours were rejected")


def test_broken_keys_and_types_fail_and_no_value_is_told(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with warehouse.connect() as connection:
        loaded(connection, COMPANIES, days_ago=0.5, rows=2)
        connection.execute("alter table raw_hubspot.companies drop constraint companies_pkey")
        connection.execute("alter table raw_hubspot.companies alter updated_at type text")
        for _ in range(2):
            connection.execute(
                "insert into raw_hubspot.companies (id, archived, created_at, updated_at, "
                "properties, _dlt_load_id, _dlt_id) values "
                "('4711', false, '2026-01-01Z', 'soon', '[\"ada@example.com\"]', 'load', 'row')"
            )

    tables = [each for each in CHECKED_TABLES if each.full_name == COMPANIES]
    check = check_raw_tables(warehouse, as_of=NOON, tables=tables)
    write_report(check, tmp_path / "report" / "page.html")

    keys, types = check.with_verdict(Verdict.FAILED)
    assert (keys.aspect, keys.sentence) == (Aspect.KEYS, "Rows have the same id.")
    assert types.aspect is Aspect.TYPES
    assert types.sentence == (
        "Updated_at is not of the type timestamp with time zone; "
        "properties is not always a JSON object."
    )
    page = (tmp_path / "report" / "page.html").read_text()
    assert keys.sentence in page
    assert "4711" not in page
    assert "ada@example.com" not in page
