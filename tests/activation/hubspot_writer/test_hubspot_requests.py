"""What the HubSpot writer asks and sends."""

from __future__ import annotations

import httpx
import pytest

from activation.errors import DestinationRefusedError
from activation.writers.base import (
    NewProperty,
    Option,
    Outcome,
    PropertyDescription,
    Repeating,
    RowRequest,
    ValueKind,
)
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import HUBSPOT
from tests.activation.hubspot_writer.conftest import ROWS, TOKEN, outcomes, refusal, written
from tests.activation.scripted_wire import Wire
from warehouse.hubspot_paths import HubspotPaths


def test_a_batch_names_record_values_and_trace(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [written("7", "8")]
    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.WRITTEN}
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("POST", "/crm/v3/objects/companies/batch/update")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert wire.body()["inputs"] == [
        {"id": row.key, "properties": dict(row.values), "objectWriteTraceId": row.key}
        for row in ROWS
    ]


def test_every_request_goes_to_the_version_that_is_set(wire: Wire, client: HubSpotClient) -> None:
    wire.answers = [
        written("7", "8"),
        httpx.Response(200, json={"results": []}),
        httpx.Response(200, json={"results": []}),
    ]
    writer = HubSpotWriter("company", client, HubspotPaths("2026-03"))

    writer.write(ROWS)
    writer.read(["7"], ["cs_stage"])
    writer.describe(["cs_stage"])

    assert [request.url.path for request in wire.requests] == [
        "/crm/objects/2026-03/companies/batch/update",
        "/crm/objects/2026-03/companies/batch/read",
        "/crm/properties/2026-03/companies",
    ]


def test_contacts_are_written_read_and_described_where_contacts_are(
    wire: Wire, client: HubSpotClient
) -> None:
    nothing = httpx.Response(200, json={"results": []})
    wire.answers = [written("7", "8"), nothing, nothing, nothing]
    writer = HubSpotWriter("contact", client)

    assert outcomes(writer) == {"7": Outcome.WRITTEN, "8": Outcome.WRITTEN}
    writer.read(["7"], ["lifecyclestage"])
    writer.describe(["lifecyclestage"])
    writer.create_property(NewProperty("since", "Since", ValueKind.INSTANT))

    assert [(request.method, request.url.path) for request in wire.requests] == [
        ("POST", "/crm/v3/objects/contacts/batch/update"),
        ("POST", "/crm/v3/objects/contacts/batch/read"),
        ("GET", "/crm/v3/properties/contacts"),
        ("POST", "/crm/v3/properties/contacts"),
    ]
    assert wire.body()["groupName"] == "contactinformation"


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("7", True),
        ("0" * 20, True),
        ("c-7", False),
        ("-7", False),
        ("7.0", False),
        ("\u0667", False),
    ],
)
def test_a_key_that_cannot_be_an_id_is_known_before_it_is_sent(
    writer: HubSpotWriter, wire: Wire, key: str, *, fits: bool
) -> None:
    said = writer.misfit(RowRequest(key, {"cs_stage": "a private value"}))
    assert (said is None) is fits
    assert "private" not in str(said)
    assert wire.requests == []


def test_records_can_be_read_back(writer: HubSpotWriter) -> None:
    assert writer.repeating is Repeating.READ_BACK


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (ValueKind.TEXT, {"type": "string", "fieldType": "text"}),
        (ValueKind.NUMBER, {"type": "number", "fieldType": "number"}),
        (ValueKind.DATE, {"type": "date", "fieldType": "date"}),
        (ValueKind.INSTANT, {"type": "datetime", "fieldType": "date"}),
        (ValueKind.CHOICE, {"type": "enumeration", "fieldType": "select", "options": []}),
        (ValueKind.CHOICES, {"type": "enumeration", "fieldType": "checkbox", "options": []}),
        (
            ValueKind.BOOLEAN,
            {
                "type": "bool",
                "fieldType": "booleancheckbox",
                "options": [
                    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
                    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
                ],
            },
        ),
    ],
)
def test_a_property_is_made_in_the_group_that_every_account_has(
    wire: Wire, writer: HubSpotWriter, kind: ValueKind, made: dict[str, object]
) -> None:
    wire.answers = [httpx.Response(201, json={})]
    writer.create_property(NewProperty("first_touch", "First touch", kind))
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("POST", "/crm/v3/properties/companies")
    named = {"name": "first_touch", "label": "First touch", "groupName": "companyinformation"}
    assert wire.body() == {**named, **made}


