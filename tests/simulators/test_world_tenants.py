"""Yobi knows the customers of a world by names and domains, as well as people type them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from simulators.world import CompanyKind, TenantKind, World, YobiTenant, build_world
from simulators.world.tenants import INTERNAL_DOMAIN, LAST_DAY, LAST_SATURDAY
from simulators.yobi.from_world import yobi_of

LAST_SUNDAY = LAST_SATURDAY - timedelta(days=6)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


def tenants_of(world: World, kind: TenantKind) -> list[YobiTenant]:
    return [tenant for tenant in world.yobi.tenants if tenant.kind is kind]


def activity(world: World, first: date, last: date) -> Counter[int]:
    """Calls, tasks and appointments by tenant, from one day to another."""
    done: Counter[int] = Counter()
    for day in world.yobi.days:
        if first <= day.day <= last:
            done[day.tenant_id] += day.calls + day.tasks + day.appointments
    return done


@pytest.mark.parametrize("seed", [2026, 1, 2])
def test_there_is_a_tenant_of_every_kind_and_pattern(seed: int) -> None:
    tenants = build_world(seed=seed).yobi.tenants

    assert {tenant.kind for tenant in tenants} == set(TenantKind)
    assert {tenant.pattern for tenant in tenants} == {"steady", "silent", "dropping"}
    assert len({tenant.tenant_id for tenant in tenants}) == len(tenants)


def test_most_customers_are_tenants_and_some_are_not(world: World) -> None:
    customers = {
        company.company_id
        for company in world.companies
        if company.hubspot_company_id is not None
        and company.kind
        in {
            CompanyKind.SMALL_BUSINESS,
            CompanyKind.NO_TOUCH,
            CompanyKind.MID_SIZE,
            CompanyKind.LARGE,
        }
    }
    found = {company_id for tenant in world.yobi.tenants for company_id in tenant.company_ids}

    assert found < customers
    assert 0.85 < len(found) / len(customers) < 0.97


def test_domains_are_those_of_the_companies_in_more_than_one_spelling(world: World) -> None:
    domains = {company.company_id: company.domain for company in world.companies}

    for tenant in tenants_of(world, TenantKind.SAME_DOMAIN):
        assert (tenant.domain, tenant.website) == (domains[tenant.company_ids[0]], None)
    spellings = Counter[str]()
    for tenant in tenants_of(world, TenantKind.OTHERWISE_WRITTEN):
        typed = tenant.domain or tenant.website or ""
        domain = domains[tenant.company_ids[0]]
        assert typed != domain
        assert domain in typed.lower()
        spellings["www"] += typed.startswith("www.")
        spellings["upper"] += typed.isupper()
        spellings["path"] += typed.endswith("/")
        spellings["port"] += ":8080" in typed
    assert min(spellings.values()) > 0


def test_a_name_alone_has_another_case_and_a_legal_form(world: World) -> None:
    names = {company.company_id: company.name for company in world.companies}

    for tenant in tenants_of(world, TenantKind.NAME_ALONE):
        assert (tenant.domain, tenant.website) == (None, None)
        assert tenant.name.startswith(f"{names[tenant.company_ids[0]].upper()}, ")


def test_two_tenants_have_one_domain_and_one_is_two_companies(world: World) -> None:
    companies = {company.company_id: company for company in world.companies}
    doubles = Counter(tenant.domain for tenant in tenants_of(world, TenantKind.ONE_OF_TWO))
    [shared] = tenants_of(world, TenantKind.SHARED)

    assert set(doubles.values()) == {2}
    by_domain, by_name = (companies[each] for each in shared.company_ids)
    assert (shared.domain, shared.name) == (by_domain.domain, by_name.name)


def test_a_silent_tenant_never_does_anything_and_a_dropping_one_far_less(world: World) -> None:
    last = activity(world, LAST_SUNDAY, LAST_SATURDAY)
    before = activity(world, LAST_SUNDAY - timedelta(days=7), LAST_SATURDAY - timedelta(days=7))

    silent = {t.tenant_id for t in world.yobi.tenants if t.pattern == "silent"}
    assert silent
    assert silent.isdisjoint(day.tenant_id for day in world.yobi.days)
    dropping = [
        t.tenant_id
        for t in world.yobi.tenants
        if t.pattern == "dropping" and before[t.tenant_id] > 20
    ]
    assert dropping
    assert all(last[tenant_id] < 0.5 * before[tenant_id] for tenant_id in dropping)


def test_days_are_whole_and_new_patients_are_among_the_appointments(world: World) -> None:
    places = defaultdict(set)
    for location in world.yobi.locations:
        places[location.tenant_id].add(location.location_id)
    internal = 0
    for day in world.yobi.days:
        assert LAST_DAY - timedelta(days=91) < day.day <= LAST_DAY
        assert 0 <= day.new_patients <= day.appointments
        assert day.location_id in places[day.tenant_id]
        internal += day.user_email.endswith(f"@{INTERNAL_DOMAIN}")
    assert internal > 50
    assert LAST_SATURDAY.strftime("%A") == "Saturday"


def test_the_local_yobi_knows_what_the_world_knows(world: World) -> None:
    state = yobi_of(world)

    assert len(state.tenants) == len(world.yobi.tenants)
    assert len(state.locations) == len(world.yobi.locations)
    assert sum(each.calls for each in state.figures) == sum(day.calls for day in world.yobi.days)
    assert state.today() == LAST_DAY + timedelta(days=1)
