"""A local Pipedrive to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.pipedrive import DEFAULT_TOKEN, PipedriveSimulator, PipedriveState
from tests.simulators.conftest import Switch


@dataclass(frozen=True)
class Pipedrive:
    """A simulator that is being served, and a client with its token."""

    simulator: PipedriveSimulator
    client: httpx.Client

    @property
    def state(self) -> PipedriveState:
        return self.simulator.state

    def get(self, path: str, **params: object) -> Any:
        """The answer to a request that is right."""
        answer = self.client.get(path, params={name: str(one) for name, one in params.items()})
        return answer.raise_for_status().json()

    def ids(self, path: str, **params: object) -> list[int]:
        """Ids of the records on the first page of a list."""
        return [record["id"] for record in self.get(path, **params)["data"]]

    def changes(self, deal_id: int, **params: object) -> list[tuple[str, str | None, str | None]]:
        """The changes in a deal's flow, the latest first: field, old, new."""
        return [
            (
                item["data"].get("field_key"),
                item["data"].get("old_value"),
                item["data"].get("new_value"),
            )
            for item in self.get(f"/v1/deals/{deal_id}/flow", **params)["data"]
        ]


Serve = Callable[[PipedriveSimulator], Pipedrive]
"""Serves a simulator for the rest of the test."""


@pytest.fixture
def serve(switch: Switch, base_url: str) -> Iterator[Serve]:
    with httpx.Client(base_url=base_url, headers={"x-api-token": DEFAULT_TOKEN}) as client:

        def start(simulator: PipedriveSimulator) -> Pipedrive:
            switch.app = simulator
            return Pipedrive(simulator, client)

        yield start


@pytest.fixture
def state(clock: StoppedClock) -> PipedriveState:
    """Two pipelines, stages 1 to 3 in the first and 4 in the second; user 1; deals 1 to 3."""
    state = PipedriveState(clock=clock)
    sales, delivery = state.add_pipeline("Sales"), state.add_pipeline("Delivery")
    for name in ("Lead", "Quote sent", "Order"):
        state.add_stage(sales.id, name)
    state.add_stage(delivery.id, "Made")
    state.add_user("Ada Reed", "ada@example.com")
    for number in (1, 2, 3):
        state.add_deal(f"Deal {number}", 1, 1, value=100 * number)
    return state


@pytest.fixture
def pipedrive(serve: Serve, state: PipedriveState) -> Pipedrive:
    """That account."""
    return serve(PipedriveSimulator(state))
