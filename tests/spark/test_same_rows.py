"""Spark decides as PostgreSQL does: every mart, row by row, build after build."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.events.files import ingest_event_files
from lake.cluster import LocalCluster
from simulators.world import LAST_DAY_START, WORLD_END, World, build_world, write_event_files
from tests.spark.conftest import Both
from tests.spark.engines import Row, differences

ODD_NAME = 'O\'Neill \\ "Söhne" \t☃ {x}'
NAMED = "company-with-an-odd-name"
LATER = WORLD_END + timedelta(days=3, microseconds=1)
OF_DUE_COMPANIES = {
    f"intermediate.int_journey__{name}"
    for name in (
        "earlier_decisions",
        "due_companies",
        "company_states",
        "stages",
        "manager_steps",
        "decisions",
        "log_entries",
        "current_decisions",
    )
}
"""On Spark every company is due in every run (docs/decisions/0007)."""


@pytest.mark.timeout(3600)
def test_marts_are_the_same_after_every_build(
    both: Both, cluster: LocalCluster, tmp_path: Path
) -> None:
    world = build_world()
    _land_hubspot(both, world)
    write_event_files(world, tmp_path / "events", LAST_DAY_START)
    _land(both, tmp_path / "events")
    _build_and_compare(both, LAST_DAY_START)

    # A day on, with late events. An executor dies meanwhile, and another one does its work.
    write_event_files(world, tmp_path / "events", WORLD_END)
    _land(both, tmp_path / "events")
    building = both.on_spark.start_build(WORLD_END)
    both.on_spark.await_start_of("int_journey__company_states", building)
    victim = cluster.executors()[0]
    victim.kill()
    both.on_postgres.build(WORLD_END)
    both.on_spark.finish_build(building)
    assert victim.pid not in {executor.pid for executor in cluster.executors()}
    _compare(both)

    # What people report, lock, and spell oddly; a company that pays again; another word in HubSpot.
    # And from now on companies are given sales managers too.
    both.on_postgres.assigns_sales_managers = both.on_spark.assigns_sales_managers = True
    (tmp_path / "more").mkdir()
    _write_events(tmp_path / "more" / "events.jsonl", _later_events(world))
    with both.warehouse.connect() as connection:
        connection.execute(
            "update raw_hubspot.companies set properties = jsonb_set(properties,"
            " '{is_subjectively_onboarded_}', '\"No\"') where id::bigint % 3 = 0"
        )
    _land(both, tmp_path / "more")
    _build_and_compare(both, LATER)

    # Again at the same instant, nothing new: nothing is written and nothing changes.
    before = _marts_on_spark(both)
    both.on_spark.build(LATER, data_tests=True)
    both.on_postgres.build(LATER)
    assert _marts_on_spark(both) == before
    _compare(both, "intermediate", "staging")

    # All rows of a run come into the log in one file: all of them or none.
    files_of_runs = both.on_spark.rows(
        "journey.company_change_log group by run_id",
        ["count(distinct _metadata.file_path)"],
    )
    assert set(files_of_runs) == {(1,)}

    # Back in time nothing is decided.
    told, _ = (process := both.on_spark.start_build(WORLD_END)).communicate()
    assert process.returncode != 0
    assert "company_change_log already holds decisions" in told
    assert _marts_on_spark(both) == before


def _marts_on_spark(both: Both) -> dict[str, Counter[Row]]:
    return {mart: both.on_spark.rows(mart) for mart in both.on_spark.relations("marts")}


def _build_and_compare(both: Both, as_of: datetime) -> None:
    both.build(as_of)
    _compare(both)


def _compare(both: Both, *below: str) -> None:
    """Every mart, and what is in these layers below them."""
    relations = both.on_postgres.relations("marts", *below)
    marts = set(both.on_postgres.relations("marts"))
    assert "journey.company_change_log" in marts
    assert both.on_spark.relations("marts", *below) == relations
    found: dict[str, list[str]] = {}
    for relation in relations:
        columns = both.on_postgres.columns(relation)
        assert both.on_spark.columns(relation) == columns
        if relation in OF_DUE_COMPANIES:
            continue
        expected = both.on_postgres.rows(relation, columns)
        assert expected or relation not in marts
        if told := differences(expected, both.on_spark.rows(relation, columns)):
            found[relation] = told
    assert found == {}


def _land(both: Both, folder: Path) -> None:
    ingest_event_files(both.warehouse, folder)
    both.copy_raw_tables()


def _land_hubspot(both: Both, world: World) -> None:
    with both.warehouse.connect() as connection, connection.cursor() as cursor:
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


def _later_events(world: World) -> list[dict[str, Any]]:
    """Of companies that the world knows, and of one whose name no literal may break."""
    at = WORLD_END + timedelta(days=1)
    ids = [company.company_id for company in world.companies]
    lock = {"at": at, "expires_at": (LATER + timedelta(days=9)).isoformat(), "set_by": ODD_NAME}
    events: list[dict[str, Any]] = [
        {
            "type": "company_created",
            "at": at,
            "company_id": NAMED,
            "name": ODD_NAME,
            "country": "us",
        },
        {
            "type": "company_updated",
            "at": at,
            "company_id": NAMED,
            "status": "PAID",
            "signup_timestamp": "2026-03-29T02:30:00.123456+02:00",
            "num_of_employees_range": "1-10",
        },
    ]
    amounts = ["166.666666666666", "166.67", "0", "666.666666666667", "12345678901234.5"]
    for place, company_id in enumerate([NAMED, *ids]):
        match place % 8:
            case 0:
                amount = float(amounts[place // 8 % len(amounts)])
                events.append(
                    {
                        "type": "subscription_changed",
                        "at": at
                        + timedelta(minutes=place % 3),  # ties, which the company's id decides
                        "company_id": company_id,
                        "plan_id": "basic",
                        "mrr": amount,
                        "status": "active",
                    }
                )
            case 1:
                reported = [None, "cs.birch", "cs.fennel", ODD_NAME][place // 8 % 4]
                events.append(
                    {
                        "type": "company_updated",
                        "at": at,
                        "company_id": company_id,
                        "customer_success_manager": reported,
                        "sales_account_manager": "sales.volga",
                    }
                )
            case 2:
                named = [None, "cs.thistle"][place // 8 % 2]
                events.append(
                    {
                        "type": "cs_manager_lock_set",
                        "company_id": company_id,
                        "customer_success_manager": named,
                        **lock,
                    }
                )
            case 3:
                stage = ["cs_error", "cs_success", "cs_onboarding"][place // 8 % 3]
                events.append(
                    {
                        "type": "cs_stage_lock_set",
                        "company_id": company_id,
                        "cs_stage": stage,
                        **lock,
                    }
                )
            case 4:
                churned = {"type": "company_updated", "company_id": company_id, "status": "CHURNED"}
                events.append({**churned, "at": at})
            case _:
                continue
    return events


def _write_events(path: Path, events: list[dict[str, Any]]) -> None:
    lines = []
    for number, event in enumerate(events):
        data = {name: value for name, value in event.items() if name not in {"type", "at"}}
        lines.append(
            json.dumps(
                {
                    "event_id": f"later-{number}",
                    "event_type": event["type"],
                    "occurred_at": event["at"].isoformat(),
                    "data": data,
                }
            )
        )
    path.write_text("\n".join(lines) + "\n")
