"""Who lives which story: from stories to companies and their events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulators.world import last_day_stories, rule_stories
from simulators.world.calendar import SignUpCalendar
from simulators.world.diary import Diary
from simulators.world.geography import draw_country
from simulators.world.model import Company, Country, Event
from simulators.world.naming import draw_client_id, draw_mailbox, names
from simulators.world.ordinary_stories import ORDINARY_STORIES
from simulators.world.pricing import draw_offer, employees_range
from simulators.world.story import Story, stories_of
from simulators.world.streams import random_stream

FIRST_COMPANY_NUMBER = 10_001
_SHARE_IN_HUBSPOT = 0.87


@dataclass(frozen=True, slots=True)
class _Role:
    """A story, and where and when it is lived."""

    number: int
    story: Story
    country: Country | None
    first_seen_at: datetime


def cast_companies(seed: int, companies: int, days: int) -> tuple[Company, ...]:
    """The companies of a world, in the order in which they show up.

    Every story of `last_day_stories` and `rule_stories` is lived once, in this order of preference
    if there are fewer companies than such stories; everybody else lives an ordinary one.
    """
    calendar = SignUpCalendar(seed, days)
    roles = [_draw_role(seed, n, story, calendar) for n, story in enumerate(_plot(seed, companies))]
    roles.sort(key=lambda role: (role.first_seen_at, role.number))
    invented = names(random_stream(seed, "names"))
    return tuple(_embody(seed, place, role, *next(invented)) for place, role in enumerate(roles))


def live(seed: int, company: Company) -> list[Event]:
    """What happens to the company, in the order in which its story tells it.

    The events' ids are the company's with a running number.
    """
    diary = Diary(company, random_stream(seed, "life", company.company_id))
    _STORIES[company.story].tell(diary)
    return diary.events


def _plot(seed: int, companies: int) -> list[Story]:
    ordinary = random_stream(seed, "plot").choices(
        list(ORDINARY_STORIES), list(ORDINARY_STORIES.values()), k=companies
    )
    return [*stories_of(last_day_stories), *stories_of(rule_stories), *ordinary][:companies]


def _draw_role(seed: int, number: int, story: Story, calendar: SignUpCalendar) -> _Role:
    stream = random_stream(seed, "role", str(number))
    country = draw_country(stream, story.region)
    first_seen_at = calendar.draw(stream, story.oldest, story.youngest, country.utc_offset)
    return _Role(number, story, country if story.has_country else None, first_seen_at)


def _embody(seed: int, place: int, role: _Role, name: str, domain: str) -> Company:
    company_id = f"co-{FIRST_COMPANY_NUMBER + place}"
    stream = random_stream(seed, "company", company_id)
    offer = draw_offer(stream, role.story.arr_range)
    in_hubspot = role.story.in_hubspot
    if in_hubspot is None:
        in_hubspot = stream.random() < _SHARE_IN_HUBSPOT
    hubspot_company_id = str(41_200_000_000 + place * 1_009 + stream.randrange(1_000))
    return Company(
        company_id=company_id,
        name=name,
        domain=domain,
        email=draw_mailbox(stream, domain),
        client_id=draw_client_id(stream),
        kind=role.story.kind,
        story=role.story.name,
        first_seen_at=role.first_seen_at,
        country=role.country,
        num_of_employees_range=employees_range(offer.seats),
        offer=offer,
        hubspot_company_id=hubspot_company_id if in_hubspot else None,
        is_subjectively_onboarded=role.story.onboarded,
    )


_STORIES = {
    story.name: story
    for story in (*stories_of(last_day_stories), *stories_of(rule_stories), *ORDINARY_STORIES)
}
