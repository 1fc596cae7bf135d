"""The world holds every case of the company journey, and its last day has a story to tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import pytest

from simulators.world import (
    LAST_DAY_START,
    WORLD_END,
    World,
    build_world,
    last_day_stories,
    rule_stories,
)
from simulators.world.story import stories_of
from tests.journey.company_states import CompanyState, read_states
from tests.journey.deciding import Decision
from tests.journey.invented_world import changed, events_in, inputs_of
from tests.journey.plain import PlainJourney

FIVE_MINUTES_LATER = WORLD_END + timedelta(minutes=5)
SEEDS = [2026, 7]

SHOWN = [
    ("churns_with_a_manager", "churn_with_manager", "cs_error", "churn_kept"),
    ("churns_with_a_manager_and_a_stage_lock", "churn_with_manager", "cs_error", "churn_kept"),
    ("churns_without_a_manager", "churn_without_manager", "cs_error", "churn_kept"),
    ("churns_by_status_alone", "churn_without_manager", "cs_error", "churn_kept"),
    ("is_locked_to_a_stage", "stage_locked", "cs_success", "round_robin"),
    ("is_locked_to_where_nobody_serves", "stage_locked", "cs_no_touch", "no_candidate"),
    ("had_a_stage_lock_that_expired", "no_touch", "cs_no_touch", "round_robin"),
    ("had_a_stage_lock_that_was_released", "no_touch", "cs_no_touch", "round_robin"),
    ("had_a_stage_lock_that_was_replaced", "no_touch", "cs_no_touch", "round_robin"),
    ("turned_small_business", "small_business", "cs_sbp", "round_robin"),
    ("is_onboarded_early", "subjectively_onboarded", "cs_success", "round_robin"),
    ("is_onboarded_and_large", "subjectively_onboarded", "cs_success", "round_robin"),
    ("is_onboarded_but_small", "no_touch", "cs_no_touch", "round_robin"),
    ("is_not_onboarded_after_90_days", "onboarding", "cs_onboarding", "round_robin"),
    ("is_not_onboarded_yet", "onboarding", "cs_onboarding", "round_robin"),
    ("has_paid_for_exactly_90_days", "onboarding", "cs_onboarding", "round_robin"),
    ("paid_with_a_break", "onboarding", "cs_onboarding", "round_robin"),
    ("never_graduates", "onboarding", "cs_onboarding", "round_robin"),
    ("is_past_due", "onboarding", "cs_onboarding", "round_robin"),
    ("pays_just_2000", "no_touch", "cs_no_touch", "round_robin"),
    ("pays_just_over_2000", "onboarding", "cs_onboarding", "round_robin"),
    ("pays_just_8000", "onboarding", "cs_onboarding", "round_robin"),
    ("pays_just_over_8000", "onboarding", "cs_onboarding", "round_robin"),
    ("pays_and_nobody_knows_how_much", "no_touch", "cs_no_touch", "round_robin"),
    ("signed_up_without_a_plan", "no_touch", "cs_no_touch", "round_robin"),
    ("has_a_plan_that_nobody_lists", "onboarding", "cs_onboarding", "round_robin"),
    ("cancelled_but_did_not_churn", "error", "cs_error", "needs_review"),
    ("tries_a_paid_plan", "error", "cs_error", "needs_review"),
    ("has_a_free_month", "error", "cs_error", "needs_review"),
    ("is_large_where_nobody_serves", "onboarding", "cs_onboarding", "no_candidate"),
    ("is_locked_to_a_named_manager", "onboarding", "cs_onboarding", "locked"),
    ("is_locked_to_its_present_manager", "onboarding", "cs_onboarding", "locked"),
    ("is_locked_to_nobody", "no_touch", "cs_no_touch", "locked"),
    ("had_a_manager_lock_that_expired", "no_touch", "cs_no_touch", "round_robin"),
    ("had_a_manager_lock_that_was_released", "no_touch", "cs_no_touch", "round_robin"),
    ("keeps_its_reported_manager", "onboarding", "cs_onboarding", "kept"),
    ("keeps_a_manager_who_takes_no_more", "success", "cs_success", "kept"),
    ("had_a_manager_who_left", "success", "cs_success", "round_robin"),
    ("had_a_manager_whom_nobody_knows", "no_touch", "cs_no_touch", "round_robin"),
    ("had_its_manager_taken_away", "no_touch", "cs_no_touch", "round_robin"),
    ("is_passed_on_in_sales", "sales", "cs_sales", "left_to_sales"),
    ("has_no_country", "onboarding", "cs_onboarding", "round_robin"),
    ("has_a_country_that_nobody_lists", "no_touch", "cs_no_touch", "round_robin"),
    ("changes_its_plan_twice_at_once", "no_touch", "cs_no_touch", "round_robin"),
]
"""Story, rule, stage and assignment reason of the first of two runs."""

SKIPPED = [
    ("is_a_lead_with_a_record", "lead"),
    ("has_no_status", "no_status"),
    ("has_no_signup_timestamp", "no_signup_timestamp"),
    ("has_no_employees_range", "no_employees_range"),
    ("takes_back_its_employees_range", "no_employees_range"),
    ("is_a_test_with_a_manager", "test_company"),
]
"""Story and skip reason."""

TURNED = [
    ("buys_a_small_plan_on_the_last_day", "sales", "no_touch", "round_robin"),
    ("buys_a_middle_plan_on_the_last_day", "sales", "onboarding", "round_robin"),
    ("outgrows_no_touch", "no_touch", "onboarding", "round_robin"),
    ("passes_day_90", "onboarding", "success", "round_robin"),
    ("shrinks_to_no_touch", "success", "no_touch", "round_robin"),
    ("is_locked_to_a_stage_on_the_last_day", "no_touch", "stage_locked", "round_robin"),
    ("has_a_stage_lock_that_expires_at_the_end", "stage_locked", "no_touch", "round_robin"),
    (
        "has_a_stage_lock_that_is_released_on_the_last_day",
        "stage_locked", "small_business", "round_robin",
    ),
    ("is_locked_to_a_manager_on_the_last_day", "onboarding", "onboarding", "locked"),
    (
        "has_a_manager_lock_that_expires_on_the_last_day",
        "onboarding", "onboarding", "round_robin",
    ),
    ("is_handed_over_in_the_product", "onboarding", "onboarding", "kept"),
    ("returns_to_an_earlier_manager", "onboarding", "success", "history"),
    ("comes_back", "churn_without_manager", "onboarding", "round_robin"),
    ("grew_ten_days_ago_and_nobody_heard", "no_touch", "onboarding", "round_robin"),
    ("is_told_ahead_of_time", "onboarding", "no_touch", "round_robin"),
    ("says_where_it_is", "onboarding", "onboarding", "round_robin"),
    ("signs_up_after_weeks_as_a_lead", None, "sales", "left_to_sales"),
    ("cancels_on_the_last_day", "onboarding", "error", "needs_review"),
]  # fmt: skip
"""Story, rules of the first and the second run, assignment reason of the second: all change."""

KEPT_OR_GIVEN = ["is_91_days_old_at_the_end", "outgrows_success"]
"""These change their stage; a manager who serves both stages, as AMER has one, may keep them."""

UNCHANGED = ["churns_on_the_last_day", "turns_out_to_be_a_test"]
"""What happens on the last day changes neither stage nor managers."""


class Runs(NamedTuple):
    """What the journey decides a day before the end, at the end, and five minutes after it."""

    world: World
    first: Mapping[str, Decision]
    second: Mapping[str, Decision]
    third: Mapping[str, Decision]

    def of(self, story: str) -> tuple[Decision, Decision]:
        """The first and the second decision on the company that lives this story."""
        company_id = self.world.company_of(story).company_id
        return self.first[company_id], self.second[company_id]


@cache
def runs_of(seed: int) -> Runs:
    world = build_world(seed=seed)
    journey = PlainJourney()
    decided = []
    for as_of in (LAST_DAY_START, WORLD_END, FIVE_MINUTES_LATER):
        journey.run(inputs_of(world, as_of))
        decided.append(journey.decisions)
    return Runs(world, *decided)


def states_of(world: World, as_of: datetime) -> dict[str, CompanyState]:
    """The companies as the world's lines tell them."""
    return read_states(events_in(world.events), as_of)


