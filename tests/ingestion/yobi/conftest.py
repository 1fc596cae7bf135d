"""A Yobi, and a warehouse that it is loaded into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingestion.api import session
from ingestion.api.summary import LoadSummary
from ingestion.yobi.landing import ingest_yobi
from simulators.clock import StoppedClock
from simulators.serving import serving
from simulators.yobi import (
    DEFAULT_EMAIL,
    DEFAULT_PASSWORD,
    DailyFigures,
    Location,
    Tenant,
    YobiSimulator,
    YobiState,
)
from tests.ingestion.raw_tables import Rows, rows
from warehouse.database import Warehouse
from warehouse.settings import Settings

SUNDAY_MORNING = datetime(2026, 3, 15, 10, tzinfo=UTC)
"""06:00 in New York, by Yobi's clock; ours is elsewhere."""
SUNDAY, SATURDAY = date(2026, 3, 8), date(2026, 3, 14)
"""Of the week before; its Sunday has 23 hours."""
TABLES = (
    "tenants",
    "locations",
    "calls_by_tenant",
    "tasks_by_tenant",
    "appointments_by_location",
    "week_readings",
    "missing_metrics",
)


def settings_for(base_url: str, **values: str | None) -> Settings:
    """Settings that know this Yobi and nothing else."""
    return Settings.model_validate(
        {
            "YOBI_BASE_URL": base_url,
            "YOBI_EMAIL": DEFAULT_EMAIL,
            "YOBI_PASSWORD": DEFAULT_PASSWORD,
            "JOB_TIMEZONE": "America/New_York",
            **values,
        }
    )


@dataclass(frozen=True)
class Yobi:
    """A Yobi that is being served, and the warehouse that belongs to it."""

    simulator: YobiSimulator
    base_url: str
    warehouse: Warehouse
    clock: StoppedClock

    @property
    def state(self) -> YobiState:
        return self.simulator.state

    def load(self, *, settings: Settings | None = None, **options: Any) -> LoadSummary:
        """Load it, with an empty log of calls."""
        self.simulator.calls.clear()
        return ingest_yobi(self.warehouse, settings or settings_for(self.base_url), **options)

    def asked(self) -> list[str]:
        """What the last load asked, with the period."""
        return sorted(f"{call.path}?{call.query}" for call in self.simulator.calls)

    def rows(self, query: str) -> Rows:
        with self.warehouse.connect() as connection:
            return rows(connection, query)

    def everything(self) -> list[Rows]:
        """All that has landed."""
        return [
            self.rows(f"select * from raw_yobi.{table} order by 1, 2, 3, 4")  # noqa: S608 - ours
            for table in TABLES
        ]

    def week(self, table: str, *figures: str) -> dict[object, tuple[object, ...]]:
        """The sums of the latest version of the latest week, by tenant."""
        summed = ", ".join(f"sum({figure})::int" for figure in figures)
        query = f"""
            select tenant_id, {summed} from raw_yobi.{table}
            where (week_start, read_at) = (
                select week_start, read_at from raw_yobi.{table} order by 1 desc, 2 desc limit 1
            )
            group by tenant_id
        """  # noqa: S608 - ours
        return {tenant_id: tuple(sums) for tenant_id, *sums in self.rows(query)}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here for a repetition."""
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0)


@pytest.fixture
def clock() -> StoppedClock:
    """Yobi's clock: a Sunday morning, until a test turns it."""
    return StoppedClock(SUNDAY_MORNING)


Serve = Callable[[YobiSimulator], Yobi]
"""Serves a Yobi for the rest of the test."""


@pytest.fixture
def serve(warehouse: Warehouse, clock: StoppedClock) -> Iterator[Serve]:
    exits: list[Callable[[], object]] = []

    def start(simulator: YobiSimulator) -> Yobi:
        served = serving(simulator)
        base_url = served.__enter__()
        exits.append(lambda: served.__exit__(None, None, None))
        return Yobi(simulator, base_url, warehouse, clock)

    yield start
    for leave in exits:
        leave()


@pytest.fixture
def yobi(serve: Serve, clock: StoppedClock) -> Yobi:
    """Tenant 1 with locations 11 and 12, busy tenant 2, and tenant 3 that never does anything.

    The days beside the week are there to be left out.
    """
    state = YobiState(
        [
            Tenant(1, "Quiet Dental", domain="quiet.example.com"),
            Tenant(2, "Loud Dental", website="https://www.loud.example.com/"),
            Tenant(3, "Still Dental"),
        ],
        [Location(11, 1, "North"), Location(12, 1, "South"), Location(21, 2, "Main Street"),
         Location(31, 3, "Attic")],
        [
            DailyFigures(1, date(2026, 3, 7), calls=1_000, tasks=1_000, appointments=1_000),
            DailyFigures(1, SUNDAY, calls=1, appointments=2, new_patients=1, location_id=12),
            DailyFigures(1, date(2026, 3, 11), calls=4, tasks=3, appointments=5, new_patients=2),
            DailyFigures(1, SATURDAY, calls=2, tasks=1),
            DailyFigures(1, date(2026, 3, 15), calls=1_000, tasks=1_000, appointments=1_000),
            DailyFigures(2, date(2026, 3, 9), calls=70, tasks=20, appointments=9, new_patients=3),
            DailyFigures(2, date(2026, 3, 9), calls=7, tasks=2, appointments=1, new_patients=1,
                         user_email="Robot@Yobi.example.com"),
        ],
        clock=clock,
    )  # fmt: skip
    return serve(YobiSimulator(state))
