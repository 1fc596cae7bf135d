"""Lives that most companies live. None of them turns on the last day but by signing up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from simulators.world.calendar import ago
from simulators.world.chapters import (
    becomes_customer_in_steps,
    buys,
    churns,
    is_created,
    is_linked_to_hubspot,
    lives,
    signs_up,
    tries,
)
from simulators.world.diary import Diary
from simulators.world.model import CompanyKind
from simulators.world.pricing import FREE
from simulators.world.story import Story, story

_CS_MANAGERS = (
    "cs.alder", "cs.birch", "cs.bramble", "cs.fennel", "cs.gorse", "cs.larch", "cs.sedge",
    "cs.sorrel", "cs.thistle", "cs.yarrow",
)  # fmt: skip
_STAGES = ("cs_no_touch", "cs_onboarding", "cs_success")


@story(CompanyKind.LEAD, youngest=0.2)
def stays_a_lead(diary: Diary) -> None:
    """Left an address and nothing more."""
    created_at = is_created(diary)
    diary.updated(diary.soon_after(created_at), status="LEAD")
    is_linked_to_hubspot(diary, created_at)


@story(CompanyKind.UNFINISHED, youngest=0.2, in_hubspot=False)
def leaves_before_signing_up(diary: Diary) -> None:
    """Was created and never heard of again."""
    is_created(diary)


@story(CompanyKind.TRIAL, oldest=13, youngest=0.1)
def is_on_trial(diary: Diary) -> None:
    """Signed up less than two weeks ago."""
    lives(diary, tries(diary))


@story(CompanyKind.TRIAL, oldest=40, youngest=4)
def is_in_a_demo(diary: Diary) -> None:
    """Wanted to be shown the product first."""
    signed_up_at = signs_up(diary)
    diary.subscribed(diary.soon_after(signed_up_at, hours=30), "demo", FREE, "trialing")
    diary.met(diary.between(signed_up_at + timedelta(days=2), ago(hours=30)))


@story(CompanyKind.TRIAL, youngest=17)
def stays_on_the_free_plan(diary: Diary) -> None:
    """Tried for two weeks and did not buy."""
    started_at = tries(diary)
    diary.subscribed(started_at + timedelta(days=14), "free", FREE)
    lives(diary, started_at)


@story(CompanyKind.SMALL_BUSINESS, youngest=17)
def is_a_small_business(diary: Diary) -> None:
    """Got the free plan for small businesses after its trial."""
    started_at = tries(diary)
    diary.subscribed(started_at + timedelta(days=14), "connecteam_free_small_business", FREE)
    lives(diary, started_at)


@story(CompanyKind.NO_TOUCH, youngest=6)
def buys_a_small_plan(diary: Diary) -> None:
    """Pays up to 2,000 USD a year."""
    _becomes_an_ordinary_customer(diary)


@story(CompanyKind.MID_SIZE, oldest=86, youngest=6, arr_range="2001-8000")
def buys_a_middle_plan(diary: Diary) -> None:
    """Pays up to 8,000 USD a year, for less than 90 days."""
    _becomes_an_ordinary_customer(diary)


@story(CompanyKind.MID_SIZE, youngest=97, arr_range="2001-8000")
def has_paid_for_a_middle_plan_for_long(diary: Diary) -> None:
    """Pays up to 8,000 USD a year, for more than 90 days."""
    _becomes_an_ordinary_customer(diary, latest_purchase=ago(days=93))


@story(CompanyKind.LARGE, oldest=86, youngest=6, arr_range="8001+")
def buys_a_large_plan(diary: Diary) -> None:
    """Pays more than 8,000 USD a year."""
    _becomes_an_ordinary_customer(diary)


@story(CompanyKind.MID_SIZE, oldest=86, youngest=12, arr_range="2001-8000", onboarded="yes")
def is_called_onboarded(diary: Diary) -> None:
    """Someone who knows the customer says in HubSpot that it is onboarded."""
    _becomes_an_ordinary_customer(diary)


@story(CompanyKind.CHURNED, youngest=40)
def churns_after_a_while(diary: Diary) -> None:
    """Paid for some weeks and left."""
    started_at = tries(diary)
    bought_at = diary.between(started_at + timedelta(days=3), started_at + timedelta(days=14))
    churned_at = diary.between(bought_at + timedelta(days=10), ago(days=3))
    buys(diary, bought_at)
    diary.paid_monthly(bought_at, diary.company.offer.mrr, until=churned_at)
    churns(diary, churned_at)


@story(CompanyKind.TEST, in_hubspot=False)
def is_somebodys_test(diary: Diary) -> None:
    """Was made by a colleague to try something."""
    started_at = tries(diary)
    diary.updated(diary.soon_after(started_at, hours=3), is_test=True)


ORDINARY_STORIES: Mapping[Story, int] = {
    stays_a_lead: 26,
    leaves_before_signing_up: 5,
    is_on_trial: 15,
    is_in_a_demo: 5,
    stays_on_the_free_plan: 27,
    is_a_small_business: 22,
    buys_a_small_plan: 52,
    buys_a_middle_plan: 21,
    has_paid_for_a_middle_plan_for_long: 25,
    buys_a_large_plan: 13,
    is_called_onboarded: 4,
    churns_after_a_while: 16,
    is_somebodys_test: 4,
}
"""How often each occurs."""


def _becomes_an_ordinary_customer(diary: Diary, latest_purchase: datetime | None = None) -> None:
    """Tries for up to two weeks, buys, and now and then is reported or locked."""
    signed_up_at = diary.company.first_seen_at
    latest = min(signed_up_at + timedelta(days=14), latest_purchase or ago(days=2.5))
    paying_since = diary.between(signed_up_at + timedelta(days=1.5), latest)
    becomes_customer_in_steps(diary, paying_since)
    stream = diary.stream
    settled_at, until = paying_since + timedelta(days=1), ago(days=2.2)
    if settled_at >= until:
        return
    if stream.random() < 0.07:
        diary.updated(
            diary.between(settled_at, until), customer_success_manager=stream.choice(_CS_MANAGERS)
        )
    if stream.random() < 0.05:
        locked_at = diary.between(settled_at, until)
        diary.stage_locked(locked_at, stream.choice(_STAGES), _expiry(diary, locked_at))
    if stream.random() < 0.05:
        locked_at = diary.between(settled_at, until)
        manager = stream.choice(_CS_MANAGERS) if stream.random() < 0.7 else None
        diary.manager_locked(locked_at, _expiry(diary, locked_at), manager)


def _expiry(diary: Diary, locked_at: datetime) -> datetime:
    """The evening of some day after; never within a day and a half of the end of the world."""
    expires_at = (locked_at + timedelta(days=diary.stream.choice((7, 14, 30, 60)))).replace(
        hour=18, minute=0, second=0
    )
    is_near = ago(days=1.5) < expires_at < ago(days=-1.5)
    return expires_at + timedelta(days=4) if is_near else expires_at
