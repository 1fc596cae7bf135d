"""The people of a world live every case of the four funnels."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from simulators.world import WORLD_END, Delivery, Person, World, build_world
from simulators.world.person_stories import PERSON_STORIES

Event = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def events(world: World) -> list[Event]:
    """What was sent of people, each event once, in the order in which it happened."""
    sent = [json.loads(line.line) for line in world.events if line.delivery is Delivery.FIRST]
    of_people = [event for event in sent if event["event_id"].startswith("p.")]
    return sorted(of_people, key=lambda event: (event["occurred_at"], event["event_id"]))


def person_of(world: World, story: str) -> Person:
    return next(person for person in world.people if person.story == story)


def life(world: World, events: list[Event], story: str) -> list[Event]:
    """The events of the first person who lives a story."""
    prefix = f"p.{person_of(world, story).person_id}."
    return [event for event in events if event["event_id"].startswith(prefix)]


@pytest.mark.parametrize("seed", [2026, 7])
def test_every_story_is_lived_and_the_ordinary_ones_often(seed: int) -> None:
    lived = Counter(person.story for person in build_world(seed=seed).people)

    assert lived.keys() == {story.name for story in PERSON_STORIES}
    assert {name for name, times in lived.items() if times > 1} == {
        story.name for story in PERSON_STORIES if story.weight
    }


def test_people_work_at_companies_of_the_world_and_are_contacts_of_hubspot(world: World) -> None:
    companies = {company.company_id: company for company in world.companies}
    emails = {contact.properties["email"] for contact in world.hubspot_contacts}

    assert len({person.person_id for person in world.people}) == len(world.people) > 250
    for person in world.people:
        assert person.email in emails
        assert companies[person.company_id].first_seen_at < person.added_at < WORLD_END


def test_everybody_is_added_but_nothing_says_that_it_comes_first(
    world: World, events: list[Event]
) -> None:
    added = [
        event["data"]["person_id"] for event in events if event["event_type"] == "person_added"
    ]
    early = life(world, events, "shows_up_without_having_been_added")

    assert sorted(added) == sorted(person.person_id for person in world.people)
    assert [event["event_type"] for event in early] == [
        "email_opened", "website_visited", "person_added", "email_replied",
    ]  # fmt: skip


def test_what_counts_once_happens_more_than_once(world: World, events: list[Event]) -> None:
    opens = life(world, events, "opens_one_email_again_and_again")[1:]
    days = Counter(event["occurred_at"][:10] for event in opens)

    assert len({event["data"]["email_id"] for event in opens}) == 1
    assert len({event["event_id"] for event in opens}) == 4
    assert max(days.values()) == 2


def test_every_value_of_the_contracts_lists_occurs(events: list[Event]) -> None:
    values = {
        (event["event_type"], name, event["data"][name])
        for event in events
        for name in ("link_kind", "sentiment", "bounce_kind", "movement_type", "verified")
        if name in event["data"]
    }

    assert {value for _, name, value in values if name == "link_kind"} == {
        "content", "unsubscribe", "tracking_pixel", "calendar",
    }  # fmt: skip
    assert {value for _, name, value in values if name == "sentiment"} == {
        "positive", "neutral", "negative", "unsubscribe", "out_of_office", "auto_reply",
    }  # fmt: skip
    assert {value for _, name, value in values if name == "bounce_kind"} == {"hard", "soft"}
    assert {value for _, name, value in values if name == "movement_type"} == {
        "job_change", "startup", "promotion", "lateral",
    }  # fmt: skip
    assert {value for _, name, value in values if name == "verified"} == {True, False}


def test_appointments_are_held_missed_cancelled_and_put_off(events: list[Event]) -> None:
    booked = {
        event["data"]["appointment_id"]
        for event in events
        if event["event_type"] == "appointment_booked"
    }
    changes = [event["data"] for event in events if event["event_type"] == "appointment_updated"]

    assert {change["appointment_id"] for change in changes} <= booked
    assert {change.get("status") for change in changes} == {
        "confirmed", "completed", "no_show", "cancelled", "rescheduled",
    }  # fmt: skip
    assert {change["outcome"] for change in changes if "outcome" in change} == {
        "positive", "negative", "no_decision",
    }  # fmt: skip
    assert sum("starts_at" in change for change in changes) == 2


def test_an_upcoming_appointment_begins_after_the_world_has_ended(
    world: World, events: list[Event]
) -> None:
    booking = life(world, events, "has_an_appointment_ahead")[-1]

    assert booking["data"]["starts_at"] > WORLD_END.isoformat()


def test_clients_sign_and_one_contract_changes(world: World, events: list[Event]) -> None:
    signed = [event["data"] for event in events if event["event_type"] == "client_signed"]
    changed = [
        event["data"]["client_id"]
        for event in life(world, events, "changes_the_contract")
        if event["event_type"] == "client_signed"
    ]

    assert len({data["client_id"] for data in signed}) > 20
    assert len(changed) == 2
    assert len(set(changed)) == 1


def test_what_somebody_decided_by_hand_has_a_reason_and_a_user(events: list[Event]) -> None:
    by_hand = [
        event for event in events if event["event_type"] in {"state_overridden", "state_locked"}
    ]

    assert {event["data"].get("to_state") for event in by_hand} == {None, "WARM", "SUSPECT"}
    assert all(event["data"]["reason"] and event["data"]["user_id"] for event in by_hand)
