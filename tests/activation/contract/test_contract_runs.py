"""What a run does with every writer while nothing breaks (spec/activation.md, Engine)."""

from __future__ import annotations

from collections import Counter

import pytest

from activation import ExitCode, RunStatus, plan_sync, run_sync
from tests.activation.contract.case import PARK_AFTER, Case
from tests.activation.contract.runs import Sync
from warehouse.database import Warehouse


@pytest.fixture
def sync(warehouse: Warehouse, case: Case) -> Sync:
    """The case's sync, whose model wants every key in its first version."""
    sync = Sync(warehouse, case)
    sync.want(case.rows())
    return sync


def test_a_plan_asks_nobody_and_changes_nothing(sync: Sync) -> None:
    before = sync.ledger()
    with sync.case.writer() as writer:
        plan = plan_sync(sync.warehouse, sync.case.declaration, writer=writer)
    assert [row.key for row in plan.rows] == list(sync.case.keys)
    assert sync.case.wire.requests == 0
    assert sync.ledger() == before


def test_a_dry_run_asks_nobody_and_records_nothing(sync: Sync) -> None:
    before = sync.ledger()
    result = sync.run(dry_run=True)
    assert (result.exit_code, result.run_id) == (ExitCode.DONE, None)
    assert result.counts.to_write == len(sync.case.keys)
    assert sync.case.wire.requests == 0
    assert sync.ledger() == before


def test_the_first_run_brings_every_row_there_once_and_the_second_is_silent(sync: Sync) -> None:
    case = sync.case
    first = sync.run()
    assert (first.exit_code, first.written) == (ExitCode.DONE, len(case.keys))
    assert all(case.holds(key, 1) for key in case.keys)
    assert case.arrivals() == Counter(case.keys)

    calls = case.calls()
    case.wire.expect(None)
    second = sync.run()
    assert (second.exit_code, second.counts.to_write) == (ExitCode.DONE, 0)
    assert (case.wire.requests, case.calls()) == (0, calls)
    assert case.arrivals() == Counter(case.keys)


def test_a_run_with_nothing_to_write_needs_no_credential(sync: Sync) -> None:
    sync.run()
    assert run_sync(sync.warehouse, sync.case.declaration).exit_code is ExitCode.DONE


def test_a_row_that_changes_goes_alone_unless_rows_go_once(sync: Sync) -> None:
    case = sync.case
    sync.run()
    changed = case.keys[1]
    sync.want({**case.rows(), changed: case.row(changed, 2)})
    sends_once = case.declaration.mode.sends_once
    result = sync.run()
    assert result.written == (0 if sends_once else 1)
    assert case.holds(changed, 2) is not sends_once
    assert case.arrivals() == Counter(case.keys) + Counter([] if sends_once else [changed])


def test_a_row_that_appears_goes_alone(sync: Sync) -> None:
    case = sync.case
    sync.want({key: case.row(key, 1) for key in case.keys[1:]})
    sync.run()
    sync.want(case.rows())
    assert sync.run().written == 1
    assert case.arrivals() == Counter(case.keys)


def test_a_refused_row_stops_no_other_and_is_parked_in_the_end(sync: Sync) -> None:
    case = sync.case
    bad, also_bad = case.keys[0], case.keys[3]
    good = [key for key in case.keys if key not in {bad, also_bad}]
    case.refuse(bad)
    case.refuse(also_bad)

    first = sync.run()
    assert (first.status, first.exit_code) == (RunStatus.DONE_WITH_FAILURES, ExitCode.FAILED_ROWS)
    assert (first.written, first.failed) == (len(good), 2)
    assert case.arrivals() == Counter(good)
    failures = sync.failures()
    assert sorted(row["key"] for row in failures) == sorted([bad, also_bad])
    assert all(case.reason in row["message"] for row in failures)
    assert all(bool(row["request_id"]) is case.sends_request_ids for row in failures)

    for _ in range(PARK_AFTER - 1):
        assert sync.run().failed == 2
    case.wire.expect(None)
    parked = sync.run()
    assert (parked.counts.parked, parked.counts.to_write, case.wire.requests) == (2, 0, 0)
    assert sync.outstanding() == {bad: "failed", also_bad: "failed"}


def test_a_parked_row_is_tried_again_when_somebody_says_so(sync: Sync) -> None:
    case = sync.case
    bad = case.keys[2]
    case.refuse(bad)
    for _ in range(PARK_AFTER):
        sync.run()

    assert sync.retry().failed == 1, "still refused"
    assert sync.run().counts.to_write == 0, "still parked"
    case.accept(bad)
    assert sync.retry().written == 1
    assert case.arrivals() == Counter(case.keys)
    assert case.holds(bad, 1)
    assert sync.outstanding() == {}
    assert sync.run().counts.to_write == 0


def test_a_parked_row_with_other_values_goes_by_itself(sync: Sync) -> None:
    case = sync.case
    bad = case.keys[2]
    case.refuse(bad)
    for _ in range(PARK_AFTER):
        sync.run()
    case.accept(bad)
    sync.want({**case.rows(), bad: case.row(bad, 2)})
    assert sync.run().written == 1
    assert case.arrivals() == Counter(case.keys)
    assert case.holds(bad, 2)
    assert sync.outstanding() == {}
