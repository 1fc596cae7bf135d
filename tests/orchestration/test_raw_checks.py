"""The raw tables are checked between landing and deciding."""

from __future__ import annotations

import dagster as dg

from ingestion.expectations.tables import CHECKED_TABLES
from simulators.hubspot import HubspotSimulator
from tests.orchestration.conftest import River
from warehouse.settings import get_settings

COMPANIES = dg.AssetKey(["raw_hubspot", "companies"])
LOG = dg.AssetKey(["journey", "company_change_log"])


def raw_checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (each.asset_key.to_user_string(), each.check_name): each
        for each in result.get_asset_check_evaluations()
        if each.asset_key.path[0].startswith("raw_")
    }


def test_every_aspect_of_every_raw_table_is_a_check_and_the_report_tells_of_all(
    river: River, hubspot: HubspotSimulator
) -> None:
    result = river.run("ingestion")

    checks = raw_checks(result)
    assert set(checks) == {
        (f"{table.schema}/{table.name}", aspect.value)
        for table in CHECKED_TABLES
        for aspect in table.aspects
    }
    assert all(check.passed for check in checks.values())
    report = (get_settings().home / "raw-tables.html").read_text()
    assert all(table.full_name in report for table in CHECKED_TABLES)
    assert len(hubspot.calls) > 0


def test_a_raw_table_of_another_shape_stops_what_is_built_on_it(
    river: River, hubspot: HubspotSimulator
) -> None:
    river.run("ingestion")
    with river.warehouse.connect() as connection:
        connection.execute("update raw_hubspot.owners set owner = '[]' where id = '0'")
        connection.execute(
            "insert into raw_hubspot.owners "
            "values ('0', true, '2026-01-01Z', '2026-01-01Z', '[]', 'load', 'row')"
        )
    hubspot.calls.clear()

    result = river.run("river")

    assert not result.success
    checks = raw_checks(result)
    owners = checks["raw_hubspot/owners", "types"]
    assert (owners.passed, owners.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert owners.description == "Owner is not always a JSON object."
    assert all(check.passed for name, check in checks.items() if name[0] != "raw_hubspot/owners")
    assert result.get_asset_materialization_events()
    assert LOG not in {event.asset_key for event in result.get_asset_materialization_events()}
    assert hubspot.calls.writes == []
