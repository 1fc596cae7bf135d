"""Lives that turn in the last 24 hours: what a second run, a day after the first, has to tell."""

from __future__ import annotations

from datetime import timedelta

from simulators.world.calendar import LAST_DAY_START, WORLD_END, ago
from simulators.world.chapters import (
    becomes_customer,
    buys,
    churns,
    end_of_trial,
    is_created,
    is_linked_to_hubspot,
    tries,
)
from simulators.world.diary import Diary
from simulators.world.model import CompanyKind
from simulators.world.pricing import FREE, draw_offer
from simulators.world.story import story


@story(CompanyKind.NO_TOUCH, oldest=13, youngest=8, in_hubspot=True)
def buys_a_small_plan_on_the_last_day(diary: Diary) -> None:
    """From sales to no-touch."""
    tries(diary)
    buys(diary, diary.on_last_day())


@story(
    CompanyKind.MID_SIZE,
    oldest=13,
    youngest=8,
    arr_range="2001-8000",
    region="EMEA",
    in_hubspot=True,
)
def buys_a_middle_plan_on_the_last_day(diary: Diary) -> None:
    """From sales to onboarding."""
    tries(diary)
    buys(diary, diary.on_last_day())


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    region="AMER",
    in_hubspot=True,
)
def outgrows_no_touch(diary: Diary) -> None:
    """From no-touch to onboarding: more people, more than 2,000 USD a year."""
    becomes_customer(diary, end_of_trial(diary), draw_offer(diary.stream, "1-2000"))
    offer = diary.company.offer
    diary.subscribed(diary.on_last_day(), offer.plan_id, offer.mrr)


@story(
    CompanyKind.MID_SIZE,
    oldest=107,
    youngest=98,
    arr_range="2001-8000",
    region="EMEA",
    in_hubspot=True,
)
def passes_day_90(diary: Diary) -> None:
    """From onboarding to success by time alone."""
    becomes_customer(diary, diary.between(ago(days=91, hours=20), ago(days=91, hours=3)))


@story(
    CompanyKind.MID_SIZE,
    oldest=107,
    youngest=98,
    arr_range="2001-8000",
    region="AMER",
    in_hubspot=True,
)
def is_91_days_old_at_the_end(diary: Diary) -> None:
    """The last moment of the world completes day 91."""
    becomes_customer(diary, ago(days=91))


@story(CompanyKind.NO_TOUCH, youngest=112, region="EMEA", in_hubspot=True)
def shrinks_to_no_touch(diary: Diary) -> None:
    """From success to no-touch: it pays less than 2,000 USD a year from now on."""
    becomes_customer(diary, diary.around(102), draw_offer(diary.stream, "2001-8000"))
    offer = diary.company.offer
    diary.subscribed(diary.on_last_day(), offer.plan_id, offer.mrr)


@story(CompanyKind.LARGE, youngest=112, arr_range="8001+", region="AMER", in_hubspot=True)
def outgrows_success(diary: Diary) -> None:
    """From success back to onboarding: it grows past 8,000 USD a year."""
    becomes_customer(diary, diary.around(102), draw_offer(diary.stream, "2001-8000"))
    offer = diary.company.offer
    diary.subscribed(diary.on_last_day(), offer.plan_id, offer.mrr)


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, region="AMER", in_hubspot=True)
def is_locked_to_a_stage_on_the_last_day(diary: Diary) -> None:
    """From no-touch to success because someone says so."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.on_last_day(), "cs_success", ago(days=-30), note="Pilot customer")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, region="EMEA", in_hubspot=True)
def has_a_stage_lock_that_expires_at_the_end(diary: Diary) -> None:
    """A lock is in force before `expires_at` and not at it."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(14), "cs_onboarding", WORLD_END)


