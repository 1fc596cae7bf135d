from __future__ import annotations

from dataclasses import replace

import pytest

from activation import Operation, Plan, plan_sync, run_sync
from activation.declaration import WhenNull
from activation.errors import SourceError
from tests.activation.memory import MemoryWriter
from tests.activation.runs import outcomes, run
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse


def only(plan: Plan) -> dict[str, str | None]:
    (row,) = plan.rows
    return dict(row.changes)


def acknowledge(warehouse: Warehouse, *content: Row) -> None:
    build(warehouse, content)
    assert run_sync(warehouse, JOURNEY, writer=MemoryWriter(), yes=True).exit_code == 0


def stage_when_null(policy: WhenNull) -> list[dict[str, object]]:
    return [
        {**field.model_dump(), "when_null": policy if field.column == "cs_stage" else "skip"}
        for field in JOURNEY.fields
    ]


def test_a_row_that_was_never_acknowledged_is_an_insert_of_all_it_has(
    warehouse: Warehouse,
) -> None:
    build(warehouse, [Row("7", sales=None)])
    plan = plan_sync(warehouse, JOURNEY)
    assert [(row.key, row.operation) for row in plan.rows] == [("7", Operation.INSERT)]
    assert only(plan) == Row("7").values
    assert plan.is_first


def test_a_row_that_differs_is_an_update_of_the_changed_field_alone(warehouse: Warehouse) -> None:
    acknowledge(warehouse, Row("7"))
    build(warehouse, [Row("7", stage="cs_success")])
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.rows[0].operation is Operation.UPDATE
    assert only(plan) == {"cs_stage": "cs_success"}
    assert not plan.is_first


def test_a_row_that_was_acknowledged_as_it_is_is_unchanged(warehouse: Warehouse) -> None:
    acknowledge(warehouse, Row("7"), Row("8"))
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.rows == ()
    assert (plan.counts.source, plan.counts.unchanged) == (2, 2)


def test_planning_changes_nothing_and_two_plans_are_equal(warehouse: Warehouse) -> None:
    build(warehouse, [*rows(3), Row("9", skip_reason="no_manager")])
    first = plan_sync(warehouse, JOURNEY)
    assert plan_sync(warehouse, JOURNEY) == first
    assert ledger_rows(warehouse, "select run_id from ops.sync_run") == []
    assert ledger_rows(warehouse, "select key from ops.sync_state") == []
    assert ledger_rows(warehouse, "select key from ops.sync_outstanding") == []


def test_the_rows_of_a_plan_are_in_bytewise_order_of_their_keys(warehouse: Warehouse) -> None:
    build(warehouse, [Row("b"), Row("10"), Row("9"), Row("B")])
    assert [row.key for row in plan_sync(warehouse, JOURNEY).rows] == ["10", "9", "B", "b"]


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("policy", [WhenNull.SKIP, WhenNull.KEEP])
def test_a_null_is_not_sent_over_a_value_when_the_field_skips_or_keeps(
    warehouse: Warehouse, policy: WhenNull, empty: str | None
) -> None:
    declaration = declared(fields=stage_when_null(policy))
    acknowledge(warehouse, Row("7"))
    build(warehouse, [Row("7", stage=empty, manager="success_2")])
    assert only(plan_sync(warehouse, declaration)) == {"account_manager": "success_2"}
    build(warehouse, [Row("7", stage=empty)])
    assert plan_sync(warehouse, declaration).rows == ()


def test_a_null_empties_a_value_of_ours_when_the_field_clears(warehouse: Warehouse) -> None:
    declaration = declared(fields=stage_when_null(WhenNull.CLEAR))
    acknowledge(warehouse, Row("7"))
    build(warehouse, [Row("7", stage=None)])
    assert only(plan_sync(warehouse, declaration)) == {"cs_stage": None}
    writer = MemoryWriter()
    run_sync(warehouse, declaration, writer=writer, yes=True)
    assert writer.records == {"7": {"cs_stage": None}}
    assert plan_sync(warehouse, declaration).rows == ()


