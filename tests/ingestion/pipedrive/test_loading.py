"""What a load of Pipedrive lands, tells and leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.api.load import StoppedTablesError
from ingestion.pipedrive.errors import PipedriveError
from ingestion.pipedrive.objects import TABLES
from simulators.clock import StoppedClock
from simulators.pipedrive import PipedriveSimulator, PipedriveState
from simulators.pipedrive.lived import account_of, live
from simulators.world import WORLD_END, build_world
from tests.ingestion.pipedrive.conftest import LEAD, MADE, ORDERED, QUOTED, Account, Serve
from warehouse.database import Warehouse

FLOW = "deal_flow"


def test_the_first_load_lands_all_deals_and_the_flows_of_open_ones(account: Account) -> None:
    summary = account.load()

    assert account.landed_deals() == account.true_deals()
    assert account.flows_asked() == [1, 4]
    assert account.landed_flow() == account.true_flow(1, 4)
    assert account.due() == []
    assert [table.table for table in summary.tables] == [*(each.name for each in TABLES), FLOW]
    assert (summary.of("deals").landed, summary.of(FLOW).landed) == (4, 3)
    assert summary.calls == len(account.simulator.calls)
    account.check_ledger()


def test_lists_land_with_their_whole_records(account: Account) -> None:
    account.load()

    assert account.rows("select id, record ->> 'name' from raw_pipedrive.stages order by id") == [
        ("1", "Lead"), ("2", "Quoted"), ("3", "Ordered"), ("4", "Made")
    ]  # fmt: skip
    assert account.rows("select record ->> 'website' from raw_pipedrive.organizations") == [
        ("https://one.example.com",)
    ]
    assert account.rows("select record ->> 'email' from raw_pipedrive.users") == [
        ("ada@example.com",)
    ]
    assert len(account.rows("select * from raw_pipedrive.pipelines")) == 2


def test_a_later_load_reads_the_flows_of_the_deals_that_have_changed(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.move(4, ORDERED)
    account.state.reopen(2)
    new = account.state.add_deal("New", LEAD, 1)

    summary = account.load()

    assert sorted(account.flows_asked()) == [2, 4, new.id]
    assert account.landed_deals() == account.true_deals()
    assert account.landed_flow() == account.true_flow(1, 2, 4, new.id)
    assert summary.of(FLOW).known == 1
    assert account.load_later().of(FLOW).calls == 0
    account.check_ledger()


def test_a_deal_that_was_opened_and_closed_between_two_loads_is_read(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    new = account.state.add_deal("New", LEAD, 1)
    account.state.win(new.id)

    account.load()

    assert account.flows_asked() == [new.id]


def test_a_deal_that_changes_again_in_the_second_in_which_it_was_read_is_read_again(
    account: Account,
) -> None:
    account.state.move(1, ORDERED)
    account.load()
    account.state.move(1, MADE)

    account.load()

    assert account.flows_asked() == [1]
    assert account.landed_flow() == account.true_flow(1, 4)


def test_what_is_read_again_in_the_overlap_is_known(account: Account) -> None:
    account.load()
    account.state.move(1, ORDERED)
    account.load()
    before = account.everything()

    summary = account.load()

    assert (summary.of("deals").read, summary.of("deals").landed) == (1, 0)
    assert account.flows_asked() == []
    assert account.everything() == before


def test_many_deals_and_a_long_flow_land_over_several_pages(
    serve: Serve, state: PipedriveState
) -> None:
    for number in range(1_200):
        state.add_deal(f"Many {number}", LEAD, 1)
        state.win(number + 5)
    for number in range(600):
        state.move(1, QUOTED if number % 2 else ORDERED)
    account = serve(PipedriveSimulator(state))
    seen: list[int] = []
    flows: list[tuple[int, int]] = []

    summary = account.load(
        on_progress=seen.append, on_flow=lambda done, total: flows.append((done, total))
    )

    assert account.landed_deals() == account.true_deals()
    assert account.landed_flow() == account.true_flow(1, 4)
    assert account.flows_asked() == [1, 1, 4]
    assert summary.of("deals").calls == 3 + 3
    assert seen == sorted(seen)
    assert flows == [(1, 2), (2, 2)]


@pytest.mark.parametrize("nested", [False, True])
def test_pages_of_flows_are_followed_however_they_name_the_next(
    serve: Serve, state: PipedriveState, monkeypatch: pytest.MonkeyPatch, nested: bool
) -> None:
    monkeypatch.setattr("ingestion.pipedrive.flows.PAGE_SIZE", 2)
    for stage in (ORDERED, MADE, LEAD):
        state.move(1, stage)
    account = serve(PipedriveSimulator(state, nested_paging=nested))

    account.load()

    assert account.landed_flow() == account.true_flow(1, 4)


def test_a_load_keeps_the_tables_that_the_migrations_made_and_leaves_no_others(
    account: Account,
) -> None:
    statement = (
        "select table_schema, table_name, column_name, data_type, is_nullable "
        "from information_schema.columns where table_schema like 'raw\\_%' order by 1, 2, 3"
    )
    before = account.rows(statement)

    account.load()

    assert account.rows(statement) == before


def test_an_empty_account_leaves_the_tables_empty(serve: Serve) -> None:
    account = serve(PipedriveSimulator())

    assert account.load().records == 0
    assert account.load_later().records == 0


def test_single_deals_are_read_at_once_wherever_they_are(account: Account) -> None:
    account.state.archive(2)
    account.state.delete(3)

    summary = account.load_deals("2", "3")

    assert [row[0] for row in account.landed_deals()] == ["2", "3"]
    assert account.landed_flow() == account.true_flow(2, 3)
    assert (summary.of("deals").landed, summary.of(FLOW).read) == (2, 10)
    assert account.rows("select * from raw_pipedrive.read_until") == []
    account.load()
    assert account.landed_deals() == account.true_deals()
    account.check_ledger()


def test_a_deal_that_there_is_none_of_is_one_sentence_and_others_land(account: Account) -> None:
    with pytest.raises(StoppedTablesError, match=r"^Pipedrive has no deal 77: look up the num"):
        account.load_deals("1", "77")

    assert account.landed_flow() == account.true_flow(1)
    with pytest.raises(PipedriveError, match=r"^Ids of deals are numbers"):
        account.load_deals("one")


@pytest.mark.long
def test_a_world_lands_as_it_is_whether_in_one_go_or_day_by_day(
    serve: Serve, warehouse: Warehouse
) -> None:
    world = build_world(companies=90)
    clock = StoppedClock(WORLD_END - timedelta(days=2))
    state = account_of(world, clock=clock, until=clock.now)
    account = serve(PipedriveSimulator(state))
    for _ in range(2):
        account.load()
        before = clock.now
        clock.advance(timedelta(days=1))
        live(state, world, after=before, until=clock.now)
    account.load()
    account.backfill(days=365)
    assert account.landed_deals() == account.true_deals()
    not_deleted = {deal.id for deal in state.account.deals.values() if not deal.is_deleted}
    truth = account.true_flow(*not_deleted)
    # Of a deleted deal stays what was read while it was there.
    assert [row for row in account.landed_flow() if int(str(row[0])) in not_deleted] == truth
    account.check_ledger()

    warehouse.reset()
    account.load()
    account.backfill(days=365)

    assert account.landed_deals() == account.true_deals()
    assert account.landed_flow() == truth
