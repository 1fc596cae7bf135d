"""The local HubSpot keeps to the description of HubSpot's API, whatever it is asked or told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import pytest

from simulators.faults import (
    Cut,
    ExpiredToken,
    Fault,
    HtmlPage,
    Interference,
    RateLimited,
    Refuse,
    ServerError,
)
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator, HubspotState, Owner, RateLimits
from tests.contracts.conftest import OnRecord, RecordedVendor
from tests.contracts.openapi import Description

BEYOND_THE_SIMULATOR = {
    "Company_Batch_upsert": "Millrace never makes companies",
    "Pipe_Pipelines_get_all": "the simulator has no pipelines",
}
"""Operations of the description that the simulator does not know, and why."""


@dataclass(frozen=True)
class Example:
    """A right request, by what it asks for."""

    method: str
    path: str
    body: object = None

    def send(self, client: httpx.Client) -> httpx.Response:
        return client.request(self.method, self.path, json=self.body)


COMPANIES = "/crm/v3/objects/companies"
ASSOCIATIONS = "/crm/v4/associations/contacts/companies/batch/read"
READ_ALL = "properties=name&properties=cs_stage&propertiesWithHistory=cs_stage"
SEARCH = {
    "filterGroups": [
        {"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": "0"}]}
    ],
    "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
    "properties": ["hs_object_id"],
    "limit": 1,
}
EXAMPLES = {
    "Company_Basic_get_page": Example("GET", f"{COMPANIES}?limit=1&archived=false&{READ_ALL}"),
    "Company_Basic_get_by_id": Example("GET", f"{COMPANIES}/1001?{READ_ALL}"),
    "Company_Basic_update": Example(
        "PATCH", f"{COMPANIES}/1001", {"properties": {"cs_stage": "cs_success"}}
    ),
    "Company_Search_do_search": Example("POST", f"{COMPANIES}/search", SEARCH),
    "Company_Batch_read": Example(
        "POST",
        f"{COMPANIES}/batch/read",
        {"inputs": [{"id": "1001"}], "properties": ["name"], "propertiesWithHistory": ["name"]},
    ),
    "Company_Batch_update": Example(
        "POST",
        f"{COMPANIES}/batch/update",
        {
            "inputs": [
                {"id": "1001", "objectWriteTraceId": "row-1", "properties": {"cs_stage": ""}},
                {"id": "1002", "properties": {"hubspot_owner_id": "41"}},
            ]
        },
    ),
    "Contact_Basic_get_page": Example("GET", "/crm/v3/objects/contacts?limit=1"),
    "Contact_Basic_get_by_id": Example(
        "GET", "/crm/v3/objects/contacts/ada@example.com?idProperty=email"
    ),
    "Contact_Search_do_search": Example("POST", "/crm/v3/objects/contacts/search", SEARCH),
    "Contact_Batch_read": Example(
        "POST",
        "/crm/v3/objects/contacts/batch/read",
        {"inputs": [{"id": "ada@example.com"}], "idProperty": "email", "properties": []},
    ),
    "Contact_Batch_update": Example(
        "POST",
        "/crm/v3/objects/contacts/batch/update",
        {"inputs": [{"id": "1001", "properties": {"firstname": "Ada"}}]},
    ),
    "Deal_Basic_get_page": Example("GET", "/crm/v3/objects/deals?limit=1"),
    "Deal_Search_do_search": Example("POST", "/crm/v3/objects/deals/search", SEARCH),
    "Deal_Batch_read": Example(
        "POST",
        "/crm/v3/objects/deals/batch/read",
        {"inputs": [{"id": "1001"}], "properties": [], "propertiesWithHistory": ["dealstage"]},
    ),
    "Prop_Core_get_all": Example("GET", "/crm/v3/properties/companies"),
    "Prop_Core_create": Example(
        "POST",
        "/crm/v3/properties/companies",
        {
            "name": "favourite_colour",
            "label": "Favourite colour",
            "type": "enumeration",
            "fieldType": "select",
            "groupName": "companyinformation",
            "options": [{"label": "Blue", "value": "blue", "hidden": False, "displayOrder": 1}],
        },
    ),
    "Prop_Core_get_by_name": Example("GET", "/crm/v3/properties/companies/hubspot_owner_id"),
    "Prop_Core_update": Example(
        "PATCH",
        "/crm/v3/properties/companies/cs_stage",
        {"options": [{"label": "Success", "value": "cs_success", "hidden": False}]},
    ),
    "Prop_Groups_get_all": Example("GET", "/crm/v3/properties/companies/groups"),
    "Owner_Owners_get_page": Example("GET", "/crm/v3/owners/?limit=1"),
    "Owner_Owners_get_page_noslash": Example("GET", "/crm/v3/owners?email=bo@example.com"),
    "Owner_Owners_get_by_id": Example("GET", "/crm/v3/owners/41"),
    "Assoc4_Batch_get_page": Example("POST", ASSOCIATIONS, {"inputs": [{"id": "1001"}]}),
}
"""A right request for every operation that the simulator knows, by operation id."""


@pytest.fixture
def simulator() -> HubspotSimulator:
    """Three companies, the last of them archived, two contacts, two deals, two owners."""
    state = HubspotState.with_companies(
        [{"name": "Quiet Harbour"}, {"name": "Tall Pines"}, {"name": "Gone Fishing"}],
        dropdowns={"cs_stage": ["cs_onboarding", "cs_success"]},
        owners=[Owner("41", "ada@example.com", "Ada"), Owner("42", "bo@example.com")],
    )
    state.archive("companies", "1003")
    for name in ("ada", "bo"):
        state.add("contacts", {"email": f"{name}@example.com"})
        state.add("deals", {"dealname": f"Deal of {name}", "amount": "12.50"})
    state.associate("1001", "1001", is_primary=True)
    state.associate("1001", "1002")
    return HubspotSimulator(state, association_page=1)


@contextmanager
def client_of(vendor: RecordedVendor, token: str | None = DEFAULT_TOKEN) -> Iterator[httpx.Client]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=vendor.base_url, headers=headers) as client:
        yield client


def test_there_is_an_example_of_every_operation(hubspot_description: Description) -> None:
    assert EXAMPLES.keys() | BEYOND_THE_SIMULATOR.keys() == hubspot_description.operations


def test_every_operation_answers_a_right_request_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        statuses = {name: example.send(client).status_code for name, example in EXAMPLES.items()}

        assert statuses == {
            name: HTTPStatus.CREATED if name == "Prop_Core_create" else HTTPStatus.OK
            for name in EXAMPLES
        }
        assert [exchange.operation for exchange in hubspot.recorder.exchanges] == list(EXAMPLES)


@pytest.mark.parametrize("token", [None, "not-the-token"])
def test_every_operation_turns_strangers_away_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator, token: str | None
) -> None:
    with hubspot_on_record(simulator) as hubspot, client_of(hubspot, token) as client:
        with hubspot.recorder.wrong_on_purpose():
            statuses = {example.send(client).status_code for example in EXAMPLES.values()}

        assert statuses == {HTTPStatus.UNAUTHORIZED}
        assert hubspot.recorder.operations == EXAMPLES.keys()


def test_every_operation_names_the_scope_that_is_missing_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    simulator.missing_scopes = {
        f"crm.{kind}.{name}.{deed}"
        for kind in ("objects", "schemas")
        for name in ("companies", "contacts", "deals", "owners")
        for deed in ("read", "write")
    }

    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        answers = [example.send(client) for example in EXAMPLES.values()]

        assert {answer.status_code for answer in answers} == {HTTPStatus.FORBIDDEN}
        assert {answer.json()["category"] for answer in answers} == {"MISSING_SCOPES"}


@pytest.mark.parametrize(
    ("does", "status"),
    [
        (RateLimited(retry_after=1), HTTPStatus.TOO_MANY_REQUESTS),
        (RateLimited(policy="DAILY"), HTTPStatus.TOO_MANY_REQUESTS),
        (ServerError(status=500), HTTPStatus.INTERNAL_SERVER_ERROR),
        (ServerError(status=503, takes_effect=True), HTTPStatus.SERVICE_UNAVAILABLE),
        (HtmlPage(status=502), HTTPStatus.BAD_GATEWAY),
        (ExpiredToken(), HTTPStatus.UNAUTHORIZED),
    ],
)
def test_every_operation_fails_rightly(
    hubspot_on_record: OnRecord,
    simulator: HubspotSimulator,
    does: Interference,
    status: HTTPStatus,
) -> None:
    simulator.faults.add(Fault(does=does))

    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        statuses = {example.send(client).status_code for example in EXAMPLES.values()}

        assert statuses == {status}
        assert hubspot.recorder.operations == EXAMPLES.keys()


def test_a_cut_connection_is_on_record_without_an_answer(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    simulator.faults.add(Fault(does=Cut()))

    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            EXAMPLES["Company_Batch_update"].send(client)

        assert [exchange.status for exchange in hubspot.recorder.exchanges] == [None]


def test_limits_are_told_and_enforced_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator
) -> None:
    limited = HubspotSimulator(simulator.state, limits=RateLimits(general=4, search=1))
    read, search = EXAMPLES["Company_Basic_get_by_id"], EXAMPLES["Company_Search_do_search"]

    with hubspot_on_record(limited) as hubspot, client_of(hubspot) as client:
        sent = [read, search, search, read, read, read]

        assert [example.send(client).status_code for example in sent] == [
            HTTPStatus.OK,
            HTTPStatus.OK,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.OK,
            HTTPStatus.OK,
            HTTPStatus.TOO_MANY_REQUESTS,
        ]


@pytest.mark.parametrize(
    ("example", "status"),
    [
        pytest.param(
            Example("POST", f"{COMPANIES}/batch/read", {"inputs": [{"id": "7"}], "properties": []}),
            HTTPStatus.MULTI_STATUS,
            id="a batch read of an unknown id",
        ),
        pytest.param(
            Example(
                "POST",
                f"{COMPANIES}/batch/update",
                {
                    "inputs": [
                        {"id": "1001", "properties": {"name": "Quieter Harbour"}},
                        {"id": "7", "objectWriteTraceId": "row-7", "properties": {"name": "No"}},
                    ]
                },
            ),
            HTTPStatus.MULTI_STATUS,
            id="a batch update of an unknown id",
        ),
        pytest.param(
            Example(
                "POST",
                f"{COMPANIES}/batch/update",
                {"inputs": [{"id": "1001", "properties": {"cs_stage": "?", "colour": "red"}}]},
            ),
            HTTPStatus.BAD_REQUEST,
            id="values that are not valid",
        ),
        pytest.param(
            Example("POST", f"{COMPANIES}/search", {"after": "10000", "limit": 100}),
            HTTPStatus.BAD_REQUEST,
            id="a search past 10,000 results",
        ),
        pytest.param(
            Example("POST", f"{COMPANIES}/search", {"query": "x" * 3_000}),
            HTTPStatus.BAD_REQUEST,
            id="a search that is too long",
        ),
        pytest.param(
            Example("GET", f"{COMPANIES}?limit=101"), HTTPStatus.BAD_REQUEST, id="a page too large"
        ),
        pytest.param(
            Example("GET", f"{COMPANIES}/1003"), HTTPStatus.NOT_FOUND, id="an archived company"
        ),
        pytest.param(
            Example("GET", f"{COMPANIES}/1003?archived=true"),
            HTTPStatus.OK,
            id="an archived company that is asked for as such",
        ),
        pytest.param(
            Example("PATCH", f"{COMPANIES}/7", {"properties": {"name": "No"}}),
            HTTPStatus.NOT_FOUND,
            id="a change of an unknown company",
        ),
        pytest.param(
            Example("GET", "/crm/v3/properties/companies/colour"),
            HTTPStatus.NOT_FOUND,
            id="an unknown property",
        ),
        pytest.param(
            Example("GET", "/crm/v3/properties/tickets"),
            HTTPStatus.BAD_REQUEST,
            id="an unknown object type",
        ),
        pytest.param(
            Example(
                "POST",
                "/crm/v3/properties/companies",
                {
                    "name": "cs_stage",
                    "label": "CS stage",
                    "type": "string",
                    "fieldType": "text",
                    "groupName": "companyinformation",
                },
            ),
            HTTPStatus.BAD_REQUEST,
            id="a property that exists already",
        ),
        pytest.param(
            Example("PATCH", "/crm/v3/properties/companies/name", {"label": "Title"}),
            HTTPStatus.BAD_REQUEST,
            id="a change of what HubSpot defines",
        ),
        pytest.param(
            Example("GET", "/crm/v3/owners/7"), HTTPStatus.NOT_FOUND, id="an unknown owner"
        ),
        pytest.param(
            Example("POST", ASSOCIATIONS, {"inputs": [{"id": "1001", "after": "1001"}]}),
            HTTPStatus.OK,
            id="further associations of a contact",
        ),
        pytest.param(
            Example("POST", ASSOCIATIONS, {"inputs": [{"id": "1001"}, {"id": "1002"}]}),
            HTTPStatus.MULTI_STATUS,
            id="associations of a contact that has none",
        ),
        pytest.param(
            Example("POST", ASSOCIATIONS, {"inputs": [{"id": "7"}]}),
            HTTPStatus.MULTI_STATUS,
            id="associations of an unknown contact",
        ),
        pytest.param(
            Example("POST", "/crm/v4/associations/deals/tickets/batch/read", {"inputs": []}),
            HTTPStatus.BAD_REQUEST,
            id="associations that there are none of",
        ),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator, example: Example, status: HTTPStatus
) -> None:
    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        assert example.send(client).status_code == status


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(
            Example(
                "POST",
                f"{COMPANIES}/batch/update",
                {"inputs": [{"id": str(number), "properties": {}} for number in range(101)]},
            ),
            id="101 inputs",
        ),
        pytest.param(Example("POST", f"{COMPANIES}/search", {"limit": 201}), id="limit 201"),
        pytest.param(
            Example("POST", f"{COMPANIES}/search", {"filterGroups": [{"filters": []}] * 6}),
            id="6 filter groups",
        ),
        pytest.param(
            Example("PATCH", f"{COMPANIES}/1001", {"properties": {"annualrevenue": 12}}),
            id="a number that is not text",
        ),
        pytest.param(Example("POST", f"{COMPANIES}/batch/read", ["1001"]), id="a list"),
        pytest.param(Example("GET", f"{COMPANIES}?archived=perhaps"), id="not a boolean"),
        pytest.param(
            Example("POST", ASSOCIATIONS, {"inputs": [{"id": str(n)} for n in range(1_001)]}),
            id="1,001 contacts at once",
        ),
        pytest.param(
            Example("POST", "/crm/v3/properties/companies", {"name": "colour"}), id="fields missing"
        ),
    ],
)
def test_a_request_that_breaks_the_description_is_refused_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator, example: Example
) -> None:
    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        with hubspot.recorder.wrong_on_purpose():
            response = example.send(client)

        assert response.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("whole_batch", "status"), [(False, HTTPStatus.MULTI_STATUS), (True, HTTPStatus.BAD_REQUEST)]
)
def test_a_refused_company_is_refused_rightly(
    hubspot_on_record: OnRecord, simulator: HubspotSimulator, whole_batch: bool, status: HTTPStatus
) -> None:
    simulator.faults.add(Fault(does=Refuse(record_id="1001", whole_batch=whole_batch)))

    with hubspot_on_record(simulator) as hubspot, client_of(hubspot) as client:
        assert EXAMPLES["Company_Batch_update"].send(client).status_code == status
        assert EXAMPLES["Company_Basic_update"].send(client).status_code == HTTPStatus.BAD_REQUEST
