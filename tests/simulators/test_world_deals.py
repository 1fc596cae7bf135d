"""The deals of a world are believable, and an account can live them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from simulators.clock import StoppedClock
from simulators.pipedrive import Deal, DealStatus, PipedriveState
from simulators.pipedrive.lived import account_of, live
from simulators.world import WORLD_END, DealDeed, PipedriveDeal, World, build_world
from simulators.world.calendar import LAST_MOMENT
from simulators.world.deals import PAID, REMOVED_STAGES


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def account(world: World) -> PipedriveState:
    """What the sales people of the world have done."""
    return account_of(world, clock=StoppedClock(WORLD_END))


def deals_of(world: World, account: PipedriveState, story: str) -> list[Deal]:
    """The deals that live this story, as the account knows them."""
    return [account.deal(deal.deal_id) for deal in world.pipedrive_deals if deal.story == story]


def entered(deal: PipedriveDeal) -> list[int]:
    """The stages that a deal enters."""
    moves = [step.stage_id for step in deal.steps if step.stage_id is not None]
    return [deal.first_stage_id, *moves]


def test_there_are_deals_of_many_companies_and_every_story_is_told(world: World) -> None:
    stories = Counter(deal.story for deal in world.pipedrive_deals)

    assert 80 <= len(world.pipedrive_deals) <= 250
    assert len(stories) == 15
    assert len({deal.deal_id for deal in world.pipedrive_deals}) == len(world.pipedrive_deals)


def test_every_deal_belongs_to_an_organization_a_seller_and_stages_that_there_are(
    world: World,
) -> None:
    organizations = {one.organization_id for one in world.pipedrive_organizations}
    users = {one.user_id for one in world.pipedrive_users}
    stages = {one.stage_id for one in world.pipedrive_stages}

    assert {deal.organization_id for deal in world.pipedrive_deals} <= organizations
    assert {deal.owner_id for deal in world.pipedrive_deals} <= users
    assert {stage for deal in world.pipedrive_deals for stage in entered(deal)} == stages


def test_nothing_happens_before_a_deal_or_after_the_last_moment(world: World) -> None:
    for deal in world.pipedrive_deals:
        times = [deal.added_at, *(step.at for step in deal.steps)]
        assert times == sorted(times)
        assert world.started_at <= times[0]
        assert times[-1] <= LAST_MOMENT


def test_some_stages_are_entered_in_one_second(world: World) -> None:
    pairs = [
        (former, latter)
        for deal in world.pipedrive_deals
        for former, latter in zip(deal.steps, deal.steps[1:], strict=False)
        if former.at == latter.at
    ]
    assert pairs
    assert all(latter.deed is DealDeed.MOVE for _, latter in pairs)


def test_an_account_stands_where_the_stories_end(world: World, account: PipedriveState) -> None:
    assert len(account.account.deals) == len(world.pipedrive_deals)
    won = [deal for deal in account.account.deals.values() if deal.status is DealStatus.WON]
    assert len(won) > 20
    assert any(deal.stage_id == PAID and deal.won_time for deal in won)
    assert deals_of(world, account, "won_and_archived")[0].is_archived
    assert deals_of(world, account, "deleted")[0].is_deleted
    assert deals_of(world, account, "opened_again_and_still_open")[0].status is DealStatus.OPEN
    assert REMOVED_STAGES.isdisjoint(account.account.stages)


def test_ids_of_flow_items_ascend_with_time(account: PipedriveState) -> None:
    items = sorted(
        (item for deal in account.account.deals.values() for item in deal.flow),
        key=lambda item: item.id,
    )

    assert [item.at for item in items] == sorted(item.at for item in items)
    assert {item.field_key for item in items} >= {"stage_id", "pipeline_id", "status", "add_time"}


def test_an_account_that_lives_on_is_the_one_that_lived_at_once(
    world: World, account: PipedriveState
) -> None:
    day_before = WORLD_END - timedelta(days=1)
    later = account_of(world, clock=StoppedClock(WORLD_END), until=day_before)
    assert len(later.account.deals) <= len(account.account.deals)

    live(later, world, after=day_before)

    assert later.account.deals == account.account.deals
    assert later.account.organizations == account.account.organizations


def test_organizations_are_known_by_web_site_or_by_name(world: World) -> None:
    domains = {company.company_id: company.domain for company in world.companies}
    websites = Counter(one.website is not None for one in world.pipedrive_organizations)

    assert websites[True] > websites[False] > 0
    assert all(
        one.website is None or one.website.endswith(domains[one.company_id])
        for one in world.pipedrive_organizations
    )
