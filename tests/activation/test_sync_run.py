from __future__ import annotations

from dataclasses import replace

import pytest

from activation import (
    ExitCode,
    Progress,
    RunStatus,
    SyncResult,
    plan_sync,
    retry_failed,
    run_sync,
    sync_status,
)
from activation.errors import (
    DestinationRefusedError,
    DestinationUnavailableError,
    SyncBusyError,
)
from activation.ledger import Ledger
from tests.activation.memory import Killed, MemoryWriter
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse
from warehouse.settings import get_settings


def run(warehouse: Warehouse, writer: MemoryWriter, batch_size: int = 100) -> SyncResult:
    return run_sync(warehouse, declared(batch_size=batch_size), writer=writer, yes=True)


def keys(count: int) -> set[str]:
    return {str(row.key) for row in rows(count)}


def outcomes(warehouse: Warehouse, result: SyncResult) -> dict[str, str]:
    found = ledger_rows(
        warehouse, "select key, outcome from ops.sync_row where run_id = %s", result.run_id
    )
    return {row["key"]: row["outcome"] for row in found}


def recorded(warehouse: Warehouse, result: SyncResult) -> dict[str, object]:
    (row,) = ledger_rows(warehouse, "select * from ops.sync_run where run_id = %s", result.run_id)
    return row


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
    assert (row["calls"], row["write_calls"]) == (6, 5)  # 1 description, 3 option lists, 2 batches
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


# Failing rows


def test_a_refused_row_stops_no_other_and_is_kept_with_the_vendors_words(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(5))
    writer = MemoryWriter(refused={"1003"})
    result = run(warehouse, writer, batch_size=2)
    assert writer.holds({"1001", "1002", "1004", "1005"})
    assert (result.status, result.exit_code) == (
        RunStatus.DONE_WITH_FAILURES,
        ExitCode.FAILED_ROWS,
    )
    (row,) = ledger_rows(
        warehouse,
        "select key, operation, message, request_id from ops.sync_row where outcome = 'failed'",
    )
    assert row == {
        "key": "1003",
        "operation": "insert",
        "message": "1003 cannot be changed.",
        "request_id": "request-9",
    }


