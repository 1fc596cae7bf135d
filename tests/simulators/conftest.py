"""A local HubSpot to ask, and a clock to turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.clock import StoppedClock
from simulators.hubspot import (
    DEFAULT_TOKEN,
    HubspotSimulator,
    HubspotState,
    ObjectRecord,
    Owner,
)
from simulators.serving import serving

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Switch:
    """An ASGI application that is another one for each test, so that one server does for all."""

    def __init__(self) -> None:
        self.app: ASGIApp = HubspotSimulator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Hubspot:
    """A simulator that is being served, and a client with its token."""

    simulator: HubspotSimulator
    client: httpx.Client

    @property
    def state(self) -> HubspotState:
        return self.simulator.state

    def company(self, record_id: str) -> ObjectRecord:
        return self.state.record("companies", record_id)

    def search(self, **body: object) -> httpx.Response:
        return self.client.post("/crm/v3/objects/companies/search", json=body)

    def found(self, **body: object) -> list[str]:
        """Ids of the companies on the first page of a search."""
        answer = self.search(**body).raise_for_status().json()
        return [company["id"] for company in answer["results"]]

    def batch_read(self, *record_ids: str, **body: object) -> httpx.Response:
        inputs = [{"id": record_id} for record_id in record_ids]
        return self.client.post(
            "/crm/v3/objects/companies/batch/read",
            json={"inputs": inputs, "properties": ["name"], **body},
        )

    def batch_update(self, **values_by_id: dict[str, str]) -> httpx.Response:
        """Write values to companies; the names of the arguments are `id_1001` and so on."""
        inputs = [
            {"id": name.removeprefix("id_"), "properties": values}
            for name, values in values_by_id.items()
        ]
        return self.client.post("/crm/v3/objects/companies/batch/update", json={"inputs": inputs})


@pytest.fixture
def clock() -> StoppedClock:
    """Noon, until a test turns it."""
    return StoppedClock(NOON)


@pytest.fixture(scope="session")
def switch() -> Switch:
    return Switch()


@pytest.fixture(scope="session")
def base_url(switch: Switch) -> Iterator[str]:
    with serving(switch) as url:
        yield url


Serve = Callable[[HubspotSimulator], Hubspot]
"""Serves a simulator for the rest of the test."""


@pytest.fixture
def serve(switch: Switch, base_url: str) -> Iterator[Serve]:
    with httpx.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"}
    ) as client:

        def start(simulator: HubspotSimulator) -> Hubspot:
            switch.app = simulator
            return Hubspot(simulator, client)

        yield start


@pytest.fixture
def hubspot(serve: Serve, clock: StoppedClock) -> Hubspot:
    """Companies 1001 Quiet Harbour, 1002 Tall Pines and 1003 Slow River; owners Ada and Bo."""
    state = HubspotState.with_companies(
        [
            {"name": "Quiet Harbour", "domain": "harbour.example.com", "annualrevenue": "900"},
            {"name": "Tall Pines", "domain": "pines.example.com", "annualrevenue": "12000"},
            {"name": "Slow River", "country": "Norway"},
        ],
        dropdowns={"cs_stage": ["cs_onboarding", "cs_success"]},
        owners=[Owner("41", "ada@example.com"), Owner("42", "bo@example.com")],
        clock=clock,
    )
    return serve(HubspotSimulator(state))
