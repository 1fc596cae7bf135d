"""Who lives which story of `person_stories`: the people of the companies that HubSpot knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from simulators.world.calendar import LAST_MOMENT
from simulators.world.model import Company, Event, HubspotContact, Person
from simulators.world.person_diary import PersonDiary, PersonStory
from simulators.world.person_stories import PERSON_STORIES
from simulators.world.streams import random_stream

_SHARE = 0.8
"""Of the contacts, those to whom somebody writes."""
_TELL = {story.name: tell for story, tell in PERSON_STORIES.items()}


def cast_people(
    seed: int, contacts: Iterable[HubspotContact], companies: Iterable[Company]
) -> tuple[Person, ...]:
    """People with their stories, in the order of their contacts.

    Every story is lived by the first person who is long enough in the world for it; the others
    live what fits into the time that they have.
    """
    known = {company.hubspot_company_id: company for company in companies}
    stream = random_stream(seed, "people")
    candidates: list[tuple[HubspotContact, Company, datetime]] = []
    for contact in contacts:
        company = known.get(contact.company_ids[0])
        if company is not None and stream.random() < _SHARE:
            added_at = contact.created_at + timedelta(hours=stream.uniform(1, 60))
            if added_at < LAST_MOMENT:
                candidates.append((contact, company, added_at))
    stories: list[PersonStory | None] = [None] * len(candidates)
    by_length = sorted(PERSON_STORIES, key=lambda story: story.days, reverse=True)
    for story in by_length:
        for place, (_, _, added_at) in enumerate(candidates):
            if stories[place] is None and _has_time(added_at, story):
                stories[place] = story
                break
    return tuple(
        Person(
            person_id=f"pe-{contact.contact_id}",
            company_id=company.company_id,
            email=contact.properties["email"],
            full_name=f"{contact.properties['firstname']} {contact.properties['lastname']}",
            added_at=added_at,
            story=(story or _ordinary(stream, added_at)).name,
        )
        for (contact, company, added_at), story in zip(candidates, stories, strict=True)
    )


def live_person(seed: int, person: Person) -> list[Event]:
    """What happens to the person, in the order in which its story tells it."""
    diary = PersonDiary(person, random_stream(seed, "person", person.person_id))
    _TELL[person.story](diary)
    return diary.events


def _has_time(added_at: datetime, story: PersonStory) -> bool:
    return added_at + timedelta(days=story.days) < LAST_MOMENT


def _ordinary(stream: Random, added_at: datetime) -> PersonStory:
    possible: Sequence[PersonStory] = [
        story for story in PERSON_STORIES if story.weight and _has_time(added_at, story)
    ]
    if not possible:
        return next(iter(PERSON_STORIES))
    return stream.choices(possible, [story.weight for story in possible])[0]