def test_the_next_run_tries_only_the_failed_row(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    writer = MemoryWriter(refused={"1003"})
    run(warehouse, writer)
    again = MemoryWriter(refused={"1003"})
    assert run(warehouse, again).exit_code is ExitCode.FAILED_ROWS
    assert again.sent == ["1003"]
    healed = MemoryWriter()
    assert run(warehouse, healed).exit_code is ExitCode.DONE
    assert healed.records == {"1003": rows(3)[2].values}
    assert sync_status(warehouse, [JOURNEY])[0].outstanding == ()


def test_a_row_is_parked_after_so_many_refusals_of_the_same_values(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    declaration = declared(park_after=3)
    writer = MemoryWriter(refused={"1002"})
    codes = [run_sync(warehouse, declaration, writer=writer).exit_code for _ in range(4)]
    assert codes == [ExitCode.FAILED_ROWS] * 3 + [ExitCode.DONE]
    assert writer.sent.count("1002") == 3
    status = sync_status(warehouse, [declaration])[0]
    assert (status.failed, status.parked) == (0, 1)
    assert (status.outstanding[0].key, status.outstanding[0].attempts) == ("1002", 3)
    result = run_sync(warehouse, declaration, writer=writer)
    assert "parked" in str(result.message)
    assert recorded(warehouse, result)["rows_parked"] == 1


def test_a_parked_row_is_tried_again_when_its_values_change(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    declaration = declared(park_after=1)
    run_sync(warehouse, declaration, writer=MemoryWriter(refused={"1001"}))
    build(warehouse, [replace(rows(1)[0], stage="cs_success")])
    writer = MemoryWriter()
    run_sync(warehouse, declaration, writer=writer)
    assert writer.sent == ["1001"]


def test_retry_sends_failed_and_parked_rows_and_no_others(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    run_sync(warehouse, declared(park_after=1), writer=MemoryWriter(refused={"1001"}))
    build(warehouse, [replace(row, stage="cs_success") for row in rows(4)])
    run_sync(
        warehouse,
        declared(),
        writer=MemoryWriter(refused={"1002"}),
        allow={"1002"},
        yes=True,
    )
    writer = MemoryWriter()
    result = retry_failed(warehouse, JOURNEY, writer=writer, yes=True)
    assert writer.sent == ["1001", "1002"]
    assert result.counts.held_back == 2
    assert result.exit_code is ExitCode.DONE


def test_retry_with_nothing_failed_makes_no_request(warehouse: Warehouse) -> None:
    build(warehouse, rows(2))
    writer = MemoryWriter()
    assert retry_failed(warehouse, JOURNEY, writer=writer).exit_code is ExitCode.DONE
    assert writer.usage.calls == 0


def test_a_full_run_sends_everything_parked_rows_included(warehouse: Warehouse) -> None:
    build(warehouse, rows(3))
    run_sync(warehouse, declared(park_after=1), writer=MemoryWriter(refused={"1002"}))
    writer = MemoryWriter()
    result = run_sync(warehouse, JOURNEY, writer=writer, full=True, yes=True)
    assert writer.records == {row.key: row.values for row in rows(3)}
    assert recorded(warehouse, result)["scope"] == "full"


def test_a_failed_row_that_the_model_no_longer_wants_is_no_longer_outstanding(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(2))
    run(warehouse, MemoryWriter(refused={"1002"}))
    build(warehouse, [])
    run(warehouse, MemoryWriter())
    assert sync_status(warehouse, [JOURNEY])[0].failed == 1, "an empty model settles nothing"
    build(warehouse, rows(1))
    run(warehouse, MemoryWriter())
    assert sync_status(warehouse, [JOURNEY])[0].failed == 0


@pytest.mark.parametrize("bad", [{"1001"}, {"1007"}, {"1016"}, {"1003", "1004"}, {"1001", "1016"}])
def test_a_rejected_batch_is_split_until_the_bad_rows_stand_alone(
    warehouse: Warehouse, bad: set[str]
) -> None:
    build(warehouse, rows(16))
    writer = MemoryWriter(poisonous=bad)
    result = run(warehouse, writer, batch_size=16)
    assert writer.holds(keys(16) - bad)
    assert (result.written, result.failed) == (16 - len(bad), len(bad))
    assert {key for key, how in outcomes(warehouse, result).items() if how == "failed"} == bad
    assert len(writer.requests) <= 1 + 2 * 4 * len(bad)  # two per halving and bad row


def test_a_batch_of_bad_rows_alone_comes_to_an_end(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    result = run(warehouse, MemoryWriter(poisonous=keys(5)))
    assert (result.written, result.failed) == (0, 5)
    assert result.exit_code is ExitCode.FAILED_ROWS


def test_no_row_of_a_rejected_batch_is_recorded_twice(warehouse: Warehouse) -> None:
    build(warehouse, rows(8))
    result = run(warehouse, MemoryWriter(poisonous={"1005"}), batch_size=8)
    found = ledger_rows(
        warehouse, "select key from ops.sync_row where run_id = %s order by key", result.run_id
    )
    assert [row["key"] for row in found] == [row.key for row in rows(8)]


# All or nothing


def test_all_or_nothing_stops_at_the_first_refused_row(warehouse: Warehouse) -> None:
    build(warehouse, rows(6))
    writer = MemoryWriter(refused={"1003"})
    result = run_sync(warehouse, declared(policy="all_or_nothing", batch_size=2), writer=writer)
    assert writer.requests == [["1001", "1002"], ["1003", "1004"]]
    assert (result.status, result.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert "3 of 6 rows had been written" in str(result.message)


def test_all_or_nothing_does_not_split_a_rejected_batch(warehouse: Warehouse) -> None:
    build(warehouse, rows(6))
    writer = MemoryWriter(poisonous={"1004"})
    result = run_sync(warehouse, declared(policy="all_or_nothing", batch_size=3), writer=writer)
    assert len(writer.requests) == 2
    assert outcomes(warehouse, result) == {
        **dict.fromkeys(("1001", "1002", "1003"), "written"),
        **dict.fromkeys(("1004", "1005", "1006"), "failed"),
    }


def test_all_or_nothing_parks_no_row(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    declaration = declared(policy="all_or_nothing", park_after=1)
    writer = MemoryWriter(refused={"1001"})
    for _ in range(3):
        assert run_sync(warehouse, declaration, writer=writer).exit_code is ExitCode.FAILED
    assert writer.sent == ["1001"] * 3


def test_all_or_nothing_sends_nothing_when_one_row_does_not_fit(warehouse: Warehouse) -> None:
    build(warehouse, [*rows(3), Row("9", owner="4711")])
    writer = MemoryWriter()
    result = run_sync(warehouse, declared(policy="all_or_nothing"), writer=writer)
    assert (writer.requests, writer.option_lists) == ([], [])
    assert result.exit_code is ExitCode.FAILED
    assert "9" in str(result.message)


# Preflight


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


# Guards, dry run, allowlist


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
    assert result.exit_code is ExitCode.DONE
    assert writer.usage.calls == 0
    assert ledger_rows(warehouse, "select run_id from ops.sync_run") == []


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


# Interruptions


def test_a_second_run_at_once_is_refused_with_a_sentence(warehouse: Warehouse) -> None:
    build(warehouse, rows(1))
    with warehouse.connect(autocommit=True) as other:
        assert Ledger(other, JOURNEY.name).lock()
        with pytest.raises(SyncBusyError, match="Another run") as caught:
            run_sync(warehouse, JOURNEY, writer=MemoryWriter())
        assert caught.value.exit_code is ExitCode.FAILED
        assert Ledger(other, "another_sync").lock(), "each sync has its own lock"
    assert run_sync(warehouse, JOURNEY, writer=MemoryWriter()).exit_code is ExitCode.DONE


def test_a_run_that_died_is_marked_by_the_next_one(warehouse: Warehouse) -> None:
    build(warehouse, rows(4))
    second_batch = 6  # after one description and three lists of options
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


# Status, and what is not written down


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


def test_the_ledger_holds_values_nowhere_but_in_the_acknowledged_payload(
    warehouse: Warehouse,
) -> None:
    secret = "a value nobody else holds"
    build(warehouse, [Row("7", manager=secret), Row("8", manager=secret, owner="4711")])
    writer = MemoryWriter(refused={"7"})
    result = run(warehouse, writer)
    assert secret not in repr(result)
    found = ledger_rows(
        warehouse,
        """
        select to_jsonb(each_run)::text as content from ops.sync_run as each_run
        union all
        select to_jsonb(each_row)::text from ops.sync_row as each_row
        union all
        select to_jsonb(outstanding)::text from ops.sync_outstanding as outstanding
        """,
    )
    assert len(found) == 5
    assert all(secret not in row["content"] for row in found)
    run(warehouse, MemoryWriter())
    (state,) = ledger_rows(warehouse, "select payload from ops.sync_state where key = '7'")
    assert state["payload"]["account_manager"] == secret


def test_the_plan_after_a_run_holds_what_the_run_left_over(warehouse: Warehouse) -> None:
    build(warehouse, rows(5))
    run(warehouse, MemoryWriter(refused={"1002"}))
    assert [row.key for row in plan_sync(warehouse, JOURNEY).rows] == ["1002"]
