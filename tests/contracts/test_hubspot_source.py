"""Loading HubSpot keeps to the description of HubSpot's API."""

from __future__ import annotations

from ingestion.hubspot.landing import ingest_hubspot
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState
from tests.contracts.conftest import OnRecord
from warehouse.database import Warehouse
from warehouse.settings import Settings


def test_loading_hubspot_keeps_to_the_description(
    warehouse: Warehouse, hubspot_on_record: OnRecord
) -> None:
    account = HubspotState.with_companies({"name": f"Company {number}"} for number in range(250))

    with hubspot_on_record(HubspotSimulator(account)) as hubspot:
        settings = Settings.model_validate(
            {"HUBSPOT_BASE_URL": hubspot.base_url, "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN}
        )
        summary = ingest_hubspot(warehouse, settings)

    assert summary.records == 250
    assert hubspot.recorder.operations == {"Company_Basic_get_page"}