@pytest.fixture(params=SEEDS)
def runs(request: pytest.FixtureRequest) -> Runs:
    return runs_of(request.param)


def test_every_stage_rule_and_skip_reason_occurs_on_both_last_days(runs: Runs) -> None:
    for run in (runs.first, runs.second):
        assert {decision.rule for decision in run.values()} - {None} == {
            "churn_with_manager", "churn_without_manager", "stage_locked", "small_business",
            "sales", "no_touch", "subjectively_onboarded", "success", "onboarding", "error",
        }  # fmt: skip
        assert {decision.skip_reason for decision in run.values()} - {None} == {
            "no_status", "lead", "no_signup_timestamp", "no_employees_range", "test_company",
        }  # fmt: skip


def test_every_manager_step_is_taken_at_the_end(runs: Runs) -> None:
    assert {decision.reason for decision in runs.second.values()} - {None} == {
        "churn_kept", "locked", "left_to_sales", "needs_review", "kept", "history",
        "round_robin", "no_candidate",
    }  # fmt: skip


@pytest.mark.parametrize(("story", "rule", "stage", "reason"), SHOWN)
def test_a_story_shows_its_rule_and_nothing_moves_on_the_last_day(
    runs: Runs, story: str, rule: str, stage: str, reason: str
) -> None:
    first, second = runs.of(story)

    assert (first.rule, first.after.cs_stage, first.reason) == (rule, stage, reason)
    assert second.rule == rule
    assert second.before == second.after


