"""What HubSpot knows of the world: company records, contacts, deals and owners."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import count, islice
from pathlib import Path

from simulators.world.calendar import WORLD_END, SignUpCalendar
from simulators.world.geography import draw_country
from simulators.world.model import (
    Company,
    CompanyKind,
    HubspotCompany,
    HubspotContact,
    HubspotDeal,
    HubspotOwner,
)
from simulators.world.naming import draw_person, names
from simulators.world.streams import random_stream

CS_MANAGERS = Path(__file__).parents[2] / "seeds" / "reference" / "cs_managers.csv"
_PROSPECTS = 12
_CONTACTS_OF_A_COMPANY = (1, 1, 1, 2, 2, 3)
_SHARE_WITH_TWO_COMPANIES = 0.04
_LIFECYCLE_STAGES = {
    CompanyKind.UNFINISHED: "lead",
    CompanyKind.LEAD: "lead",
    CompanyKind.TRIAL: "opportunity",
    CompanyKind.TEST: "other",
    CompanyKind.CHURNED: "other",
}
"""What people made of the contacts of such companies; those of all others are customers."""
_DEAL_STAGES = {
    CompanyKind.TRIAL: ("qualifiedtobuy", "contractsent", "closedlost"),
    CompanyKind.MID_SIZE: ("closedwon",),
    CompanyKind.LARGE: ("closedwon",),
    CompanyKind.CHURNED: ("closedwon", "closedlost"),
}
"""Where the deals with such companies stand once they should be closed; others have none."""


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


def contacts(
    seed: int, records: Sequence[HubspotCompany], companies: Iterable[Company]
) -> Iterator[HubspotContact]:
    """One to three people of every company record; a few belong to a second company as well.

    Args:
        seed: of the world.
        records: the company records.
        companies: the truth behind them; there is none behind prospects, whose people are leads.
    """
    kinds = {company.hubspot_company_id: company.kind for company in companies}
    numbers = count()
    for record in records:
        company_id = record.hubspot_company_id
        stream = random_stream(seed, "contacts", company_id)
        kind = kinds.get(company_id, CompanyKind.LEAD)
        for place in range(stream.choice(_CONTACTS_OF_A_COMPANY)):
            first_name, last_name = draw_person(stream)
            mailbox = f"{first_name}.{last_name}{place or ''}".lower()
            associated = [company_id]
            if stream.random() < _SHARE_WITH_TWO_COMPANIES:
                associated.append(stream.choice(records).hubspot_company_id)
            yield HubspotContact(
                contact_id=str(51_300_000_000 + next(numbers) * 1_019 + stream.randrange(1_000)),
                properties={
                    "email": f"{mailbox}@{record.properties['domain']}",
                    "firstname": first_name,
                    "lastname": last_name,
                    "lifecyclestage": _LIFECYCLE_STAGES.get(kind, "customer"),
                },
                company_ids=tuple(dict.fromkeys(associated)),
                created_at=record.created_at + timedelta(minutes=place + 1),
            )


def sales(
    seed: int, contacts: Sequence[HubspotContact], companies: Iterable[Company]
) -> Iterator[HubspotDeal]:
    """The sales to companies that are large enough for one: won, open, or lost.

    Args:
        seed: of the world.
        contacts: of the company records.
        companies: the truth behind these.
    """
    people: dict[str, list[str]] = {}
    for contact in contacts:
        people.setdefault(contact.company_ids[0], []).append(contact.contact_id)
    numbers = count()
    for company in companies:
        stages = _DEAL_STAGES.get(company.kind)
        if company.hubspot_company_id is None or stages is None:
            continue
        stream = random_stream(seed, "hubspot deals", company.company_id)
        made_at = company.first_seen_at + timedelta(hours=stream.randint(2, 72))
        if made_at > WORLD_END:
            continue
        closes_at = made_at + timedelta(days=stream.randint(5, 30))
        stage = stream.choice(stages) if closes_at <= WORLD_END else "contractsent"
        yield HubspotDeal(
            deal_id=str(62_700_000_000 + next(numbers) * 1_021 + stream.randrange(1_000)),
            properties={
                "dealname": f"{company.name}, {company.offer.plan_id}",
                "dealtype": "newbusiness",
                "pipeline": "default",
                "dealstage": stage,
                "amount": str(round(company.offer.mrr * 12, 2)),
                "deal_currency_code": "USD",
                "closedate": closes_at.isoformat(),
            },
            company_id=company.hubspot_company_id,
            contact_ids=tuple(people.get(company.hubspot_company_id, ())),
            created_at=made_at,
        )


def owners(cs_managers: Path = CS_MANAGERS) -> tuple[HubspotOwner, ...]:
    """The people of cs_managers.csv who have a HubSpot user, each once, in the file's order."""
    with cs_managers.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["hubspot_owner_id"]: row["email"] for row in rows if row["hubspot_owner_id"]}
    return tuple(HubspotOwner(owner_id, email) for owner_id, email in found.items())
