"""Where HubSpot's endpoints are, and which scopes they need."""

from __future__ import annotations

import pytest

from ingestion.hubspot.errors import scopes_for
from warehouse.hubspot_paths import HubspotPaths


def addresses(version: str) -> list[str]:
    paths = HubspotPaths(version)
    return [
        paths.objects("deals"),
        paths.properties("deals"),
        paths.owners,
        paths.associations("deals", "contacts"),
    ]


def test_numbered_addresses_have_the_version_in_front() -> None:
    assert addresses("v3") == [
        "crm/v3/objects/deals",
        "crm/v3/properties/deals",
        "crm/v3/owners",
        "crm/v4/associations/deals/contacts/batch/read",
    ]


def test_dated_addresses_have_the_date_behind() -> None:
    assert addresses("2026-03") == [
        "crm/objects/2026-03/deals",
        "crm/properties/2026-03/deals",
        "crm/owners/2026-03",
        "crm/associations/2026-03/deals/contacts/batch/read",
    ]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_both_forms_need_the_same_scopes(version: str) -> None:
    assert [scopes_for(f"/{path}") for path in addresses(version)] == [
        ("crm.objects.deals.read",),
        ("crm.schemas.deals.read",),
        ("crm.objects.owners.read",),
        ("crm.objects.deals.read", "crm.objects.contacts.read"),
    ]


@pytest.mark.parametrize("version", ["", "v4", "2026", "2026-3", "2026-00", "2026-13", "26-03"])
def test_there_is_no_other_version(version: str) -> None:
    with pytest.raises(ValueError, match="a year and a month"):
        HubspotPaths(version)
