"""What a small world knows before a run, put into a warehouse."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from ingestion.events.columns import read_events
from ingestion.events.landing import land
from tests.journey.inputs import ManagerRow
from tests.journey.worlds import Step

ARRIVED_AT = datetime(2027, 9, 1, tzinfo=UTC)
"""After everything that happens in a world; no decision looks at it."""


def land_step(connection: Connection[TupleRow], step: Step) -> None:
    """Land the events of a step, and let HubSpot be as it is then."""
    lines = [event.line.encode() for event in step.arrived]
    places = [f"line {number}" for number in range(len(lines))]
    batch = read_events(lines, places, "a small world", ARRIVED_AT)
    assert batch.rejected == []
    land(connection, batch)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from raw_hubspot.companies")
        cursor.execute("delete from raw_hubspot.merged_ids")
        cursor.executemany(
            "insert into raw_hubspot.companies values (%s, %s, now(), now(), %s, 'load', %s)",
            [
                (
                    record.hubspot_company_id,
                    record.is_archived,
                    Jsonb({"is_subjectively_onboarded_": record.onboarded}),
                    record.hubspot_company_id,
                )
                for record in step.hubspot
            ],
        )
        cursor.executemany(
            "insert into raw_hubspot.merged_ids values ('companies', %s, %s, 'load', %s)",
            [(merged, into, merged) for merged, into in step.merged_into],
        )


def write_managers(path: Path, managers: Sequence[ManagerRow]) -> Path:
    """Write a file like `seeds/reference/cs_managers.csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        columns = [*ManagerRow.__dataclass_fields__, "email", "hubspot_owner_id"]
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for row in managers:
            writer.writerow({**asdict(row), "is_active": str(row.is_active).lower()})
    return path
