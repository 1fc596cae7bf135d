"""A property that may be missing is left out until it is there, and then written for every row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from activation import ExitCode, RunStatus, SyncResult, plan_sync, revert_run, run_sync
from activation.declaration import OnDrift
from activation.drift import SeenDrift, record_drift
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.source import ledger_rows
from tests.activation.weekly import (
    FIELDS,
    WEEK,
    WEEKLY,
    destination,
    figures,
    properties,
    want,
    weekly,
)
from warehouse.database import Warehouse

ROWS = figures(3)
WITHOUT_WEEK = {
    key: {f"figure_{name}": value for name, value in row.items() if name != "week"}
    for key, row in ROWS.items()
}
WITH_WEEK = {key: {**row, WEEK: "2026-03-22"} for key, row in WITHOUT_WEEK.items()}


def run(warehouse: Warehouse, writer: MemoryWriter, **how: Any) -> SyncResult:
    return run_sync(warehouse, WEEKLY, writer=writer, yes=True, **how)


def acknowledged(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    found = ledger_rows(
        warehouse,
        "select key, payload, hash = ops.payload_hash(payload) as fits from ops.sync_state",
    )
    assert all(row["fits"] for row in found)
    return {row["key"]: row["payload"] for row in found}


def make(writer: MemoryWriter, name: str = WEEK) -> None:
    writer.properties[name] = PropertyDescription(name, ValueKind.TEXT)


@pytest.mark.parametrize("how", [{}, {"full": True}, {"against_destination": True}])
def test_what_the_destination_lacks_is_left_out_and_told_once(
    warehouse: Warehouse, how: dict[str, bool]
) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    result = run(warehouse, writer, **how)
    assert (result.status, result.written) == (RunStatus.DONE, 3)
    assert writer.records == WITHOUT_WEEK
    assert acknowledged(warehouse) == WITHOUT_WEEK, "only what was sent"
    assert str(result.message).count(f"has no property {WEEK}, which is optional") == 1


def test_rows_that_lack_nothing_else_are_unchanged_in_every_later_run(
    warehouse: Warehouse,
) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    run(warehouse, writer)
    for week in ("2026-03-22", "2026-03-29"):
        want(warehouse, figures(3, week))
        writer.requests.clear()
        plan = plan_sync(warehouse, WEEKLY, writer=writer)
        assert (plan.counts.unchanged, plan.rows, plan.left_out) == (3, (), (WEEK,))
        again = run(warehouse, writer)
        assert (again.counts.unchanged, again.counts.to_write) == (3, 0)
        assert (again.exit_code, writer.requests) == (ExitCode.DONE, [])
        assert again.usage.calls == again.usage.describe_calls == 1, "whether it is there by now"
        assert f"no property {WEEK}" in str(again.message)


def test_a_guard_does_not_count_rows_that_would_be_written_with_it_alone(
    warehouse: Warehouse,
) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    guarded = weekly(guards={"max_changed_share": 0.5})
    run_sync(warehouse, guarded, writer=writer)
    want(warehouse, {**figures(3, "2026-03-29"), "1001": {**ROWS["1001"], "score": "99"}})
    result = run_sync(warehouse, guarded, writer=writer)
    assert (result.status, result.written) == (RunStatus.DONE, 1)


def test_once_it_is_there_every_row_is_written_with_it(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    run(warehouse, writer)
    make(writer)
    plan = plan_sync(warehouse, WEEKLY, writer=writer)
    assert [(row.key, row.changes) for row in plan.rows] == [
        (key, {WEEK: "2026-03-22"}) for key in ROWS
    ]
    result = run(warehouse, writer)
    assert (result.written, result.message) == (3, None)
    assert writer.records == WITH_WEEK
    assert acknowledged(warehouse) == WITH_WEEK
    assert run(warehouse, writer).usage.calls == 0, "and there is nothing more to ask"


def test_one_that_is_lost_is_forgotten_and_written_again_when_it_is_back(
    warehouse: Warehouse,
) -> None:
    want(warehouse, ROWS)
    writer = destination()
    run(warehouse, writer)
    del writer.properties[WEEK]
    for record in writer.records.values():
        del record[WEEK]
    want(warehouse, figures(3, "2026-03-29"))
    assert run(warehouse, writer).counts.to_write == 0
    assert acknowledged(warehouse) == WITHOUT_WEEK

    make(writer)
    want(warehouse, ROWS)
    assert run(warehouse, writer).written == 3
    assert writer.records == WITH_WEEK


@pytest.mark.parametrize("on_drift", OnDrift)
def test_one_that_is_lost_has_not_drifted(warehouse: Warehouse, on_drift: OnDrift) -> None:
    declaration = weekly(on_drift=on_drift)
    want(warehouse, ROWS)
    writer = destination()
    run_sync(warehouse, declaration, writer=writer)
    with warehouse.connect() as connection:
        record_drift(connection, declaration, [SeenDrift("1001", WEEK, "2026-03-22", None)])
    del writer.properties[WEEK]
    want(warehouse, figures(3, "2026-03-29"))
    assert run_sync(warehouse, declaration, writer=writer).counts.to_write == 0
    (drift,) = ledger_rows(warehouse, "select property, resolution from ops.sync_drift")
    assert drift == {"property": WEEK, "resolution": "no_longer_ours"}


def test_one_that_is_not_optional_is_still_needed(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    del writer.properties["figure_rank"]
    result = run(warehouse, writer)
    assert (result.status, writer.requests) == (RunStatus.FAILED, [])
    assert "no property figure_rank" in str(result.message)


def test_a_first_plan_asks_nobody_and_takes_it_to_be_there(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    assert WEEK in plan_sync(warehouse, WEEKLY, writer=writer).rows[0].changes
    assert run_sync(warehouse, WEEKLY, writer=writer, dry_run=True).counts.to_write == 3
    assert writer.usage.calls == 0


def test_a_plan_asks_nobody_while_it_is_known_to_be_there(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    run(warehouse, destination())
    want(warehouse, figures(3, "2026-03-29"))
    writer = destination()
    assert plan_sync(warehouse, WEEKLY, writer=writer).counts.updates == 3
    assert writer.usage.calls == 0


def test_a_plan_that_is_kept_is_one_without_it_and_is_refused_once_it_is_there(
    warehouse: Warehouse,
) -> None:
    want(warehouse, ROWS)
    writer = destination(with_week=False)
    plans = [plan_sync(warehouse, WEEKLY, writer=writer, save=True) for _ in range(2)]
    assert [each.left_out for each in plans] == [(WEEK,)] * 2
    make(writer)
    moved = run(warehouse, writer, plan_id=plans[0].plan_id)
    assert "no longer to be written as planned" in str(moved.message)
    del writer.properties[WEEK]
    assert run(warehouse, writer, plan_id=plans[1].plan_id).written == 3
    assert writer.records == WITHOUT_WEEK


def test_a_row_that_was_refused_goes_with_all_that_the_destination_has(
    warehouse: Warehouse,
) -> None:
    want(warehouse, ROWS)
    by_row = weekly(policy="row_by_row", park_after=2)
    writer = destination(with_week=False, refused={"1002"})
    for week in ("2026-03-22", "2026-03-29", "2026-04-05"):
        want(warehouse, figures(3, week))
        result = run_sync(warehouse, by_row, writer=writer)
    assert result.counts.parked == 1, "what cannot be sent makes no other wish"
    assert writer.sent.count("1002") == 2

    make(writer)
    writer.refused.clear()
    assert run_sync(warehouse, by_row, writer=writer).written == 3
    assert all(record[WEEK] == "2026-04-05" for record in writer.records.values())


def test_what_was_written_is_taken_back_without_it(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    held = {"figure_rank": "9 out of 9", WEEK: "2026-03-15"}
    writer = destination(records={key: dict(held) for key in ROWS})
    written = run(warehouse, writer)
    del writer.properties[WEEK]
    taken_back = revert_run(
        warehouse, str(written.run_id), writer=writer, declarations={WEEKLY.name: WEEKLY}
    )
    assert (taken_back.written, taken_back.exit_code) == (3, ExitCode.DONE)
    assert writer.records["1001"]["figure_rank"] == "9 out of 9"
    assert writer.records["1001"][WEEK] == "2026-03-22", "nothing was asked of it"


def test_a_mirror_empties_no_property_that_is_lost(warehouse: Warehouse) -> None:
    mirror = weekly(mode="mirror")
    want(warehouse, ROWS)
    writer = destination()
    run_sync(warehouse, mirror, writer=writer)
    del writer.properties[WEEK]
    want(warehouse, figures(2) | {"1002": ROWS["1002"], "1001": ROWS["1001"]})
    result = run_sync(warehouse, mirror, writer=writer)
    assert (result.status, result.counts.removals) == (RunStatus.DONE, 1)
    assert {name for name, value in writer.records["1003"].items() if value} == {WEEK}
    assert set(acknowledged(warehouse)) == {"1001", "1002"}


def test_an_error_of_the_model_is_told_before_anybody_is_asked(warehouse: Warehouse) -> None:
    want(warehouse, ROWS)
    run(warehouse, destination(with_week=False))
    with warehouse.connect() as connection:
        connection.execute(
            "insert into activation.sync_hubspot_company__weekly "
            "select * from activation.sync_hubspot_company__weekly"
        )
    writer = destination()
    assert run(warehouse, writer).status is RunStatus.FAILED
    assert writer.usage.calls == 0


def test_two_that_are_missing_are_left_out_together(warehouse: Warehouse) -> None:
    both = weekly(fields=[*FIELDS[:2], {**FIELDS[2], "optional": True}, FIELDS[3]])
    want(warehouse, ROWS)
    described = properties(with_week=False)
    del described["figure_tier"]
    writer = MemoryWriter(properties=described)
    result = run_sync(warehouse, both, writer=writer)
    assert set(writer.records["1001"]) == {"figure_score", "figure_rank"}
    assert f"no property figure_tier, {WEEK}" in str(result.message)
    writer.properties["figure_tier"] = replace(properties()["figure_tier"])
    assert run_sync(warehouse, both, writer=writer).written == 3
    assert set(writer.records["1001"]) == {"figure_score", "figure_rank", "figure_tier"}
