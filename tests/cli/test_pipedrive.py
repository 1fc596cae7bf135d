"""Pipedrive on the command line: `ingest`, `backfill`, `probe`, and what the doctor says."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import main
from ingestion.pipedrive.diagnosis import diagnose_pipedrive
from simulators.faults import Fault, ServerError
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState, RateLimits
from simulators.serving import serving
from warehouse.database import Warehouse
from warehouse.diagnosis import Verdict
from warehouse.settings import get_settings


class Told(NamedTuple):
    """What a command said, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Millrace = Callable[..., Told]


@pytest.fixture
def pipedrive() -> PipedriveSimulator:
    """An account with an open deal and two that were won."""
    state = PipedriveState()
    pipeline = state.add_pipeline("Sales")
    for name in ("Lead", "Ordered"):
        state.add_stage(pipeline.id, name)
    state.add_user("Ada Reed", "ada@example.com")
    for number in (1, 2, 3):
        state.add_deal(f"Deal {number}", 1, 1)
    for number in (2, 3):
        state.move(number, 2)
        state.win(number)
    return PipedriveSimulator(state, limits=RateLimits(burst=1_000))


@pytest.fixture
def millrace(
    warehouse: Warehouse,
    pipedrive: PipedriveSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Millrace]:
    """Run `millrace` on a fresh warehouse and that account."""
    monkeypatch.setattr("ingestion.api.session.BACKOFF_SECONDS", 0)
    with serving(pipedrive) as base_url:
        monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PIPEDRIVE_BASE_URL", base_url)
        monkeypatch.setenv("PIPEDRIVE_API_TOKEN", DEFAULT_TOKEN)
        for name in ("HUBSPOT_ACCESS_TOKEN", "EVENTS_PATH"):
            monkeypatch.setenv(name, "")

        def run(*arguments: str) -> Told:
            get_settings.cache_clear()
            monkeypatch.setattr(sys, "argv", ["millrace", *arguments])
            with pytest.raises(SystemExit) as end:
                main()
            out, err = capsys.readouterr()
            assert "Traceback" not in err
            return Told(int(end.value.code or 0), out, err)

        yield run
    get_settings.cache_clear()


def test_pipedrive_is_told_table_by_table(millrace: Millrace) -> None:
    told = millrace("ingest", "pipedrive")

    assert told.exit_code == 0
    assert "3 rows landed in raw_pipedrive.deals, 0 known already (4 calls)" in told.out
    assert "1 rows landed in raw_pipedrive.deal_flow, 0 known already (1 calls)" in told.out


def test_all_lands_pipedrive_when_its_token_is_set(millrace: Millrace) -> None:
    told = millrace("ingest", "all", "--json")

    tables = {table["table"]: table for table in told.json["pipedrive"]["tables"]}
    assert (told.exit_code, tables["deals"]["landed"], told.json["failures"]) == (0, 3, {})


def test_single_deals_can_be_asked_for(millrace: Millrace, pipedrive: PipedriveSimulator) -> None:
    told = millrace("ingest", "pipedrive", "--deal", "2", "--deal", "1")

    assert told.exit_code == 0
    assert "2 rows landed in raw_pipedrive.deals" in told.out
    assert "5 rows landed in raw_pipedrive.deal_flow" in told.out
    assert len(pipedrive.calls.to("/v1/deals/*/flow")) == 2
    unknown = millrace("ingest", "pipedrive", "--deal", "77")
    assert (unknown.exit_code, "Pipedrive has no deal 77" in unknown.err) == (1, True)
    both = millrace("ingest", "pipedrive", "--deal", "2", "--full")
    assert (both.exit_code, "--deal" in both.err) == (2, True)


def test_what_has_landed_is_told_although_a_flow_has_failed(
    millrace: Millrace, pipedrive: PipedriveSimulator
) -> None:
    pipedrive.faults.add(Fault(does=ServerError(status=500), path="/v1/deals/*"))

    told = millrace("ingest", "pipedrive")

    assert told.exit_code == 1
    assert "3 rows landed in raw_pipedrive.deals" in told.out
    assert "1 of 1 flows of deals could not be read" in told.err


def test_a_backfill_tells_how_far_it_is_and_what_it_has_cost(millrace: Millrace) -> None:
    told = millrace("backfill", "pipedrive", "--days", "7")
    assert told.exit_code == 0
    assert "2 of 2 closed deals have their flow, 2 by this run; 130 API tokens spent" in told.out
    assert "Reading flows of closed deals: 2" in told.err

    again = millrace("backfill", "pipedrive", "--days", "7", "--json")
    assert (again.json["closed"], again.json["done_before"]) == (2, 2)


def test_a_backfill_without_tokens_ends_with_a_code_of_its_own(
    millrace: Millrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPEDRIVE_DAILY_TOKENS", "200")
    monkeypatch.setenv("PIPEDRIVE_TOKEN_SHARE", "0.6")

    told = millrace("backfill", "pipedrive")

    assert told.exit_code == 3
    assert "1 of 2 closed deals have their flow" in told.out
    assert "with 1 of 2 flows to go: run it again after" in told.err


def test_a_probe_tells_what_can_be_read(millrace: Millrace, pipedrive: PipedriveSimulator) -> None:
    told = millrace("probe", "pipedrive")
    assert told.exit_code == 0
    assert "Pipedrive account example at http://127.0.0.1" in told.out
    assert "ok  api/v2/deals: 3 records" in told.out
    assert "92 API tokens spent by this probe; 29,908 are left today" in told.out

    pipedrive.faults.add(Fault(does=ServerError(status=500), path="/api/v2/stages"))
    broken = millrace("probe", "pipedrive", "--json")
    paths = {path["path"]: path for path in broken.json["paths"]}
    assert (broken.exit_code, paths["api/v2/stages"]["can_be_read"]) == (1, False)
    assert "Not everything can be read" in broken.err


def test_the_doctor_tries_the_token(millrace: Millrace, monkeypatch: pytest.MonkeyPatch) -> None:
    millrace("ingest", "pipedrive")
    get_settings.cache_clear()
    accepted = diagnose_pipedrive(get_settings())
    assert accepted.verdict is Verdict.OK
    assert "API tokens are left today" in accepted.sentence

    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", "wrong-token")
    get_settings.cache_clear()
    refused = diagnose_pipedrive(get_settings())
    assert refused.verdict is Verdict.FAILED
    assert "wrong-token" not in refused.sentence

    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", "")
    get_settings.cache_clear()
    assert diagnose_pipedrive(get_settings()).verdict is Verdict.WARNING
