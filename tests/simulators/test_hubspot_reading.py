"""Lists, single reads, batch reads and owners of the local HubSpot."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState, Owner
from tests.simulators.conftest import Hubspot, Serve

COMPANIES = "/crm/v3/objects/companies"


def test_following_after_gives_every_record_once(hubspot: Hubspot) -> None:
    for number in range(250):
        hubspot.state.add("companies", {"name": f"Company {number}"})

    ids: list[str] = []
    pages = 0
    after: str | None = None
    while pages == 0 or after is not None:
        answer = hubspot.client.get(
            COMPANIES, params={"limit": 100, **({"after": after} if after else {})}
        ).json()
        ids += [company["id"] for company in answer["results"]]
        after = answer.get("paging", {}).get("next", {}).get("after")
        pages += 1

    assert pages == 3
    assert ids == [str(number) for number in range(1001, 1254)]


def test_the_link_to_the_next_page_leads_nowhere(hubspot: Hubspot) -> None:
    answer = hubspot.client.get(COMPANIES, params={"limit": 2, "properties": "name"}).json()

    link = httpx.URL(answer["paging"]["next"]["link"])
    assert link.host.endswith(".invalid")
    assert dict(link.params) == {"limit": "2", "properties": "name", "after": "1002"}


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=ten", "after=x", "archived=1"])
def test_a_page_that_cannot_be_is_refused(hubspot: Hubspot, query: str) -> None:
    response = hubspot.client.get(f"{COMPANIES}?{query}")

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"


def test_a_page_with_history_is_half_as_long(hubspot: Hubspot) -> None:
    query = f"{COMPANIES}?propertiesWithHistory=name&limit="

    assert hubspot.client.get(f"{query}50").status_code == 200
    assert hubspot.client.get(f"{query}51").status_code == 400


def test_a_record_has_what_was_asked_for_and_always_its_id_and_times(hubspot: Hubspot) -> None:
    answer = hubspot.client.get(f"{COMPANIES}/1001?properties=domain,country,nickname").json()

    assert answer == {
        "id": "1001",
        "properties": {
            "createdate": "2026-11-01T12:00:00.000Z",
            "domain": "harbour.example.com",
            "hs_lastmodifieddate": "2026-11-01T12:00:00.000Z",
            "hs_object_id": "1001",
        },
        "createdAt": "2026-11-01T12:00:00.000Z",
        "updatedAt": "2026-11-01T12:00:00.000Z",
        "archived": False,
    }


def test_properties_can_be_named_one_by_one_or_with_commas(hubspot: Hubspot) -> None:
    one_by_one = hubspot.client.get(f"{COMPANIES}/1001?properties=name&properties=domain")
    with_commas = hubspot.client.get(f"{COMPANIES}/1001?properties=name,domain")

    assert one_by_one.json() == with_commas.json()


def test_history_tells_every_value_and_when_it_was_set(
    hubspot: Hubspot, clock: StoppedClock
) -> None:
    clock.advance(timedelta(hours=1))
    hubspot.state.write("companies", "1001", {"name": "Loud Harbour"})
    clock.advance(timedelta(hours=1))
    hubspot.state.write("companies", "1001", {"name": ""})

    answer = hubspot.client.get(f"{COMPANIES}/1001?propertiesWithHistory=name").json()

    assert [
        (past["value"], past["timestamp"]) for past in answer["propertiesWithHistory"]["name"]
    ] == [
        ("", "2026-11-01T14:00:00.000Z"),
        ("Loud Harbour", "2026-11-01T13:00:00.000Z"),
        ("Quiet Harbour", "2026-11-01T12:00:00.000Z"),
    ]


def test_archived_records_come_only_when_asked_for(hubspot: Hubspot) -> None:
    hubspot.state.archive("companies", "1002")

    in_use = hubspot.client.get(COMPANIES).json()["results"]
    archived = hubspot.client.get(f"{COMPANIES}?archived=true").json()["results"]

    assert [company["id"] for company in in_use] == ["1001", "1003"]
    assert [(company["id"], company["archivedAt"]) for company in archived] == [
        ("1002", "2026-11-01T12:00:00.000Z")
    ]
    assert hubspot.client.get(f"{COMPANIES}/1002").status_code == 404
    assert hubspot.client.get(f"{COMPANIES}/1002?archived=true").status_code == 200


def test_a_batch_read_gives_what_there_is_and_names_what_is_missing(hubspot: Hubspot) -> None:
    hubspot.state.archive("companies", "1003")

    response = hubspot.batch_read("1002", "7", "1001", "1003")

    assert response.status_code == 207
    assert [company["id"] for company in response.json()["results"]] == ["1002", "1001"]
    [error] = response.json()["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["7", "1003"]})
    assert response.json()["numErrors"] == 1


def test_a_batch_read_takes_a_hundred_ids_and_no_more(hubspot: Hubspot) -> None:
    ids = [str(number) for number in range(101)]

    assert hubspot.batch_read(*ids[:100]).status_code == 207
    assert hubspot.batch_read(*ids).status_code == 400


def test_contacts_can_be_read_by_their_address_and_companies_not_by_their_name(
    hubspot: Hubspot,
) -> None:
    contact = hubspot.state.add("contacts", {"email": "cy@example.com", "firstname": "Cy"})

    found = hubspot.client.get("/crm/v3/objects/contacts/cy@example.com?idProperty=email")
    refused = hubspot.client.get(f"{COMPANIES}/Tall%20Pines?idProperty=name")

    assert found.json()["id"] == contact.id
    assert refused.status_code == 400


def test_an_object_type_that_does_not_exist_is_refused(hubspot: Hubspot) -> None:
    assert hubspot.client.get("/crm/v3/objects/tickets").status_code == 400


@pytest.mark.parametrize("path", ["/crm/v3/owners", "/crm/v3/owners/"])
def test_owners_come_in_pages_with_and_without_a_last_slash(hubspot: Hubspot, path: str) -> None:
    first = hubspot.client.get(path, params={"limit": 1}).json()
    second = hubspot.client.get(
        path, params={"limit": 1, "after": first["paging"]["next"]["after"]}
    ).json()

    assert [owner["email"] for owner in first["results"]] == ["ada@example.com"]
    assert [owner["email"] for owner in second["results"]] == ["bo@example.com"]
    assert "paging" not in second


def test_an_owner_is_found_by_address_by_id_and_by_user_id(
    serve: Serve,
) -> None:
    owners = [
        Owner("41", "ada@example.com", user_id=9),
        Owner("42", "bo@example.com", is_archived=True),
    ]
    client = serve(HubspotSimulator(HubspotState(owners=owners))).client

    by_email = client.get("/crm/v3/owners?email=ADA@example.com").json()["results"]
    by_user = client.get("/crm/v3/owners/9?idProperty=userId").json()
    archived = client.get("/crm/v3/owners?archived=true").json()["results"]

    assert [owner["id"] for owner in by_email] == ["41"]
    assert by_user == client.get("/crm/v3/owners/41").json()
    assert [(owner["id"], "userId" in owner) for owner in archived] == [("42", False)]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer another"}])
def test_without_the_right_token_nothing_is_answered(
    hubspot: Hubspot, headers: dict[str, str]
) -> None:
    response = httpx.get(f"{hubspot.client.base_url}{COMPANIES}", headers=headers)

    assert response.status_code == 401
    assert response.json()["category"] == "INVALID_AUTHENTICATION"


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("PUT", 405)])
def test_a_path_or_method_that_does_not_exist_is_answered_as_json(
    hubspot: Hubspot, method: str, status: int
) -> None:
    path = "/crm/v3/nothing" if method == "GET" else COMPANIES
    response = hubspot.client.request(method, path)

    assert response.status_code == status
    assert response.json()["status"] == "error"
