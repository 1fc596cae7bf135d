"""dbt decides the invented world exactly as a plain, one-at-a-time reading of the rules does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from decisions.dbt_build import build_models
from ingestion.events.files import ingest_event_files
from simulators.world import LAST_DAY_START, WORLD_END, World, build_world, write_event_files
from tests.dbt.conftest import Journey
from tests.simulators.plain_journey import PlainJourney
from warehouse.database import Warehouse


def test_the_world_is_decided_as_the_specification_reads(journey: Journey, tmp_path: Path) -> None:
    world = build_world()
    plain = PlainJourney(world)
    put_into_hubspot(journey.warehouse, world)
    for as_of in (LAST_DAY_START, WORLD_END, WORLD_END + timedelta(minutes=5)):
        write_event_files(world, tmp_path / "events", as_of)
        ingest_event_files(journey.warehouse, tmp_path / "events")
        # dbt's own tests pass on this world in the demo's.
        result = build_models(journey.warehouse, as_of=as_of.isoformat(), data_tests=False)
        assert result.failures == []

        expected = plain.run(as_of)
        assert _skipped(journey) == {
            company_id: decision.skip_reason
            for company_id, decision in expected.items()
            if decision.skip_reason is not None
        }
        decided = _decided(journey)
        assert decided.keys() | _skipped(journey).keys() == expected.keys()
        for company_id, values in decided.items():
            told = expected[company_id]
            assert values == (
                told.rule,
                told.after.cs_stage,
                told.reason,
                told.after.cs_manager,
                told.after.sales_manager,
                told.after.account_manager,
            ), company_id


def put_into_hubspot(warehouse: Warehouse, world: World) -> None:
    """HubSpot's companies of the world, as they land."""
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw_hubspot.companies values (%s, false, %s, %s, %s, 'load', %s)",
            [
                (
                    company.hubspot_company_id,
                    company.created_at,
                    company.created_at,
                    json.dumps(dict(company.properties)),
                    company.hubspot_company_id,
                )
                for company in world.hubspot_companies
            ],
        )


def _skipped(journey: Journey) -> dict[str, str]:
    return {row["company_id"]: row["reason"] for row in journey.rows("journey.skipped_companies")}


def _decided(journey: Journey) -> dict[str, tuple[str | None, ...]]:
    return {
        row["company_id"]: (
            row["cs_stage_rule"],
            row["cs_stage"],
            row["assignment_reason"],
            row["customer_success_manager"],
            row["sales_account_manager"],
            row["account_manager"],
        )
        for row in journey.rows("journey.company_journey")
    }
