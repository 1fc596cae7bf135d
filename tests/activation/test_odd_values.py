"""Columns of every type and texts of every kind, from the model to the record and back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from psycopg import sql

from activation import plan_sync, run_sync
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import FIRST, declare
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse

SYNC = declare(FIRST, ["a"])


def account(**more: object) -> MemoryWriter:
    described = {"a": PropertyDescription("a", ValueKind.TEXT)}
    return MemoryWriter(properties=described, **more)  # type: ignore[arg-type]


def build(
    warehouse: Warehouse, content: Mapping[str, object], *, key: str = "text", value: str = "text"
) -> None:
    """Let the model have columns of these types, and these rows."""
    place = sql.Identifier(*SYNC.source)
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists activation")
        connection.execute(sql.SQL("drop table if exists {}").format(place))
        connection.execute(
            sql.SQL("create table {} (key {}, skip_reason text, a {})").format(
                place,
                sql.SQL(key),
                sql.SQL(value),
            )
        )
        for each, held in content.items():
            connection.execute(
                sql.SQL("insert into {} (key, a) values ({}, {})").format(
                    place, sql.Literal(each), sql.Literal(held)
                )
            )


@pytest.mark.parametrize(
    ("value", "written", "sent"),
    [
        ("numeric(10, 2)", "12.50", "12.50"),
        ("double precision", "0.1", "0.1"),
        ("boolean", "yes", "true"),
        ("date", "2026-02-28", "2026-02-28"),
        ("timestamptz", "2026-02-28 10:00:00+02", "2026-02-28T08:00:00+00:00"),
        ("jsonb", '{"a": "%s"}', '{"a": "%s"}'),
        ("text[]", "{a,b}", '["a", "b"]'),
        ("uuid", "0B8D6C3E-0000-4000-8000-000000000001", "0b8d6c3e-0000-4000-8000-000000000001"),
        ("varchar(40)", "it's 100% \\ {} \U0001f600", "it's 100% \\ {} \U0001f600"),
    ],
)
def test_a_value_of_any_type_is_sent_once_as_its_text(
    warehouse: Warehouse, value: str, written: str, sent: str
) -> None:
    build(warehouse, {"1": written}, value=value)
    writer = account()
    run_sync(warehouse, SYNC, writer=writer, yes=True)
    assert writer.records == {"1": {"a": sent}}
    assert plan_sync(warehouse, SYNC).counts.unchanged == 1


@pytest.mark.parametrize(("value", "empty"), [("jsonb", "null"), ("text", "")])
def test_what_is_empty_in_any_type_is_not_sent(
    warehouse: Warehouse, value: str, empty: str
) -> None:
    build(warehouse, {"1": empty}, value=value)
    assert plan_sync(warehouse, SYNC, full=True).counts.to_write == 0


@pytest.mark.parametrize(
    ("key", "one"),
    [
        ("bigint", "41200067623"),
        ("uuid", "0b8d6c3e-0000-4000-8000-000000000001"),
        ("text", 'a key, it\'s "100%" {odd} \u00fc'),
        ("varchar(40)", "a key"),
    ],
)
def test_a_key_of_any_type_is_planned_kept_and_known_again(
    warehouse: Warehouse, key: str, one: str
) -> None:
    build(warehouse, {one: "x"}, key=key)
    writer = account(records={one: {"a": "old"}})
    plan = plan_sync(warehouse, SYNC, writer=writer, save=True, allow=[one])
    result = run_sync(warehouse, SYNC, writer=writer, plan_id=plan.plan_id, yes=True)
    assert (result.written, writer.records) == (1, {one: {"a": "x"}})
    assert ledger_rows(warehouse, "select key from ops.sync_state") == [{"key": one}]
    assert plan_sync(warehouse, SYNC).counts.unchanged == 1


@pytest.mark.parametrize("key", ["bigint", "text", "timestamptz", "date"])
def test_a_key_of_any_type_that_is_there_twice_is_an_error_of_the_model(
    warehouse: Warehouse, key: str
) -> None:
    one = "2026-01-01" if key in {"timestamptz", "date"} else "7"
    build(warehouse, {one: "x"}, key=key)
    with warehouse.connect() as connection:
        place = sql.Identifier(*SYNC.source)
        connection.execute(sql.SQL("insert into {0} select * from {0}").format(place))
    assert len(plan_sync(warehouse, SYNC).duplicate_keys) == 1
