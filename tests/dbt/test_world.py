"""dbt decides the invented world exactly as a plain, one-at-a-time reading of the rules does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.events.files import ingest_event_files
from simulators.world import LAST_DAY_START, WORLD_END, World, build_world, write_event_files
from tests.dbt.conftest import Journey
from tests.journey.invented_world import inputs_of
from tests.journey.plain import PlainJourney
from tests.journey.reading import read_tables
from tests.journey.tables import differences
from warehouse.database import Warehouse

MARTS = (
    "company_journey",
    "company_journey_changes",
    "skipped_companies",
    "review_queue",
    "cs_manager_load",
    "cs_bucket_load",
)


@pytest.mark.long
def test_the_world_is_decided_as_the_specification_reads(journey: Journey, tmp_path: Path) -> None:
    world = build_world()
    plain = PlainJourney()
    put_into_hubspot(journey.warehouse, world)
    for as_of in (LAST_DAY_START, WORLD_END, WORLD_END + timedelta(minutes=5)):
        write_event_files(world, tmp_path / "events", as_of)
        ingest_event_files(journey.warehouse, tmp_path / "events")
        # dbt's own tests pass on this world in the demo's.
        result = journey.build(as_of.isoformat(), select=[f"+{mart}" for mart in MARTS])
        assert result.failures == []

        expected = plain.run(inputs_of(world, as_of))
        with journey.warehouse.connect() as connection:
            assert differences(expected, read_tables(connection)) == []


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
