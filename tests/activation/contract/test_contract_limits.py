"""No vendor is asked too often, and one that says "not now" is asked again when it wants.

spec/activation.md, Engine: write.
"""

from __future__ import annotations

from collections import Counter

import pytest

from activation import ExitCode, RunStatus, run_sync
from tests.activation.contract.case import Case, LimitedCase, VendorCase
from tests.activation.contract.cases import LIMITED, VENDORS
from tests.activation.contract.runs import Sync
from tests.activation.contract.stopwatch import Stopwatch
from tests.activation.models import fill
from warehouse.database import Warehouse


@pytest.mark.parametrize("_served", LIMITED, indirect=True)
def test_within_the_writers_own_limits_no_request_is_turned_away(
    warehouse: Warehouse, case: Case
) -> None:
    assert isinstance(case, LimitedCase)
    stopwatch = Stopwatch()
    keys = case.begin_with_limits(stopwatch)
    one_by_one = case.declaration.model_copy(update={"batch_size": 1})
    began = stopwatch.seconds()
    with stopwatch.keeps_quotas():
        for part in (keys[: len(keys) // 2], keys):  # by two writers, who share one quota
            fill(warehouse, one_by_one, {key: case.row(key, 1) for key in part})
            with case.limited_writer(stopwatch) as writer:
                result = run_sync(warehouse, one_by_one, writer=writer, yes=True)
            assert result.exit_code is ExitCode.DONE
    statuses = case.statuses()
    assert 429 not in statuses
    assert len(statuses) > case.quota.requests, "more than the quota allows at once"
    assert stopwatch.seconds() - began >= case.quota.seconds


@pytest.mark.parametrize("_served", VENDORS, indirect=True)
def test_a_vendor_that_is_busy_is_asked_again_and_every_row_arrives_once(
    warehouse: Warehouse, case: Case
) -> None:
    assert isinstance(case, VendorCase)
    sync = Sync(warehouse, case)
    sync.want(case.rows())
    case.be_busy(3, seconds=7)
    result = sync.run()
    assert (result.exit_code, result.usage.retries) == (ExitCode.DONE, 3)
    assert case.arrivals() == Counter(case.keys)
    assert len(case.pauses) == 3
    if isinstance(case, LimitedCase):
        assert case.pauses == [7, 7, 7], "as long as it asks for"


@pytest.mark.parametrize("_served", LIMITED, indirect=True)
def test_who_asks_to_wait_for_long_is_left_alone_until_the_next_run(
    warehouse: Warehouse, case: Case
) -> None:
    assert isinstance(case, LimitedCase)
    sync = Sync(warehouse, case)
    sync.want(case.rows())
    case.be_busy(1, seconds=3600)
    assert sync.run().status is RunStatus.FAILED
    assert case.pauses == []
    assert sync.run().exit_code is ExitCode.DONE
    assert case.arrivals() == Counter(case.keys)
    assert sync.outstanding() == {}