@pytest.mark.parametrize("policy", list(WhenNull))
@pytest.mark.parametrize("full", [False, True])
def test_a_null_never_empties_a_value_that_was_not_ours(
    warehouse: Warehouse, policy: WhenNull, full: bool
) -> None:
    build(warehouse, [Row("7", stage=None)])
    plan = plan_sync(warehouse, declared(fields=stage_when_null(policy)), full=full)
    assert "cs_stage" not in only(plan)


def test_a_row_with_nothing_but_nulls_is_not_sent(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7", success=None, manager=None, stage=None, owner=None)])
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.rows == ()
    assert plan.counts.unchanged == 1


def test_a_value_that_returns_after_a_null_is_sent_only_when_it_is_another_one(
    warehouse: Warehouse,
) -> None:
    acknowledge(warehouse, Row("7", stage="cs_success"))
    acknowledge(warehouse, Row("7", stage=None))
    build(warehouse, [Row("7", stage="cs_success")])
    assert plan_sync(warehouse, JOURNEY).rows == ()
    build(warehouse, [Row("7", stage="cs_sales")])
    assert only(plan_sync(warehouse, JOURNEY)) == {"cs_stage": "cs_sales"}


def test_a_full_plan_holds_every_row_with_all_it_has(warehouse: Warehouse) -> None:
    acknowledge(warehouse, *rows(3))
    plan = plan_sync(warehouse, JOURNEY, full=True)
    assert [row.key for row in plan.rows] == ["1001", "1002", "1003"]
    assert all(row.operation is Operation.UPDATE for row in plan.rows)
    assert dict(plan.rows[0].changes) == Row("1001").values


def test_a_full_plan_sends_again_what_a_field_keeps(warehouse: Warehouse) -> None:
    acknowledge(warehouse, Row("7", stage="cs_success"))
    build(warehouse, [Row("7", stage=None)])
    kept = plan_sync(warehouse, declared(fields=stage_when_null(WhenNull.KEEP)), full=True)
    left = plan_sync(warehouse, declared(fields=stage_when_null(WhenNull.SKIP)), full=True)
    assert only(kept)["cs_stage"] == "cs_success"
    assert "cs_stage" not in only(left)


def test_only_allowed_keys_are_planned_and_the_others_are_counted(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    plan = plan_sync(warehouse, JOURNEY, allow={"1002", "1004", "none"})
    assert [row.key for row in plan.rows] == ["1002", "1004"]
    assert (plan.counts.held_back, plan.counts.source) == (2, 4)


def test_the_declared_allowlist_can_only_be_narrowed(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    pilot = declared(guards={"allow": ["1001", "1002"]})
    assert [row.key for row in plan_sync(warehouse, pilot).rows] == ["1001", "1002"]
    narrowed = plan_sync(warehouse, pilot, allow={"1002", "1003"})
    assert [row.key for row in narrowed.rows] == ["1002"]


def test_a_row_with_a_skip_reason_is_not_sent(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7", skip_reason="unknown_owner"), Row("8")])
    plan = plan_sync(warehouse, JOURNEY)
    assert [row.key for row in plan.rows] == ["8"]
    assert plan.counts.skipped == 1


def test_a_skipped_row_without_a_key_goes_by_its_reference(warehouse: Warehouse) -> None:
    build(warehouse, [Row(None, skip_reason="not_in_hubspot", company_id="c-17")])
    assert plan_sync(warehouse, JOURNEY).counts.without_key == 0
    result = run(warehouse, MemoryWriter())
    assert outcomes(warehouse, result) == {"company_id=c-17": "skipped"}


def test_a_row_without_a_key_and_without_a_reason_is_counted_as_an_error(
    warehouse: Warehouse,
) -> None:
    build(warehouse, [Row(None), Row(""), Row("7")])
    assert plan_sync(warehouse, JOURNEY).counts.without_key == 2


def test_a_key_that_two_rows_would_write_is_named(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7"), Row("7", stage="cs_success"), Row("8")])
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.duplicate_keys == ("7",)
    (error,) = plan.model_errors
    assert "several rows for hubspot_company_id 7" in error


def test_a_plan_of_a_sound_model_has_no_model_errors(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    assert plan_sync(warehouse, JOURNEY).model_errors == ()


def test_a_duplicate_is_found_though_one_of_the_two_rows_is_acknowledged_as_it_is(
    warehouse: Warehouse,
) -> None:
    acknowledge(warehouse, Row("7"))
    build(warehouse, [Row("7"), Row("7", stage="cs_success")])
    assert plan_sync(warehouse, JOURNEY).duplicate_keys == ("7",)


def test_a_skipped_row_beside_a_sent_one_with_the_same_key_is_no_duplicate(
    warehouse: Warehouse,
) -> None:
    build(warehouse, [Row("7"), Row("7", skip_reason="merged")])
    assert plan_sync(warehouse, JOURNEY).duplicate_keys == ()


def test_the_counts_of_a_plan_add_up_to_its_source(warehouse: Warehouse) -> None:
    acknowledge(warehouse, *rows(3))
    content = rows(6)
    content[1] = replace(content[1], stage="cs_success")
    content[2] = replace(content[2], skip_reason="no_manager")
    build(warehouse, [*content, Row(None)])
    counts = plan_sync(warehouse, JOURNEY, allow={"1002", "1004", "1005"}).counts
    assert counts.source == 7
    assert (counts.updates, counts.inserts, counts.unchanged) == (1, 2, 1)
    assert (counts.skipped, counts.held_back, counts.without_key) == (1, 1, 1)


def test_an_empty_model_plans_nothing(warehouse: Warehouse) -> None:
    acknowledge(warehouse, *rows(3))
    build(warehouse, [])
    plan = plan_sync(warehouse, declared(fields=stage_when_null(WhenNull.CLEAR)), full=True)
    assert plan.rows == ()
    assert plan.counts.source == 0


def test_a_missing_model_is_answered_with_what_to_do(warehouse: Warehouse) -> None:
    with pytest.raises(SourceError, match="run `millrace build` first"):
        plan_sync(warehouse, JOURNEY)


def test_a_missing_column_is_answered_with_its_name(warehouse: Warehouse) -> None:
    build(warehouse, [])
    with warehouse.connect() as connection:
        connection.execute(
            "alter table activation.sync_hubspot_company__journey drop column cs_stage"
        )
    with pytest.raises(SourceError, match="has no column cs_stage"):
        plan_sync(warehouse, JOURNEY)


def test_values_of_other_types_are_planned_as_text_and_compared_as_such(
    warehouse: Warehouse,
) -> None:
    with warehouse.connect() as connection:
        connection.execute("create schema activation")
        connection.execute(
            """
            create table activation.sync_hubspot_company__journey as
            select
                7::bigint as hubspot_company_id,
                12.50::numeric as sales_account_manager,
                true as customer_success_manager,
                date '2026-11-01' as account_manager,
                timestamptz '2026-11-01 12:00+02' as cs_stage,
                null::integer as hubspot_owner_id,
                null::text as skip_reason,
                1 as company_id,
                null::timestamptz as decided_at
            """
        )
    plan = plan_sync(warehouse, JOURNEY)
    assert plan.rows[0].key == "7"
    assert only(plan) == {
        "salesaccountmanager": "12.50",
        "customersuccessmanager": "true",
        "account_manager": "2026-11-01",
        "cs_stage": "2026-11-01T10:00:00+00:00",
    }
    run_sync(warehouse, JOURNEY, writer=MemoryWriter())
    assert plan_sync(warehouse, JOURNEY).rows == ()


def test_a_plan_shows_no_values_unless_asked(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7", manager="somebody")])
    plan = plan_sync(warehouse, JOURNEY)
    assert "somebody" not in repr(plan)
    assert plan.rows[0].changes["account_manager"] == "somebody"
