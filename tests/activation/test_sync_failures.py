"""Rows that fail: kept, retried, parked; and the policy that lets none fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from activation import (
    ExitCode,
    RunStatus,
    SyncResult,
    retry_failed,
    run_sync,
    sync_status,
)
from activation.errors import DestinationUnavailableError, NoAnswerError
from activation.writers.base import Records, RowRequest, RowResult
from tests.activation.memory import MemoryWriter
from tests.activation.runs import keys, outcomes, recorded, run
from tests.activation.source import JOURNEY, Row, build, declared, ledger_rows, rows
from warehouse.database import Warehouse


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


def test_all_or_nothing_stops_at_the_first_refused_row(warehouse: Warehouse) -> None:
    build(warehouse, rows(6))
    writer = MemoryWriter(refused={"1003"})
    result = run_sync(warehouse, declared(policy="all_or_nothing", batch_size=2), writer=writer)
    assert writer.requests == [["1001", "1002"], ["1003", "1004"]]
    assert (result.status, result.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert "3 of 6 rows are written: 1001, 1002, 1004; 3 are not" in str(result.message)


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


def acknowledge_then_fail_in_full(
    warehouse: Warehouse, writer: MemoryWriter, **changes: int
) -> None:
    build(warehouse, rows(3))
    run(warehouse, MemoryWriter())
    result = run_sync(warehouse, declared(**changes), writer=writer, full=True, yes=True)
    assert result.exit_code in {ExitCode.FAILED_ROWS, ExitCode.FAILED}


LOST = DestinationUnavailableError("No answer.", may_have_arrived=True)


@pytest.mark.parametrize("again", [run_sync, retry_failed])
@pytest.mark.parametrize(
    ("fault", "kept"),
    [({"refused": {"1002"}}, ["1002"]), ({"failures": {1: LOST}}, ["1001", "1002", "1003"])],
)
def test_a_row_that_a_full_run_could_not_write_is_sent_again_with_all_its_fields(
    warehouse: Warehouse,
    again: Callable[..., SyncResult],
    fault: dict[str, Any],
    kept: list[str],
) -> None:
    acknowledge_then_fail_in_full(warehouse, MemoryWriter(**fault))
    writer = MemoryWriter()
    result = again(warehouse, JOURNEY, writer=writer, yes=True)
    assert writer.records == {row.key: row.values for row in rows(3) if row.key in kept}
    assert (result.written, result.counts.unchanged) == (len(kept), 3 - len(kept))
    assert sync_status(warehouse, [JOURNEY])[0].outstanding == ()
    nothing = MemoryWriter()
    assert again(warehouse, JOURNEY, writer=nothing).exit_code is ExitCode.DONE
    assert nothing.usage.calls == 0


def test_a_row_that_a_full_run_parked_waits_for_a_retry(warehouse: Warehouse) -> None:
    acknowledge_then_fail_in_full(warehouse, MemoryWriter(refused={"1002"}), park_after=1)
    writer = MemoryWriter()
    result = run(warehouse, writer)
    assert (writer.sent, result.counts.parked, result.counts.unchanged) == ([], 1, 2)
    assert sync_status(warehouse, [JOURNEY])[0].parked == 1
    retry_failed(warehouse, JOURNEY, writer=writer)
    assert writer.records == {"1002": rows(3)[1].values}


def test_refusals_by_a_full_run_count_towards_parking(warehouse: Warehouse) -> None:
    writer = MemoryWriter(refused={"1002"})
    acknowledge_then_fail_in_full(warehouse, writer, park_after=2)
    run_sync(warehouse, declared(park_after=2), writer=writer)
    (row,) = sync_status(warehouse, [JOURNEY])[0].outstanding
    assert (row.key, row.attempts, row.parked_at is not None) == ("1002", 2, True)


def test_a_row_whose_answer_was_lost_is_sent_though_the_model_went_back(
    warehouse: Warehouse,
) -> None:
    build(warehouse, rows(1))
    run(warehouse, MemoryWriter())
    build(warehouse, rows(1, stage="cs_success"))
    run(warehouse, MemoryWriter(failures={1: LOST}))
    build(warehouse, rows(1))
    writer = MemoryWriter()
    run(warehouse, writer)
    assert writer.records == {"1001": rows(1)[0].values}


def test_a_failed_row_of_which_nothing_is_left_to_send_is_settled(warehouse: Warehouse) -> None:
    acknowledge_then_fail_in_full(warehouse, MemoryWriter(refused={"1002"}))
    build(warehouse, [Row("1002", success=None, manager=None, stage=None, owner=None)])
    writer = MemoryWriter()
    run(warehouse, writer)
    assert (writer.sent, sync_status(warehouse, [JOURNEY])[0].failed) == ([], 0)


def test_the_status_counts_skipped_rows_by_their_reason(warehouse: Warehouse) -> None:
    assert sync_status(warehouse, [JOURNEY])[0].skipped_by_reason == {}
    build(
        warehouse,
        [
            Row("6", skip_reason="merged"),
            Row("7", skip_reason="no_manager"),
            Row(None, skip_reason="no_manager", company_id="c-17"),
            Row("8", owner="4711"),
            *rows(2),
        ],
    )
    run(warehouse, MemoryWriter(refused={"1001"}))
    status = sync_status(warehouse, [JOURNEY])[0]
    assert list(status.skipped_by_reason.items()) == [
        ("no_manager", 2),
        ("hubspot_owner_id: the value is not an existing owner", 1),
        ("merged", 1),
    ]
    assert status.skipped == 4


class Unreadable(MemoryWriter):
    """Applies its first write request, answers nothing, and cannot be read from then on."""

    def read(self, keys: Sequence[str], properties: Collection[str]) -> Records:
        if self.requests:
            raise DestinationUnavailableError("It is down.")
        return super().read(keys, properties)

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        super().write(rows)
        raise NoAnswerError("No answer came.")


class Broken(MemoryWriter):
    """Applies a write request, and stumbles over its answer."""

    def write(self, rows: Sequence[RowRequest]) -> Sequence[RowResult]:
        super().write(rows)
        raise ValueError("an answer that nobody foresaw")


@pytest.mark.parametrize("kind", [Unreadable, Broken])
def test_a_row_that_nobody_could_look_after_is_unsure_and_put_right_by_the_next_run(
    warehouse: Warehouse, kind: type[MemoryWriter]
) -> None:
    build(warehouse, rows(1))
    good = MemoryWriter()
    run(warehouse, good)
    build(warehouse, rows(1, stage="cs_success"))
    bad = kind(properties=good.properties, records=good.records)
    with contextlib.suppress(ValueError):
        assert run(warehouse, bad).unsure == 1
    assert ledger_rows(warehouse, "select status from ops.sync_outstanding") == [
        {"status": "unsure"}
    ]
    assert good.records["1001"]["cs_stage"] == "cs_success"
    build(warehouse, rows(1))
    run(warehouse, good)
    assert good.records == {"1001": rows(1)[0].values}
