"""A world that real builds have decided, and what the whole database holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from psycopg import sql

from ingestion.events.files import ingest_event_files
from simulators.world import LAST_DAY_START, WORLD_END, build_world, write_event_files
from tests.dbt.conftest import Journey
from tests.dbt.test_world import put_into_hubspot
from warehouse.database import drop_database, ensure_database
from warehouse.server import EmbeddedServer

FIRST, SECOND, THIRD = LAST_DAY_START, WORLD_END, WORLD_END + timedelta(minutes=5)
"""When the world was decided; between the first two a day of its events came in."""
MARTS = [
    "company_journey",
    "company_journey_changes",
    "skipped_companies",
    "review_queue",
    "cs_manager_load",
    "cs_bucket_load",
]


@dataclass(frozen=True)
class Decided:
    """The invented world after two real builds."""

    journey: Journey
    held: dict[str, dict[str, list[dict[str, object]]]]
    """Rows of each journey mart after each build, by the build's instant (RFC 3339)."""


@pytest.fixture(scope="session")
def decided(
    server: EmbeddedServer, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Decided]:
    """The world, built twice; tests only read it, which is what they test."""
    name = "millrace_decided"
    with ensure_database(server, "postgres").connect(autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{_template}"')
    journey = Journey(ensure_database(server, name), tmp_path_factory.mktemp("world"))
    world = build_world()
    put_into_hubspot(journey.warehouse, world)
    write_event_files(world, journey.folder / "events", SECOND)
    ingest_event_files(journey.warehouse, journey.folder / "events")
    held = {}
    for as_of in (FIRST, SECOND):
        result = journey.build(as_of.isoformat(), select=[f"+{mart}" for mart in MARTS])
        assert result.failures == []
        held[as_of.isoformat()] = {mart: told(journey.rows(f"journey.{mart}")) for mart in TABLES}
    yield Decided(journey, held)
    drop_database(server, name)


TABLES = [*MARTS, "company_change_log"]


def told(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows in an order of their own, without the id of the run, in which no two runs agree."""
    without = ({k: v for k, v in row.items() if k != "run_id"} for row in rows)
    return sorted(without, key=lambda row: str(list(row.values())))


def checksums(journey: Journey) -> dict[str, str]:
    """What every table of the database holds, and which tables and schemas there are."""
    with journey.warehouse.connect() as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema not like 'pg_%' "
            "and table_schema <> 'information_schema'"
        ).fetchall()
        schemas = connection.execute("select string_agg(nspname, ' ') from pg_namespace")
        found = {"schemas": str(schemas.fetchone())}
        for schema, table in tables:
            query = sql.SQL("select md5(string_agg(t::text, '|' order by t::text)) from {} as t")
            held = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
            found[f"{schema}.{table}"] = str(held)
    return found
