"""A HubSpot account, and a warehouse that it is loaded into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyrate_limiter import Rate

from ingestion.api import session
from ingestion.api.summary import LoadSummary
from ingestion.hubspot import limits
from ingestion.hubspot.landing import ingest_hubspot
from simulators.clock import StoppedClock
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.serving import serving
from tests.ingestion.raw_tables import Rows, rows
from warehouse.database import Warehouse
from warehouse.settings import Settings

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""By HubSpot's clock; ours is elsewhere."""


def settings_for(base_url: str, token: str | None = DEFAULT_TOKEN) -> Settings:
    """Settings that know this HubSpot and nothing else."""
    return Settings.model_validate({"HUBSPOT_BASE_URL": base_url, "HUBSPOT_ACCESS_TOKEN": token})


@dataclass(frozen=True)
class Account:
    """An account that is being served, and the warehouse that belongs to it."""

    simulator: HubspotSimulator
    base_url: str
    warehouse: Warehouse
    clock: StoppedClock

    @property
    def state(self) -> HubspotState:
        return self.simulator.state

    def load(self, **options: Any) -> LoadSummary:
        """Load it, with an empty log of calls."""
        self.simulator.calls.clear()
        return ingest_hubspot(self.warehouse, settings_for(self.base_url), **options)

    def load_later(self, **options: Any) -> LoadSummary:
        """Load it an hour later, when what was changed before is old."""
        self.clock.advance(timedelta(hours=1))
        return self.load(**options)

    def asked(self) -> list[str]:
        """What the last load asked, each path with its method, without those that never vary."""
        return [
            f"{call.method} {call.path}{'?archived' if 'archived=true' in call.query else ''}"
            for call in self.simulator.calls
            if not call.path.startswith(("/crm/v3/owners", "/crm/v3/properties"))
        ]

    def rows(self, query: str) -> Rows:
        with self.warehouse.connect() as connection:
            return rows(connection, query)

    def names(self) -> dict[object, object]:
        """The companies' names by id, as landed."""
        query = "select id, properties ->> 'name' from raw_hubspot.companies"
        return {row[0]: row[1] for row in self.rows(query)}

    def archived(self, table: str = "companies") -> list[object]:
        """Ids of the archived rows, in their order."""
        query = f"select id from raw_hubspot.{table} where archived order by id"  # noqa: S608 - ours
        return [id_ for (id_,) in self.rows(query)]

    def associations(self) -> Rows:
        """All landed associations: contact, company, type."""
        return self.rows(
            "select contact_id, company_id, type_id "
            "from raw_hubspot.contact_company_associations order by 1, 2, 3"
        )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here, neither for a repetition nor for the limits."""
    monkeypatch.setattr(session, "BACKOFF_SECONDS", 0)
    monkeypatch.setattr(limits, "SEARCH_RATE", Rate(10_000, 1))
    monkeypatch.setattr(limits, "GENERAL_RATE", Rate(10_000, 1))


@pytest.fixture
def clock() -> StoppedClock:
    """HubSpot's clock: noon, until a test turns it."""
    return StoppedClock(NOON)


Serve = Callable[[HubspotSimulator], Account]
"""Serves an account for the rest of the test."""


@pytest.fixture
def serve(warehouse: Warehouse, clock: StoppedClock) -> Iterator[Serve]:
    exits: list[Callable[[], object]] = []

    def start(simulator: HubspotSimulator) -> Account:
        served = serving(simulator)
        base_url = served.__enter__()
        exits.append(lambda: served.__exit__(None, None, None))
        return Account(simulator, base_url, warehouse, clock)

    yield start
    for leave in exits:
        leave()


@pytest.fixture
def state(clock: StoppedClock) -> HubspotState:
    """Companies 1 to 3, contacts 11 and 12 of company 1, owners 41 and, archived, 42.

    All of them are a month old.
    """
    made = {"createdate": "2026-10-01T12:00:00Z"}
    state = HubspotState.with_companies(
        [{"hs_object_id": str(n), "name": f"Company {n}", **made} for n in (1, 2, 3)],
        owners=[Owner("41", "ada@example.com"), Owner("42", "bo@example.com", is_archived=True)],
        clock=clock,
    )
    for number in (11, 12):
        email = f"c{number}@example.com"
        state.add("contacts", {"hs_object_id": str(number), "email": email, **made})
        state.associate(str(number), "1", is_primary=True)
    return state


@pytest.fixture
def account(serve: Serve, state: HubspotState) -> Account:
    """That account."""
    return serve(HubspotSimulator(state))
