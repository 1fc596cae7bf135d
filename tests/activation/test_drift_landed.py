"""The closed loop: written to HubSpot, changed there by somebody, landed by ingestion, found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from activation import run_sync
from activation.declaration import FieldDeclaration
from activation.drift import DriftFound, DriftKind
from activation.writers.base import ValueKind
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import Quota
from ingestion.hubspot.landing import ingest_hubspot
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState
from simulators.serving import serving
from tests.activation.landed import Ledger
from tests.activation.source import Row, build, declared
from warehouse.database import Warehouse
from warehouse.settings import Settings

SIZE = "numberofemployees"  # which ingestion does not read by itself
SYNC = declared(
    fields=[
        FieldDeclaration(column="cs_stage", property="cs_stage"),
        FieldDeclaration(column="sales_account_manager", property=SIZE, kind=ValueKind.NUMBER),
    ]
)


@dataclass(frozen=True)
class Loop:
    """A served account, and a warehouse that reads and writes it."""

    state: HubspotState
    base_url: str
    warehouse: Warehouse
    ledger: Ledger

    def sync(self) -> int:
        """Write what differs; gives how many rows were written."""
        client = HubSpotClient(
            token=DEFAULT_TOKEN, base_url=self.base_url, limiter=Quota(10_000, 1).limiter()
        )
        try:
            writer = HubSpotWriter("company", client)
            return run_sync(self.warehouse, SYNC, writer=writer, yes=True).written
        finally:
            client.close()

    def load(self) -> DriftFound:
        """Land what HubSpot knows, and compare."""
        settings = Settings.model_validate(
            {"HUBSPOT_BASE_URL": self.base_url, "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN}
        )
        ingest_hubspot(self.warehouse, settings, also_read={"companies": SYNC.properties})
        return self.ledger.note(SYNC)


@pytest.fixture
def loop(warehouse: Warehouse, ledger: Ledger) -> Iterator[Loop]:
    state = HubspotState.with_companies([{"hs_object_id": key} for key in ("1", "2", "3", "4")])
    with serving(HubspotSimulator(state)) as base_url:
        yield Loop(state, base_url, warehouse, ledger)


def test_what_somebody_changes_in_hubspot_is_found_by_the_next_load_and_only_that(
    loop: Loop,
) -> None:
    build(loop.warehouse, [Row(key, sales="12.50", stage="cs_sales") for key in ("1", "2", "3")])
    assert loop.sync() == 3
    assert loop.load() == DriftFound()

    loop.state.set_options("companies", "cs_stage", ["cs_sales", "cs_success"])
    loop.state.write("companies", "1", {"cs_stage": "cs_success", SIZE: "12.5"})
    loop.state.write("companies", "2", {SIZE: "13"})
    loop.state.write("companies", "3", {"name": "A name that is no business of ours"})
    loop.state.write("companies", "4", {"cs_stage": "cs_success"})
    assert loop.load() == DriftFound(newly_found=2, open=2)
    stage, size = loop.ledger.open(SYNC)
    assert (stage.key, stage.property, stage.found) == ("1", "cs_stage", "cs_success")
    assert (size.key, size.property, size.acknowledged, size.found) == ("2", SIZE, "12.50", "13")
    assert {stage.kind, size.kind} == {DriftKind.CHANGED}
    assert (stage.changed_by, size.changed_by) == ("INTEGRATION", None)
    assert loop.load() == DriftFound(open=2)

    loop.state.write("companies", "1", {"cs_stage": "cs_sales"})
    loop.state.merge("companies", winner="4", loser="3")
    loop.state.archive("companies", "2")
    assert loop.load() == DriftFound(newly_found=1, resolved=2, open=1)
    assert loop.ledger.resolutions() == ["agrees", "no_longer_ours", None]
    (merged,) = loop.ledger.open(SYNC)
    assert (merged.key, merged.property, merged.found) == ("3", "cs_stage", "cs_success")


def test_what_hubspot_confirmed_is_no_drift_once_a_load_must_have_seen_it(loop: Loop) -> None:
    build(loop.warehouse, [Row(key, sales="12.50", stage="cs_sales") for key in ("1", "2", "3")])
    loop.sync()
    loop.ledger.connection.execute(
        "update ops.sync_state set acknowledged_at = acknowledged_at - interval '1 hour'"
    )
    assert loop.load() == DriftFound()
