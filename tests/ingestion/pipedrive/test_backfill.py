"""Flows of deals that were closed before: all of them, once, and within the tokens of the day."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.api.load import StoppedTablesError
from ingestion.pipedrive.backfill import UnfinishedBackfillError
from ingestion.pipedrive.errors import PipedriveError, TokensSpentError
from ingestion.pipedrive.landing import FlowsBehindError
from simulators.faults import Cut, Fault, RateLimited, ServerError, Slow
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState, RateLimits
from tests.ingestion.pipedrive.conftest import (
    LEAD,
    NOON,
    ORDERED,
    QUOTED,
    Account,
    Serve,
)

FLOWS = "/v1/deals/*"
LISTS_COST = 10 * 4 + 10 * 3 + 20
"""Tokens of the lists that every load reads, when none has a second page."""


def close_deals(state: PipedriveState, deals: int) -> list[int]:
    """Make deals that were won, half a day ago, a day before that, ...; gives their ids."""
    ids = []
    for number in range(deals):
        closed_at = NOON - timedelta(days=number, hours=12)
        deal = state.add_deal(f"Won {number}", LEAD, 1, at=closed_at - timedelta(days=3))
        state.move(deal.id, QUOTED, at=closed_at - timedelta(days=1))
        state.win(deal.id, at=closed_at)
        ids.append(deal.id)
    return ids


@pytest.fixture
def closed(state: PipedriveState) -> list[int]:
    """Ids of six deals, the first closed half a day ago, the last five days and a half."""
    return close_deals(state, 6)


def test_the_flows_of_closed_deals_are_read_the_latest_first(
    account: Account, closed: list[int]
) -> None:
    seen: list[tuple[int, int]] = []

    summary = account.backfill(on_flow=lambda done, total: seen.append((done, total)))

    assert account.flows_asked() == [*closed, 3, 2]
    assert seen == [(number, 8) for number in range(1, 9)]
    assert account.landed_flow() == account.true_flow(2, 3, *closed)
    assert (summary.closed, summary.done_before, summary.is_complete) == (8, 0, True)
    assert summary.tokens == account.simulator.tokens_asked == account.tokens_counted()
    account.check_ledger()


def test_only_deals_that_were_closed_in_the_days_asked_for_are_read(
    account: Account, closed: list[int]
) -> None:
    account.backfill(days=3)
    assert account.flows_asked() == closed[:3]

    account.backfill(days=5)
    assert account.flows_asked() == closed[3:5]


def test_what_was_read_is_not_read_again_unless_the_deal_has_changed(
    account: Account, closed: list[int]
) -> None:
    account.backfill()
    again = account.backfill()
    assert (again.done_before, again.flows.calls) == (8, 0)

    account.clock.advance(timedelta(hours=1))
    account.state.set_value(closed[4], 7)
    account.backfill()

    assert account.flows_asked() == [closed[4]]


def test_a_backfill_and_a_load_do_not_read_the_same_flow_twice(
    account: Account, closed: list[int]
) -> None:
    account.load()
    assert account.flows_asked() == [1, 4]
    account.backfill()
    assert account.flows_asked() == [*closed, 3, 2]

    account.load_later()

    assert account.flows_asked() == []
    assert account.landed_flow() == account.true_flow()


def test_a_deleted_deal_is_not_asked_for(account: Account, closed: list[int]) -> None:
    account.state.delete(closed[0])

    account.backfill()

    assert closed[0] not in account.flows_asked()


def test_it_stops_before_its_share_of_the_tokens_is_spent_and_goes_on_the_next_day(
    serve: Serve, state: PipedriveState, closed: list[int]
) -> None:
    account = serve(PipedriveSimulator(state, limits=RateLimits(daily_tokens=1_000, burst=1_000)))
    settings = account.settings(PIPEDRIVE_DAILY_TOKENS=1_000, PIPEDRIVE_TOKEN_SHARE=0.15)

    with pytest.raises(UnfinishedBackfillError) as unfinished:
        account.backfill(settings=settings)

    assert account.flows_asked() == closed[:3]
    assert account.simulator.tokens_asked == LISTS_COST + 60 == account.tokens_counted()
    assert unfinished.value.summary.flows.waiting == 5
    assert unfinished.value.exit_code == 3
    assert str(unfinished.value) == (
        "The backfill has stopped before Pipedrive's API tokens of today were spent, with 5 of 8 "
        "flows to go: run it again after 2026-11-02 00:00 UTC, and it goes on from here."
    )

    with pytest.raises(UnfinishedBackfillError):
        account.backfill(settings=settings)
    assert account.flows_asked() == []

    account.clock.advance(timedelta(days=1))
    with pytest.raises(UnfinishedBackfillError):
        account.backfill(settings=settings)
    assert account.flows_asked() == closed[3:6]
    account.clock.advance(timedelta(days=1))
    assert account.backfill(settings=settings).is_complete
    assert account.landed_flow() == account.true_flow(2, 3, *closed)
    account.check_ledger()


def test_it_stops_when_others_have_spent_the_tokens(
    serve: Serve, state: PipedriveState, closed: list[int]
) -> None:
    limits = RateLimits(daily_tokens=1_000, burst=1_000)
    account = serve(PipedriveSimulator(state, limits=limits))
    limits.tokens_left = LISTS_COST + 45

    with pytest.raises(UnfinishedBackfillError, match="after 2026-11-02 00:00 UTC"):
        account.backfill(settings=account.settings(PIPEDRIVE_DAILY_TOKENS=1_000))

    assert account.flows_asked() == closed[:2]
    assert all(call.status == 200 for call in account.simulator.calls)


def test_a_refusal_for_the_day_is_not_repeated(account: Account, closed: list[int]) -> None:
    account.simulator.faults.add(Fault(does=RateLimited(policy="DAILY"), path=FLOWS, skip=2))

    with pytest.raises(UnfinishedBackfillError, match="6 of 8 flows to go: run it again after"):
        account.backfill()

    assert account.flows_asked() == closed[:3]
    account.simulator.faults.clear()
    account.clock.advance(timedelta(days=1))
    account.backfill()
    assert account.landed_flow() == account.true_flow(2, 3, *closed)


def test_a_load_whose_flows_have_no_tokens_lands_the_rest_and_reads_them_later(
    account: Account,
) -> None:
    settings = account.settings(PIPEDRIVE_DAILY_TOKENS=1_000, PIPEDRIVE_TOKEN_SHARE=0.11)

    with pytest.raises(FlowsBehindError) as behind:
        account.load(settings=settings)

    assert str(behind.value).startswith(
        "1 of 2 flows of deals wait for API tokens of Pipedrive: they are read by the next load "
        "after 2026-11-02 00:00 UTC"
    )
    assert account.landed_deals() == account.true_deals()
    assert account.due() == ["4"]
    account.clock.advance(timedelta(days=1))
    account.load(settings=settings)
    assert account.landed_flow() == account.true_flow(1, 4)


def test_a_single_deal_is_read_even_when_the_share_is_spent(account: Account) -> None:
    few = {"PIPEDRIVE_DAILY_TOKENS": 1_000, "PIPEDRIVE_TOKEN_SHARE": 0.001}
    with pytest.raises(FlowsBehindError):
        account.load(settings=account.settings(**few))

    account.load_deals("1", **few)

    assert account.landed_flow() == account.true_flow(1)


def test_lists_that_have_no_tokens_are_one_sentence(account: Account) -> None:
    settings = account.settings(PIPEDRIVE_DAILY_TOKENS=30)

    with pytest.raises(TokensSpentError, match=r"Of today's 30 API tokens .* are spent: run it ag"):
        account.load(settings=settings)

    assert account.landed_deals() == []
    assert account.tokens_counted() <= 30


def test_a_failing_flow_does_not_end_a_backfill(account: Account, closed: list[int]) -> None:
    failing = f"/v1/deals/{closed[1]}/flow"
    account.simulator.faults.add(Fault(does=ServerError(status=500), path=failing))

    with pytest.raises(UnfinishedBackfillError, match="1 of 8 flows of deals could not be read"):
        account.backfill()

    assert account.landed_flow() == account.true_flow(
        2, 3, *(deal_id for deal_id in closed if deal_id != closed[1])
    )
    account.simulator.faults.clear()
    account.backfill()
    assert account.flows_asked() == [closed[1]]
    assert account.landed_flow() == account.true_flow(2, 3, *closed)


def test_a_backfill_that_is_cut_off_goes_on_where_it_ended(
    account: Account, closed: list[int]
) -> None:
    account.simulator.faults.add(Fault(does=Cut(), path=FLOWS, skip=3))
    with pytest.raises(PipedriveError, match="does not answer"):
        account.backfill()
    account.simulator.faults.clear()

    account.backfill()

    assert account.flows_asked() == [*closed[3:], 3, 2]
    assert account.landed_flow() == account.true_flow(2, 3, *closed)


def test_a_backfill_that_is_killed_goes_on_where_it_ended(
    account: Account, closed: list[int]
) -> None:
    path = f"/v1/deals/{closed[3]}/flow"
    account.simulator.faults.add(Fault(does=Slow(seconds=600), path=path, times=1))
    environment = {
        **os.environ,
        "MILLRACE_DATABASE_URL": account.warehouse.url,
        "PIPEDRIVE_BASE_URL": account.base_url,
        "PIPEDRIVE_API_TOKEN": DEFAULT_TOKEN,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "backfill", "pipedrive", "--days", "90"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not account.simulator.calls.to(path):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert account.landed_flow() == account.true_flow(*closed[:3])
    # What was asked is counted, although nobody lived to see the answer.
    assert account.tokens_counted() == account.simulator.tokens_asked

    account.backfill()

    assert account.flows_asked() == [*closed[3:], 3, 2]
    assert account.landed_flow() == account.true_flow(2, 3, *closed)
    account.check_ledger()


def test_a_table_that_was_stopped_is_told_by_a_backfill_too(
    account: Account, closed: list[int]
) -> None:
    account.backfill()
    for deal in account.state.account.deals.values():
        deal.stage_id = ORDERED
    for stage in (LEAD, QUOTED, 4):
        account.state.remove_stage(stage)

    with pytest.raises(UnfinishedBackfillError, match=r"raw_pipedrive\.stages was not loaded"):
        account.backfill()
    with pytest.raises(StoppedTablesError, match=r"raw_pipedrive\.stages was not loaded"):
        account.load()
    assert len(closed) == 6


def test_a_day_is_that_of_pipedrives_clock(account: Account) -> None:
    account.load()
    account.clock.now = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
    account.load()
    account.clock.now = datetime(2026, 11, 2, 0, 1, tzinfo=UTC)
    account.load()

    days = account.rows("select day::text from raw_pipedrive.tokens_spent")
    assert {("2026-11-01",), ("2026-11-02",)} <= set(days)
