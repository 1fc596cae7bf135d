"""A run from plan to ledger, interrupted ones included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activation import (
    ExitCode,
    Progress,
    RunStatus,
    plan_sync,
    run_sync,
    sync_status,
)
from activation.errors import (
    DestinationRefusedError,
    DestinationUnavailableError,
    SyncBusyError,
)
from activation.ledger import Ledger
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.models import FIRST, declare, fill
from tests.activation.runs import outcomes, recorded, run
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse
from warehouse.settings import get_settings


def test_a_run_brings_the_destination_to_what_the_model_says(warehouse: Warehouse) -> None:
    content = rows(5)
    build(warehouse, content)
    writer = MemoryWriter()
    result = run(warehouse, writer, batch_size=2)
    assert writer.records == {row.key: row.values for row in content}
    assert writer.requests == [["1001", "1002"], ["1003", "1004"], ["1005"]]
    assert (result.status, result.exit_code) == (RunStatus.DONE, ExitCode.DONE)
    assert (result.written, result.failed) == (5, 0)


def test_a_second_run_makes_no_request_of_any_kind(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    run(warehouse, MemoryWriter())
    again = MemoryWriter()
    result = run(warehouse, again)
    assert again.usage.calls == 0
    assert (result.exit_code, result.counts.unchanged) == (ExitCode.DONE, 5)


def test_a_run_with_nothing_to_write_needs_no_credentials(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    monkeypatch.setattr("activation.writers.hubspot.get_settings", get_settings.__wrapped__)
    build(warehouse, rows(1))
    missing = run_sync(warehouse, JOURNEY)
    assert missing.exit_code is ExitCode.FAILED
    assert "HUBSPOT_ACCESS_TOKEN is not set" in str(missing.message)
    run(warehouse, MemoryWriter())
    assert run_sync(warehouse, JOURNEY).exit_code is ExitCode.DONE


def test_what_a_run_did_is_in_the_ledger(warehouse: Warehouse) -> None:
    build(warehouse, [*rows(3), Row("9", skip_reason="no_manager")])
    result = run(warehouse, MemoryWriter(), batch_size=2)
    assert outcomes(warehouse, result) == {
        "1001": "written", "1002": "written", "1003": "written", "9": "skipped",
    }  # fmt: skip
    row = recorded(warehouse, result)
    assert (row["status"], row["scope"]) == ("done", "changes")
    assert (row["rows_source"], row["rows_planned"], row["rows_written"]) == (4, 3, 3)
    assert (row["rows_skipped"], row["rows_unchanged"]) == (1, 0)
    assert (row["calls"], row["write_calls"]) == (8, 5)  # 1 description, 3 option lists, 2 batches
    assert row["finished_at"] is not None


def test_the_acknowledged_payload_is_what_was_sent_field_by_field(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7")])
    run(warehouse, MemoryWriter())
    build(warehouse, [Row("7", success=None, stage="cs_success")])
    run(warehouse, MemoryWriter())
    (state,) = ledger_rows(
        warehouse, "select payload, hash = ops.payload_hash(payload) as fits from ops.sync_state"
    )
    assert state["payload"] == {**Row("7").values, "cs_stage": "cs_success"}
    assert state["fits"]


def test_every_row_of_a_finished_run_is_accounted_for(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    run(warehouse, MemoryWriter())
    content = [replace(row, stage="cs_success") for row in rows(3)]
    build(warehouse, [*content, *rows(6)[3:], Row("9", skip_reason="merged"), Row("10", owner="1")])
    row = recorded(
        warehouse,
        run_sync(
            warehouse,
            JOURNEY,
            writer=MemoryWriter(refused={"1002"}),
            allow={"1001", "1002", "1005", "10"},
            yes=True,
        ),
    )
    parts = ("unchanged", "written", "failed", "skipped", "parked", "held_back")
    assert [row[f"rows_{part}"] for part in parts] == [1, 2, 1, 2, 0, 2]
    assert row["rows_source"] == 8


def test_progress_is_reported_after_each_batch(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    seen: list[Progress] = []
    run_sync(
        warehouse,
        declared(batch_size=2),
        writer=MemoryWriter(refused={"1003"}),
        on_progress=seen.append,
    )
    assert seen == [Progress(2, 5, 2, 0), Progress(4, 5, 3, 1), Progress(5, 5, 4, 1)]


def test_a_second_run_at_once_is_refused_with_a_sentence(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    with warehouse.connect(autocommit=True) as other:
        assert Ledger(other, JOURNEY).lock()
        with pytest.raises(SyncBusyError, match="Another run") as caught:
            run_sync(warehouse, JOURNEY, writer=MemoryWriter())
        assert caught.value.exit_code is ExitCode.FAILED
        assert Ledger(other, declared(name="hubspot_company__another")).lock(), (
            "each sync has its own lock"
        )
    assert run_sync(warehouse, JOURNEY, writer=MemoryWriter()).exit_code is ExitCode.DONE


def test_a_run_that_died_is_marked_by_the_next_one(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    second_batch = 8  # after a description, three lists of options, and a look at each batch
    with pytest.raises(Killed):
        run(warehouse, MemoryWriter(dies_before=second_batch), batch_size=2)
    status = sync_status(warehouse, [JOURNEY])[0]
    assert status.last_run is not None
    assert status.last_run.status is RunStatus.INTERRUPTED
    run(warehouse, MemoryWriter())
    found = ledger_rows(
        warehouse, "select status, rows_written from ops.sync_run order by started_at"
    )
    assert found == [
        {"status": "interrupted", "rows_written": 2},
        {"status": "done", "rows_written": 2},
    ]


def test_what_was_acknowledged_stays_when_the_destination_goes_away(warehouse: Warehouse) -> None:
    build(warehouse, rows(6))
    gone = DestinationUnavailableError("HubSpot could not be used.", request_id="request-5")
    writer = MemoryWriter(failures={2: gone})
    result = run(warehouse, writer, batch_size=2)
    assert (result.status, result.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert (result.written, result.unsure, result.message) == (2, 0, "HubSpot could not be used.")
    again = MemoryWriter()
    run(warehouse, again)
    assert again.sent == ["1003", "1004", "1005", "1006"]


def test_rows_whose_answer_was_lost_are_recorded_as_unsure_and_sent_again(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(4))
    lost = DestinationUnavailableError("No answer.", may_have_arrived=True)
    result = run(warehouse, MemoryWriter(failures={2: lost}), batch_size=2)
    assert (result.exit_code, result.unsure) == (ExitCode.FAILED, 2)
    assert outcomes(warehouse, result) == {
        "1001": "written", "1002": "written", "1003": "unsure", "1004": "unsure",
    }  # fmt: skip
    assert sync_status(warehouse, [JOURNEY])[0].failed == 2
    writer = MemoryWriter()
    assert run(warehouse, writer).exit_code is ExitCode.DONE
    assert writer.sent == ["1003", "1004"]
    assert sync_status(warehouse, [JOURNEY])[0].failed == 0


def test_a_destination_that_refuses_ends_the_run_with_its_sentence(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    writer = MemoryWriter(failures={1: DestinationRefusedError("The token is not accepted.")})
    result = run(warehouse, writer, batch_size=2)
    assert (result.exit_code, result.message) == (ExitCode.FAILED, "The token is not accepted.")
    assert len(writer.requests) == 1


def test_a_mistake_in_the_program_is_raised_and_leaves_a_closed_run(warehouse: Warehouse) -> None:
    build(warehouse, [Row("7", manager="somebody")])

    def broken(_: Progress) -> None:
        raise ValueError("somebody")

    with pytest.raises(ValueError, match="somebody"):
        run_sync(warehouse, JOURNEY, writer=MemoryWriter(), on_progress=broken)
    (row,) = ledger_rows(warehouse, "select status, message from ops.sync_run")
    assert row == {"status": "failed", "message": "It broke off (ValueError)."}


def test_a_missing_model_is_a_failed_run(warehouse: Warehouse) -> None:
    result = run_sync(warehouse, JOURNEY, writer=MemoryWriter())
    assert result.exit_code is ExitCode.FAILED
    assert "run `millrace build` first" in str(result.message)
    assert recorded(warehouse, result)["status"] == "failed"


def test_the_status_says_where_a_sync_stands(warehouse: Warehouse) -> None:
    (never,) = sync_status(warehouse, [JOURNEY])
    assert (never.last_run, never.acknowledged, never.is_running) == (None, 0, False)
    build(warehouse, [*rows(3), Row("9", skip_reason="no_manager")])
    result = run(warehouse, MemoryWriter(refused={"1003"}))
    (status,) = sync_status(warehouse, [JOURNEY])
    assert status.last_run is not None
    assert status.last_run.run_id == result.run_id
    assert status.last_run.status is RunStatus.DONE_WITH_FAILURES
    assert (status.acknowledged, status.failed, status.parked, status.skipped) == (2, 1, 0, 1)
    (row,) = status.outstanding
    assert (row.key, row.attempts, row.message) == ("1003", 1, "1003 cannot be changed.")


def test_the_status_of_a_run_at_work_is_running(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    seen: list[bool] = []

    def look(_: Progress) -> None:
        status = sync_status(warehouse, [JOURNEY])[0]
        assert status.last_run is not None
        seen.append(status.is_running and status.last_run.status is RunStatus.RUNNING)

    run_sync(warehouse, JOURNEY, writer=MemoryWriter(), on_progress=look)
    assert seen == [True]


def test_personal_values_are_kept_as_digests_and_shown_nowhere(warehouse: Warehouse) -> None:
    secret = "a value nobody else holds"
    fields = [
        {**field, "is_personal": field["property"] == "account_manager"}
        for field in JOURNEY.model_dump()["fields"]
    ]
    personal = declared(fields=fields)
    build(warehouse, [Row("7", manager=secret), Row("8", manager=secret, owner="4711")])
    writer = MemoryWriter(refused={"7"})
    plan = plan_sync(warehouse, personal, writer=writer, save=True)
    assert secret not in repr(plan)
    result = run_sync(warehouse, personal, writer=writer)
    assert secret not in repr(result)
    found = ledger_rows(
        warehouse,
        """
        select to_jsonb(each_run)::text as content from ops.sync_run as each_run
        union all
        select to_jsonb(each_row)::text from ops.sync_row as each_row
        union all
        select to_jsonb(outstanding)::text from ops.sync_outstanding as outstanding
        union all
        select to_jsonb(planned)::text from ops.sync_plan_row as planned
        union all
        select to_jsonb(state)::text from ops.sync_state as state
        """,
    )
    assert len(found) == 7
    assert all(secret not in row["content"] for row in found)
    writer.refused.clear()
    run_sync(warehouse, personal, writer=writer)
    assert writer.records["7"]["account_manager"] == secret
    assert run_sync(warehouse, personal, writer=writer).usage.write_calls == 0


def test_the_plan_after_a_run_holds_what_the_run_left_over(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    run(warehouse, MemoryWriter(refused={"1002"}))
    assert [row.key for row in plan_sync(warehouse, JOURNEY).rows] == ["1002"]


def test_a_personal_value_that_we_emptied_is_no_drift_when_it_comes_back(
    warehouse: Warehouse,
) -> None:
    field = {"column": "a", "property": "a", "is_personal": True, "when_null": "clear"}
    sync = declare(FIRST, [], fields=[field])
    writer = MemoryWriter(properties={"a": PropertyDescription("a", ValueKind.TEXT)})
    for value in ("jo@example.com", None, "jo@example.com"):
        fill(warehouse, sync, {"1": {"a": value}})
        run_sync(warehouse, sync, writer=writer, yes=True)
    assert writer.records == {"1": {"a": "jo@example.com"}}
    assert ledger_rows(warehouse, "select * from ops.sync_drift") == []
