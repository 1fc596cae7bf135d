"""A world from its seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from simulators.world.broken import broken_lines
from simulators.world.calendar import WORLD_END, ago
from simulators.world.casting import cast_companies, live
from simulators.world.crm import company_records, contacts, owners, prospects, sales
from simulators.world.deals import deals, organizations, pipelines, stages, users
from simulators.world.delivery import conflicting_lines, deliver
from simulators.world.model import ArrivedLine, Event, World
from simulators.world.people import cast_people, live_person
from simulators.world.tenants import yobi
from simulators.world.visits import (
    company_trail,
    contact_trail,
    referred_companies,
    referred_trail,
    strangers_trail,
)

DEFAULT_SEED = 2026
FEWEST_DAYS = 120
"""The longest stories begin so long before the end."""


def build_world(seed: int = DEFAULT_SEED, companies: int = 300, days: int = 120) -> World:
    """Build a world: the same arguments give the same bytes, whenever and wherever.

    Args:
        seed: another one gives other companies, times and accidents, and the same stories.
        companies: how many. With fewer than the stories that show one rule each (about 70), some
            rules do not occur.
        days: how long the world lasts before `WORLD_END`; 120 at least.

    Raises:
        ValueError: when the world would be too short, or empty.
    """
    if days < FEWEST_DAYS:
        raise ValueError(f"A world lasts {FEWEST_DAYS} days at least; ask for more than {days}.")
    if companies < 1:
        raise ValueError(f"A world has one company at least; ask for more than {companies}.")
    cast = cast_companies(seed, companies, days)
    lives = {company.company_id: live(seed, company) for company in cast}
    lines = [
        line for company_id, events in lives.items() for line in deliver(seed, events, company_id)
    ]
    lines += conflicting_lines(seed, chain.from_iterable(lives.values()))
    lines += broken_lines(seed, lines, "companies")
    records = tuple(
        sorted(
            (*company_records(cast), *prospects(seed, days, companies)),
            key=lambda record: (record.created_at, record.hubspot_company_id),
        )
    )
    known_to_sales = tuple(organizations(seed, cast))
    people_of_hubspot = tuple(contacts(seed, records, cast))
    started_at = ago(days=days)
    referred = referred_companies(seed, cast, prospects=len(records))
    lines += _lines(
        seed,
        "visits",
        chain(
            (company_trail(seed, company, started_at) for company in cast),
            (referred_trail(seed, company) for company in referred),
            strangers_trail(seed, companies, started_at),
            [contact_trail(seed, people_of_hubspot, records, cast)],
        ),
    )
    people = cast_people(seed, people_of_hubspot, cast)
    lines += _lines(seed, "people", (live_person(seed, person) for person in people))
    return World(
        seed=seed,
        started_at=started_at,
        ended_at=WORLD_END,
        companies=cast,
        events=tuple(sorted(lines, key=lambda line: (line.arrived_at, line.event_id, line.line))),
        hubspot_companies=records,
        hubspot_owners=owners(),
        pipedrive_users=users(seed),
        pipedrive_pipelines=pipelines(),
        pipedrive_stages=stages(),
        pipedrive_organizations=known_to_sales,
        pipedrive_deals=tuple(deals(seed, known_to_sales)),
        hubspot_contacts=people_of_hubspot,
        hubspot_deals=tuple(sales(seed, people_of_hubspot, cast)),
        referred_companies=referred,
        people=people,
        yobi=yobi(seed, cast),
    )


def _lines(seed: int, about: str, trails: Iterable[list[Event]]) -> Iterator[ArrivedLine]:
    """The lines in which trails arrive, each by a chance of its own, and some broken ones."""
    lines = [line for trail in trails if trail for line in deliver(seed, trail, _name_of(trail))]
    yield from lines
    yield from broken_lines(seed, lines, about)


def _name_of(trail: list[Event]) -> str:
    """What the ids of its events begin with."""
    return trail[0].event_id.rpartition(".")[0]