@story(CompanyKind.SMALL_BUSINESS, oldest=88, youngest=45, in_hubspot=True)
def has_a_stage_lock_that_is_released_on_the_last_day(diary: Diary) -> None:
    """Back to where rule 3 puts it."""
    started_at = tries(diary)
    diary.subscribed(started_at + timedelta(days=14), "connecteam_free_small_business", FREE)
    diary.stage_locked(diary.around(20), "cs_no_touch", ago(days=-40))
    diary.stage_lock_released(diary.on_last_day())


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    region="AMER",
    in_hubspot=True,
)
def is_locked_to_a_manager_on_the_last_day(diary: Diary) -> None:
    """Someone wants cs.thistle for it, who serves other regions."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.on_last_day(), ago(days=-30), manager="cs.thistle")


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    region="EMEA",
    in_hubspot=True,
)
def has_a_manager_lock_that_expires_on_the_last_day(diary: Diary) -> None:
    """Its locked manager does not serve it: it goes back to one who does."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.around(14), ago(hours=7), manager="cs.willow")


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    region="AMER",
    in_hubspot=True,
)
def is_handed_over_in_the_product(diary: Diary) -> None:
    """From cs.yarrow to cs.sorrel, who serves the same bucket and keeps it."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(20), customer_success_manager="cs.yarrow")
    diary.updated(diary.on_last_day(), customer_success_manager="cs.sorrel")


@story(
    CompanyKind.MID_SIZE,
    oldest=107,
    youngest=98,
    arr_range="2001-8000",
    region="EMEA",
    in_hubspot=True,
)
def returns_to_an_earlier_manager(diary: Diary) -> None:
    """cs.thistle had it once, does not serve onboarding, and gets it back after day 90."""
    becomes_customer(diary, diary.between(ago(days=91, hours=20), ago(days=91, hours=3)))
    diary.updated(diary.around(60), customer_success_manager="cs.thistle")


@story(CompanyKind.CHURNED, oldest=80, youngest=65, arr_range="2001-8000", in_hubspot=True)
def churns_on_the_last_day(diary: Diary) -> None:
    """Another rule, the same stage and manager."""
    left_at = diary.on_last_day()
    becomes_customer(diary, diary.around(55), until=left_at)
    churns(diary, left_at)


@story(
    CompanyKind.MID_SIZE,
    oldest=80,
    youngest=65,
    arr_range="2001-8000",
    region="APAC",
    in_hubspot=True,
)
def comes_back(diary: Diary) -> None:
    """Had churned without a manager and buys again."""
    tries(diary)
    buys(diary, diary.around(55))
    churns(diary, diary.around(25))
    buys(diary, diary.on_last_day())


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    region="EMEA",
    in_hubspot=True,
)
def grew_ten_days_ago_and_nobody_heard(diary: Diary) -> None:
    """The news of its growth arrives ten days late."""
    becomes_customer(diary, end_of_trial(diary), draw_offer(diary.stream, "1-2000"))
    offer = diary.company.offer
    diary.subscribed(diary.around(10), offer.plan_id, offer.mrr, arrives_at=diary.on_last_day())


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, region="AMER", in_hubspot=True)
def is_told_ahead_of_time(diary: Diary) -> None:
    """The sender's clock is fast: the news arrives before it happens, and counts when it does."""
    becomes_customer(diary, end_of_trial(diary), draw_offer(diary.stream, "2001-8000"))
    offer = diary.company.offer
    diary.subscribed(
        LAST_DAY_START + timedelta(minutes=25),
        offer.plan_id,
        offer.mrr,
        arrives_at=LAST_DAY_START - timedelta(minutes=15),
    )


@story(
    CompanyKind.MID_SIZE,
    oldest=88,
    youngest=45,
    arr_range="2001-8000",
    has_country=False,
    in_hubspot=True,
)
def says_where_it_is(diary: Diary) -> None:
    """From the region UNKNOWN to EMEA, which has other managers."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.on_last_day(), country="DE")


@story(CompanyKind.TRIAL, oldest=30, youngest=20, in_hubspot=True)
def signs_up_after_weeks_as_a_lead(diary: Diary) -> None:
    """Eligible from the last day on."""
    created_at = is_created(diary)
    diary.updated(diary.soon_after(created_at), status="LEAD")
    is_linked_to_hubspot(diary, created_at)
    signed_up_at = diary.on_last_day()
    diary.updated(
        signed_up_at,
        status="SIGNUP",
        signup_timestamp=signed_up_at,
        num_of_employees_range=diary.company.num_of_employees_range,
    )
    diary.subscribed(diary.soon_after(signed_up_at, hours=0.2), "trial", FREE, "trialing")


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", in_hubspot=True)
def cancels_on_the_last_day(diary: Diary) -> None:
    """From onboarding to the review queue; its manager stays."""
    offer, left_at = diary.company.offer, diary.on_last_day()
    becomes_customer(diary, end_of_trial(diary), until=left_at)
    diary.subscribed(left_at, offer.plan_id, offer.mrr, "cancelled")


@story(CompanyKind.TEST, oldest=88, youngest=45, in_hubspot=True)
def turns_out_to_be_a_test(diary: Diary) -> None:
    """Skipped from the last day on; its stage and manager stay as they were."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.on_last_day(), is_test=True)
