"""The customers as Yobi knows them: tenants, their locations, and what they do each day.

Nobody told Yobi the ids of the CRM: it knows names and domains as people type them
(spec/engagement.md, Universe and mapping). Days are those of New York.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from simulators.world.calendar import WORLD_END
from simulators.world.model import (
    Company,
    CompanyKind,
    TenantKind,
    Yobi,
    YobiDay,
    YobiLocation,
    YobiTenant,
)
from simulators.world.streams import random_stream

ZONE = ZoneInfo("America/New_York")
LAST_DAY = WORLD_END.astimezone(ZONE).date() - timedelta(days=1)
"""The last day that is over when the world ends."""
LAST_SATURDAY = LAST_DAY - timedelta(days=(LAST_DAY.isoweekday() + 1) % 7)
"""Ends the last whole week, Sunday to Saturday."""
_DAYS = 91
INTERNAL_DOMAIN = "yobi.example.com"
"""Of the email addresses of Yobi's own people, who now and then work in a customer's place."""

_CUSTOMERS = (
    CompanyKind.SMALL_BUSINESS,
    CompanyKind.NO_TOUCH,
    CompanyKind.MID_SIZE,
    CompanyKind.LARGE,
)
_FIRST_TENANT_ID = 701
_SHARE_WITHOUT_TENANT = 0.08
_STRANGERS = 3
_LEGAL_FORMS = ("LLC", "Inc.", "PLLC", "Ltd.", "Co., LLC", "P.C.")
_PLACES = ("Main Street", "Riverside", "Old Mill", "Station Road", "Hillcrest", "Lakeview")
_WEEKDAY_SHARES = (1.0, 1.1, 1.05, 1.0, 0.8, 0.25, 0.05)
_SHOWN: tuple[tuple[TenantKind, str], ...] = (
    (TenantKind.SAME_DOMAIN, "steady"),
    (TenantKind.SAME_DOMAIN, "silent"),
    (TenantKind.SAME_DOMAIN, "dropping"),
    (TenantKind.OTHERWISE_WRITTEN, "steady"),
    (TenantKind.NAME_ALONE, "steady"),
    (TenantKind.ONE_OF_TWO, "steady"),
    (TenantKind.ONE_OF_TWO, "dropping"),
    (TenantKind.SHARED, "steady"),
)
"""What the first customers show, so that every case is there; chance gives the others theirs."""
_COMMON = {
    (TenantKind.SAME_DOMAIN, "steady"): 70,
    (TenantKind.OTHERWISE_WRITTEN, "steady"): 18,
    (TenantKind.NAME_ALONE, "steady"): 8,
    (TenantKind.SAME_DOMAIN, "dropping"): 2,
    (TenantKind.SAME_DOMAIN, "silent"): 1,
}


def yobi(seed: int, companies: Sequence[Company]) -> Yobi:
    """Yobi's tenants: most customers that HubSpot has a record of, and a few strangers.

    Args:
        seed: of the world.
        companies: the truth behind them.
    """
    stream = random_stream(seed, "tenants")
    customers = [
        company
        for company in companies
        if company.kind in _CUSTOMERS and company.hubspot_company_id is not None
    ]
    stream.shuffle(customers)
    tenants = tuple(_tenants(stream, customers))
    known = {company.company_id: company for company in companies}
    locations: list[YobiLocation] = []
    days: list[YobiDay] = []
    for tenant in tenants:
        own = random_stream(seed, "tenants", str(tenant.tenant_id))
        places = own.sample(_PLACES, own.choice((1, 1, 1, 2, 3)))
        of_tenant = [
            YobiLocation(tenant.tenant_id * 10 + number, tenant.tenant_id, name)
            for number, name in enumerate(places)
        ]
        locations += of_tenant
        days += _days(own, tenant, of_tenant, [known[each] for each in tenant.company_ids])
    return Yobi(tenants, tuple(locations), tuple(days))


def _tenants(stream: Random, customers: Sequence[Company]) -> Iterator[YobiTenant]:
    """Tenants for these customers: first one of each case, then what chance gives."""
    ids = count(_FIRST_TENANT_ID)
    waiting = list(reversed(customers))
    shown = list(reversed(_SHOWN))
    while waiting:
        company = waiting.pop()
        if not shown and stream.random() < _SHARE_WITHOUT_TENANT:
            continue
        kind, pattern = (
            shown.pop()
            if shown
            else stream.choices(list(_COMMON), [float(each) for each in _COMMON.values()])[0]
        )
        match kind:
            case TenantKind.OTHERWISE_WRITTEN:
                domain, website = _written_otherwise(stream, company.domain)
                yield YobiTenant(
                    next(ids), company.name, kind, (company.company_id,), domain, website, pattern
                )
            case TenantKind.NAME_ALONE:
                name = f"{company.name.upper()}, {stream.choice(_LEGAL_FORMS)}"
                yield YobiTenant(next(ids), name, kind, (company.company_id,), None, None, pattern)
            case TenantKind.ONE_OF_TWO:
                for name in (company.name, f"{company.name} (old)"):
                    yield YobiTenant(
                        next(ids), name, kind, (company.company_id,), company.domain, None, pattern
                    )
            case TenantKind.SHARED if waiting:
                other = waiting.pop()
                both = (company.company_id, other.company_id)
                yield YobiTenant(next(ids), other.name, kind, both, company.domain, None, pattern)
            case _:
                yield YobiTenant(
                    next(ids),
                    company.name,
                    TenantKind.SAME_DOMAIN,
                    (company.company_id,),
                    company.domain,
                    None,
                    pattern,
                )
    for number in range(_STRANGERS):
        yield YobiTenant(
            next(ids),
            f"Unheard Of {_PLACES[number]}",
            TenantKind.STRANGER,
            (),
            f"unheard-{number + 1}.example.com",
            None,
            "steady",
        )


def _written_otherwise(stream: Random, domain: str) -> tuple[str | None, str | None]:
    """The same domain as somebody else would type it: into the field domain, or into website."""
    match stream.randrange(4):
        case 0:
            return f"www.{domain}", None
        case 1:
            return domain.upper(), None
        case 2:
            return None, f"https://www.{domain}/"
        case _:
            return None, f"http://{domain}:8080/start?from=card"


def _days(
    stream: Random,
    tenant: YobiTenant,
    locations: Sequence[YobiLocation],
    companies: Sequence[Company],
) -> Iterator[YobiDay]:
    """What a tenant does on the days since it is there; Yobi's own people help now and then."""
    if tenant.pattern == "silent":
        return
    born = min((company.first_seen_at for company in companies), default=None)
    size = max((company.offer.seats for company in companies), default=20) ** 0.6
    for back in range(_DAYS, 0, -1):
        day = LAST_DAY - timedelta(days=back - 1)
        if born is not None and day < born.astimezone(ZONE).date():
            continue
        busy = size * _WEEKDAY_SHARES[day.weekday()] * stream.uniform(0.6, 1.4)
        if tenant.pattern == "dropping" and day > LAST_SATURDAY - timedelta(days=7):
            busy *= 0.2
        appointments = int(busy * 0.5)
        calls, tasks = int(busy * 1.6), int(busy * 0.4)
        if calls + tasks + appointments == 0:
            continue
        yield YobiDay(
            tenant_id=tenant.tenant_id,
            location_id=stream.choice(locations).location_id,
            day=day,
            user_email=f"frontdesk@tenant-{tenant.tenant_id}.example.com",
            calls=calls,
            tasks=tasks,
            appointments=appointments,
            new_patients=int(appointments * stream.uniform(0, 0.5)),
        )
        if stream.random() < 0.03:
            yield YobiDay(
                tenant_id=tenant.tenant_id,
                location_id=locations[0].location_id,
                day=day,
                user_email=f"onboarding@{INTERNAL_DOMAIN}",
                calls=stream.randrange(1, 4),
                tasks=stream.randrange(0, 3),
                appointments=0,
                new_patients=0,
            )
