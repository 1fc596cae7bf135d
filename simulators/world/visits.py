"""How the world's companies came: their visits, forms, calls and phones, and those of strangers.

A company is the truth (`casting`); here is how it found its way to the product, as the web site,
the call tracker and the app tell it. Every way is gone by at least one company of a world of the
default size:

- by web, with visits that lead up to the sign-up, some of them from an advertisement;
- by form or call first, so that only the email ties the visits to the company;
- in the mobile app;
- with a colleague, whose browser is tied to the company by a form alone;
- at a kiosk, whose browser several companies have used;
- out of the dark: nothing is known but the sign-up;
- because another company brought it (`World.referred_companies`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from simulators.world.calendar import LAST_MOMENT, ago
from simulators.world.model import (
    Company,
    CompanyKind,
    Event,
    HubspotCompany,
    HubspotContact,
    ReferredCompany,
)
from simulators.world.naming import draw_client_id, draw_mailbox, draw_person, names
from simulators.world.origins import draw_origin
from simulators.world.streams import random_stream
from simulators.world.trail import Trail

_WAYS = {"web": 46, "form": 16, "call": 8, "mobile": 12, "colleague": 6, "kiosk": 4, "dark": 8}
"""How often companies come in which way."""
_KIOSK = "kiosk-3.1750000000"
_STRANGERS_FOR_EACH_COMPANY = 0.7
_COMPANIES_FOR_EACH_REFERRED_ONE = 25
_FIRST_REFERRED_NUMBER = 90_001
_NEVER_SIGNED_UP = {CompanyKind.UNFINISHED, CompanyKind.LEAD}
_CUSTOMERS = {CompanyKind.NO_TOUCH, CompanyKind.MID_SIZE, CompanyKind.LARGE}


def company_trail(seed: int, company: Company, started_at: datetime) -> list[Event]:
    """What is known of how a company came, and of a few of its later visits.

    Args:
        seed: of the world.
        company: the truth about it.
        started_at: when the world began; nothing happened before.
    """
    stream = random_stream(seed, "visits", company.company_id)
    trail = Trail(f"v.{company.company_id}", stream)
    way = stream.choices(list(_WAYS), list(_WAYS.values()))[0]
    country = company.country.code if company.country else None
    before = [
        max(company.first_seen_at - timedelta(days=stream.uniform(0.5, 40)), started_at)
        for _ in range(stream.choice((0, 0, 1, 1, 2, 3)))
    ]
    shortly_before = company.first_seen_at - timedelta(minutes=stream.randrange(8, 50))

    match way:
        case "web":
            for at in sorted(before):
                trail.session(at, company.client_id, country=country)
            trail.session(shortly_before, company.client_id, country=country)
            _signs_up(trail, company, client_id=company.client_id)
        case "form":
            for at in sorted(before):
                trail.session(at, company.client_id, country=country)
            session_id = trail.session(shortly_before, company.client_id, country=country)
            trail.form(
                shortly_before + timedelta(minutes=4),
                company.email,
                kind="lead",
                client_id=company.client_id if stream.random() < 0.7 else None,
                session_id=session_id,
                company_name=company.name,
            )
            _signs_up(trail, company)
        case "call":
            trail.session(shortly_before, company.client_id, country=country)
            trail.call(
                shortly_before + timedelta(minutes=3),
                email=company.email,
                client_id=company.client_id if stream.random() < 0.8 else None,
            )
            _signs_up(trail, company)
        case "mobile":
            _comes_by_phone(trail, company, shortly_before)
        case "colleague":
            _comes_with_a_colleague(trail, company, shortly_before, country)
        case "kiosk":
            session_id = trail.session(shortly_before, _KIOSK, country=country)
            trail.form(
                shortly_before + timedelta(minutes=2),
                company.email,
                kind="marketing_site",
                client_id=_KIOSK,
                session_id=session_id,
            )
            _signs_up(trail, company, client_id=_KIOSK)
        case _:
            _signs_up(trail, company, email=None)
    if company.kind in _CUSTOMERS and stream.random() < 0.35:
        for _ in range(stream.choice((1, 1, 2))):
            later = company.first_seen_at + (LAST_MOMENT - company.first_seen_at) * stream.random()
            trail.session(later, company.client_id, country=country)
    return trail.events


def contact_trail(
    seed: int,
    contacts: Iterable[HubspotContact],
    records: Iterable[HubspotCompany],
    companies: Iterable[Company],
) -> list[Event]:
    """That the first contact of each HubSpot record was made; how much it tells, differs."""
    made_for = {record.hubspot_company_id for record in records}
    known = {company.hubspot_company_id: company for company in companies}
    trail = Trail("v.contacts", random_stream(seed, "visits", "contacts"))
    for contact in contacts:
        record_id = contact.company_ids[0]
        if record_id not in made_for:
            continue
        made_for.remove(record_id)
        company = known.get(record_id)
        chance = trail.stream.random()
        trail.contact(
            contact.created_at,
            contact.contact_id,
            contact.properties["email"],
            client_id=company.client_id if company and chance < 0.3 else None,
            company_id=company.company_id if company and chance > 0.2 else None,
        )
    return trail.events


def strangers_trail(seed: int, companies: int, started_at: datetime) -> Iterator[list[Event]]:
    """Visits that lead nowhere: of browsers of which nobody knows a company, each a trail.

    Args:
        seed: of the world.
        companies: how many the world has; there are fewer strangers than these.
        started_at: when the world began.
    """
    for number in range(round(companies * _STRANGERS_FOR_EACH_COMPANY)):
        stream = random_stream(seed, "visits", "stranger", str(number))
        trail = Trail(f"v.stranger-{number:04d}", stream)
        client_id = draw_client_id(stream)
        for _ in range(stream.choice((1, 1, 1, 2))):
            at = started_at + (LAST_MOMENT - started_at) * stream.random()
            session_id = trail.session(at, client_id, hits=stream.choice((0, 1, 1, 2)))
            if stream.random() < 0.06:
                first_name, last_name = draw_person(stream)
                trail.form(
                    at + timedelta(minutes=1),
                    f"{first_name}.{last_name}@mail.example.com".lower(),
                    kind="marketing_site",
                    client_id=client_id,
                    session_id=session_id,
                )
        yield trail.events


def referred_companies(
    seed: int, companies: Sequence[Company], prospects: int
) -> tuple[ReferredCompany, ...]:
    """Companies that others brought: known by name and sign-up alone, so that no rule decides them.

    The second was brought by the first, the others by companies of the world.

    Args:
        seed: of the world.
        companies: those of the world.
        prospects: how many more names are taken.
    """
    stream = random_stream(seed, "visits", "referred")
    taken = len(companies) + prospects
    wanted = len(companies) // _COMPANIES_FOR_EACH_REFERRED_ONE
    invented = islice(names(random_stream(seed, "names")), taken, taken + wanted)
    old_enough = [each for each in companies if each.first_seen_at < ago(days=10)]
    referred: list[ReferredCompany] = []
    for number, (name, domain) in enumerate(invented):
        brought_by = stream.choice(old_enough)
        referrer, known_at = brought_by.company_id, brought_by.first_seen_at
        if number == 1:
            referrer, known_at = referred[0].company_id, referred[0].first_seen_at
        referred.append(
            ReferredCompany(
                company_id=f"co-{_FIRST_REFERRED_NUMBER + number}",
                name=name,
                email=draw_mailbox(stream, domain),
                referred_by_company_id=referrer,
                first_seen_at=known_at + (ago(days=1.5) - known_at) * stream.uniform(0.1, 0.9),
            )
        )
    return tuple(referred)


def referred_trail(seed: int, company: ReferredCompany) -> list[Event]:
    """How a referred company came: some only because of the other one, some after a visit."""
    stream = random_stream(seed, "visits", company.company_id)
    trail = Trail(f"v.{company.company_id}", stream)
    client_id = draw_client_id(stream) if stream.random() < 0.4 else None
    if client_id is not None:
        trail.session(company.first_seen_at - timedelta(minutes=20), client_id)
    trail.referred(
        company.first_seen_at,
        company.company_id,
        company.name,
        by=company.referred_by_company_id,
    )
    trail.signup(
        company.first_seen_at + timedelta(minutes=6),
        company.company_id,
        email=company.email,
        client_id=client_id,
    )
    return trail.events


def _signs_up(
    trail: Trail, company: Company, *, email: str | None = "", client_id: str | None = None
) -> None:
    """The sign-up as the web site tells it; the empty text stands for the company's own address."""
    if company.kind not in _NEVER_SIGNED_UP:
        trail.signup(
            company.first_seen_at + timedelta(minutes=2),
            company.company_id,
            email=company.email if email == "" else email,
            client_id=client_id,
        )


