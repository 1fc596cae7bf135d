"""A small world: companies over some months, as the vendors and the product's events know them.

    world = build_world()
    write_event_files(world, folder, until=WORLD_END - timedelta(days=1))

The world is made from a seed and nothing else, and ends at a fixed instant. Companies live stories:
`rule_stories` has one for each rule of the company journey, `last_day_stories` those that turn in
the last 24 hours, `ordinary_stories` what most companies do. To add to the world (sessions, people,
...), add a module that draws from `World.companies` with random streams of its own name
(`streams.random_stream`), and let `build.build_world` call it: nothing else moves.
"""

from simulators.world.build import build_world
from simulators.world.calendar import LAST_DAY_START, WORLD_END
from simulators.world.files import write_event_files
from simulators.world.model import (
    ArrivedLine,
    Company,
    CompanyKind,
    Country,
    Defect,
    Delivery,
    HubspotCompany,
    HubspotContact,
    HubspotDeal,
    HubspotOwner,
    World,
)

__all__ = [
    "LAST_DAY_START",
    "WORLD_END",
    "ArrivedLine",
    "Company",
    "CompanyKind",
    "Country",
    "Defect",
    "Delivery",
    "HubspotCompany",
    "HubspotContact",
    "HubspotDeal",
    "HubspotOwner",
    "World",
    "build_world",
    "write_event_files",
]
