"""What only earlier runs know: since when, who it was, how even the loads are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decisions.dbt_build import build_models
from tests.dbt.conftest import AS_OF, Journey, company

LATER = "2026-04-01T06:00:00Z"
LAST = "2026-04-02T06:00:00Z"
SELECT = ["+review_queue", "+cs_bucket_load"]
MANAGERS = (
    "username,department,cs_stage,region,arr_range,lead_intake,is_active,email,hubspot_owner_id\n"
)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def queue(journey: Journey) -> dict[tuple[str, str], datetime]:
    rows = journey.rows("journey.review_queue")
    return {(row["company_id"], row["topic"]): row["since"] for row in rows}


def subscription(company_id: str, at: str, mrr: int) -> dict[str, object]:
    return {
        "type": "subscription_changed",
        "at": at,
        "company_id": company_id,
        "plan_id": "basic",
        "mrr": mrr,
        "status": "active",
    }


@pytest.mark.long
def test_since_survives_full_refreshes_and_begins_anew_after_a_break(journey: Journey) -> None:
    lock = {
        "type": "cs_stage_lock_set",
        "company_id": "c1",
        "cs_stage": "cs_error",
        "set_by": "ops",
    }
    journey.land(
        [
            *company("c1"),
            {**lock, "at": "2026-03-30T00:00:00Z", "expires_at": "2026-04-02T00:00:00Z"},
        ]
    )
    journey.build(AS_OF, select=SELECT)
    assert queue(journey) == {("c1", "cs_error"): instant(AS_OF)}
    journey.build(LATER, select=SELECT, full_refresh=True)
    assert queue(journey) == {("c1", "cs_error"): instant(AS_OF)}
    journey.build(LAST, select=SELECT)
    assert queue(journey) == {}
    again = "2026-04-03T06:00:00Z"
    journey.land([{**lock, "at": "2026-04-03T00:00:00Z", "expires_at": "2026-05-01T00:00:00Z"}])
    journey.build(again, select=SELECT)
    assert queue(journey) == {("c1", "cs_error"): instant(again)}


@pytest.mark.long
def test_a_success_customer_who_outgrows_its_range_is_queued_once(journey: Journey) -> None:
    journey.land(
        [
            *company("c1"),
            subscription("c1", "2025-12-01T08:00:00Z", 300),
            *company("c2"),
            subscription("c2", "2025-12-01T08:00:00Z", 900),
            subscription("c2", "2026-03-21T08:00:00Z", 900),
        ]
    )
    journey.build(AS_OF, select=SELECT)
    assert queue(journey) == {("c2", "never_graduates"): instant(AS_OF)}
    journey.land([subscription("c1", "2026-03-31T08:00:00Z", 900)])
    journey.build(LATER, select=SELECT)
    assert queue(journey) == {
        ("c1", "success_outgrown"): instant(LATER),
        ("c2", "never_graduates"): instant(AS_OF),
    }


@pytest.mark.long
def test_the_loads_of_a_bucket_add_up_and_differ_by_one_at_most(journey: Journey) -> None:
    names = ["cs.ash", "cs.elm", "cs.fir"]
    journey.use_reference(
        cs_managers=MANAGERS
        + "".join(
            f"{name},customer_success,cs_onboarding,EMEA,2001-8000,1,true,,\n" for name in names
        )
        + "cs.gone,customer_success,cs_onboarding,EMEA,2001-8000,1,false,,\n"
    )
    journey.land([event for number in range(10) for event in company(f"c{number}")])
    journey.land(
        [
            {
                "type": "company_updated",
                "at": "2026-03-30T08:00:00Z",
                "company_id": "c0",
                "customer_success_manager": "cs.gone",
            }
        ]
    )
    journey.build(AS_OF, select=SELECT)
    loads = {row["username"]: row for row in journey.rows("journey.cs_manager_load")}
    assert loads.pop("cs.gone")["assigned_30d"] == 0, "the same run has replaced this report"
    assert sorted(row["companies"] for row in loads.values()) == [3, 3, 4]
    assert sum(row["assigned_7d"] for row in loads.values()) == 10
    assert sum(row["share_of_buckets"] for row in loads.values()) == 1
    (bucket,) = journey.rows("journey.cs_bucket_load")
    assert (bucket["managers"], bucket["companies"]) == (3, 10)
    assert (bucket["min"], bucket["max"], bucket["imbalance"]) == (3, 4, 1)


@pytest.mark.long
def test_a_managers_file_that_changed_keeps_its_history(journey: Journey) -> None:
    row = "{name},customer_success,cs_onboarding,EMEA,2001-8000,{intake},true,,\n"
    journey.use_reference(
        cs_managers=MANAGERS
        + row.format(name="cs.ash", intake=1)
        + row.format(name="cs.elm", intake=1)
    )
    assert journey.project is not None
    select = ["+cs_managers_history"]
    build_models(journey.warehouse, project=journey.project, as_of=AS_OF, select=select)
    file = Path(journey.project, "seeds/reference/cs_managers.csv")
    file.write_text(MANAGERS + row.format(name="cs.ash", intake=0))
    for _ in range(2):
        build_models(
            journey.warehouse,
            project=journey.project,
            as_of=LATER,
            select=select,
            full_refresh=True,
        )
    history = [
        (row["username"], row["lead_intake"], row["dbt_valid_from"], row["dbt_valid_to"])
        for row in journey.rows("history.cs_managers_history", "username, dbt_valid_from")
    ]
    assert history == [
        ("cs.ash", 1, instant(AS_OF), instant(LATER)),
        ("cs.ash", 0, instant(LATER), None),
        ("cs.elm", 1, instant(AS_OF), instant(LATER)),
    ]


@pytest.mark.long
def test_a_hubspot_company_that_changed_keeps_its_history_by_the_builds_clock(
    journey: Journey,
) -> None:
    def say(owner: str) -> None:
        with journey.warehouse.connect() as connection:
            connection.execute(
                "insert into raw_hubspot.companies (id, archived, created_at, updated_at, "
                "properties, _dlt_load_id, _dlt_id) values ('1', false, %(at)s, %(at)s, "
                "%(properties)s, 'load', 'row') "
                "on conflict (id) do update set properties = excluded.properties",
                {
                    "at": datetime(2026, 1, 1, tzinfo=UTC),
                    "properties": json.dumps({"hubspot_owner_id": owner}),
                },
            )

    versions = []
    for as_of, owner in [(AS_OF, "7"), (LATER, "7"), (LAST, "8"), (LAST, "9")]:
        say(owner)
        result = build_models(journey.warehouse, as_of=as_of, select=["+hubspot_companies_history"])
        assert result.failures == []
        versions = [
            (row["hubspot_owner_id"], row["dbt_valid_from"], row["dbt_valid_to"])
            for row in journey.rows("history.hubspot_companies_history", "dbt_valid_from")
        ]
    # What was seen twice at one instant is what was seen last.
    assert versions == [("7", instant(AS_OF), instant(LAST)), ("9", instant(LAST), None)]
    failed = build_models(journey.warehouse, as_of=AS_OF, select=["+hubspot_companies_history"])
    assert "already holds versions" in failed.failures[0].message
    assert len(journey.rows("history.hubspot_companies_history")) == 2
