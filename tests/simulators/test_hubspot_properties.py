"""Property definitions of the local HubSpot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.conftest import Hubspot

PROPERTIES = "/crm/v3/properties/companies"
COLOUR: dict[str, Any] = {
    "name": "colour",
    "label": "Colour",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "companyinformation",
    "options": [{"label": "Red", "value": "red", "hidden": False}],
}


def options_of(hubspot: Hubspot, name: str) -> list[str]:
    answer = hubspot.client.get(f"{PROPERTIES}/{name}").json()
    return [option["value"] for option in answer["options"]]


def test_the_account_has_what_millrace_reads_and_writes(hubspot: Hubspot) -> None:
    properties = {one["name"]: one for one in hubspot.client.get(PROPERTIES).json()["results"]}

    for name in ("salesaccountmanager", "customersuccessmanager", "account_manager", "cs_stage"):
        assert (properties[name]["type"], properties[name]["fieldType"]) == (
            "enumeration",
            "select",
        )
    assert [one["value"] for one in properties["is_subjectively_onboarded_"]["options"]] == [
        "yes",
        "no",
    ]
    assert properties["hubspot_owner_id"]["referencedObjectType"] == "OWNER"
    assert properties["hs_object_id"]["modificationMetadata"]["readOnlyValue"] is True


def test_options_given_are_the_complete_list(hubspot: Hubspot) -> None:
    hubspot.batch_update(id_1001={"cs_stage": "cs_success"})
    wanted = [
        {"label": "Onboarding", "value": "cs_onboarding", "hidden": False, "displayOrder": 0},
        {"label": "Sales", "value": "cs_sales", "hidden": False, "displayOrder": 1},
    ]

    response = hubspot.client.patch(f"{PROPERTIES}/cs_stage", json={"options": wanted})

    assert response.status_code == 200
    assert options_of(hubspot, "cs_stage") == ["cs_onboarding", "cs_sales"]
    assert hubspot.batch_update(id_1002={"cs_stage": "cs_success"}).status_code == 400
    assert hubspot.batch_update(id_1002={"cs_stage": "cs_sales"}).status_code == 200
    assert hubspot.company("1001").properties["cs_stage"] == "cs_success"


def test_what_an_update_leaves_out_stays(hubspot: Hubspot) -> None:
    before = hubspot.client.get(f"{PROPERTIES}/cs_stage").json()

    after = hubspot.client.patch(f"{PROPERTIES}/cs_stage", json={"label": "Stage"}).json()

    assert after == {**before, "label": "Stage", "updatedAt": "2026-11-01T12:00:00.000Z"}


def test_a_new_property_can_be_written_to(hubspot: Hubspot) -> None:
    response = hubspot.client.post(PROPERTIES, json=COLOUR)

    assert response.status_code == 201
    assert hubspot.client.get(f"{PROPERTIES}/colour").json() == response.json()
    assert hubspot.batch_update(id_1001={"colour": "red"}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "cs_stage"}, id="exists already"),
        pytest.param({"name": "Colour"}, id="capitals in the name"),
        pytest.param({"groupName": "colours"}, id="no such group"),
        pytest.param({"fieldType": "text"}, id="a field type of another type"),
        pytest.param({"type": "string", "fieldType": "text"}, id="options for a text"),
        pytest.param(
            {"type": "bool", "fieldType": "booleancheckbox", "options": []},
            id="a flag without the options true and false",
        ),
        pytest.param({"options": COLOUR["options"] * 2}, id="an option twice"),
        pytest.param(
            {"options": [*COLOUR["options"], {"label": "Red", "value": "r", "hidden": False}]},
            id="a label twice",
        ),
        pytest.param({"options": [{"value": "red"}]}, id="an option without label"),
    ],
)
def test_a_definition_that_hubspot_refuses_is_refused(
    hubspot: Hubspot, change: dict[str, object]
) -> None:
    response = hubspot.client.post(PROPERTIES, json={**COLOUR, **change})

    assert response.status_code == 400
    assert "colour" not in hubspot.state.tables["companies"].definitions


@pytest.mark.parametrize(
    ("name", "change", "status"),
    [
        ("colour", {"label": "Colour"}, 404),
        ("name", {"label": "Title"}, 400),
        ("hubspot_owner_id", {"options": []}, 400),
        ("lifecyclestage", {"options": []}, 200),
    ],
)
def test_what_hubspot_defines_can_be_changed_only_in_its_options(
    hubspot: Hubspot, name: str, change: dict[str, object], status: int
) -> None:
    assert hubspot.client.patch(f"{PROPERTIES}/{name}", json=change).status_code == status


def test_groups_are_listed_and_no_property_is_archived(hubspot: Hubspot) -> None:
    groups = hubspot.client.get(f"{PROPERTIES}/groups").json()["results"]

    assert [group["name"] for group in groups] == ["companyinformation"]
    assert hubspot.client.get(f"{PROPERTIES}?archived=true").json()["results"] == []
    assert hubspot.client.get(f"{PROPERTIES}/name?archived=true").status_code == 404
