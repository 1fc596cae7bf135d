"""What a whole build promises, whatever the rules say (spec README.md, What must always hold)."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisions.dbt_build import BuildError, build_models, parse_project
from tests.dbt.conftest import AS_OF, Journey, company
from warehouse.database import Warehouse

LATER = "2026-04-01T06:00:00Z"


def test_everything_builds_on_an_empty_database(warehouse: Warehouse) -> None:
    result = build_models(warehouse, unit_tests=True)
    assert result.failures == []
    assert result.skipped == 0
    assert result.models > 0
    every_column_is_described(warehouse)


def every_column_is_described(warehouse: Warehouse) -> None:
    """Each relation has the columns that its YAML tells of, and no others."""
    manifest = parse_project(Path.cwd())
    described = {
        (node.schema, node.name): set(node.columns)
        for node in manifest.nodes.values()
        if node.resource_type in {"model", "snapshot", "seed"}
    }
    with warehouse.connect() as connection:
        for (schema, name), columns in described.items():
            found = connection.execute(
                "select column_name::text from information_schema.columns "
                "where table_schema = %s and table_name = %s",
                [schema, name],
            ).fetchall()
            assert {column for (column,) in found} == columns, f"{schema}.{name}"


def test_a_company_is_decided_logged_and_shown(journey: Journey) -> None:
    journey.land(company("c1") + company("c2", status="LEAD"))
    assert journey.build().is_success
    (decided,) = journey.rows("journey.company_journey")
    assert decided["company_id"] == "c1"
    assert decided["cs_stage_rule"] == "onboarding"
    assert decided["assignment_reason"] == "round_robin"
    assert decided["account_manager"] == decided["customer_success_manager"] is not None
    assert [row["reason"] for row in journey.rows("journey.skipped_companies")] == ["lead"]
    log = journey.rows("journey.company_change_log")
    assert [row["field"] for row in log] == [
        "account_manager",
        "cs_stage",
        "customer_success_manager",
    ]
    assert len({row["run_id"] for row in log}) == 1
    (changes,) = journey.rows("journey.company_journey_changes")
    assert changes["old_cs_stage"] is None
    assert changes["new_cs_stage"] == "cs_onboarding"


def test_building_again_with_the_same_clock_and_input_leaves_all_as_it_is(journey: Journey) -> None:
    journey.land(company("c1", customer_success_manager="cs.elsewhere") + company("c2"))
    journey.build()
    tables = ["company_journey", "company_change_log", "company_journey_changes"]
    before = [journey.rows(f"journey.{table}") for table in tables]
    assert journey.build().is_success
    assert journey.build(full_refresh=True).is_success
    assert [journey.rows(f"journey.{table}") for table in tables] == before


@pytest.mark.long
def test_a_later_build_with_nothing_new_keeps_and_logs_nothing(journey: Journey) -> None:
    journey.land(company("c1"))
    journey.build()
    log = journey.rows("journey.company_change_log")
    journey.build(LATER)
    assert journey.rows("journey.company_change_log") == log
    (decided,) = journey.rows("journey.company_journey")
    assert decided["assignment_reason"] == "kept"


def test_a_build_before_the_last_decision_is_refused_and_writes_nothing(journey: Journey) -> None:
    journey.land(company("c1"))
    journey.build(LATER)
    before = journey.rows("journey.company_change_log"), journey.rows("core.companies")
    journey.land(company("c2"))
    with pytest.raises(BuildError, match="already holds decisions of 2026-04-01"):
        journey.build(AS_OF)
    assert (journey.rows("journey.company_change_log"), journey.rows("core.companies")) == before


def test_a_clock_that_is_no_instant_is_refused(journey: Journey) -> None:
    with pytest.raises(BuildError, match="as_of is 'yesterday', which is not an RFC 3339 instant"):
        journey.build("yesterday")


def test_the_order_and_repetition_of_arrival_do_not_matter(journey: Journey) -> None:
    events = company("c1") + company("c2", status="CHURNED") + company("c3", plan_id="trial")
    events = [{**event, "id": f"e{number}"} for number, event in enumerate(events)]
    journey.land(events)
    journey.build()
    companies = journey.rows("core.companies")
    decided = journey.rows("journey.company_journey")

    journey.warehouse.reset()
    for event in reversed(events):
        journey.land([event, event])
    journey.build()
    assert journey.rows("core.companies") == companies
    assert journey.rows("journey.company_journey") == decided


@pytest.mark.long
def test_a_late_event_changes_what_it_would_have_changed_on_time(journey: Journey) -> None:
    journey.land(company("c1"))
    journey.build()
    journey.land(
        [
            {
                "type": "subscription_changed",
                "at": "2025-12-01T08:00:00Z",
                "company_id": "c1",
                "plan_id": "basic",
                "mrr": 300,
                "status": "active",
            }
        ]
    )
    journey.build(LATER)
    (decided,) = journey.rows("journey.company_journey")
    assert decided["cs_stage_rule"] == "success"
    assert decided["days_paying"] == 120


@pytest.mark.long
def test_a_manager_reported_by_the_product_is_logged_before_the_decision(journey: Journey) -> None:
    journey.land(company("c1"))
    journey.build()
    (first,) = journey.rows("journey.company_journey")
    journey.land(
        [
            {
                "id": "report",
                "type": "company_updated",
                "at": "2026-03-31T08:00:00Z",
                "company_id": "c1",
                "customer_success_manager": "cs.nobody",
            }
        ]
    )
    journey.build(LATER)
    new = [row for row in journey.rows("journey.company_change_log") if row["change_id"] > 3]
    assert [(row["rule"], row["old_value"], row["new_value"]) for row in new] == [
        ("reported", first["customer_success_manager"], "cs.nobody"),
        ("onboarding", "cs.nobody", first["customer_success_manager"]),
    ]
    assert [row["source_event_id"] for row in new] == ["report", None]
    assert len(journey.rows("journey.company_journey_changes")) == 1


def test_a_run_of_some_models_decides_nothing(journey: Journey) -> None:
    journey.land(company("c1"))
    journey.build()
    log = journey.rows("journey.company_change_log")
    journey.land(
        [
            {
                "type": "company_updated",
                "at": "2026-03-31T08:00:00Z",
                "company_id": "c1",
                "status": "CHURNED",
            }
        ]
    )
    # The models before `companies` still hold the earlier clock's events.
    journey.build(LATER, select=["companies+"])
    assert journey.rows("journey.company_change_log") == log
    journey.build(LATER)
    (decided,) = journey.rows("journey.company_journey")
    assert decided["cs_stage_rule"] == "churn_with_manager"
