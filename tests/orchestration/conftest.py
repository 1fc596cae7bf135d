"""The river on a fresh warehouse: a folder of event files, a local HubSpot, a Dagster instance."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.serving import serving
from tests.dbt.conftest import company
from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer
from warehouse.settings import get_settings

ROOT = Path(__file__).parents[2]
NOBODY = "nobody"
"""A company whose row in the sync's model a dbt test of these tests' project does not accept."""
COMPANIES = {"c1": "1001", "c2": "1002"}
"""Companies of the invented product, and their records in HubSpot."""

_PROJECT = {
    "dbt_project.yml",
    "functions",
    "macros",
    "models",
    "profiles.example.yml",
    "seeds",
    "snapshots",
}


@pytest.fixture(scope="session")
def _place(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Warehouse]]:
    """One project and one database for all tests here, so that dbt parses once.

    The project is the one at hand with an assertion more, for a test of the last model to fail at.
    """
    project = project_with(
        tmp_path_factory.mktemp("orchestration") / "project",
        nobody_is_written=(
            "select company_id from {{ ref('sync_hubspot_company__journey') }} "  # noqa: S608
            f"where company_id = '{NOBODY}'"
        ),
    )
    name = f"millrace_orchestration_{secrets.token_hex(4)}"
    yield project, ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture
def warehouse(_place: tuple[Path, Warehouse], monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A migrated and otherwise empty warehouse, the one that the settings name."""
    project, warehouse = _place
    monkeypatch.chdir(project)
    monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.delenv(name, raising=False)
    warehouse.reset()
    return warehouse


@pytest.fixture
def hubspot() -> Iterator[HubspotSimulator]:
    """A HubSpot that knows the companies and the managers, served for the settings to find."""
    with (ROOT / "seeds/reference/cs_managers.csv").open() as file:
        owners = {row["hubspot_owner_id"]: row["email"] for row in csv.DictReader(file)}
    state = HubspotState.with_companies(
        [{"hs_object_id": record, "name": name} for name, record in COMPANIES.items()],
        owners=[Owner(id=owner, email=email) for owner, email in owners.items() if owner],
    )
    simulator = HubspotSimulator(state)
    with serving(simulator) as base_url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBSPOT_BASE_URL", base_url)
        patch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
        get_settings.cache_clear()
        yield simulator
    get_settings.cache_clear()


@dataclass
class River:
    """What a person does with the river, and sees of it."""

    warehouse: Warehouse
    events: Path
    """Folder of the event files."""
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    _files: int = field(default=0)

    def bring(self, events: Sequence[dict[str, Any]]) -> None:
        """Put a file of events into the folder: `type`, `at`, and the fields of `data`."""
        self._files += 1
        lines = [
            json.dumps(
                {
                    "event_id": f"{self._files}-{number}",
                    "event_type": event["type"],
                    "occurred_at": event["at"],
                    "data": {k: v for k, v in event.items() if k not in {"type", "at"}},
                }
            )
            for number, event in enumerate(events)
        ]
        (self.events / f"{self._files:03}.jsonl").write_text("\n".join(lines) + "\n")

    def run(self, job: str, as_of: str | None = None) -> dg.ExecuteInProcessResult:
        """Run a job to its end, however it ends, deciding at `as_of` or as of its start."""
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={"ops": {"models": {"config": {"as_of": as_of}}}} if as_of else None,
        )

    def scalar(self, query: str) -> Any:
        """The first value of a query's result."""
        with self.warehouse.connect() as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else row[0]


@pytest.fixture
def river(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[River]:
    """An empty warehouse under an empty Dagster, and a folder with the events of two companies."""
    # Imported late: the definitions parse the dbt project where the settings of the tests say.
    from orchestration.definitions import defs  # noqa: PLC0415

    events = tmp_path / "events"
    events.mkdir()
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVENTS_PATH", str(events))
    get_settings.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        found = River(warehouse, events, instance, defs)
        found.bring(
            [
                event
                for name, record in COMPANIES.items()
                for event in company(name, hubspot_company_id=record)
            ]
        )
        yield found
    get_settings.cache_clear()


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What the one failed asset of a run says."""
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    user_failure = failed.step_failure_data.user_failure_data
    assert user_failure is not None, failed.step_failure_data.error
    assert user_failure.description is not None
    return user_failure.description


def project_with(folder: Path, **assertions: str) -> Path:
    """The dbt project at hand in another folder, with these assertions besides its own."""
    kept = folder / "tests" / "assertions"
    kept.mkdir(parents=True)
    for each in ROOT.iterdir():
        if each.name in _PROJECT:
            (folder / each.name).symlink_to(each)
    for each in (ROOT / "tests" / "assertions").iterdir():
        (kept / each.name).symlink_to(each)
    for name, query in assertions.items():
        (kept / f"{name}.sql").write_text(query)
    return folder
