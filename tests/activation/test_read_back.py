"""Where the ledger cannot know what a record holds, the record is read before anything is sent."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from activation import ExitCode, plan_sync, retry_failed, run_sync
from activation.errors import DestinationUnavailableError, SyncBusyError
from activation.ledger import Ledger
from activation.read_back import holds
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.runs import keys, outcomes, recorded, run
from tests.activation.source import JOURNEY, Row, build, declared, forget, ledger_rows, rows
from warehouse.backup import take_backup
from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock
from warehouse.restore import RestoreError, restore_backup

LEDGER = ("sync_run", "sync_row", "sync_state", "sync_outstanding")
STAGES = ("cs_sales", "cs_onboarding", "cs_success")
NO_ANSWER = DestinationUnavailableError("no answer", may_have_arrived=True)

content = st.dictionaries(
    st.sampled_from([str(1000 + number) for number in range(1, 8)]),
    st.tuples(st.sampled_from(STAGES), st.sampled_from(["41", "42"])),
    min_size=1,
).map(lambda found: [Row(key, stage=stage, owner=owner) for key, (stage, owner) in found.items()])


def keep_ledger(warehouse: Warehouse) -> None:
    """Put a copy of the ledger aside."""
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists kept cascade")
        connection.execute("create schema kept")
        for table in LEDGER:
            connection.execute(
                sql.SQL("create table {} as table {}").format(
                    sql.Identifier("kept", table), sql.Identifier("ops", table)
                )
            )
        connection.execute("create table kept.taken_at as select clock_timestamp() as at")


def restore_ledger(warehouse: Warehouse) -> None:
    """Put the copy back, as a restored backup would."""
    with warehouse.connect() as connection:
        connection.execute(
            "truncate ops.sync_run, ops.sync_row, ops.sync_state, ops.sync_outstanding"
        )
        for table in LEDGER:
            connection.execute(
                sql.SQL("insert into {} overriding system value table {}").format(
                    sql.Identifier("ops", table), sql.Identifier("kept", table)
                )
            )
        connection.execute(
            "insert into ops.restore (restored_at, taken_at, millrace_version, schema_revision) "
            "select clock_timestamp(), at, '0', '0006' from kept.taken_at"
        )
        connection.execute("drop schema kept cascade")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=content,
    lost=content,
    wanted=content,
    batch_size=st.integers(1, 4),
    is_quiet_first=st.booleans(),
    dies_after=st.none() | st.integers(1, 8),
)
def test_after_a_restore_only_records_that_lack_a_value_are_written(
    *,
    warehouse: Warehouse,
    before: list[Row],
    lost: list[Row],
    wanted: list[Row],
    batch_size: int,
    is_quiet_first: bool,
    dies_after: int | None,
) -> None:
    forget(warehouse)
    writer = MemoryWriter()
    declaration = declared(batch_size=batch_size)
    build(warehouse, before)
    run_sync(warehouse, declaration, writer=writer, yes=True)
    keep_ledger(warehouse)
    build(warehouse, lost)
    run_sync(warehouse, declaration, writer=writer, yes=True)
    restore_ledger(warehouse)
    if is_quiet_first:  # a run that finds nothing to do ends no doubt
        build(warehouse, before)
        assert run_sync(warehouse, declaration, writer=writer, yes=True).written == 0

    build(warehouse, wanted)
    known = {str(row.key): row.values for row in before}
    planned = {str(row.key): row.values for row in wanted if known.get(str(row.key)) != row.values}
    lacking = {key for key, values in planned.items() if writer.records.get(key) != values}
    writer.applied.clear()
    writer.dies_after = writer.usage.calls + dies_after if dies_after else None
    with contextlib.suppress(Killed):
        run_sync(warehouse, declaration, writer=writer, yes=True)
    writer.dies_after = None
    run_sync(warehouse, declaration, writer=writer, yes=True)

    assert Counter(writer.applied) == Counter(lacking)
    assert {key: writer.records[key] for key in planned} == planned


def test_confirmed_rows_are_counted_recorded_and_acknowledged(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    run(warehouse, writer)
    keep_ledger(warehouse)
    build(warehouse, rows(5))
    run(warehouse, writer)
    restore_ledger(warehouse)
    build(warehouse, [*rows(4), Row("1005", stage="cs_success")])
    writer.requests.clear()
    result = run(warehouse, writer)
    assert (result.confirmed, result.written, result.exit_code) == (2, 1, ExitCode.DONE)
    assert writer.sent == ["1005"]
    assert outcomes(warehouse, result) == {
        "1003": "confirmed", "1004": "confirmed", "1005": "written",
    }  # fmt: skip
    counted = recorded(warehouse, result)
    assert (counted["rows_confirmed"], counted["rows_written"]) == (2, 1)
    assert len(ledger_rows(warehouse, "select key from ops.sync_state")) == 5
    assert run(warehouse, writer).usage.calls == 0


def test_a_row_whose_answer_never_came_is_read_and_sent_only_if_it_did_not_arrive(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(4))
    writer = MemoryWriter(failures={1: NO_ANSWER})
    assert run(warehouse, writer).unsure == 4
    for row in rows(2):
        writer.records[str(row.key)] = dict(row.values)
    result = run(warehouse, writer)
    assert writer.reads == [["1001", "1002", "1003", "1004"]] * 2
    assert writer.requests[1:] == [["1003", "1004"]]
    assert (result.confirmed, result.written, result.unsure) == (2, 2, 0)
    assert ledger_rows(warehouse, "select key from ops.sync_outstanding") == []


def test_a_retry_reads_unsure_rows_back_too(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    run(warehouse, MemoryWriter(failures={1: NO_ANSWER}))
    there = MemoryWriter(records={str(row.key): dict(row.values) for row in rows(2)})
    assert retry_failed(warehouse, JOURNEY, writer=there).confirmed == 2
    assert there.sent == []


def test_each_record_is_read_once_before_it_is_written(warehouse: Warehouse) -> None:
    writer = MemoryWriter(refused={"1002"})
    for stage in STAGES:
        build(warehouse, rows(3, stage=stage))
        run(warehouse, writer)
    assert writer.reads == writer.requests


def test_doubt_ends_with_the_first_complete_run_after_a_killed_one(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(2))
    with pytest.raises(Killed):
        run(warehouse, MemoryWriter(dies_after=1))
    plan_sync(warehouse, JOURNEY)
    run(warehouse, MemoryWriter())
    build(warehouse, rows(4, stage="cs_success"))
    assert plan_sync(warehouse, JOURNEY).doubtful == 0


def test_a_doubtful_record_is_compared_and_sent_with_all_its_fields(warehouse: Warehouse) -> None:
    build(warehouse, [Row("1001", stage="cs_sales", owner="41")])
    writer = MemoryWriter()
    run(warehouse, writer)
    keep_ledger(warehouse)
    build(warehouse, [Row("1001", stage="cs_success", owner="42")])
    run(warehouse, writer)
    restore_ledger(warehouse)
    wanted = Row("1001", stage="cs_success", owner="41")  # owner as the ledger says, not as it is
    build(warehouse, [wanted])
    assert run(warehouse, writer).written == 1
    assert writer.records["1001"] == wanted.values


def test_a_full_run_after_a_restore_writes_only_what_is_not_there(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter()
    run(warehouse, writer)
    keep_ledger(warehouse)
    restore_ledger(warehouse)
    writer.records["1002"]["cs_stage"] = "cs_success"  # newer than the backup
    writer.requests.clear()
    result = run_sync(warehouse, JOURNEY, writer=writer, full=True, yes=True)
    assert (result.confirmed, result.written) == (2, 1)
    assert writer.sent == ["1002"]


def test_a_sync_and_a_restore_keep_each_other_out(warehouse: Warehouse, tmp_path: Path) -> None:
    build(warehouse, rows(1))
    path = take_backup(warehouse, tmp_path / "a.backup").path
    with contextlib.closing(warehouse.connect(autocommit=True)) as syncing:
        assert Ledger(syncing, JOURNEY).lock()
        with pytest.raises(RestoreError, match="A sync is at work"):
            restore_backup(warehouse, path)
    with contextlib.closing(warehouse.connect(autocommit=True)) as restoring:
        restoring.execute("select pg_advisory_lock(%s)", [WarehouseLock.DESTINATIONS.value])
        with pytest.raises(SyncBusyError, match="a backup is being put back"):
            run(warehouse, MemoryWriter())
    assert run(warehouse, MemoryWriter()).written == 1


def test_planning_says_how_many_rows_are_doubtful_and_asks_nobody(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    run(warehouse, MemoryWriter(failures={1: NO_ANSWER}))
    build(warehouse, rows(5))
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.doubtful == 3
    assert [row.key for row in plan.rows if row.is_doubtful] == ["1001", "1002", "1003"]
    assert {row.key for row in plan.rows} == keys(5)
    dry = MemoryWriter()
    assert run_sync(warehouse, JOURNEY, writer=dry, dry_run=True, yes=True).plan == plan
    assert dry.usage.calls == 0


def test_a_read_that_fails_ends_the_run_and_loses_nothing(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    run(warehouse, MemoryWriter(failures={1: NO_ANSWER}))
    unreadable = MemoryWriter()
    with pytest.raises(Killed):
        run(warehouse, replace(unreadable, dies_before=2))
    result = run(warehouse, unreadable)
    assert (result.written, result.exit_code) == (3, ExitCode.DONE)


@pytest.mark.parametrize(
    ("kind", "held", "wanted", "is_same"),
    [
        (ValueKind.TEXT, "a", "a", True),
        (ValueKind.TEXT, "1.0", "1", False),
        (ValueKind.TEXT, None, None, True),
        (ValueKind.TEXT, "", None, True),
        (ValueKind.TEXT, "a", None, False),
        (ValueKind.NUMBER, "12.50", "12.5", True),
        (ValueKind.NUMBER, "1E+2", "100", True),
        (ValueKind.NUMBER, "12.5", "12.51", False),
        (ValueKind.NUMBER, None, "0", False),
        (ValueKind.NUMBER, "many", "1", False),
        (ValueKind.BOOLEAN, "TRUE", "true", True),
        (ValueKind.BOOLEAN, "false", "true", False),
        (ValueKind.DATE, "2026-03-01", "1772323200000", True),
        (ValueKind.DATE, "2026-03-01", "2026-03-02", False),
        (ValueKind.INSTANT, "2026-03-01T10:00:00.123Z", "2026-03-01T12:00:00.123456+02:00", True),
        (ValueKind.INSTANT, "1772359200000", "2026-03-01T10:00:00Z", True),
        (ValueKind.INSTANT, "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z", False),
        (ValueKind.INSTANT, "9" * 30, "2026-03-01T10:00:01Z", False),
        (ValueKind.CHOICE, "cs_sales", "CS_SALES", False),
        (ValueKind.CHOICES, "b;a", "a;b", True),
        (ValueKind.CHOICES, "a", "a;b", False),
    ],
)
def test_values_are_compared_by_what_they_mean(
    kind: ValueKind, held: str | None, wanted: str | None, *, is_same: bool
) -> None:
    described = {"field": PropertyDescription("field", kind)}
    assert holds({"field": held}, {"field": wanted}, described) is is_same


def test_a_value_that_is_not_there_is_an_empty_one() -> None:
    described = {"field": PropertyDescription("field", ValueKind.TEXT)}
    assert holds({}, {"field": None}, described)
    assert not holds({}, {"field": "a"}, described)
