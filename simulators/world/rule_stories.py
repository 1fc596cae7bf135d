"""Lives that show one rule each (spec/journey.md): eligibility, stages, managers, their borders.

What each shows holds on the last two days of the world.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from simulators.world.calendar import ago
from simulators.world.chapters import (
    becomes_customer,
    churns,
    end_of_trial,
    is_created,
    is_linked_to_hubspot,
    signs_up,
    tries,
)
from simulators.world.diary import Diary
from simulators.world.model import CompanyKind
from simulators.world.pricing import FREE, Offer
from simulators.world.story import story

# Eligible


@story(CompanyKind.LEAD, oldest=60, youngest=5, in_hubspot=True)
def is_a_lead_with_a_record(diary: Diary) -> None:
    """Skipped: a lead, although HubSpot knows it well."""
    created_at = is_created(diary)
    diary.updated(
        diary.soon_after(created_at),
        status="LEAD",
        num_of_employees_range=diary.company.num_of_employees_range,
    )
    is_linked_to_hubspot(diary, created_at)


@story(CompanyKind.UNFINISHED, oldest=60, youngest=5)
def has_no_status(diary: Diary) -> None:
    """Skipped: the product never gave it a status."""
    created_at = is_created(diary)
    diary.updated(diary.soon_after(created_at), num_of_employees_range="1-10")


@story(CompanyKind.UNFINISHED, oldest=60, youngest=5)
def has_no_signup_timestamp(diary: Diary) -> None:
    """Skipped: it has a status, but nobody knows when it signed up."""
    created_at = is_created(diary)
    diary.updated(
        diary.soon_after(created_at),
        status="SIGNUP",
        num_of_employees_range=diary.company.num_of_employees_range,
    )


@story(CompanyKind.UNFINISHED, oldest=60, youngest=5)
def has_no_employees_range(diary: Diary) -> None:
    """Skipped: it never said how many people it has."""
    at = diary.soon_after(is_created(diary))
    diary.updated(at, status="SIGNUP", signup_timestamp=at, num_of_employees_range="")


@story(CompanyKind.UNFINISHED, oldest=60, youngest=20)
def takes_back_its_employees_range(diary: Diary) -> None:
    """Skipped: it once said how many people it has, and the field was cleared later."""
    tries(diary)
    diary.updated(diary.around(10), num_of_employees_range=None)


@story(CompanyKind.TEST, oldest=70, youngest=50, arr_range="2001-8000", region="AMER")
def is_a_test_with_a_manager(diary: Diary) -> None:
    """Skipped: a test company; the manager whom it has still counts it."""
    becomes_customer(diary, diary.around(40))
    diary.updated(diary.around(30), customer_success_manager="cs.sorrel")
    diary.updated(diary.around(8), is_test=True)


# CS stage, rules 1 and 1b


@story(CompanyKind.CHURNED, oldest=80, youngest=65, arr_range="2001-8000", region="AMER")
def churns_with_a_manager(diary: Diary) -> None:
    """Rule 1: it keeps the manager whom the product reported."""
    left_at = diary.around(12)
    becomes_customer(diary, diary.around(55), until=left_at)
    diary.updated(diary.around(40), customer_success_manager="cs.sorrel")
    churns(diary, left_at)


@story(CompanyKind.CHURNED, oldest=80, youngest=65, arr_range="2001-8000")
def churns_with_a_manager_and_a_stage_lock(diary: Diary) -> None:
    """Rule 1 comes before rule 2. The manager is one whom no reference file knows."""
    left_at = diary.around(9)
    becomes_customer(diary, diary.around(55), until=left_at)
    diary.updated(diary.around(40), customer_success_manager="cs.hemlock")
    diary.stage_locked(diary.around(20), "cs_success", ago(days=-25))
    churns(diary, left_at)


@story(CompanyKind.CHURNED, oldest=88, youngest=45)
def churns_without_a_manager(diary: Diary) -> None:
    """Rule 1b: nobody is given a lost customer."""
    left_at = diary.around(11)
    becomes_customer(diary, end_of_trial(diary), until=left_at)
    churns(diary, left_at)


@story(CompanyKind.CHURNED, oldest=88, youngest=45)
def churns_by_status_alone(diary: Diary) -> None:
    """Status CHURNED counts as the plan group churn, although its plan is an ordinary one."""
    left_at = diary.around(13)
    becomes_customer(diary, end_of_trial(diary), until=left_at)
    diary.subscribed(left_at, diary.company.offer.plan_id, FREE, "cancelled")
    diary.updated(diary.soon_after(left_at), status="CHURNED")


# Rule 2


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, region="AMER", in_hubspot=True)
def is_locked_to_a_stage(diary: Diary) -> None:
    """Rule 2: a small customer that someone wants to be looked after."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(15), "cs_success", ago(days=-9), note="Refers many others")


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", region="EMEA")
def is_locked_to_where_nobody_serves(diary: Diary) -> None:
    """Rule 2, and step 6: no manager of this stage takes companies of this size."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(15), "cs_no_touch", ago(days=-20))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_stage_lock_that_expired(diary: Diary) -> None:
    """A lock ends when `expires_at` passes."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(25), "cs_success", ago(days=6))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_stage_lock_that_was_released(diary: Diary) -> None:
    """A released lock does not come back, although it would not have expired yet."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(25), "cs_success", ago(days=-30))
    diary.stage_lock_released(diary.around(7))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_stage_lock_that_was_replaced(diary: Diary) -> None:
    """The latest lock counts, and it has expired; the one before does not come back."""
    becomes_customer(diary, end_of_trial(diary))
    diary.stage_locked(diary.around(25), "cs_success", ago(days=-30))
    diary.stage_locked(diary.around(16), "cs_onboarding", ago(days=4))


# Rules 3 to 6


@story(CompanyKind.SMALL_BUSINESS, oldest=80, youngest=65, arr_range="2001-8000")
def turned_small_business(diary: Diary) -> None:
    """Rule 3 for a former customer, whose last known ARR range stays."""
    moved_at = diary.around(9)
    becomes_customer(diary, diary.around(55), until=moved_at)
    diary.subscribed(moved_at, "connecteam_free_small_business", FREE)


@story(CompanyKind.MID_SIZE, oldest=40, youngest=30, arr_range="2001-8000", onboarded="yes")
def is_onboarded_early(diary: Diary) -> None:
    """Rule 6 long before day 90."""
    becomes_customer(diary, diary.around(20))


@story(CompanyKind.LARGE, oldest=88, youngest=45, arr_range="8001+", region="EMEA", onboarded="yes")
def is_onboarded_and_large(diary: Diary) -> None:
    """Rule 6 is the only way to success for a large customer."""
    becomes_customer(diary, end_of_trial(diary))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, onboarded="yes")
def is_onboarded_but_small(diary: Diary) -> None:
    """Rule 5 comes before rule 6."""
    becomes_customer(diary, end_of_trial(diary))


@story(CompanyKind.MID_SIZE, youngest=112, arr_range="2001-8000", onboarded="no")
def is_not_onboarded_after_90_days(diary: Diary) -> None:
    """Someone said no, so rule 7 does not apply."""
    becomes_customer(diary, diary.around(102))


@story(CompanyKind.MID_SIZE, oldest=50, youngest=40, arr_range="2001-8000", onboarded="no")
def is_not_onboarded_yet(diary: Diary) -> None:
    """A no that changes nothing before day 90."""
    becomes_customer(diary, diary.around(30))


# Rules 7 and 8, and the borders of time and money


@story(CompanyKind.MID_SIZE, oldest=100, youngest=95, arr_range="2001-8000", region="AMER")
def has_paid_for_exactly_90_days(diary: Diary) -> None:
    """Day 90 is not over 90: still onboarding."""
    becomes_customer(diary, ago(days=90))


@story(CompanyKind.MID_SIZE, youngest=112, arr_range="2001-8000")
def paid_with_a_break(diary: Diary) -> None:
    """Only the unbroken spell counts: 40 days."""
    offer, paused_at, resumed_at = diary.company.offer, diary.around(60), diary.around(40)
    becomes_customer(diary, diary.around(105), until=paused_at)
    diary.subscribed(paused_at, offer.plan_id, offer.mrr, "cancelled")
    diary.subscribed(resumed_at, offer.plan_id, offer.mrr)
    diary.paid_monthly(resumed_at, offer.mrr)


@story(CompanyKind.LARGE, youngest=112, arr_range="8001+", region="AMER", in_hubspot=True)
def never_graduates(diary: Diary) -> None:
    """Over 8,000 USD a year and paying for 100 days: onboarding for ever."""
    becomes_customer(diary, diary.around(102))


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def is_past_due(diary: Diary) -> None:
    """Past due is still paying."""
    offer, missed_at = diary.company.offer, diary.around(5)
    becomes_customer(diary, end_of_trial(diary), until=missed_at)
    diary.subscribed(missed_at, offer.plan_id, offer.mrr, "past_due")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def pays_just_2000(diary: Diary) -> None:
    """166.666666 a month is not above 2,000 a year."""
    becomes_customer(diary, end_of_trial(diary), Offer("basic", 300, Decimal("166.666666")))


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def pays_just_over_2000(diary: Diary) -> None:
    """166.67 a month is."""
    becomes_customer(diary, end_of_trial(diary), Offer("basic", 300, Decimal("166.67")))


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def pays_just_8000(diary: Diary) -> None:
    """666.666666 a month is not above 8,000 a year."""
    becomes_customer(diary, end_of_trial(diary), Offer("expert", 219, Decimal("666.666666")))


@story(CompanyKind.LARGE, oldest=88, youngest=45, arr_range="8001+", region="EMEA")
def pays_just_over_8000(diary: Diary) -> None:
    """666.666667 a month is."""
    becomes_customer(diary, end_of_trial(diary), Offer("expert", 219, Decimal("666.666667")))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def pays_and_nobody_knows_how_much(diary: Diary) -> None:
    """No subscription ever arrived: the ARR range is the default one."""
    tries_at = signs_up(diary)
    diary.updated(tries_at + timedelta(days=9), status="PAID", plan_id="advanced")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def signed_up_without_a_plan(diary: Diary) -> None:
    """No plan counts as a standard one."""
    signs_up(diary)


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def has_a_plan_that_nobody_lists(diary: Diary) -> None:
    """A plan that plan_groups.csv does not name is a standard one."""
    becomes_customer(diary, end_of_trial(diary), Offer("legacy_2019", 150, Decimal("240.00")))


# Rule 9


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", in_hubspot=True)
def cancelled_but_did_not_churn(diary: Diary) -> None:
    """Neither paying nor churned: somebody has to look."""
    offer, left_at = diary.company.offer, diary.around(8)
    becomes_customer(diary, end_of_trial(diary), until=left_at)
    diary.subscribed(left_at, offer.plan_id, offer.mrr, "cancelled")


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def tries_a_paid_plan(diary: Diary) -> None:
    """Trialing at a price is not paying."""
    signed_up_at = signs_up(diary)
    offer = diary.company.offer
    diary.subscribed(diary.soon_after(signed_up_at), offer.plan_id, offer.mrr, "trialing")


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000")
def has_a_free_month(diary: Diary) -> None:
    """At 0 USD the last known range stays, and nobody pays."""
    free_since = diary.around(6)
    becomes_customer(diary, end_of_trial(diary), until=free_since)
    diary.subscribed(free_since, diary.company.offer.plan_id, FREE)


# Managers


@story(CompanyKind.LARGE, oldest=88, youngest=45, arr_range="8001+", region="APAC")
def is_large_where_nobody_serves(diary: Diary) -> None:
    """Step 6: no row of cs_managers.csv takes large customers in APAC through onboarding."""
    becomes_customer(diary, end_of_trial(diary))


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", region="EMEA")
def is_locked_to_a_named_manager(diary: Diary) -> None:
    """Step 1: the lock's manager, who serves another bucket."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.around(14), ago(days=-15), manager="cs.willow")


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", region="AMER")
def is_locked_to_its_present_manager(diary: Diary) -> None:
    """Step 1: the lock names nobody, so the reported manager stays."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(20), customer_success_manager="cs.sedge")
    diary.manager_locked(diary.around(14), ago(days=-2))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def is_locked_to_nobody(diary: Diary) -> None:
    """Step 1: the lock names nobody and there is nobody."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.around(14), ago(days=-15))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_manager_lock_that_expired(diary: Diary) -> None:
    """The lock's manager was cs.sedge until a week ago."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.around(14), ago(days=7), manager="cs.sedge")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_manager_lock_that_was_released(diary: Diary) -> None:
    """The lock's manager would have been cs.sedge for a month more."""
    becomes_customer(diary, end_of_trial(diary))
    diary.manager_locked(diary.around(14), ago(days=-30), manager="cs.sedge")
    diary.manager_lock_released(diary.around(4))


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", region="AMER")
def keeps_its_reported_manager(diary: Diary) -> None:
    """Step 3: the reported manager serves the bucket."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(20), customer_success_manager="cs.yarrow")


@story(CompanyKind.MID_SIZE, youngest=112, arr_range="2001-8000", region="EMEA")
def keeps_a_manager_who_takes_no_more(diary: Diary) -> None:
    """Step 3: lead_intake 0 does not matter for keeping."""
    becomes_customer(diary, diary.around(102))
    diary.updated(diary.around(60), customer_success_manager="cs.bracken")


@story(CompanyKind.MID_SIZE, youngest=112, arr_range="2001-8000", region="EMEA")
def had_a_manager_who_left(diary: Diary) -> None:
    """Step 5: cs.gorse is no longer active."""
    becomes_customer(diary, diary.around(102))
    diary.updated(diary.around(80), customer_success_manager="cs.gorse")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_a_manager_whom_nobody_knows(diary: Diary) -> None:
    """Step 5: no row of cs_managers.csv names cs.hemlock."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(25), customer_success_manager="cs.hemlock")


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45)
def had_its_manager_taken_away(diary: Diary) -> None:
    """A report of nobody is a report."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(25), customer_success_manager="cs.birch")
    diary.updated(diary.around(18), customer_success_manager=None)


@story(CompanyKind.TRIAL, oldest=40, youngest=30, region="EMEA", in_hubspot=True)
def is_passed_on_in_sales(diary: Diary) -> None:
    """Step 2: left to sales, where another took it over."""
    started_at = tries(diary)
    diary.updated(started_at + timedelta(days=2), sales_account_manager="sales.volga")
    diary.subscribed(started_at + timedelta(days=14), "free", FREE)
    diary.updated(diary.around(9), sales_account_manager="sales.ebro")


# Region


@story(CompanyKind.MID_SIZE, oldest=88, youngest=45, arr_range="2001-8000", has_country=False)
def has_no_country(diary: Diary) -> None:
    """Region UNKNOWN, which has managers as well."""
    becomes_customer(diary, end_of_trial(diary))


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, has_country=False)
def has_a_country_that_nobody_lists(diary: Diary) -> None:
    """Region UNKNOWN: XK is no ISO 3166 code."""
    becomes_customer(diary, end_of_trial(diary))
    diary.updated(diary.around(30), country="XK")


# The same instant


@story(CompanyKind.NO_TOUCH, oldest=88, youngest=45, region="EMEA")
def changes_its_plan_twice_at_once(diary: Diary) -> None:
    """Of two subscriptions of one instant the one with the greater event_id is the later."""
    becomes_customer(diary, end_of_trial(diary))
    changed_at = diary.around(12)
    diary.subscribed(changed_at, "expert", Decimal("399.00"))
    diary.subscribed(changed_at, "basic", Decimal("29.00"))
