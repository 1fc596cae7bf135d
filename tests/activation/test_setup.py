"""Making the properties that a sync needs, in a HubSpot that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation.declaration import Declaration, FieldDeclaration
from activation.errors import DestinationRefusedError, NoAnswerError
from activation.setup import create_properties, missing_properties
from activation.writers.base import NewProperty, ValueKind
from activation.writers.hubspot import HubSpotWriter
from activation.writers.hubspot_client import HubSpotClient
from activation.writers.limits import Quota
from simulators.faults import Cut, Fault, ServerError
from simulators.hubspot import DEFAULT_TOKEN, HubspotSimulator
from simulators.serving import serving
from tests.activation.source import JOURNEY, declared

CREATE = "/crm/v3/properties/*"
TOUCHES = declared(
    fields=[
        FieldDeclaration(column="stage", property="cs_stage"),
        FieldDeclaration(column="at", property="millrace_first_touch_at", kind=ValueKind.INSTANT),
        FieldDeclaration(
            column="channel",
            property="millrace_first_touch_channel",
            label="First touch: channel",
            kind=ValueKind.CHOICE,
        ),
    ]
)
MISSING = (
    NewProperty("millrace_first_touch_at", "Millrace first touch at", ValueKind.INSTANT),
    NewProperty("millrace_first_touch_channel", "First touch: channel", ValueKind.CHOICE),
)


@pytest.fixture
def simulator() -> HubspotSimulator:
    return HubspotSimulator()


@contextmanager
def writing(simulator: HubspotSimulator, kind: str = "company") -> Iterator[HubSpotWriter]:
    with serving(simulator) as base_url:
        client = HubSpotClient(
            token=DEFAULT_TOKEN,
            base_url=base_url,
            limiter=Quota(10_000, 1).limiter(),
            sleep=lambda _: None,
        )
        yield HubSpotWriter(kind, client)
        client.close()


def made(simulator: HubspotSimulator, declaration: Declaration) -> list[str]:
    """Make what is missing; gives the names of what is there then."""
    names: list[str] = []
    with writing(simulator, declaration.object) as writer:
        create_properties(
            missing_properties(declaration, writer), writer, lambda one: names.append(one.name)
        )
        assert missing_properties(declaration, writer) == ()
    return names


def test_what_is_missing_is_told_as_it_would_be_made_and_nothing_is_changed(
    simulator: HubspotSimulator,
) -> None:
    with writing(simulator) as writer:
        assert missing_properties(TOUCHES, writer) == MISSING
        assert missing_properties(JOURNEY, writer) == ()
    assert simulator.calls.writes == []


def test_missing_properties_are_made_once(simulator: HubspotSimulator) -> None:
    assert made(simulator, TOUCHES) == [each.name for each in MISSING]
    definitions = simulator.state.tables["companies"].definitions
    at, channel = (definitions[each.name] for each in MISSING)
    assert (at.label, at.type, at.group_name) == (
        "Millrace first touch at",
        "datetime",
        "companyinformation",
    )
    assert (channel.label, channel.type) == ("First touch: channel", "enumeration")
    assert made(simulator, TOUCHES) == []


@pytest.mark.parametrize("kind", ValueKind)
def test_a_property_of_every_kind_is_described_as_what_it_was_made_to_be(
    simulator: HubspotSimulator, kind: ValueKind
) -> None:
    field = FieldDeclaration(column="new", property="new_one", kind=kind)
    made(simulator, declared(fields=[field]))
    with writing(simulator) as writer:
        assert writer.describe(["new_one"])["new_one"].kind is kind


def test_contacts_get_their_own(simulator: HubspotSimulator) -> None:
    contacts = declared(
        name="hubspot_contact__touches",
        object="contact",
        fields=[FieldDeclaration(column="at", property="first_touch_at", kind=ValueKind.INSTANT)],
    )
    assert made(simulator, contacts) == ["first_touch_at"]
    (definition,) = (
        table.definitions["first_touch_at"]
        for table in simulator.state.tables.values()
        if "first_touch_at" in table.definitions
    )
    assert definition.group_name == "contactinformation"


@pytest.mark.parametrize("does", [Cut(takes_effect=True), ServerError(takes_effect=True)])
def test_a_property_whose_answer_was_lost_is_looked_for_and_counts_as_made(
    simulator: HubspotSimulator, does: Cut | ServerError
) -> None:
    simulator.faults.add(Fault(does=does, method="POST", path=CREATE, times=1))
    assert made(simulator, TOUCHES) == [each.name for each in MISSING]


def test_a_property_that_somebody_else_made_meanwhile_is_as_good(
    simulator: HubspotSimulator,
) -> None:
    with writing(simulator) as writer:
        writer.create_property(MISSING[0])
        create_properties(MISSING, writer)
        assert missing_properties(TOUCHES, writer) == ()


def test_what_was_not_made_ends_it_and_the_next_time_goes_on(simulator: HubspotSimulator) -> None:
    simulator.faults.add(Fault(does=Cut(), method="POST", path=CREATE, skip=1, times=1))
    names: list[str] = []
    with writing(simulator) as writer:
        with pytest.raises(NoAnswerError):
            create_properties(MISSING, writer, lambda one: names.append(one.name))
        assert names == ["millrace_first_touch_at"]
        assert missing_properties(TOUCHES, writer) == MISSING[1:]
    assert made(simulator, TOUCHES) == ["millrace_first_touch_channel"]


def test_a_property_that_hubspot_does_not_take_ends_it_with_its_words(
    simulator: HubspotSimulator,
) -> None:
    with (
        writing(simulator) as writer,
        pytest.raises(DestinationRefusedError, match="did not make the property Not A Name"),
    ):
        create_properties([NewProperty("Not A Name", "No", ValueKind.TEXT)], writer)
