"""Plans that are kept, read, approved and carried out (spec/activation.md, Engine)."""

from __future__ import annotations

import pytest

from activation import ExitCode, Plan, RunStatus, SyncResult, plan_sync, run_sync
from activation.errors import PlanError
from tests.activation.memory import MemoryWriter
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse


def keep(warehouse: Warehouse, writer: MemoryWriter, *, against_destination: bool = False) -> Plan:
    return plan_sync(
        warehouse, JOURNEY, writer=writer, save=True, against_destination=against_destination
    )


def carry_out(warehouse: Warehouse, writer: MemoryWriter, plan: Plan) -> SyncResult:
    return run_sync(warehouse, JOURNEY, writer=writer, plan_id=plan.plan_id, yes=True)


@pytest.mark.parametrize("against_destination", [False, True])
def test_a_kept_plan_is_carried_out_as_it_was_read(
    warehouse: Warehouse, against_destination: bool
) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter(records={"1002": {"cs_stage": "cs_success"}})
    plan = keep(warehouse, writer, against_destination=against_destination)
    assert [row.replaced.get("cs_stage") for row in plan.rows] == [None, "cs_success", None]
    assert writer.usage.write_calls == 0, "a plan sends nothing"
    result = carry_out(warehouse, writer, plan)
    assert (result.written, result.exit_code) == (3, ExitCode.DONE)
    (run,) = ledger_rows(warehouse, "select plan_id from ops.sync_run")
    assert run["plan_id"] == plan.plan_id
    (found,) = ledger_rows(warehouse, "select hash, counts from ops.sync_plan")
    assert str(plan.plan_id).endswith(found["hash"][:8])
    assert found["counts"]["inserts"] == 3


def test_plans_of_one_moment_are_kept_apart(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    writer = MemoryWriter()
    assert len({keep(warehouse, writer).plan_id for _ in range(3)}) == 3


def test_a_plan_is_refused_when_the_model_has_moved(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter()
    plan = keep(warehouse, writer)
    build(warehouse, [*rows(2), Row("1003", stage="cs_success")])
    result = carry_out(warehouse, writer, plan)
    assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert "1 rows are no longer to be written as planned" in str(result.message)


def test_a_plan_is_refused_when_the_destination_has_moved(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter(records={"1002": {"cs_stage": "cs_sales"}})
    plan = keep(warehouse, writer)
    writer.records["1002"]["cs_stage"] = "cs_success"
    result = carry_out(warehouse, writer, plan)
    assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert "holds other values than then in 1 rows" in str(result.message)
    writer.records["1002"]["cs_stage"] = "cs_sales"
    assert carry_out(warehouse, writer, plan).written == 3, "a refused plan may still run"


def test_a_plan_that_others_carried_out_in_part_is_refused(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter()
    plan = keep(warehouse, writer)
    run_sync(warehouse, JOURNEY, writer=writer, allow=["1001"], yes=True)
    assert carry_out(warehouse, writer, plan).status is RunStatus.FAILED
    assert writer.sent == ["1001"]


def test_a_plan_runs_once(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    writer = MemoryWriter()
    plan = keep(warehouse, writer)
    carry_out(warehouse, writer, plan)
    with pytest.raises(PlanError, match="was carried out by run"):
        carry_out(warehouse, writer, plan)


def test_a_plan_is_one_of_its_sync_as_declared_then(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    writer = MemoryWriter()
    plan = keep(warehouse, writer)
    changed = declared(batch_size=7)
    with pytest.raises(PlanError, match="has changed since"):
        run_sync(warehouse, changed, writer=writer, plan_id=plan.plan_id)
    with pytest.raises(PlanError, match="There is no kept plan"):
        run_sync(warehouse, JOURNEY, writer=writer, plan_id="20260101T000000-00000000")
    harmless = declared(description="Other words.", guards={"max_changed_rows": 10})
    assert run_sync(warehouse, harmless, writer=writer, plan_id=plan.plan_id).written == 1


def test_guards_hold_for_kept_plans_too(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    writer = MemoryWriter()
    run_sync(warehouse, JOURNEY, writer=writer, yes=True)
    build(warehouse, rows(4, stage="cs_success"))
    plan = keep(warehouse, writer)
    stopped = run_sync(warehouse, JOURNEY, writer=writer, plan_id=plan.plan_id)
    assert stopped.status is RunStatus.STOPPED
    assert carry_out(warehouse, writer, plan).written == 4, "a stopped plan may be let through"


def test_a_plan_of_which_nothing_could_be_sent_may_still_run(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    writer = MemoryWriter()
    plan = keep(warehouse, writer)
    described = writer.properties.pop("cs_stage")
    assert carry_out(warehouse, writer, plan).status is RunStatus.FAILED
    writer.properties["cs_stage"] = described
    assert carry_out(warehouse, writer, plan).written == 1
