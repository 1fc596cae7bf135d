"""Deals that were archived, deleted, merged, taken out again, or are no more."""

from __future__ import annotations

from datetime import timedelta

from tests.ingestion.pipedrive.conftest import ORDERED, Account


def flags(account: Account) -> dict[object, tuple[object, ...]]:
    """Whether deals are archived, deleted and unknown to Pipedrive, by id."""
    return {
        row[0]: row[1:]
        for row in account.rows(
            "select id, is_archived, is_deleted, missing_since is not null from raw_pipedrive.deals"
        )
    }


def test_a_deal_that_is_archived_without_counting_as_changed_is_seen_and_taken_out_again(
    account: Account,
) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.archive(2)
    account.load_later()
    assert flags(account)["2"] == (True, False, False)

    account.state.unarchive(2)
    account.load_later()
    assert flags(account)["2"] == (False, False, False)
    assert account.landed_deals() == account.true_deals()


def test_a_deleted_deal_keeps_its_facts_and_is_marked_and_may_come_back(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.delete(1)
    account.load()
    assert flags(account)["1"] == (False, True, False)
    assert account.landed_flow() == account.true_flow(1, 4)

    account.clock.advance(timedelta(days=1))
    account.state.restore(1)
    account.load()
    assert flags(account)["1"] == (False, False, False)
    assert account.landed_flow() == account.true_flow(1, 4)


def test_of_a_deal_that_was_deleted_long_ago_it_is_noted_that_pipedrive_knows_nothing(
    account: Account,
) -> None:
    account.state.archive(3)
    account.load()
    account.state.delete(1)
    account.state.delete(3)
    account.load_later()
    account.clock.advance(timedelta(days=31))

    summary = account.load()
    assert flags(account)["1"] == (False, True, True)
    assert flags(account)["3"] == (True, True, True)
    assert summary.of("deals").gone == 2

    account.load_later()
    assert all("ids=" not in call.query for call in account.simulator.calls)


def test_a_deal_that_vanished_while_nobody_looked_is_found_missing_by_a_full_load(
    account: Account,
) -> None:
    account.load()
    account.state.purge(1)
    account.load_later()
    assert flags(account)["1"] == (False, False, False)

    account.load_later(full=True)

    assert flags(account)["1"] == (False, True, True)
    assert {row[0] for row in account.landed_flow()} == {"1", "4"}


def test_a_merged_deal_is_marked_and_the_other_is_read_anew(account: Account) -> None:
    account.state.set_value(1, 500)
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.merge(1, into=4)

    account.load()

    assert sorted(account.flows_asked()) == [1, 4]
    assert flags(account)["1"] == (False, True, False)
    assert account.landed_flow() == account.true_flow(1, 4)


def test_a_deal_that_is_gone_before_its_flow_is_read_waits_no_longer(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.move(1, ORDERED)
    new = account.state.add_deal("New", 1, 1)

    def purge(_: int) -> None:
        for deal_id in (1, new.id):
            account.state.account.deals.pop(deal_id, None)

    calls = 0

    def purge_at_the_end(read: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 8:  # after the last list
            purge(read)

    account.load(on_progress=purge_at_the_end)

    assert sorted(account.flows_asked()) == [1, new.id]
    assert account.due() == []


def test_stages_that_are_on_no_list_any_more_are_marked(account: Account) -> None:
    account.load()
    account.state.remove_stage(3)

    summary = account.load_later()

    assert summary.of("stages").gone == 1
    assert account.rows("select id, archived from raw_pipedrive.stages order by id") == [
        ("1", False), ("2", False), ("3", True), ("4", False)
    ]  # fmt: skip


def test_a_deleted_organization_is_marked(account: Account) -> None:
    account.state.add_organization("Two", 1)
    account.load()
    account.state.delete_organization(2)

    account.load_later()

    assert account.rows("select id from raw_pipedrive.organizations where archived") == [("2",)]
