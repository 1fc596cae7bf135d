"""What is checked before anything is sent: preflight, guards, allowlist, dry run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activation import (
    ExitCode,
    RunStatus,
    run_sync,
    sync_status,
)
from tests.activation.memory import MemoryWriter
from tests.activation.runs import outcomes, recorded, run
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse


def test_missing_options_are_made_first_with_the_complete_list(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7", stage="cs_success"), Row("8", stage="cs_sales")])
    writer = MemoryWriter()
    first = run(warehouse, writer)
    assert first.options_added["cs_stage"] == ("cs_sales", "cs_success")
    build(warehouse, [Row("7", stage="cs_onboarding"), Row("8", stage="cs_sbp")])
    writer.option_lists.clear()
    run(warehouse, writer)
    assert writer.option_lists == [
        ("cs_stage", ("cs_sales", "cs_success", "cs_onboarding", "cs_sbp"))
    ]


def test_existing_options_make_no_request(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7")])
    writer = MemoryWriter()
    run(warehouse, writer)
    build(warehouse, [Row("7"), Row("8")])
    writer.option_lists.clear()
    run(warehouse, writer)
    assert writer.option_lists == []
    assert writer.holds({"7", "8"})


def test_an_unknown_owner_skips_the_row_with_the_reason(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7"), Row("8", owner="4711", stage="cs_only_here")])
    writer = MemoryWriter()
    result = run(warehouse, writer)
    assert writer.holds({"7"})
    assert (result.written, result.skipped, result.exit_code) == (1, 1, ExitCode.DONE)
    (row,) = ledger_rows(
        warehouse, "select key, message from ops.sync_row where outcome = 'skipped'"
    )
    assert row == {"key": "8", "message": "hubspot_owner_id: the value is not an existing owner"}
    assert "cs_only_here" not in dict(writer.option_lists)["cs_stage"]


def test_a_row_skipped_for_its_owner_is_sent_once_the_owner_exists(warehouse: Warehouse) -> None:
    build(warehouse, [Row("8", owner="42"), Row("9", owner="4711")])
    writer = MemoryWriter()
    run(warehouse, writer)
    described = writer.properties["hubspot_owner_id"]
    writer.properties["hubspot_owner_id"] = replace(
        described, options=(replace(described.options[0], value="4711"),)
    )
    run(warehouse, writer)
    assert writer.holds({"8", "9"})
    assert sync_status(warehouse, [JOURNEY])[0].skipped == 0


def test_a_row_skipped_again_for_the_same_reason_is_not_recorded_again(
    warehouse: Warehouse,
) -> None:
    build(warehouse, [Row("8", owner="4711"), Row("9", skip_reason="no_manager")])
    writer = MemoryWriter()
    first, second = run(warehouse, writer), run(warehouse, writer)
    assert set(outcomes(warehouse, first)) == {"8", "9"}
    assert outcomes(warehouse, second) == {}
    assert second.skipped == 2
    build(warehouse, [Row("8", owner="4711"), Row("9", skip_reason="merged")])
    assert outcomes(warehouse, run(warehouse, writer)) == {"9": "skipped"}


def test_a_missing_property_is_named_and_nothing_is_sent(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    del writer.properties["cs_stage"]
    result = run(warehouse, writer)
    assert result.exit_code is ExitCode.FAILED
    assert "no property cs_stage" in str(result.message)
    assert writer.requests == []


def test_a_read_only_property_is_named_and_nothing_is_sent(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    writer.properties["cs_stage"] = replace(writer.properties["cs_stage"], is_read_only=True)
    result = run(warehouse, writer)
    assert "cs_stage is read-only" in str(result.message)
    assert writer.requests == []


@pytest.mark.parametrize(
    ("content", "named"),
    [([Row("7"), Row("7")], "hubspot_company_id 7"), ([Row(None)], "1 rows without")],
)
def test_an_error_of_the_model_is_named_before_any_request(
    warehouse: Warehouse, content: list[Row], named: str
) -> None:
    build(warehouse, [*content, Row("8")])
    writer = MemoryWriter()
    result = run(warehouse, writer)
    assert result.exit_code is ExitCode.FAILED
    assert named in str(result.message)
    assert writer.usage.calls == 0


def test_too_many_changed_rows_stop_the_run_before_any_request(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    declaration = declared(guards={"max_changed_rows": 2})
    writer = MemoryWriter()
    result = run_sync(warehouse, declaration, writer=writer)
    assert (result.status, result.exit_code) == (RunStatus.STOPPED, ExitCode.STOPPED)
    assert "max_changed_rows" in str(result.message)
    assert writer.usage.calls == 0
    assert recorded(warehouse, result)["status"] == "stopped"


def test_too_large_a_share_of_changed_rows_stops_every_run_but_the_first(
    warehouse: Warehouse,
) -> None:
    declaration = declared(guards={"max_changed_share": 0.5})
    build(warehouse, rows(4))
    writer = MemoryWriter()
    assert run_sync(warehouse, declaration, writer=writer).exit_code is ExitCode.DONE
    changed = [replace(row, stage="cs_success") for row in rows(4)]
    build(warehouse, [*changed[:2], *rows(4)[2:]])
    assert run_sync(warehouse, declaration, writer=writer).exit_code is ExitCode.DONE
    build(warehouse, rows(2) + changed[2:3] + rows(4)[3:])
    result = run_sync(warehouse, declaration, writer=writer)
    assert result.exit_code is ExitCode.STOPPED
    assert "3 of 4 rows would be written, more than the share of 50%" in str(result.message)


def test_yes_lets_a_run_through_its_guards(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    declaration = declared(guards={"max_changed_rows": 2})
    writer = MemoryWriter()
    assert run_sync(warehouse, declaration, writer=writer, yes=True).exit_code is ExitCode.DONE
    assert writer.holds({"1001", "1002", "1003"})


def test_a_dry_run_plans_and_judges_and_does_nothing(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    writer = MemoryWriter()
    result = run_sync(
        warehouse, declared(guards={"max_changed_rows": 2}), writer=writer, dry_run=True
    )
    assert result.plan is not None
    assert [row.key for row in result.plan.rows] == ["1001", "1002", "1003"]
    assert "max_changed_rows" in str(result.message)
    assert (result.status, result.exit_code) == (RunStatus.STOPPED, ExitCode.STOPPED)
    assert writer.usage.calls == 0
    assert ledger_rows(warehouse, "select run_id from ops.sync_run") == []


def test_a_dry_run_whose_guards_are_passed_is_done(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    declaration = declared(guards={"max_changed_rows": 2})
    writer = MemoryWriter()
    result = run_sync(warehouse, declaration, writer=writer, dry_run=True, yes=True)
    assert (result.exit_code, result.message) == (ExitCode.DONE, None)
    assert writer.usage.calls == 0


@pytest.mark.parametrize("yes", [False, True])
@pytest.mark.parametrize("content", [[Row("7"), Row("7")], [Row(None), Row("7")]])
def test_a_dry_run_fails_at_an_error_of_the_model_as_the_run_would(
    warehouse: Warehouse, content: list[Row], yes: bool
) -> None:
    build(warehouse, content)
    writer = MemoryWriter()
    dry = run_sync(warehouse, JOURNEY, writer=writer, dry_run=True, yes=yes)
    assert ledger_rows(warehouse, "select run_id from ops.sync_run") == []
    real = run_sync(warehouse, JOURNEY, writer=writer, yes=yes)
    assert (dry.status, dry.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert (dry.status, dry.message) == (real.status, real.message)
    assert dry.plan is not None
    assert dry.message == " ".join(dry.plan.model_errors)
    assert writer.usage.calls == 0


def test_a_run_sends_allowed_keys_alone(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    writer = MemoryWriter()
    result = run_sync(warehouse, JOURNEY, writer=writer, allow={"1002"})
    assert writer.sent == ["1002"]
    assert result.counts.held_back == 3
    nothing = run_sync(warehouse, JOURNEY, writer=writer, allow={"1002"})
    assert "3 rows differ, but are not on the allowlist" in str(nothing.message)


def test_an_empty_model_clears_nothing(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    run(warehouse, writer)
    build(warehouse, [])
    result = run(warehouse, writer)
    assert writer.records == {row.key: row.values for row in rows(2)}
    assert result.exit_code is ExitCode.DONE
    assert "no rows" in str(result.message)
