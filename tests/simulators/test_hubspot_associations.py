"""Associations, restored and erased records, scopes and the clock of the local HubSpot."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.faults import Fault, Refuse
from simulators.hubspot import HubspotSimulator, HubspotState, load_state, save_state
from simulators.hubspot.associations import DEAL_COMPANIES, DEAL_CONTACTS
from simulators.serving import serving
from tests.simulators.conftest import Hubspot, Serve

PATH = "/crm/v4/associations/contacts/companies/batch/read"
COMPANIES = "/crm/v3/objects/companies"


@pytest.fixture
def associated(hubspot: Hubspot) -> Hubspot:
    """Ada (51) belongs to companies 1001 (first of all) and 1002, Bo (52) to none."""
    for contact_id, name in (("51", "ada"), ("52", "bo")):
        hubspot.state.add("contacts", {"hs_object_id": contact_id, "email": f"{name}@example.com"})
    hubspot.state.associate("51", "1001", is_primary=True)
    hubspot.state.associate("51", "1002")
    return hubspot


def read(hubspot: Hubspot, *inputs: str | dict[str, str]) -> httpx.Response:
    wanted = [{"id": one} if isinstance(one, str) else one for one in inputs]
    return hubspot.client.post(PATH, json={"inputs": wanted})


def companies_of(hubspot: Hubspot, contact_id: str) -> dict[str, list[int]]:
    """The types of each of a contact's associations, by company."""
    return {
        to["toObjectId"]: [type_["typeId"] for type_ in to["associationTypes"]]
        for result in read(hubspot, contact_id).json()["results"]
        for to in result["to"]
    }


def test_a_contact_has_companies_and_one_primary_one(associated: Hubspot) -> None:
    assert companies_of(associated, "51") == {"1001": [1, 279], "1002": [279]}

    associated.state.associate("51", "1003", is_primary=True)
    assert companies_of(associated, "51") == {"1001": [279], "1002": [279], "1003": [1, 279]}


def test_a_deal_has_companies_and_contacts(associated: Hubspot) -> None:
    deal = associated.state.add("deals", {"dealname": "Mill wheel"})
    associated.state.associate(deal.id, "1001", is_primary=True, kind=DEAL_COMPANIES)
    associated.state.associate(deal.id, "51", kind=DEAL_CONTACTS)

    found = {
        other: associated.client.post(
            PATH.replace("contacts/companies", f"deals/{other}"), json={"inputs": [{"id": deal.id}]}
        ).json()["results"][0]["to"]
        for other in ("companies", "contacts")
    }

    assert {
        other: [(to["toObjectId"], [kind["typeId"] for kind in to["associationTypes"]])]
        for other, [to] in found.items()
    } == {"companies": [("1001", [5, 341])], "contacts": [("51", [3])]}


def test_associations_come_and_go_without_a_change_of_the_records(
    associated: Hubspot, clock: StoppedClock
) -> None:
    clock.advance(timedelta(hours=1))
    associated.state.dissociate("51", "1001")

    assert companies_of(associated, "51") == {"1002": [279]}
    contact = associated.state.record("contacts", "51")
    assert contact.updated_at == contact.created_at
    with pytest.raises(KeyError):
        associated.state.dissociate("51", "1001")


def test_a_contact_without_a_company_is_an_error_of_a_207(associated: Hubspot) -> None:
    response = read(associated, "51", "52", "7")

    assert response.status_code == 207
    assert [result["from"]["id"] for result in response.json()["results"]] == ["51"]
    errors = response.json()["errors"]
    assert [(one.get("subCategory"), one["context"]["fromObjectId"]) for one in errors] == [
        ("crm.associations.NO_ASSOCIATIONS_FOUND", ["52"]),
        (None, ["7"]),
    ]


