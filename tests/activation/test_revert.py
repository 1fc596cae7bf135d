"""Taking a run back (spec/activation.md, Engine: approve and revert)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activation import (
    ExitCode,
    RunStatus,
    SyncResult,
    plan_sync,
    retry_failed,
    revert_run,
    run_sync,
    sync_status,
)
from activation.errors import RevertError, UnknownSyncError
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import FIRST, declare, fill
from tests.activation.runs import outcomes
from tests.activation.source import JOURNEY, Row, build, ledger_rows, rows
from warehouse.database import Warehouse

BEFORE = {"cs_stage": "cs_sales", "hubspot_owner_id": "42"}


def sync(warehouse: Warehouse, writer: MemoryWriter) -> SyncResult:
    return run_sync(warehouse, JOURNEY, writer=writer, yes=True)


def revert(
    warehouse: Warehouse, writer: MemoryWriter, run: SyncResult, *, dry_run: bool = False
) -> SyncResult:
    return revert_run(warehouse, str(run.run_id), writer=writer, dry_run=dry_run, yes=True)


def test_every_record_is_put_back_to_what_it_held_before_the_run(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(3)})
    build(warehouse, rows(3))
    run = sync(warehouse, writer)
    assert writer.records["1001"] == rows(1)[0].values
    result = revert(warehouse, writer, run)
    assert (result.written, result.exit_code) == (3, ExitCode.DONE)
    held = {name: value for name, value in writer.records["1001"].items() if value}
    assert held == BEFORE
    (found,) = ledger_rows(warehouse, "select scope, reverts from ops.sync_run where reverts <> ''")
    assert found == {"scope": "revert", "reverts": run.run_id}


def test_only_what_the_run_changed_is_put_back(warehouse: Warehouse) -> None:
    writer = MemoryWriter()
    build(warehouse, rows(3))
    sync(warehouse, writer)
    build(warehouse, [*rows(2), Row("1003", stage="cs_success")])
    second = sync(warehouse, writer)
    writer.requests.clear()
    revert(warehouse, writer, second)
    assert writer.requests == [["1003"]]
    assert writer.records["1003"] == rows(3)[2].values


def test_what_somebody_changed_since_is_left_alone_field_by_field(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(2)})
    build(warehouse, rows(2))
    run = sync(warehouse, writer)
    writer.records["1001"]["cs_stage"] = "cs_success"
    writer.records["1002"] = {"cs_stage": "theirs", "hubspot_owner_id": "theirs"}
    result = revert(warehouse, writer, run)
    assert writer.records["1001"]["cs_stage"] == "cs_success"
    assert writer.records["1001"]["hubspot_owner_id"] == "42"
    assert writer.records["1002"]["cs_stage"] == "theirs"
    assert (result.written, result.confirmed) == (1, 1), "nothing was left to do for 1002"


def test_a_record_whose_every_field_was_changed_since_is_skipped(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={"1001": {}})
    build(warehouse, rows(1))
    run = sync(warehouse, writer)
    writer.records["1001"] = dict.fromkeys(writer.records["1001"], "theirs")
    result = revert(warehouse, writer, run)
    assert outcomes(warehouse, result) == {"1001": "skipped"}
    assert set(writer.records["1001"].values()) == {"theirs"}


def test_what_was_put_back_stays_until_the_model_wants_something_else(
    warehouse: Warehouse,
) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(2)})
    build(warehouse, rows(2))
    revert(warehouse, writer, sync(warehouse, writer))
    after = sync(warehouse, writer)
    assert (after.written, after.counts.parked) == (0, 2)
    assert sync_status(warehouse, [JOURNEY])[0].outstanding[0].status == "reverted"
    build(warehouse, [rows(1)[0], Row("1002", stage="cs_success")])
    assert sync(warehouse, writer).written == 1
    assert writer.records["1001"]["cs_stage"] == BEFORE["cs_stage"]
    assert retry_failed(warehouse, JOURNEY, writer=writer).written == 1
    assert writer.records["1001"] == {**BEFORE, **rows(1)[0].values}
    assert plan_sync(warehouse, JOURNEY).counts.to_write == 0


def test_a_value_that_was_not_ours_before_is_not_ours_after(warehouse: Warehouse) -> None:
    writer = MemoryWriter()
    build(warehouse, rows(1, stage="cs_sales"))
    sync(warehouse, writer)
    writer.records["1001"]["hubspot_owner_id"] = "42"  # somebody's
    build(warehouse, [replace(rows(1)[0], stage="cs_success", owner=None)])
    build(warehouse, [Row("1001", stage="cs_success", owner="41", manager="success_2")])
    run = sync(warehouse, writer)
    revert(warehouse, writer, run)
    (state,) = ledger_rows(warehouse, "select payload from ops.sync_state")
    assert state["payload"]["cs_stage"] == "cs_sales"
    assert writer.records["1001"]["cs_stage"] == "cs_sales"


def test_a_revert_can_be_taken_back(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={"1001": dict(BEFORE)})
    build(warehouse, rows(1))
    back = revert(warehouse, writer, sync(warehouse, writer))
    revert(warehouse, writer, back)
    assert writer.records["1001"] == {**BEFORE, **rows(1)[0].values}


def test_a_row_that_the_model_no_longer_has_is_put_back_too(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(2)})
    build(warehouse, rows(2))
    run = sync(warehouse, writer)
    build(warehouse, rows(1))
    assert revert(warehouse, writer, run).written == 2
    assert writer.records["1002"]["cs_stage"] == "cs_sales"


def test_a_rehearsed_revert_shows_the_plan_and_sends_nothing(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={"1001": dict(BEFORE)})
    build(warehouse, rows(1))
    run = sync(warehouse, writer)
    calls = writer.usage.calls
    result = revert(warehouse, writer, run, dry_run=True)
    assert result.plan is not None
    (row,) = result.plan.rows
    assert (row.changes["cs_stage"], row.replaced["cs_stage"]) == ("cs_sales", "cs_onboarding")
    assert writer.usage.calls == calls
    assert len(ledger_rows(warehouse, "select from ops.sync_run")) == 1


def test_a_killed_revert_goes_on_when_it_is_asked_for_again(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(4)})
    build(warehouse, rows(4))
    run = sync(warehouse, writer)
    writer.requests.clear()
    writer.refused.add("1002")
    assert revert(warehouse, writer, run).exit_code is ExitCode.FAILED_ROWS
    writer.refused.clear()
    again = revert(warehouse, writer, run)
    assert again.written == 1
    assert {record["cs_stage"] for record in writer.records.values()} == {"cs_sales"}


def test_a_guard_asks_before_much_is_put_back(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): {} for row in rows(3)})
    build(warehouse, rows(3))
    run = sync(warehouse, writer)
    guarded = JOURNEY.model_copy(
        update={"guards": JOURNEY.guards.model_copy(update={"max_changed_rows": 2})}
    )
    result = revert_run(
        warehouse, str(run.run_id), writer=writer, declarations={JOURNEY.name: guarded}
    )
    assert result.status is RunStatus.STOPPED


def test_a_run_that_is_not_there_is_answered_in_a_sentence(warehouse: Warehouse) -> None:
    with pytest.raises(RevertError, match="There is no run"):
        revert_run(warehouse, "none", writer=MemoryWriter())
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.sync_run (run_id, sync, scope, status, started_at) "
            "values ('old', 'hubspot_company__gone', 'full', 'done', now())"
        )
    with pytest.raises(UnknownSyncError):
        revert_run(warehouse, "old", writer=MemoryWriter())


def test_what_is_outstanding_of_other_rows_outlasts_a_revert(warehouse: Warehouse) -> None:
    writer = MemoryWriter(records={str(row.key): dict(BEFORE) for row in rows(3)})
    build(warehouse, rows(2))
    first = sync(warehouse, writer)
    build(warehouse, [*rows(2), Row("1003"), Row("1004", skip_reason="not yet")])
    second = sync(warehouse, writer)
    revert(warehouse, writer, first)
    revert(warehouse, writer, second)
    writer.requests.clear()
    assert sync(warehouse, writer).counts.parked == 3
    assert writer.requests == [], "what was put back first stays, too"


def test_a_field_that_the_run_left_alone_is_not_put_back(warehouse: Warehouse) -> None:
    clearing = declare(
        FIRST,
        [],
        fields=[{"column": name, "property": name, "when_null": "clear"} for name in ("a", "b")],
    )
    properties = {name: PropertyDescription(name, ValueKind.TEXT) for name in "ab"}
    writer = MemoryWriter(properties=properties)
    fill(warehouse, clearing, {"1": {"a": "ours", "b": "1"}})
    run_sync(warehouse, clearing, writer=writer, yes=True)
    writer.records["1"]["a"] = "theirs"
    fill(warehouse, clearing, {"1": {"b": "2"}})
    run = run_sync(warehouse, clearing, writer=writer, yes=True)
    writer.records["1"]["a"] = "theirs again"
    revert_run(
        warehouse,
        str(run.run_id),
        writer=writer,
        yes=True,
        declarations={clearing.name: clearing},
    )
    assert writer.records["1"] == {"a": "theirs again", "b": "1"}


def test_a_field_that_the_sync_no_longer_has_is_put_back_too(warehouse: Warehouse) -> None:
    both, one = declare(FIRST, ["a", "b"]), declare(FIRST, ["b"])
    properties = {name: PropertyDescription(name, ValueKind.TEXT) for name in "ab"}
    writer = MemoryWriter(properties=properties, records={"1": {"a": "old", "b": "old"}})
    fill(warehouse, both, {"1": {"a": "new", "b": "new"}})
    run = run_sync(warehouse, both, writer=writer, yes=True)
    result = revert_run(
        warehouse, str(run.run_id), writer=writer, yes=True, declarations={one.name: one}
    )
    assert (result.written, writer.records["1"]) == (1, {"a": "old", "b": "old"})


def test_a_value_that_was_kept_as_a_digest_is_not_put_back_once_the_field_is_not_personal(
    warehouse: Warehouse,
) -> None:
    plain = declare(FIRST, ["a", "b"])
    hidden = declare(
        FIRST,
        [],
        fields=[
            {"column": "a", "property": "a", "is_personal": True},
            {"column": "b", "property": "b"},
        ],
    )
    properties = {name: PropertyDescription(name, ValueKind.TEXT) for name in "ab"}
    writer = MemoryWriter(properties=properties, records={"1": {"a": "old", "b": "old"}})
    fill(warehouse, hidden, {"1": {"a": "new", "b": "new"}})
    run = run_sync(warehouse, hidden, writer=writer, yes=True)
    revert_run(
        warehouse, str(run.run_id), writer=writer, yes=True, declarations={plain.name: plain}
    )
    assert writer.records["1"] == {"a": "new", "b": "old"}