def test_a_property_that_is_refused_is_a_sentence_that_names_it(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [refusal(409, "It exists already.")]
    with pytest.raises(DestinationRefusedError, match=r"first_touch: It exists already\."):
        writer.create_property(NewProperty("first_touch", "First touch", ValueKind.TEXT))


def test_a_value_to_be_emptied_is_sent_as_the_empty_text(wire: Wire, writer: HubSpotWriter) -> None:
    wire.answers = [written("7")]
    writer.write([RowRequest("7", {"cs_stage": None})])
    assert wire.body()["inputs"] == [
        {"id": "7", "properties": {"cs_stage": ""}, "objectWriteTraceId": "7"}
    ]


def test_new_options_are_sent_behind_the_existing_ones_as_they_are(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [httpx.Response(200, json={})]
    existing = (
        Option("b", "Second letter", position=4, description="Kept."),
        Option("a", "First letter", is_hidden=True, position=2),
    )
    description = PropertyDescription(
        "cs_stage", ValueKind.CHOICE, options=existing, takes_new_options=True
    )
    writer.add_options(description, ["c", "d"])
    (request,) = wire.requests
    assert (request.method, request.url.path) == ("PATCH", "/crm/v3/properties/companies/cs_stage")
    assert wire.body() == {
        "options": [
            {
                "value": "b",
                "label": "Second letter",
                "hidden": False,
                "displayOrder": 4,
                "description": "Kept.",
            },
            {"value": "a", "label": "First letter", "hidden": True, "displayOrder": 2},
            {"value": "c", "label": "c", "hidden": False, "displayOrder": 5},
            {"value": "d", "label": "d", "hidden": False, "displayOrder": 6},
        ]
    }


def test_refused_options_are_a_sentence_that_names_the_property(
    wire: Wire, writer: HubSpotWriter
) -> None:
    wire.answers = [refusal(400, "Labels must differ.")]
    description = PropertyDescription("cs_stage", ValueKind.CHOICE, takes_new_options=True)
    with pytest.raises(DestinationRefusedError, match=r"cs_stage: Labels must differ\."):
        writer.add_options(description, ["c"])


def test_owners_are_read_page_by_page_and_only_when_a_property_names_one(
    wire: Wire, writer: HubSpotWriter
) -> None:
    properties = {
        "results": [
            {"name": "cs_stage", "type": "enumeration", "fieldType": "select", "options": []},
            {"name": "hubspot_owner_id", "type": "enumeration", "externalOptions": True},
        ]
    }
    wire.answers = [
        httpx.Response(200, json=properties),
        httpx.Response(200, json={"results": [{"id": "41"}], "paging": {"next": {"after": "x"}}}),
        httpx.Response(200, json={"results": [{"id": "42"}]}),
    ]
    described = writer.describe(["cs_stage", "hubspot_owner_id", "missing"])
    owner = described["hubspot_owner_id"]
    assert set(described) == {"cs_stage", "hubspot_owner_id"}
    assert [option.value for option in owner.options] == ["41", "42"]
    assert not owner.takes_new_options
    assert wire.requests[-1].url.params["after"] == "x"
    wire.answers, wire.requests = wire.answers[:1], []
    writer.describe(["cs_stage"])
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("said", "kind", "read_only", "takes_options"),
    [
        ({"type": "string"}, ValueKind.TEXT, False, True),
        ({"type": "number"}, ValueKind.NUMBER, False, True),
        ({"type": "bool"}, ValueKind.BOOLEAN, False, True),
        ({"type": "date"}, ValueKind.DATE, False, True),
        ({"type": "datetime"}, ValueKind.INSTANT, False, True),
        ({"type": "enumeration", "fieldType": "select"}, ValueKind.CHOICE, False, True),
        ({"type": "enumeration", "fieldType": "checkbox"}, ValueKind.CHOICES, False, True),
        ({"type": "enumeration", "externalOptions": True}, ValueKind.CHOICE, False, False),
        ({"type": "string", "calculated": True}, ValueKind.TEXT, True, True),
        (
            {"type": "enumeration", "modificationMetadata": {"readOnlyOptions": True}},
            ValueKind.CHOICE,
            False,
            False,
        ),
        (
            {"type": "string", "modificationMetadata": {"readOnlyValue": True}},
            ValueKind.TEXT,
            True,
            True,
        ),
    ],
)
def test_a_property_is_described_as_hubspot_says(
    wire: Wire,
    writer: HubSpotWriter,
    said: dict[str, object],
    kind: ValueKind,
    *,
    read_only: bool,
    takes_options: bool,
) -> None:
    wire.answers = [httpx.Response(200, json={"results": [{"name": "p", **said}]})]
    described = writer.describe(["p"])["p"]
    assert (described.kind, described.is_read_only) == (kind, read_only)
    assert described.takes_new_options is takes_options
    assert described.max_length == HUBSPOT.text_length
