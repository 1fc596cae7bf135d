"""The random worlds are worth deciding: what is hard about the journey happens in them."""

from __future__ import annotations

from collections import Counter
from functools import cache

from tests.journey.inputs import RunInputs
from tests.journey.plain import PlainJourney
from tests.journey.shrinking import smallest
from tests.journey.tables import Tables
from tests.journey.worlds import RandomWorld, random_world


@cache
def decided() -> list[tuple[RunInputs, PlainJourney, Tables]]:
    """Every run of some worlds, with the journey as it stood at the end of its world."""
    runs = []
    for seed in range(120):
        world, plain = random_world(seed), PlainJourney()
        for number in range(len(world.steps)):
            inputs = world.inputs(number)
            runs.append((inputs, plain, plain.run(inputs)))
    return runs


def test_every_rule_step_skip_reason_and_topic_occurs() -> None:
    found: dict[str, Counter[str | None]] = {
        "rule": Counter(), "reason": Counter(), "sales reason": Counter(), "skipped": Counter(),
        "topic": Counter(),
    }  # fmt: skip
    for _, _, tables in decided():
        rows = tables.company_journey.values()
        found["rule"].update(row.cs_stage_rule for row in rows)
        found["reason"].update(row.assignment_reason for row in rows)
        found["sales reason"].update(row.sales_assignment_reason for row in rows)
        found["skipped"].update(row.reason for row in tables.skipped_companies.values())
        found["topic"].update(row.topic for row in tables.review_queue.values())
    steps = {"churn_kept", "needs_review", "kept", "history", "round_robin", "no_candidate"}
    assert set(found["rule"]) == {
        "churn_with_manager", "churn_without_manager", "stage_locked", "small_business", "sales",
        "no_touch", "subjectively_onboarded", "success", "onboarding", "error",
    }  # fmt: skip
    assert set(found["reason"]) == steps | {"locked", "left_to_sales"}
    assert set(found["sales reason"]) == steps | {None}
    assert set(found["skipped"]) == {
        "no_status", "lead", "no_signup_timestamp", "no_employees_range", "test_company",
    }  # fmt: skip
    assert set(found["topic"]) == {
        "cs_error", "no_candidate", "no_sales_candidate", "success_outgrown", "never_graduates",
    }  # fmt: skip


def test_the_borders_are_met_exactly() -> None:
    days, left = set(), set()
    for inputs, plain, tables in decided():
        days |= {row.days_paying for row in tables.company_journey.values()}
        for decision in plain.decisions.values():
            for lock in (decision.state.stage_lock, decision.state.manager_lock):
                left |= {lock.expires_at - inputs.as_of} if lock is not None else set()
    assert {None, 0, 90, 91} <= days
    assert {0, 1, -1} <= {round(each.total_seconds() * 1_000_000) for each in left}


def test_a_world_is_the_same_each_time() -> None:
    assert random_world(7) == random_world(7)


def test_a_world_that_fails_is_made_as_small_as_can_be() -> None:
    def fails(world: RandomWorld) -> bool:
        return any(
            event.event_type == "cs_stage_lock_set" and step.managers
            for step in world.steps
            for event in step.arrived
        )

    seed = next(seed for seed in range(100) if fails(random_world(seed)))
    (step,) = smallest(random_world(seed), fails).steps
    assert [event.event_type for event in step.arrived] == ["cs_stage_lock_set"]
    assert len(step.managers) == 1
    assert step.hubspot == ()
