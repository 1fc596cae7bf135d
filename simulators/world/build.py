"""A world from its seed."""

from __future__ import annotations

from itertools import chain

from simulators.world.broken import broken_lines
from simulators.world.calendar import WORLD_END, ago
from simulators.world.casting import cast_companies, live
from simulators.world.crm import company_records, contacts, deals, owners, prospects
from simulators.world.delivery import conflicting_lines, deliver
from simulators.world.model import World

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
    people = tuple(contacts(seed, records, cast))
    return World(
        seed=seed,
        started_at=ago(days=days),
        ended_at=WORLD_END,
        companies=cast,
        events=tuple(sorted(lines, key=lambda line: (line.arrived_at, line.event_id, line.line))),
        hubspot_companies=records,
        hubspot_owners=owners(),
        hubspot_contacts=people,
        hubspot_deals=tuple(deals(seed, people, cast)),
    )
