"""What HubSpot knows of the world: company records and owners."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from simulators.world.calendar import SignUpCalendar
from simulators.world.geography import draw_country
from simulators.world.model import Company, HubspotCompany, HubspotOwner
from simulators.world.naming import names
from simulators.world.streams import random_stream

CS_MANAGERS = Path(__file__).parents[2] / "seeds" / "reference" / "cs_managers.csv"
_PROSPECTS = 12


def company_records(companies: Iterable[Company]) -> Iterator[HubspotCompany]:
    """The records of the companies that HubSpot has, made some minutes after they showed up."""
    for company in companies:
        if company.hubspot_company_id is None:
            continue
        properties = {"name": company.name, "domain": company.domain}
        if company.country is not None:
            properties["country"] = company.country.name
        if company.is_subjectively_onboarded is not None:
            properties["is_subjectively_onboarded_"] = company.is_subjectively_onboarded
        made_at = company.first_seen_at + timedelta(seconds=40)
        yield HubspotCompany(company.hubspot_company_id, properties, made_at)


def prospects(seed: int, days: int, companies: int) -> Iterator[HubspotCompany]:
    """Records of companies that the product has never heard of.

    Args:
        seed: of the world.
        days: of the world.
        companies: how many names are taken already.
    """
    stream = random_stream(seed, "prospects")
    calendar = SignUpCalendar(seed, days)
    invented = islice(names(random_stream(seed, "names")), companies, companies + _PROSPECTS)
    for number, (name, domain) in enumerate(invented):
        country = draw_country(stream)
        yield HubspotCompany(
            hubspot_company_id=str(40_900_000_000 + number * 1_013 + stream.randrange(1_000)),
            properties={"name": name, "domain": domain, "country": country.name},
            created_at=calendar.draw(stream, days, 1, country.utc_offset),
        )


def owners(cs_managers: Path = CS_MANAGERS) -> tuple[HubspotOwner, ...]:
    """The people of cs_managers.csv who have a HubSpot user, each once, in the file's order."""
    with cs_managers.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["hubspot_owner_id"]: row["email"] for row in rows if row["hubspot_owner_id"]}
    return tuple(HubspotOwner(owner_id, email) for owner_id, email in found.items())
