"""What stays on record of a run is what happened, and nothing that must not be told.

spec/activation.md, Engine: record; spec/README.md, What must always hold, 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.activation.contract.cases import VENDORS, Case, VendorCase
from tests.activation.contract.runs import Sync
from tests.activation.contract.wire import Ending, Moment, Trouble
from warehouse.database import Warehouse

pytestmark = pytest.mark.parametrize("_served", VENDORS, indirect=True)

_OF_THE_SIMULATORS = ("mail.", "uvicorn", "asyncio")
"""Loggers of those who play the vendor in this process."""


@pytest.fixture
def troubled(warehouse: Warehouse, case: Case) -> Sync:
    """A sync to a vendor that is busy, breaks down once and refuses a row."""
    assert isinstance(case, VendorCase)
    sync = Sync(warehouse, case)
    sync.want(case.rows())
    case.refuse(case.keys[1])
    case.be_busy(2, seconds=1)
    case.break_down()
    return sync


def each_run(sync: Sync) -> Iterator[object]:
    """Runs in trouble, each with what it told: the last has an answer that never comes."""
    yield sync.run()
    yield sync.run()
    sync.want(sync.case.rows(2) | {"1001": sync.case.row("1001", 1)})
    last = requests_of_a_write(sync.case)
    sync.case.wire.expect(Trouble(last, Moment.AFTER, Ending.LOST))
    yield sync.run()
    sync.case.wire.expect(None)
    yield sync.retry()


def requests_of_a_write(case: Case) -> int:
    """How many requests lie before the first that has an effect, itself included."""
    return case.wire.requests


def test_the_counts_of_a_run_are_those_of_the_vendors_own_log(troubled: Sync) -> None:
    pass


def test_neither_secrets_nor_personal_values_are_told_or_kept(
    troubled: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    pass
