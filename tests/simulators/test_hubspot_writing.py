"""Batch updates and single updates of the local HubSpot."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from simulators.clock import StoppedClock
from simulators.hubspot import InvalidValuesError
from simulators.hubspot.object_types import COMPANIES, dropdown, option
from simulators.hubspot.properties import FieldType, PropertyDefinition, PropertyType
from tests.simulators.conftest import Hubspot

BATCH_UPDATE = "/crm/v3/objects/companies/batch/update"


def test_a_batch_update_writes_and_answers_with_what_was_written(
    hubspot: Hubspot, clock: StoppedClock
) -> None:
    clock.advance(timedelta(hours=1))

    response = hubspot.batch_update(
        id_1001={"cs_stage": "cs_success", "hubspot_owner_id": "41"},
        id_1002={"name": "Short Pines"},
    )

    assert response.status_code == 200
    assert response.json()["results"][0] == {
        "id": "1001",
        "properties": {
            "createdate": "2026-11-01T12:00:00.000Z",
            "cs_stage": "cs_success",
            "hs_lastmodifieddate": "2026-11-01T13:00:00.000Z",
            "hs_object_id": "1001",
            "hubspot_owner_id": "41",
        },
        "createdAt": "2026-11-01T12:00:00.000Z",
        "updatedAt": "2026-11-01T13:00:00.000Z",
        "archived": False,
    }
    assert hubspot.company("1002").properties["name"] == "Short Pines"
    assert hubspot.company("1002").properties["domain"] == "pines.example.com"


def test_an_empty_text_clears_a_property(hubspot: Hubspot) -> None:
    assert hubspot.batch_update(id_1001={"domain": ""}).status_code == 200

    assert "domain" not in hubspot.company("1001").properties


def test_unknown_and_archived_ids_fail_alone(hubspot: Hubspot, clock: StoppedClock) -> None:
    hubspot.state.archive("companies", "1003")
    clock.advance(timedelta(hours=1))

    response = hubspot.batch_update(
        id_7={"name": "Seven"}, id_1001={"name": "Loud Harbour"}, id_1003={"name": "Fast River"}
    )

    assert response.status_code == 207
    assert [company["id"] for company in response.json()["results"]] == ["1001"]
    [error] = response.json()["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["7", "1003"]})
    assert hubspot.company("1001").properties["name"] == "Loud Harbour"
    assert hubspot.company("1003").properties["name"] == "Slow River"


def test_trace_ids_come_back_with_results_and_with_errors(hubspot: Hubspot) -> None:
    response = hubspot.client.post(
        BATCH_UPDATE,
        json={
            "inputs": [
                {"id": "1001", "objectWriteTraceId": "row-1", "properties": {"name": "Harbour"}},
                {"id": "7", "objectWriteTraceId": "row-2", "properties": {"name": "Seven"}},
            ]
        },
    )

    assert response.json()["results"][0]["objectWriteTraceId"] == "row-1"
    assert response.json()["errors"][0]["context"]["objectWriteTraceId"] == ["row-2"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("colour", "red", "PROPERTY_DOESNT_EXIST"),
        ("cs_stage", "cs_no_touch", "INVALID_OPTION"),
        ("cs_stage", "CS_SUCCESS", "INVALID_OPTION"),
        ("cs_stage", "cs_success ", "LEADING_TRAILING_WHITESPACE"),
        ("account_manager", "ada", "INVALID_OPTION"),
        ("annualrevenue", "much", "INVALID_DOUBLE"),
        ("annualrevenue", "inf", "INVALID_DOUBLE"),
        ("hubspot_owner_id", "7", "INVALID_OWNER_ID"),
        ("hs_object_id", "7", "READ_ONLY_VALUE"),
        ("hs_lastmodifieddate", "2026-11-01", "READ_ONLY_VALUE"),
        ("renewal_day", "2026-11-01T10:00:00Z", "INVALID_DATE"),
        ("renewed_at", "yesterday", "INVALID_LONG"),
        ("is_partner", "yes", "INVALID_BOOLEAN"),
    ],
)
def test_one_value_that_is_not_valid_stops_the_whole_batch(
    hubspot: Hubspot, clock: StoppedClock, name: str, value: str, code: str
) -> None:
    define_dates_and_flags(hubspot)
    clock.advance(timedelta(hours=1))

    response = hubspot.batch_update(id_1001={"name": "Loud Harbour"}, id_1002={name: value})

    assert response.status_code == 400
    error = response.json()
    assert error["category"] == "VALIDATION_ERROR"
    assert [(one["code"], one["context"]) for one in error["errors"]] == [
        (code, {"propertyName": [name]})
    ]
    [listed] = json.loads(error["message"].removeprefix("Property values were not valid: "))
    assert (listed["error"], listed["name"]) == (code, name)
    assert hubspot.company("1001").properties["name"] == "Quiet Harbour"
    assert hubspot.company("1001").properties["hs_lastmodifieddate"] == "2026-11-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("annualrevenue", "-12.50", "-12.50"),
        ("hubspot_owner_id", "42", "42"),
        ("renewal_day", "2026-12-24", "2026-12-24"),
        ("renewal_day", "1793491200000", "2026-11-01"),
        ("renewed_at", "1793534400000", "2026-11-01T12:00:00.000Z"),
        ("renewed_at", "2026-11-01T14:00:00.1234+02:00", "2026-11-01T12:00:00.123Z"),
        ("is_partner", "true", "true"),
        ("colours", "red;blue", "red;blue"),
    ],
)
def test_values_are_stored_in_hubspots_own_form(
    hubspot: Hubspot, name: str, value: str, stored: str
) -> None:
    define_dates_and_flags(hubspot)

    assert hubspot.batch_update(id_1001={name: value}).status_code == 200
    assert hubspot.company("1001").properties[name] == stored


def define_dates_and_flags(hubspot: Hubspot) -> None:
    """Custom company properties: renewal_day, renewed_at, is_partner and colours (checkboxes)."""
    table = hubspot.state.tables["companies"]
    group = COMPANIES.group.name
    for name, type_, field_type, options in (
        ("renewal_day", PropertyType.DATE, FieldType.DATE, ()),
        ("renewed_at", PropertyType.DATETIME, FieldType.DATE, ()),
        ("is_partner", PropertyType.BOOL, FieldType.BOOLEAN_CHECKBOX, ("true", "false")),
        ("colours", PropertyType.ENUMERATION, FieldType.CHECKBOX, ("red", "blue")),
    ):
        listed = tuple(map(option, options))
        table.define(PropertyDefinition(name, name, type_, field_type, group, options=listed))


def test_an_archived_owner_is_given_nothing(hubspot: Hubspot) -> None:
    owner = hubspot.state.owners["42"]
    hubspot.state.owners["42"] = type(owner)(owner.id, owner.email, is_archived=True)

    assert hubspot.batch_update(id_1001={"hubspot_owner_id": "42"}).status_code == 400


def test_a_hundred_inputs_are_taken_and_no_more(hubspot: Hubspot) -> None:
    inputs = [{"id": str(number), "properties": {"name": "x"}} for number in range(2000, 2101)]

    assert hubspot.client.post(BATCH_UPDATE, json={"inputs": inputs[:100]}).status_code == 207
    assert hubspot.client.post(BATCH_UPDATE, json={"inputs": inputs}).status_code == 400


def test_the_same_record_twice_in_a_batch_is_refused(hubspot: Hubspot) -> None:
    twice = [{"id": "1001", "properties": {"name": name}} for name in ("A", "B")]

    response = hubspot.client.post(BATCH_UPDATE, json={"inputs": twice})

    assert response.status_code == 400
    assert "[1001]" in response.json()["message"]
    assert hubspot.company("1001").properties["name"] == "Quiet Harbour"


@pytest.mark.parametrize("body", ["", "[]", '{"inputs": [{"id": 1001, "properties": {}}]}'])
def test_a_body_that_cannot_be_read_is_refused(hubspot: Hubspot, body: str) -> None:
    response = hubspot.client.post(BATCH_UPDATE, content=body)

    assert response.status_code == 400
    assert response.json()["message"].startswith("Invalid input JSON")


def test_a_single_update_writes_one_record(hubspot: Hubspot) -> None:
    path = "/crm/v3/objects/companies"

    done = hubspot.client.patch(f"{path}/1001", json={"properties": {"name": "Loud Harbour"}})
    unknown = hubspot.client.patch(f"{path}/7", json={"properties": {"name": "Seven"}})
    wrong = hubspot.client.patch(f"{path}/1001", json={"properties": {"cs_stage": "?"}})

    assert [response.status_code for response in (done, unknown, wrong)] == [200, 404, 400]
    assert hubspot.company("1001").properties["name"] == "Loud Harbour"


def test_only_an_accepted_write_moves_the_last_change(
    hubspot: Hubspot, clock: StoppedClock
) -> None:
    clock.advance(timedelta(hours=1))
    hubspot.batch_update(id_1001={})
    hubspot.batch_update(id_1001={"cs_stage": "?"})
    hubspot.batch_read("1001")
    untouched = hubspot.company("1001").updated_at

    hubspot.batch_update(id_1001={"name": "Quiet Harbour"})

    assert untouched == clock.now - timedelta(hours=1)
    assert hubspot.company("1001").updated_at == clock.now


def test_every_accepted_write_is_a_revision_that_tells_what_it_replaced(hubspot: Hubspot) -> None:
    hubspot.batch_update(id_1001={"name": "Loud Harbour", "country": "Norway"})
    hubspot.batch_update(id_1001={"name": "Loud Harbour"})

    assert [revision.replaced for revision in hubspot.company("1001").revisions] == [
        {"name": "Quiet Harbour", "country": None},
        {},
    ]


def test_contacts_and_deals_are_written_by_the_same_endpoints(
    hubspot: Hubspot, clock: StoppedClock
) -> None:
    contact = hubspot.state.add("contacts", {"email": "cy@example.com"})
    deal = hubspot.state.add("deals", {"dealname": "A deal"})
    clock.advance(timedelta(hours=1))

    for object_type, record, values in (
        ("contacts", contact, {"firstname": "Cy"}),
        ("deals", deal, {"amount": "12.50"}),
    ):
        response = hubspot.client.post(
            f"/crm/v3/objects/{object_type}/batch/update",
            json={"inputs": [{"id": record.id, "properties": values}]},
        )
        assert response.status_code == 200

    assert contact.properties["lastmodifieddate"] == "2026-11-01T13:00:00.000Z"
    assert deal.properties["hs_lastmodifieddate"] == "2026-11-01T13:00:00.000Z"
    assert deal.properties["amount"] == "12.50"


def test_a_test_cannot_give_a_company_what_hubspot_would_refuse(hubspot: Hubspot) -> None:
    with pytest.raises(InvalidValuesError, match="colour"):
        hubspot.state.add("companies", {"name": "Company", "colour": "red"})

    assert len(hubspot.state.tables["companies"]) == 3


def test_a_property_keeps_values_whose_option_is_gone(hubspot: Hubspot) -> None:
    hubspot.state.tables["companies"].define(dropdown("tier", "Tier", COMPANIES.group.name))
    hubspot.state.set_options("companies", "tier", ["gold"])
    hubspot.batch_update(id_1001={"tier": "gold"})

    hubspot.state.set_options("companies", "tier", ["silver"])

    assert hubspot.company("1001").properties["tier"] == "gold"
    assert hubspot.batch_update(id_1002={"tier": "gold"}).status_code == 400