@pytest.mark.parametrize(("story", "reason"), SKIPPED)
def test_a_story_shows_why_a_company_is_skipped(runs: Runs, story: str, reason: str) -> None:
    assert [decision.skip_reason for decision in runs.of(story)] == [reason, reason]


@pytest.mark.parametrize(("story", "before", "after", "reason"), TURNED)
def test_a_story_turns_on_the_last_day(
    runs: Runs, story: str, before: str | None, after: str, reason: str
) -> None:
    first, second = runs.of(story)

    assert (first.rule, second.rule, second.reason) == (before, after, reason)
    assert second.before != second.after


@pytest.mark.parametrize("story", KEPT_OR_GIVEN)
def test_a_story_moves_between_onboarding_and_success(runs: Runs, story: str) -> None:
    first, second = runs.of(story)

    assert {first.after.cs_stage, second.after.cs_stage} == {"cs_onboarding", "cs_success"}
    assert second.reason in {"kept", "round_robin"}


@pytest.mark.parametrize("story", UNCHANGED)
def test_a_story_changes_no_value(runs: Runs, story: str) -> None:
    first, second = runs.of(story)

    assert (first.rule, first.skip_reason) != (second.rule, second.skip_reason)
    assert second.before == second.after


def test_every_story_is_one_of_these() -> None:
    assert {row[0] for row in SHOWN + SKIPPED} == {s.name for s in stories_of(rule_stories)}
    turning = {row[0] for row in TURNED} | {*KEPT_OR_GIVEN, *UNCHANGED}
    assert turning == {story.name for story in stories_of(last_day_stories)}


@pytest.mark.parametrize("seed", [*SEEDS, 1, 2, 3])
def test_a_good_handful_of_companies_change_on_the_last_day(seed: int) -> None:
    assert 15 <= len(changed(runs_of(seed).second)) <= 25


@pytest.mark.parametrize("seed", [*SEEDS, 1, 2, 3])
def test_nothing_changes_by_the_clock_alone_in_the_five_minutes_after_the_end(seed: int) -> None:
    assert changed(runs_of(seed).third) == {}


def test_no_lock_expires_and_no_paying_day_completes_in_the_five_minutes_after_the_end(
    runs: Runs,
) -> None:
    states = states_of(runs.world, WORLD_END).values()
    later = states_of(runs.world, FIVE_MINUTES_LATER).values()

    assert sum(state.events for state in states) == sum(state.events for state in later)
    for state in states:
        for lock in (state.stage_lock, state.manager_lock):
            assert lock is None or not WORLD_END < lock.expires_at <= FIVE_MINUTES_LATER
        if state.paying_since is not None:
            days = (WORLD_END - state.paying_since).days
            assert (FIVE_MINUTES_LATER - state.paying_since).days == days


def test_large_customers_wait_for_success_for_ever_or_fall_back_from_it(runs: Runs) -> None:
    outgrown = states_of(runs.world, WORLD_END)
    for story in ("never_graduates", "outgrows_success"):
        state = outgrown[runs.world.company_of(story).company_id]
        assert state.paying_since is not None
        assert (WORLD_END - state.paying_since).days > 90
        assert runs.of(story)[1].after.cs_stage == "cs_onboarding"


def test_the_border_days_are_exact(runs: Runs) -> None:
    states = states_of(runs.world, WORLD_END)
    exactly_90 = states[runs.world.company_of("has_paid_for_exactly_90_days").company_id]
    just_91 = states[runs.world.company_of("is_91_days_old_at_the_end").company_id]

    assert exactly_90.paying_since == WORLD_END - timedelta(days=90)
    assert just_91.paying_since == WORLD_END - timedelta(days=91)
