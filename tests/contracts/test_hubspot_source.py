"""Loading HubSpot keeps to the description of HubSpot's API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from ingestion.hubspot.landing import ingest_hubspot
from simulators.clock import StoppedClock
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner
from simulators.hubspot.associations import DEAL_COMPANIES, DEAL_CONTACTS
from tests.contracts.conftest import on_record_of
from warehouse.database import Warehouse
from warehouse.settings import Settings

ALWAYS = {
    "Company_Basic_get_page",
    "Contact_Basic_get_page",
    "Deal_Basic_get_page",
    "Owner_Owners_get_page_noslash",
    "Prop_Core_get_all",
    "Assoc4_Batch_get_page",
    "Company_Batch_read",
    "Contact_Batch_read",
    "Deal_Batch_read",
}
"""Operations that the loads below ask for: lists are read for what is archived, too, and batches
for the histories of what is new or has changed."""


@pytest.mark.parametrize(
    ("version", "description"),
    [("v3", "hubspot_description"), ("2026-03", "hubspot_description_by_date")],
)
def test_every_request_of_a_load_keeps_to_the_description(
    warehouse: Warehouse, request: pytest.FixtureRequest, version: str, description: str
) -> None:
    hubspot_on_record = on_record_of(request.getfixturevalue(description))
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
    for company_id in ("1001", "1002"):
        deal = account.add("deals", {"dealstage": "contractsent"})
        account.associate(deal.id, company_id, is_primary=True, kind=DEAL_COMPANIES)
        account.associate(deal.id, "1001", kind=DEAL_CONTACTS)
    account.archive("companies", "1004")
    account.archive("contacts", "1003")

    with hubspot_on_record(HubspotSimulator(account, association_page=1)) as hubspot:
        settings = Settings.model_validate(
            {
                "HUBSPOT_BASE_URL": hubspot.base_url,
                "HUBSPOT_ACCESS_TOKEN": DEFAULT_TOKEN,
                "HUBSPOT_API_VERSION": version,
            }
        )
        first = ingest_hubspot(warehouse, settings)
        assert hubspot.recorder.operations == ALWAYS

        hubspot.recorder.exchanges.clear()
        clock.advance(timedelta(hours=1))
        for number in range(1005, 1251):
            account.write("companies", str(number), {"country": "DE"})
        account.write("deals", "1001", {"dealstage": "closedwon"})
        account.restore("companies", "1004")
        account.merge("companies", winner="1002", loser="1001")
        account.erase("contacts", "1003")
        second = ingest_hubspot(warehouse, settings)
        assert hubspot.recorder.operations == ALWAYS | {
            "Company_Search_do_search",
            "Contact_Search_do_search",
            "Deal_Search_do_search",
        }
        statuses = {exchange.status for exchange in hubspot.recorder.exchanges}
        assert statuses == {HTTPStatus.OK, HTTPStatus.MULTI_STATUS}

    assert first.of("companies").landed == 250
    assert second.of("companies").landed == 249
    assert second.of("contacts").gone == 1
    assert second.of("merged_ids").landed == 1
    assert second.of("property_history").landed > 0
