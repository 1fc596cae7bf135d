"""`millrace ingest` as a person or a script meets it."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from activation.declaration import load_declarations, read_back_properties
from cli.main import main
from ingestion.hubspot.objects import TABLES
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState
from simulators.serving import serving
from simulators.yobi import (
    DEFAULT_EMAIL,
    DEFAULT_PASSWORD,
    Location,
    Tenant,
    YobiSimulator,
    YobiState,
)
from warehouse.database import Warehouse
from warehouse.settings import get_settings

EVENT = {
    "event_type": "company_created",
    "occurred_at": "2026-03-01T00:00:00Z",
    "data": {"company_id": "c1", "name": "Mill"},
}


class Told(NamedTuple):
    """What a command said, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Ingest = Callable[..., Told]


@pytest.fixture
def hubspot() -> HubspotSimulator:
    """An account with two companies, of which one has a contact."""
    state = HubspotState.with_companies([{"name": "One"}, {"name": "Two"}])
    state.add("contacts", {"hs_object_id": "51", "email": "ada@example.com"})
    state.associate("51", "1001")
    return HubspotSimulator(state)


@pytest.fixture
def broken_events(tmp_path: Path) -> Path:
    """A folder with a whole file of one event and a compressed one that was cut short."""
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "whole.jsonl").write_text(json.dumps({**EVENT, "event_id": "e1"}) + "\n")
    lines = "".join(json.dumps({**EVENT, "event_id": f"e{n}"}) + "\n" for n in range(2, 500))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-20])
    return folder


@pytest.fixture
def ingest(
    warehouse: Warehouse,
    hubspot: HubspotSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Ingest]:
    """Run `millrace ingest` on a fresh warehouse and that account."""
    with serving(hubspot) as base_url:
        monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HUBSPOT_BASE_URL", base_url)
        monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("EVENTS_PATH", "")

        def run(*arguments: str) -> Told:
            get_settings.cache_clear()
            monkeypatch.setattr(sys, "argv", ["millrace", "ingest", *arguments])
            with pytest.raises(SystemExit) as end:
                main()
            out, err = capsys.readouterr()
            assert "Traceback" not in err
            return Told(int(end.value.code or 0), out, err)

        yield run
    get_settings.cache_clear()


def test_hubspot_is_told_table_by_table(ingest: Ingest) -> None:
    told = ingest("hubspot")

    assert told.exit_code == 0
    assert "2 rows landed in raw_hubspot.companies, 0 known already (2 calls)" in told.out
    assert "1 rows landed in raw_hubspot.contacts, 0 known already (2 calls)" in told.out
    assert "landed in raw_hubspot.contact_company_associations" in told.out


def test_hubspot_is_told_to_machines_too(ingest: Ingest, hubspot: HubspotSimulator) -> None:
    ingest("hubspot")
    hubspot.calls.clear()

    told = ingest("hubspot", "--full", "--json")

    tables = {table["table"]: table for table in told.json["tables"]}
    assert tables["companies"]["read"] == tables["companies"]["known"] == 2
    assert hubspot.calls.to("*/search") == []


def test_hubspot_can_be_read_again_from_an_instant(
    ingest: Ingest, hubspot: HubspotSimulator
) -> None:
    ingest("hubspot")
    hubspot.state.add("companies", {"name": "Old", "createdate": "2026-01-01T00:00:00Z"})

    assert "0 rows landed in raw_hubspot.companies" in ingest("hubspot").out
    told = ingest("hubspot", "--since", "2025-12-31T00:00:00+01:00")
    assert "1 rows landed in raw_hubspot.companies" in told.out


@pytest.mark.parametrize("text", ["yesterday", "2026-11-01", "2026-11-01T00:00:00"])
def test_since_must_be_an_instant(ingest: Ingest, text: str) -> None:
    told = ingest("hubspot", "--since", text)

    assert told.exit_code == 2
    assert "is not an RFC 3339 instant" in told.err


def test_broken_event_files_are_told_with_what_landed_all_the_same(
    ingest: Ingest, broken_events: Path
) -> None:
    told = ingest("events", "--path", str(broken_events))
    assert told.exit_code == 1
    assert " landed, 0 known already, 0 rejected" in told.out
    assert "cut.jsonl.gz" in told.err
    assert "Whatever else could be read has landed" in told.err

    again = ingest("events", "--path", str(broken_events), "--json")
    assert again.exit_code == 1
    assert again.json["read"] == again.json["duplicates"] > 0


def test_a_second_load_says_what_it_has_recognised(ingest: Ingest, broken_events: Path) -> None:
    path = str(broken_events / "whole.jsonl")
    ingest("events", "--path", path)

    assert "1 of them had landed before and were not checked again" in (
        ingest("events", "--path", path).out
    )
    assert "had landed before" not in ingest("events", "--path", path, "--full").out


def test_rejected_events_can_be_replayed(
    ingest: Ingest, tmp_path: Path, warehouse: Warehouse
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({**EVENT, "event_id": "e1", "event_type": "of_tomorrow"}) + "\n")
    ingest("events", "--path", str(path))

    told = ingest("events", "--replay-rejected")
    assert told.exit_code == 0
    assert "1 rejected events read again: 0 landed, 0 known already, 1 still rejected" in told.out
    assert "1 rejected: event_type is unknown" in told.out

    with warehouse.connect() as connection:
        connection.execute(
            "update raw_events.rejected_events "
            "set raw_text = replace(raw_text, 'of_tomorrow', 'company_created')"
        )
    again = ingest("events", "--replay-rejected", "--json").json
    assert (again["read"], again["accepted"], again["rejected"]) == (1, 1, 0)


