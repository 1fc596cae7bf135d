"""A restored warehouse goes on where it stopped, and a sync after a restore sends nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from psycopg.rows import dict_row

from activation import ExitCode, SyncResult, find_declaration, run_sync
from decisions.dbt_build import build_models
from ingestion.events.files import ingest_event_files
from ingestion.hubspot.landing import ingest_hubspot
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.serving import serving
from simulators.world import World, build_world, write_event_files
from warehouse.backup import take_backup
from warehouse.database import Warehouse
from warehouse.restore import restore_backup
from warehouse.settings import get_settings

JOURNEY = find_declaration("hubspot_company__journey")
WRITES = "*/batch/update"


@dataclass
class River:
    """An invented world, the warehouse that it flows into, and the HubSpot at its end."""

    world: World
    warehouse: Warehouse
    simulator: HubspotSimulator
    folder: Path

    def until_then(self) -> None:
        """All but the last fifty events, from the sources to HubSpot."""
        until = self.world.events[-51].arrived_at
        write_event_files(self.world, self.folder / "events", until)
        ingest_event_files(self.warehouse, self.folder / "events")
        ingest_hubspot(self.warehouse, get_settings())
        self.decide_and_write(until)

    def fifty_more_events(self) -> SyncResult:
        """The last fifty events, decided upon and written."""
        path = self.folder / "fifty.jsonl"
        lines = [each.line for each in self.world.events[-50:]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ingest_event_files(self.warehouse, path)
        return self.decide_and_write(self.world.ended_at)

    def decide_and_write(self, as_of: datetime) -> SyncResult:
        built = build_models(self.warehouse, as_of=as_of.isoformat())
        assert built.failures == []
        result = run_sync(self.warehouse, JOURNEY, yes=True)
        assert result.exit_code is ExitCode.DONE
        return result

    def hubspot(self) -> dict[str, dict[str, str]]:
        """What each company holds of ours."""
        ours = [field.property for field in JOURNEY.fields]
        return {
            record.id: {name: record.properties[name] for name in ours if name in record.properties}
            for record in self.simulator.state.tables["companies"]
        }

    def log(self) -> list[dict[str, object]]:
        """The change log but for the id of the run that wrote a row."""
        with (
            self.warehouse.connect() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute(
                "select * from journey.company_change_log order by change_id"
            ).fetchall()
        return [{name: row[name] for name in row if name != "run_id"} for row in rows]


@pytest.fixture
def river(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[River]:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    world = build_world(companies=120)
    state = HubspotState.with_companies(
        [
            {**company.properties, "hs_object_id": company.hubspot_company_id}
            for company in world.hubspot_companies
        ],
        owners=[Owner(id=owner.owner_id, email=owner.email) for owner in world.hubspot_owners],
    )
    simulator = HubspotSimulator(state)
    with serving(simulator) as base_url:
        monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
        monkeypatch.setenv("HUBSPOT_BASE_URL", base_url)
        monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
        get_settings.cache_clear()
        yield River(world, warehouse, simulator, tmp_path)
    get_settings.cache_clear()


@pytest.mark.long
def test_what_is_done_again_after_a_restore_is_done_once_in_effect(river: River) -> None:
    river.until_then()
    backup = take_backup(river.warehouse, river.folder / "warehouse.backup").path
    first = river.fifty_more_events()
    assert first.written > 0
    hubspot, log = river.hubspot(), river.log()

    restored = restore_backup(river.warehouse, backup)
    assert restored.roles_left_out == ()
    river.simulator.calls.clear()
    again = river.fifty_more_events()

    assert (again.written, again.confirmed) == (0, first.written)
    assert (again.usage.write_calls, river.simulator.calls.to(WRITES)) == (0, [])
    assert river.simulator.calls.records_written == 0
    assert river.hubspot() == hubspot
    assert river.log() == log
    told = [tuple(value for name, value in row.items() if name != "change_id") for row in log]
    assert len(set(told)) == len(told), "no row of the log is repeated"

    river.simulator.calls.clear()
    assert run_sync(river.warehouse, JOURNEY).exit_code is ExitCode.DONE
    assert len(river.simulator.calls) == 0
