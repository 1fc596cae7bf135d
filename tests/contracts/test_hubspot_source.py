"""Loading HubSpot keeps to the description of HubSpot's API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from ingestion.hubspot.landing import ingest_hubspot
from simulators.clock import StoppedClock
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from tests.contracts.conftest import OnRecord
from warehouse.database import Warehouse
from warehouse.settings import Settings

ALWAYS = {
    "Company_Basic_get_page",
    "Contact_Basic_get_page",
    "Owner_Owners_get_page_noslash",
    "Prop_Core_get_all",
    "Assoc4_Batch_get_page",
}
"""Operations that every load asks for: lists are read for what is archived, too."""


def test_every_request_of_a_load_keeps_to_the_description(
    warehouse: Warehouse, hubspot_on_record: OnRecord
) -> None:
    clock = StoppedClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    account = HubspotState.with_companies(
        ({"name": f"Company {n}", "createdate": "2026-10-01T08:00:00Z"} for n in range(250)),
        owners=[Owner("41", "ada@example.com")],
        clock=clock,
    )
    for number in range(3):
        contact = account.add("contacts", {"email": f"c{number}@example.com"})
        for company_id in ("1001", "1002", "1003")[: number + 1]:
            account.associate(contact.id, company_id, is_primary=company_id == "1001")
    account.archive("companies", "1004")
    account.archive("contacts", "1003")

    with hubspot_on_record(HubspotSimulator(account, association_page=1)) as hubspot:
        settings = Settings.model_validate(
            {"HUBSPOT_BASE_URL": hubspot.base_url, "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN}
        )
        first = ingest_hubspot(warehouse, settings)
        assert hubspot.recorder.operations == ALWAYS

        hubspot.recorder.exchanges.clear()
        clock.advance(timedelta(hours=1))
        for number in range(1005, 1251):
            account.write("companies", str(number), {"country": "DE"})
        account.restore("companies", "1004")
        account.erase("contacts", "1003")
        second = ingest_hubspot(warehouse, settings)
        assert hubspot.recorder.operations == ALWAYS | {
            "Company_Search_do_search",
            "Contact_Search_do_search",
            "Company_Batch_read",
            "Contact_Batch_read",
        }
        statuses = {exchange.status for exchange in hubspot.recorder.exchanges}
        assert statuses == {HTTPStatus.OK, HTTPStatus.MULTI_STATUS}

    assert first.of("companies").landed == 250
    assert second.of("companies").landed == 247
    assert second.of("contacts").gone == 1