def test_associations_come_in_pages_per_contact(associated: Hubspot, serve: Serve) -> None:
    hubspot = serve(HubspotSimulator(associated.state, association_page=1))

    [first] = read(hubspot, "51").json()["results"]
    after = first["paging"]["next"]["after"]
    [second] = read(hubspot, {"id": "51", "after": after}).json()["results"]

    assert [to["toObjectId"] for to in first["to"] + second["to"]] == ["1001", "1002"]
    assert "paging" not in second
    assert read(hubspot, {"id": "51", "after": "x"}).status_code == 400


def test_an_archived_company_is_not_seen_until_it_is_restored(associated: Hubspot) -> None:
    associated.state.archive("companies", "1002")
    assert companies_of(associated, "51") == {"1001": [1, 279]}

    associated.state.restore("companies", "1002")
    assert companies_of(associated, "51") == {"1001": [1, 279], "1002": [279]}


def test_reading_the_associations_of_one_contact_can_be_refused(associated: Hubspot) -> None:
    associated.simulator.faults.add(Fault(does=Refuse(record_id="51"), times=1))

    refused = read(associated, "51").json()

    assert (refused["results"], refused["errors"][0]["category"]) == ([], "INTERNAL_ERROR")
    assert companies_of(associated, "51") != {}


def test_a_restored_record_is_listed_and_found_again(hubspot: Hubspot) -> None:
    hubspot.state.archive("companies", "1002")
    hubspot.state.restore("companies", "1002")

    assert hubspot.found() == ["1001", "1002", "1003"]
    assert hubspot.client.get(f"{COMPANIES}?archived=true").json()["results"] == []


def test_an_erased_record_is_nowhere(associated: Hubspot) -> None:
    associated.state.archive("companies", "1002")
    associated.state.erase("companies", "1002")
    associated.state.erase("contacts", "52")

    assert associated.found() == ["1001", "1003"]
    assert associated.client.get(f"{COMPANIES}?archived=true").json()["results"] == []
    assert associated.batch_read("1002").status_code == 207
    assert companies_of(associated, "51") == {"1001": [1, 279]}
    with pytest.raises(KeyError):
        associated.state.erase("companies", "1002")


def test_associations_are_saved_with_the_account(associated: Hubspot, tmp_path: Path) -> None:
    deal = associated.state.add("deals", {"dealname": "Mill wheel"})
    associated.state.associate(deal.id, "1001", is_primary=True, kind=DEAL_COMPANIES)
    save_state(associated.state, tmp_path / "hubspot.json")

    restored = load_state(tmp_path / "hubspot.json")

    kept, before = (
        {types: list(kind) for types, kind in state.associations.items()}
        for state in (restored, associated.state)
    )
    assert kept == before
    assert [len(kind) for kind in kept.values()] == [2, 1, 0]


def test_a_scope_that_the_token_lacks_is_named_until_it_is_given(hubspot: Hubspot) -> None:
    hubspot.simulator.missing_scopes.add("crm.objects.companies.read")

    refused = hubspot.client.get(COMPANIES)

    assert refused.status_code == 403
    assert refused.json()["errors"][0]["context"] == {
        "requiredGranularScopes": ["crm.objects.companies.read"]
    }
    assert hubspot.search().status_code == 403
    assert hubspot.batch_update(id_1001={"name": "Loud Harbour"}).status_code == 200
    hubspot.simulator.missing_scopes.clear()
    assert hubspot.client.get(COMPANIES).status_code == 200


def test_a_search_can_be_given_a_lower_end(hubspot: Hubspot, serve: Serve) -> None:
    capped = serve(HubspotSimulator(hubspot.state, search_cap=2))

    assert capped.search(limit=2).status_code == 200
    assert capped.search(limit=1, after="2").status_code == 400


def test_every_answer_tells_the_time_of_the_account(clock: StoppedClock) -> None:
    clock.advance(timedelta(seconds=1.9))
    with serving(HubspotSimulator(HubspotState(clock=clock))) as base_url:
        response = httpx.get(base_url)

    assert response.headers.get_list("date") == ["Sun, 01 Nov 2026 12:00:01 GMT"]
