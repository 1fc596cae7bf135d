"""A small world: companies over some months, as the vendors and the product's events know them.

    world = build_world()
    write_event_files(world, folder, until=WORLD_END - timedelta(days=1))

The world is made from a seed and nothing else, and ends at a fixed instant. Companies live stories:
`rule_stories` has one for each rule of the company journey, `last_day_stories` those that turn in
the last 24 hours, `ordinary_stories` what most companies do. `visits` tells how they came,
`person_stories` what their people do, `tenants` what Yobi knows of the customers. To add to the
world (deals, ...), add a module that draws from `World.companies` with random streams of its own
name (`streams.random_stream`), and let `build.build_world` call it: nothing else moves.
"""

from simulators.world.build import build_world
from simulators.world.calendar import LAST_DAY_START, WORLD_END
from simulators.world.files import write_event_files
from simulators.world.model import (
    ArrivedLine,
    Company,
    CompanyKind,
    Country,
    DealDeed,
    DealStep,
    Defect,
    Delivery,
    HubspotCompany,
    HubspotContact,
    HubspotDeal,
    HubspotOwner,
    Person,
    PipedriveDeal,
    PipedriveOrganization,
    PipedrivePipeline,
    PipedriveStage,
    PipedriveUser,
    ReferredCompany,
    TenantKind,
    World,
    Yobi,
    YobiDay,
    YobiLocation,
    YobiTenant,
)

__all__ = [
    "LAST_DAY_START",
    "WORLD_END",
    "ArrivedLine",
    "Company",
    "CompanyKind",
    "Country",
    "DealDeed",
    "DealStep",
    "Defect",
    "Delivery",
    "HubspotCompany",
    "HubspotContact",
    "HubspotDeal",
    "HubspotOwner",
    "Person",
    "PipedriveDeal",
    "PipedriveOrganization",
    "PipedrivePipeline",
    "PipedriveStage",
    "PipedriveUser",
    "ReferredCompany",
    "TenantKind",
    "World",
    "Yobi",
    "YobiDay",
    "YobiLocation",
    "YobiTenant",
    "build_world",
    "write_event_files",
]
