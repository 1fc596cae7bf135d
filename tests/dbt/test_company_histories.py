"""Companies are read anew only where their events changed, and are what a full build makes of them.

Spec README.md, What must always hold, 2 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt.conftest import Journey, company
from tests.ingestion.raw_tables import empty

TIMES = [f"2026-03-{day:02}T06:00:00Z" for day in range(1, 7)]
SELECT = ("+companies", "int_journey__locks", "int_journey__manager_reports")
TABLES = {
    "core.companies": "company_id",
    "intermediate.int_journey__locks": "company_id",
    "intermediate.int_journey__manager_reports": "company_id, field",
}


@dataclass(frozen=True)
class Step:
    """The events of a company are removed, others land, and a build follows."""

    forgotten: str | None
    events: Sequence[dict[str, Any]]
    as_of: str


def event(event_type: str, **data: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Few ids, times and values, so that events meet: duplicates, conflicts, ties."""
    return st.fixed_dictionaries(
        {
            "type": st.just(event_type),
            "id": st.sampled_from(["e1", "e10", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9"]),
            "at": st.sampled_from(TIMES),
            "company_id": st.sampled_from(["c1", "c2", "c3"]),
            **data,
        }
    )


EVENTS = st.one_of(
    event("company_created", name=st.sampled_from(["Mill", "Race"]), country=st.just("DE")),
    event("company_updated", status=st.sampled_from(["PAID", None]), plan_id=st.just("trial")),
    event("company_updated", customer_success_manager=st.sampled_from(["cs.alder", None])),
    event(
        "subscription_changed",
        plan_id=st.just("basic"),
        mrr=st.sampled_from([0, 100, 700]),
        status=st.sampled_from(["active", "cancelled"]),
    ),
    event("payment_received", amount=st.just(1), currency=st.just("USD")),
    event("cs_stage_lock_set", cs_stage=st.just("cs_sbp"), expires_at=st.sampled_from(TIMES)),
    event("cs_stage_lock_released"),
    event("cs_manager_lock_set", expires_at=st.sampled_from(TIMES)),
)
STEPS = st.lists(
    st.builds(
        Step,
        forgotten=st.sampled_from([None, None, None, "c1"]),
        events=st.lists(EVENTS, max_size=6),
        as_of=st.sampled_from(TIMES),
    ),
    min_size=2,
    max_size=4,
)


def build(journey: Journey, as_of: str, *, full_refresh: bool = False) -> None:
    assert journey.build(as_of, select=SELECT, full_refresh=full_refresh).is_success


def told(journey: Journey) -> dict[str, list[dict[str, Any]]]:
    return {table: journey.rows(table, order) for table, order in TABLES.items()}


def places(journey: Journey) -> dict[str, str]:
    """Where the row of each company lies; one that was written anew lies elsewhere."""
    with journey.warehouse.connect() as connection:
        return dict(
            connection.execute(
                "select company_id, ctid::text from intermediate.int_core__company_histories"
            ).fetchall()
        )


def forget(journey: Journey, company_id: str) -> None:
    with journey.warehouse.connect() as connection:
        connection.execute(
            "delete from raw_events.events where data ->> 'company_id' = %s", [company_id]
        )


@pytest.mark.long
def test_only_companies_with_other_events_are_read_anew(journey: Journey) -> None:
    journey.land(company("c1") + company("c2") + company("c3"))
    build(journey, TIMES[4])
    before = places(journey)
    journey.land(
        [
            {"type": "company_updated", "at": TIMES[1], "company_id": "c1", "country": "FR"},
            {"type": "cs_stage_lock_released", "at": TIMES[5], "company_id": "c2"},
        ]
    )
    build(journey, TIMES[4])
    after = places(journey)
    assert {each for each in after if after[each] != before[each]} == {"c1"}
    build(journey, TIMES[5])
    last = places(journey)
    assert {each for each in last if last[each] != after[each]} == {"c2"}


@pytest.mark.long
def test_late_lost_and_future_events_count_as_in_a_full_build(journey: Journey) -> None:
    journey.land(company("c1", country="FR") + company("c2"))
    build(journey, TIMES[3])
    steps = [
        Step(
            None,
            [{"type": "company_updated", "at": TIMES[1], "company_id": "c1", "status": "LEAD"}],
            TIMES[3],
        ),
        Step(
            None,
            [
                {
                    "id": "x",
                    "type": "company_updated",
                    "at": TIMES[2],
                    "company_id": "c2",
                    "name": "A",
                }
            ],
            TIMES[3],
        ),
        Step(
            None,
            [
                {
                    "id": "x",
                    "type": "company_updated",
                    "at": TIMES[2],
                    "company_id": "c2",
                    "name": "B",
                }
            ],
            TIMES[3],
        ),
        Step(
            None,
            [
                {
                    "id": "x",
                    "type": "company_updated",
                    "at": TIMES[2],
                    "company_id": "c3",
                    "name": "C",
                }
            ],
            TIMES[3],
        ),
        Step(
            None,
            [{"type": "company_updated", "at": TIMES[5], "company_id": "c1", "name": "Later"}],
            TIMES[4],
        ),
        Step(None, [], TIMES[5]),
        Step("c1", [], TIMES[0]),
    ]
    _take(journey, steps)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_any_history_of_loads_and_builds_ends_as_a_full_build(
    journey: Journey, steps: Sequence[Step]
) -> None:
    with journey.warehouse.connect() as connection:
        empty(connection)
    _take(journey, steps)


def _take(journey: Journey, steps: Sequence[Step]) -> None:
    for step in steps:
        if step.forgotten is not None:
            forget(journey, step.forgotten)
        if step.events:
            journey.land(step.events)
        build(journey, step.as_of)
    step_by_step = told(journey)
    build(journey, steps[-1].as_of, full_refresh=True)
    assert told(journey) == step_by_step
