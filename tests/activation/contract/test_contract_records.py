"""What stays on record of a run is what happened, and nothing that must not be told.

spec/activation.md, Engine: record; spec/README.md, What must always hold, 6.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from activation import SyncResult, plan_sync
from tests.activation.contract.case import PERSONAL, SECRET, VALUE, Case, VendorCase
from tests.activation.contract.cases import VENDORS
from tests.activation.contract.runs import Sync
from tests.activation.contract.wire import Ending, Moment, Trouble
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse

pytestmark = pytest.mark.parametrize("_served", VENDORS, indirect=True)

_OF_THE_SIMULATORS = ("mail.", "uvicorn", "asyncio")
"""Loggers of those who play the vendor in this process."""


@pytest.fixture
def sync(warehouse: Warehouse, case: Case) -> Sync:
    return Sync(warehouse, case)


def troubled_runs(sync: Sync) -> Iterator[SyncResult]:
    """Runs that want other values each, and lose the answer to a later request each.

    The vendor refuses two rows all the time, and is busy and breaks down in the beginning.
    """
    case = sync.case
    assert isinstance(case, VendorCase)
    for key in (case.keys[1], case.keys[-1]):
        case.refuse(key)
    case.be_busy(2, seconds=1)
    case.break_down()
    for number in range(8):
        sync.want(case.rows(number))
        case.wire.expect(Trouble(number, Moment.AFTER, Ending.LOST))
        yield sync.run()


def test_the_counts_of_each_run_are_those_of_the_vendors_own_log(sync: Sync) -> None:
    case, before = sync.case, sync.case.calls()
    for result in troubled_runs(sync):
        after = case.calls()
        (recorded,) = ledger_rows(
            sync.warehouse,
            "select calls, write_calls from ops.sync_run where run_id = %s",
            result.run_id,
        )
        happened = {
            "calls": after.all - before.all,
            "write_calls": after.writes - before.writes,
        }
        assert recorded == happened
        assert (result.usage.calls, result.usage.write_calls) == tuple(happened.values())
        before = after

    unsure = {key for key, status in sync.outstanding().items() if status == "unsure"}
    (counted,) = ledger_rows(
        sync.warehouse,
        "select sum(rows_written)::integer as written, sum(rows_failed)::integer as failed, "
        "sum(retries)::integer as retries from ops.sync_run",
    )
    assert counted["written"] == sum(
        times for key, times in case.arrivals().items() if key not in unsure
    )
    assert counted["failed"] == len(sync.failures()) > 0
    assert counted["retries"] >= len(case.pauses) > 0


def test_no_secret_and_no_personal_value_is_told_or_kept(
    sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = sync.case
    told = []
    for result in troubled_runs(sync):
        with case.writer() as writer:
            plan = plan_sync(sync.warehouse, case.declaration, writer=writer, save=True)
        told += [repr(result), repr(plan), repr(sync.run(dry_run=True)), repr(writer)]
    told.append(repr(sync.retry()))
    told += [
        f"{record.name} {record.getMessage()} {record.exc_text}"
        for record in caplog.records
        if not record.name.startswith(_OF_THE_SIMULATORS)
    ]
    assert [text for text in told if tells(text, SECRET, PERSONAL, VALUE)] == []
    kept = [f"{table} {row}" for table, rows in sync.ledger().items() for row in rows]
    assert any("sync_outstanding" in text and case.reason in text for text in kept)
    assert [text for text in kept if tells(text, SECRET, PERSONAL)] == []


def tells(text: str, *marks: str) -> bool:
    """Whether any of the marks is in the text, however it is capitalized."""
    return any(mark.casefold() in text.casefold() for mark in marks)