def _comes_by_phone(trail: Trail, company: Company, shortly_before: datetime) -> None:
    stream = trail.stream
    device_id = f"d-{stream.getrandbits(48):012x}"
    parameters = draw_origin(stream)
    for number in range(stream.choice((2, 3, 4))):
        trail.mobile_hit(
            shortly_before + timedelta(minutes=number),
            device_id,
            parameters if number == 0 else {},
        )
    if company.kind in _NEVER_SIGNED_UP:
        return
    trail.mobile_signup(
        company.first_seen_at + timedelta(minutes=1),
        device_id,
        company_id=company.company_id,
        email=company.email if stream.random() < 0.8 else None,
        client_id=company.client_id if stream.random() < 0.3 else None,
        parameters=parameters if stream.random() < 0.5 else {},
    )


def _comes_with_a_colleague(
    trail: Trail, company: Company, shortly_before: datetime, country: str | None
) -> None:
    other_browser = draw_client_id(trail.stream)
    session_id = trail.session(shortly_before, other_browser, country=country)
    trail.form(
        shortly_before + timedelta(minutes=3),
        company.email,
        kind="lead",
        client_id=other_browser,
        session_id=session_id,
    )
    trail.session(
        shortly_before + timedelta(minutes=6), company.client_id, country=country, parameters={}
    )
    _signs_up(trail, company, client_id=company.client_id)
