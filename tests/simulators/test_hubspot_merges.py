"""Merged records of the local HubSpot, and the two forms of its addresses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.faults import Fault, Refuse
from simulators.hubspot import load_state, save_state
from simulators.hubspot.associations import CONTACT_COMPANIES, DEAL_COMPANIES
from tests.simulators.conftest import NOON, Hubspot

COMPANIES = "/crm/v3/objects/companies"


@pytest.fixture
def merged(hubspot: Hubspot, clock: StoppedClock) -> Hubspot:
    """An hour ago companies 1003 and then 1002 were merged into 1001.

    Before, contact 51 had 1001 and, as its primary one, 1002; contact 52 had 1002 as its primary
    one; deal 61 had 1003.
    """
    state = hubspot.state
    for contact_id, primary in (("51", "1002"), ("52", "1002")):
        state.add("contacts", {"hs_object_id": contact_id, "associatedcompanyid": primary})
        state.associate(contact_id, primary, is_primary=True)
    state.associate("51", "1001")
    state.add("deals", {"hs_object_id": "61"})
    state.associate("61", "1003", is_primary=True, kind=DEAL_COMPANIES)
    clock.advance(timedelta(hours=1))
    state.merge("companies", "1001", "1003")
    state.merge("companies", "1001", "1002")
    return hubspot


def test_the_winner_keeps_its_values_and_takes_those_that_it_had_not(merged: Hubspot) -> None:
    winner = merged.company("1001")

    assert winner.properties["name"] == "Quiet Harbour"
    assert winner.properties["country"] == "Norway"
    assert winner.properties["hs_merged_object_ids"] == "1003;1002"
    assert winner.updated_at == NOON + timedelta(hours=1)


def test_the_loser_is_archived_and_its_id_answers_with_the_winner(merged: Hubspot) -> None:
    assert [company["id"] for company in listed(merged, "false")] == ["1001"]
    assert [company["id"] for company in listed(merged, "true")] == ["1002", "1003"]
    assert merged.client.get(f"{COMPANIES}/1002").json()["id"] == "1001"
    assert [found["id"] for found in merged.batch_read("1003").json()["results"]] == ["1001"]

    merged.state.erase("companies", "1003")
    assert merged.client.get(f"{COMPANIES}/1003").json()["id"] == "1001"


def listed(hubspot: Hubspot, archived: str) -> list[dict[str, object]]:
    answer = hubspot.client.get(COMPANIES, params={"archived": archived}).raise_for_status()
    results: list[dict[str, object]] = answer.json()["results"]
    return results


def test_the_losers_associations_are_the_winners(merged: Hubspot) -> None:
    contacts = merged.state.associations[CONTACT_COMPANIES.types]
    deals = merged.state.associations[DEAL_COMPANIES.types]

    assert [(one.from_id, one.to_id) for one in (*contacts, *deals)] == [
        ("51", "1001"), ("52", "1001"), ("61", "1001")
    ]  # fmt: skip
    assert [one.is_primary for one in (*contacts, *deals)] == [True, True, True]
    primary = [
        record.properties["associatedcompanyid"] for record in merged.state.tables["contacts"]
    ]
    assert primary == ["1001", "1001"]


def test_a_chain_of_merges_ends_at_the_last_winner(hubspot: Hubspot) -> None:
    hubspot.state.merge("companies", "1002", "1003")
    hubspot.state.merge("companies", "1001", "1002")

    assert hubspot.client.get(f"{COMPANIES}/1003").json()["id"] == "1001"


def test_contacts_that_are_merged_have_the_companies_of_both(hubspot: Hubspot) -> None:
    for contact_id, company_id in (("51", "1001"), ("52", "1002")):
        hubspot.state.add("contacts", {"hs_object_id": contact_id})
        hubspot.state.associate(contact_id, company_id, is_primary=True)

    hubspot.state.merge("contacts", "52", "51")

    assert [
        (one.from_id, one.to_id, one.is_primary)
        for one in hubspot.state.associations[CONTACT_COMPANIES.types]
    ] == [("52", "1001", False), ("52", "1002", True)]


def test_only_two_records_in_use_are_merged(merged: Hubspot) -> None:
    with pytest.raises(ValueError, match="both in use"):
        merged.state.merge("companies", "1001", "1002")
    with pytest.raises(ValueError, match="both in use"):
        merged.state.merge("companies", "1001", "1001")


def test_merges_are_saved_with_the_account(merged: Hubspot, tmp_path: Path) -> None:
    save_state(merged.state, tmp_path / "hubspot.json")

    restored = load_state(tmp_path / "hubspot.json")

    assert restored.tables["companies"].merged == {"1002": "1001", "1003": "1001"}


def asked_by_date(client: httpx.Client, path: str, body: object = None) -> httpx.Response:
    return client.request("GET" if body is None else "POST", path, json=body)


def test_every_endpoint_is_also_at_the_address_with_a_date(merged: Hubspot) -> None:
    inputs = {"inputs": [{"id": "52"}], "properties": ["name"]}
    pairs = [
        ("v3/objects", "objects/2026-03", "/companies", None),
        ("v3/objects", "objects/2026-03", "/companies/search", {"limit": 1}),
        ("v3/properties", "properties/2026-03", "/companies/name", None),
        ("v3/owners", "owners/2026-03", "", None),
        ("v4/associations", "associations/2026-03", "/contacts/companies/batch/read", inputs),
    ]
    for numbered, dated, rest, body in pairs:
        by_number = asked_by_date(merged.client, f"/crm/{numbered}{rest}", body)
        by_date = asked_by_date(merged.client, f"/crm/{dated}{rest}", body)

        assert by_date.status_code == 200
        assert (
            by_date.json()["results" if "results" in by_date.json() else "name"]
            == (by_number.json()["results" if "results" in by_number.json() else "name"])
        )
    assert [call.path for call in merged.simulator.calls][1] == "/crm/objects/2026-03/companies"


def test_the_address_with_a_date_needs_the_same_scopes_and_hits_the_same_faults(
    hubspot: Hubspot,
) -> None:
    path = "/crm/objects/2026-03/companies/1001"
    hubspot.simulator.faults.add(
        Fault(does=Refuse(record_id="1001"), path="/crm/objects/2026-03/*", times=1)
    )
    refused = hubspot.client.patch(path, json={"properties": {"name": "Loud Harbour"}})
    hubspot.simulator.missing_scopes.add("crm.objects.companies.read")

    assert refused.status_code == 400
    assert hubspot.client.get(path).status_code == 403
    assert [call.inputs for call in hubspot.simulator.calls] == [1, 0]