def test_a_replay_takes_no_path(ingest: Ingest) -> None:
    told = ingest("events", "--replay-rejected", "--path", "events")

    assert told.exit_code == 2
    assert "leave out --path and --full" in told.err


def test_all_lands_hubspot_though_an_event_file_is_broken(
    ingest: Ingest, broken_events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_PATH", str(broken_events))

    told = ingest("all")
    assert told.exit_code == 1
    assert "events read" in told.out
    assert "2 rows landed in raw_hubspot.companies" in told.out
    assert "Not everything has landed. events: " in told.err

    again = ingest("all", "--json")
    assert again.exit_code == 1
    assert again.json["failures"].keys() == {"events"}
    assert again.json["events"]["duplicates"] > 0
    assert len(again.json["hubspot"]["tables"]) == len(TABLES)


def test_all_lands_events_though_hubspot_refuses(
    ingest: Ingest,
    hubspot: HubspotSimulator,
    broken_events: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVENTS_PATH", str(broken_events / "whole.jsonl"))
    hubspot.missing_scopes.add("crm.objects.contacts.read")

    told = ingest("all")

    assert told.exit_code == 1
    assert "1 events read: 1 landed" in told.out
    assert "hubspot: " in told.err
    assert "give the private app the scope crm.objects.contacts.read" in told.err


def test_all_ends_well_when_everything_landed(ingest: Ingest) -> None:
    told = ingest("all", "--json")

    assert told.exit_code == 0
    assert (told.json["events"], told.json["failures"]) == (None, {})


def test_a_check_tells_of_every_table_and_fails_for_what_would_be_wrong(
    ingest: Ingest, warehouse: Warehouse, tmp_path: Path
) -> None:
    assert ingest("hubspot").exit_code == 0
    page = tmp_path / "page.html"

    told = ingest("check", "--report", str(page))
    assert told.exit_code == 0
    assert "      ok  raw_hubspot.companies, keys: Each id is there once." in told.out
    assert " skipped  raw_events.events, keys: Nothing has been loaded into it yet." in told.out
    assert "Each id is there once." in page.read_text()

    with warehouse.connect() as connection:
        connection.execute("update raw_hubspot.companies set properties = '[]' where id = '1001'")
    told = ingest("check", "--json")
    assert told.exit_code == 1
    assert "1 check failed" in told.err
    failed = [each for each in told.json["findings"] if each["verdict"] == "failed"]
    assert [(each["table"], each["aspect"]) for each in failed] == [
        ("raw_hubspot.companies", "types")
    ]


@pytest.fixture
def yobi(monkeypatch: pytest.MonkeyPatch) -> Iterator[YobiSimulator]:
    """A Yobi with one tenant, which the settings know."""
    state = YobiState([Tenant(1, "Quiet Dental")], [Location(11, 1, "North")])
    simulator = YobiSimulator(state)
    with serving(simulator) as base_url:
        monkeypatch.setenv("YOBI_BASE_URL", base_url)
        monkeypatch.setenv("YOBI_EMAIL", DEFAULT_EMAIL)
        monkeypatch.setenv("YOBI_PASSWORD", DEFAULT_PASSWORD)
        monkeypatch.setenv("JOB_TIMEZONE", "America/New_York")
        yield simulator


@pytest.mark.usefixtures("yobi")
def test_yobi_is_told_table_by_table_with_what_a_person_should_know(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERNAL_YOBI_USER_EMAIL_DOMAINS", "yobi.example.com")

    told = ingest("yobi")

    assert told.exit_code == 0
    assert "7 rows landed in raw_yobi.calls_by_tenant, 0 known already (2 calls)" in told.out
    assert "INTERNAL_YOBI_USER_EMAIL_DOMAINS is without effect on calls and tasks" in told.out


@pytest.mark.usefixtures("yobi")
def test_all_lands_yobi_when_its_login_is_set(ingest: Ingest) -> None:
    told = ingest("all", "--json")

    assert told.exit_code == 0
    assert told.json["yobi"]["tables"][0]["table"] == "tenants"
    assert told.json["failures"] == {}


def test_yobi_lands_nothing_when_it_does_not_tell_of_the_week(
    ingest: Ingest, yobi: YobiSimulator
) -> None:
    yobi.habits.has_trend = frozenset()

    told = ingest("all", "--json")

    assert told.exit_code == 1
    assert told.json["yobi"] is None
    assert told.json["hubspot"] is not None
    assert "no trend by day" in told.json["failures"]["yobi"]


def test_all_lands_the_other_sources_though_the_file_of_a_sync_is_wrong(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "broken.yml").write_text("name: [")
    monkeypatch.setattr(load_declarations, "__defaults__", (tmp_path / "syncs",))
    monkeypatch.setattr(read_back_properties, "__defaults__", (tmp_path / "syncs",))
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps({**EVENT, "event_id": "e1"}) + "\n")
    monkeypatch.setenv("EVENTS_PATH", str(events))
    told = ingest("all")
    assert told.exit_code == 1
    assert "1 landed" in told.out
    assert "hubspot: " in told.err
    assert "broken.yml: is not YAML" in told.err
