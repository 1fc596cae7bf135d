"""Plans against the destination itself, and what happens to values of others."""

from __future__ import annotations

import pytest

from activation import Declaration, ExitCode, RunStatus, plan_sync, run_sync
from activation.errors import PreflightError
from activation.writers.base import PropertyDescription, Repeating, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import FIRST, declare, fill
from tests.activation.source import JOURNEY, build, ledger_rows, rows
from warehouse.database import Warehouse

KINDS = {"n": ValueKind.NUMBER, "at": ValueKind.INSTANT, "text": ValueKind.TEXT}


def account(**more: object) -> MemoryWriter:
    properties = {name: PropertyDescription(name, kind) for name, kind in KINDS.items()}
    return MemoryWriter(properties=properties, **more)  # type: ignore[arg-type]


def test_only_what_the_destination_does_not_hold_is_planned_with_old_and_new_value(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter(records={str(row.key): dict(row.values) for row in rows(3)})
    writer.records["1002"]["cs_stage"] = "cs_sales"
    plan = plan_sync(warehouse, JOURNEY, writer=writer, against_destination=True)
    (row,) = plan.rows
    assert (row.key, dict(row.changes)) == ("1002", {"cs_stage": "cs_onboarding"})
    assert row.replaced == {"cs_stage": "cs_sales"}
    assert (plan.counts.unchanged, plan.counts.source) == (2, 3)
    assert writer.usage.write_calls == 0


def test_what_is_held_already_is_acknowledged_and_not_sent(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter(records={str(row.key): dict(row.values) for row in rows(2)})
    result = run_sync(warehouse, JOURNEY, writer=writer, against_destination=True, yes=True)
    assert (result.written, result.exit_code) == (1, ExitCode.DONE)
    assert writer.sent == ["1003"]
    assert plan_sync(warehouse, JOURNEY).counts.unchanged == 3
    again = run_sync(warehouse, JOURNEY, writer=writer, against_destination=True, yes=True)
    assert (again.written, again.confirmed) == (0, 0)
    assert len(ledger_rows(warehouse, "select from ops.sync_row")) == 3


def test_a_change_that_somebody_made_there_is_found_and_written_over(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter()
    run_sync(warehouse, JOURNEY, writer=writer, yes=True)
    writer.records["1002"]["cs_stage"] = "cs_success"
    assert run_sync(warehouse, JOURNEY, writer=writer).counts.to_write == 0
    run_sync(warehouse, JOURNEY, writer=writer, against_destination=True)
    assert writer.records["1002"]["cs_stage"] == "cs_onboarding"
    assert writer.sent[3:] == ["1002"]


def test_values_are_the_same_however_they_are_spelled(warehouse: Warehouse) -> None:
    sync = declare(FIRST, KINDS)
    fill(warehouse, sync, {"1": {"n": "320.50", "at": "2026-11-01T08:00:00+00:00", "text": "a"}})
    writer = account(records={"1": {"n": "320.5", "at": "2026-11-01T08:00:00.000Z", "text": "a"}})
    plan = plan_sync(warehouse, sync, writer=writer, against_destination=True)
    assert plan.counts.to_write == 0


def test_a_null_empties_only_a_value_that_is_still_ours(warehouse: Warehouse) -> None:
    fields = [{"column": "text", "property": "text", "when_null": "clear"}]
    sync = declare(FIRST, [], fields=fields)
    fill(warehouse, sync, {key: {"text": "ours"} for key in "123"})
    writer = account()
    run_sync(warehouse, sync, writer=writer, yes=True)
    writer.records["2"]["text"] = "theirs"
    fill(warehouse, sync, {"1": {}, "2": {}, "3": {"text": "ours"}})
    run_sync(warehouse, sync, writer=writer, yes=True)
    assert [writer.records[key]["text"] for key in "123"] == [None, "theirs", "ours"]
    (drift,) = ledger_rows(warehouse, "select key, property from ops.sync_drift")
    assert drift == {"key": "2", "property": "text"}
    assert plan_sync(warehouse, sync).counts.to_write == 0, "it is no longer ours to empty"


def test_a_value_changed_there_before_we_write_is_recorded_as_drift(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    run_sync(warehouse, JOURNEY, writer=writer, yes=True)
    writer.records["1001"]["cs_stage"] = "theirs"
    build(warehouse, rows(2, stage="cs_success"))
    run_sync(warehouse, JOURNEY, writer=writer, yes=True)
    assert writer.records["1001"]["cs_stage"] == "cs_success"
    (drift,) = ledger_rows(
        warehouse, "select key, acknowledged, found, resolution from ops.sync_drift"
    )
    assert drift == {
        "key": "1001", "acknowledged": "cs_onboarding", "found": "theirs",
        "resolution": "rewritten",
    }  # fmt: skip


@pytest.mark.parametrize("on_drift", ["report", "rewrite"])
def test_an_open_drift_is_written_over_where_the_sync_says_so(
    warehouse: Warehouse, on_drift: str
) -> None:
    sync = declare(FIRST, ["text", "n"], on_drift=on_drift)
    fill(warehouse, sync, {"1": {"text": "ours", "n": "1"}})
    writer = account()
    run_sync(warehouse, sync, writer=writer, yes=True)
    writer.records["1"]["text"] = "theirs"
    with warehouse.connect() as connection:
        connection.execute(
            """
            insert into ops.sync_drift (
                sync, key, property, kind, acknowledged, acknowledged_at, found, found_at
            )
            values (%s, '1', 'text', 'changed', 'ours', now(), 'theirs', now())
            """,
            [sync.name],
        )
    result = run_sync(warehouse, sync, writer=writer, yes=True)
    rewrites = on_drift == "rewrite"
    assert result.written == int(rewrites)
    assert writer.records["1"] == {"text": "ours" if rewrites else "theirs", "n": "1"}
    (drift,) = ledger_rows(warehouse, "select resolution from ops.sync_drift")
    assert drift["resolution"] == ("rewritten" if rewrites else None)


def test_a_destination_that_cannot_be_asked_is_not_compared_with(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    writer = MemoryWriter(repeating=Repeating.HARMLESS)
    with pytest.raises(PreflightError, match="cannot be asked"):
        plan_sync(warehouse, JOURNEY, writer=writer, against_destination=True)
    result = run_sync(warehouse, JOURNEY, writer=writer, against_destination=True)
    assert result.status is RunStatus.FAILED


def clearing(**more: object) -> Declaration:
    field = {"column": "text", "property": "text", "when_null": "clear", **more}
    return declare(FIRST, [], fields=[field, {"column": "n", "property": "n"}])


def test_a_personal_value_of_ours_is_emptied_when_the_model_has_none_any_more(
    warehouse: Warehouse,
) -> None:
    sync, writer = clearing(is_personal=True), account()
    fill(warehouse, sync, {"1": {"text": "jo@example.com", "n": "1"}})
    run_sync(warehouse, sync, writer=writer, yes=True)
    fill(warehouse, sync, {"1": {"n": "1"}})
    run_sync(warehouse, sync, writer=writer, against_destination=True, yes=True)
    assert writer.records["1"]["text"] is None


def test_a_value_of_others_that_is_not_emptied_is_not_taken_for_emptied(
    warehouse: Warehouse,
) -> None:
    sync, writer = clearing(), account()
    fill(warehouse, sync, {"1": {"text": "ours", "n": "1"}})
    run_sync(warehouse, sync, writer=writer, yes=True)
    writer.records["1"]["text"] = "theirs"
    fill(warehouse, sync, {"1": {"n": "1"}})
    run_sync(warehouse, sync, writer=writer, against_destination=True, yes=True)
    assert writer.records["1"]["text"] == "theirs"
    assert ledger_rows(warehouse, "select payload from ops.sync_state") == [{"payload": {"n": "1"}}]


def test_a_personal_value_that_is_known_to_be_held_is_not_recorded_again(
    warehouse: Warehouse,
) -> None:
    sync, writer = clearing(is_personal=True), account()
    fill(warehouse, sync, {"1": {"text": "jo@example.com", "n": "1"}})
    run_sync(warehouse, sync, writer=writer, yes=True)
    run_sync(warehouse, sync, writer=writer, against_destination=True, yes=True)
    assert ledger_rows(warehouse, "select outcome from ops.sync_row") == [{"outcome": "written"}]


def test_a_parked_row_whose_record_holds_everything_is_settled(warehouse: Warehouse) -> None:
    sync, writer = declare(FIRST, ["text"], park_after=1), account()
    fill(warehouse, sync, {"1": {"text": "ours"}})
    run_sync(warehouse, sync, writer=writer, yes=True)
    writer.refused.add("1")
    assert run_sync(warehouse, sync, writer=writer, full=True, yes=True).failed == 1
    run_sync(warehouse, sync, writer=writer, against_destination=True, yes=True)
    assert plan_sync(warehouse, sync).counts.unchanged == 1
    assert ledger_rows(warehouse, "select key from ops.sync_outstanding") == []


def test_a_model_with_nothing_to_write_asks_the_destination_nothing(warehouse: Warehouse) -> None:
    sync, writer = declare(FIRST, ["text"]), account()
    fill(warehouse, sync, {})
    assert plan_sync(warehouse, sync, writer=writer, against_destination=True).rows == ()
    run_sync(warehouse, sync, writer=writer, against_destination=True)
    assert writer.usage.calls == 0
