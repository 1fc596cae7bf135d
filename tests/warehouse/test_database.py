"""The warehouse's schema: made by migrations, removed by reset."""

from __future__ import annotations

import psycopg
import pytest

from warehouse.database import Warehouse, WarehouseError


def _tables(warehouse: Warehouse) -> set[str]:
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('ops', 'raw_events', 'raw_hubspot')"
        ).fetchall()
    return {row[0] for row in rows}


def test_the_landing_tables_exist_before_anything_landed(warehouse: Warehouse) -> None:
    assert {
        "raw_events.events",
        "raw_events.rejected_events",
        "raw_events.conflicting_duplicates",
        "raw_hubspot.companies",
        "ops.load_ledger",
        "ops.sync_state",
    } <= _tables(warehouse)


def test_migrating_again_changes_nothing(warehouse: Warehouse) -> None:
    before = _tables(warehouse)
    warehouse.migrate()
    assert _tables(warehouse) == before


def test_a_reset_leaves_an_empty_migrated_warehouse(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into raw_events.conflicting_duplicates values ('e', 'h', 'g', now())"
        )
        connection.execute("create schema journey create table company_change_log (change_id int)")
    warehouse.reset()
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(*) from raw_events.conflicting_duplicates"
        ).fetchone()
        assert row == (0,)
        gone = connection.execute("select to_regnamespace('journey')").fetchone()
    assert gone == (None,)


def test_a_ledger_row_that_does_not_add_up_is_refused(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "insert into ops.load_ledger (source, table_name, place, rows_read, rows_accepted, "
            "rows_rejected, rows_duplicate, started_at, finished_at) "
            "values ('events', 'raw_events.events', 'a', 10, 8, 1, 0, now(), now())"
        )


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password() -> None:
    gone = Warehouse("postgresql://ann:secret@127.0.0.1:1/gtm")
    with pytest.raises(WarehouseError, match="does not answer") as raised:
        gone.connect()
    assert "secret" not in str(raised.value)


def test_a_password_that_cannot_be_read_is_not_quoted() -> None:
    with pytest.raises(WarehouseError, match="check MILLRACE_DATABASE_URL") as raised:
        Warehouse("postgresql://ann:hunter two@127.0.0.1/gtm").connect()
    assert "hunter" not in str(raised.value)
