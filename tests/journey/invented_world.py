"""The invented world as the journey's runs meet it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from ingestion.events.contract import Event, read_event
from ingestion.events.fields import ContractViolation
from simulators.world import ArrivedLine, World
from tests.journey.deciding import Decision
from tests.journey.inputs import HubspotRecord, RunInputs, project_reference


def inputs_of(world: World, as_of: datetime) -> RunInputs:
    """What a run at `as_of` knows, when everything has landed that arrived until then."""
    return RunInputs(
        as_of=as_of,
        events=events_in(world.arrivals(None, as_of)),
        reference=project_reference(),
        hubspot={
            record.hubspot_company_id: HubspotRecord(
                record.hubspot_company_id, record.properties.get("is_subjectively_onboarded_")
            )
            for record in world.hubspot_companies
        },
    )


def events_in(arrivals: Iterable[ArrivedLine]) -> list[Event]:
    """The events of those lines that keep the contract (spec/events.md)."""
    return [event for arrival in arrivals if (event := _event(arrival)) is not None]


def changed(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """The companies whose values differ after the run from before."""
    return {key: value for key, value in decisions.items() if value.before != value.after}


@cache
def _event(arrival: ArrivedLine) -> Event | None:
    try:
        return read_event(arrival.line.encode(), arrival.arrived_at)
    except ContractViolation:
        return None
