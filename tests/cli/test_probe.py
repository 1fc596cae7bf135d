"""`millrace probe` as a person or a script meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.main import main
from simulators.clock import StoppedClock
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


class Told(NamedTuple):
    """What a command said, and how it ended."""

    exit_code: int
    out: str
    err: str


Probe = Callable[..., Told]


@pytest.fixture
def yobi() -> YobiSimulator:
    """A Yobi with one tenant, on a Sunday morning."""
    return YobiSimulator(
        YobiState(
            [Tenant(1, "Quiet Dental", domain="quiet.example.com")],
            [Location(11, 1, "North")],
            clock=StoppedClock(datetime(2026, 3, 15, 10, tzinfo=UTC)),
        )
    )


@pytest.fixture
def probe(
    warehouse: Warehouse,
    yobi: YobiSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Probe]:
    """Run `millrace probe yobi` on a fresh warehouse and that Yobi."""
    with serving(yobi) as base_url:
        monkeypatch.setenv("MILLRACE_DATABASE_URL", warehouse.url)
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("YOBI_BASE_URL", base_url)
        monkeypatch.setenv("YOBI_EMAIL", DEFAULT_EMAIL)
        monkeypatch.setenv("YOBI_PASSWORD", DEFAULT_PASSWORD)
        monkeypatch.setenv("JOB_TIMEZONE", "America/New_York")

        def run(*arguments: str) -> Told:
            get_settings.cache_clear()
            monkeypatch.setattr(sys, "argv", ["millrace", "probe", "yobi", *arguments])
            with pytest.raises(SystemExit) as end:
                main()
            out, err = capsys.readouterr()
            assert "Traceback" not in err
            return Told(int(end.value.code or 0), out, err)

        yield run
    get_settings.cache_clear()


def test_a_person_reads_endpoint_by_endpoint_what_a_load_would_find(probe: Probe) -> None:
    told = probe()

    assert told.exit_code == 0
    assert told.out.splitlines() == [
        "Yobi accepts the login; the token is good until 11:00 UTC.",
        "The week is 2026-03-08 to 2026-03-14, America/New_York.",
        "  ok  /admin/dental-tenants/list: 1 entries",
        "  ok  /admin/pms/locations: 1 entries",
        *(
            f"  ok  /admin/{path}: 1 entries for 30days; 1 of 1 tenants have the whole week; "
            "users are not told apart"
            for path in (
                "pms/stats/calls-by-tenant",
                "dental-tenants/tasks/created",
                "pms/stats/appointments-by-location",
            )
        ),
        "1 of 1 tenants have a domain.",
        "No customers of HubSpot have landed here: `millrace ingest hubspot` first.",
    ]


def test_a_machine_reads_the_same(probe: Probe) -> None:
    told = json.loads(probe("--json", "--as-of", "2026-03-10T12:00:00Z").out)

    assert (told["week_start"], told["week_end"]) == ("2026-03-01", "2026-03-07")
    assert [each["problem"] for each in told["endpoints"]] == [None] * 5


def test_what_would_make_a_load_fail_makes_the_probe_fail(
    probe: Probe, yobi: YobiSimulator
) -> None:
    yobi.habits.has_trend = frozenset()

    told = probe()

    assert told.exit_code == 1
    assert "  NO  /admin/pms/stats/calls-by-tenant: Yobi's answer to" in told.out
    assert told.err.startswith("millrace: A load would fail. Yobi's answer to ")
