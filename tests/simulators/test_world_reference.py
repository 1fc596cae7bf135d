"""The reference files that the world and the demo stand on (spec/README.md, Reference data)."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from simulators.world.geography import COUNTRIES

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
STAGES = ("cs_sbp", "cs_no_touch", "cs_onboarding", "cs_success")
REGIONS = ("AMER", "EMEA", "APAC", "UNKNOWN")
ARR_RANGES = ("1-2000", "2001-8000", "8001+")


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def takers(stage: str, region: str, arr_range: str) -> set[str]:
    """The people who may be given companies of this bucket."""
    return {
        row["username"]
        for row in rows("cs_managers")
        if row["department"] == "customer_success"
        and row["is_active"] == "true"
        and int(row["lead_intake"]) > 0
        and row["cs_stage"] in {stage, "*"}
        and row["region"] in {region, "*"}
        and row["arr_range"] in {arr_range, "*"}
    }


def test_fourteen_people_in_two_departments_have_an_address_each_and_13_an_owner_id() -> None:
    managers = rows("cs_managers")
    people = {(row["username"], row["email"], row["hubspot_owner_id"]) for row in managers}

    assert len(people) == len({row["username"] for row in managers}) == 14
    assert {row["department"] for row in managers} == {"customer_success", "sales"}
    assert [username for username, _, owner_id in people if not owner_id] == ["cs.bramble"]
    owner_ids = [owner_id for _, _, owner_id in people if owner_id]
    assert len(set(owner_ids)) == 13
    assert all(owner_id.isdigit() for owner_id in owner_ids)
    assert all(email == f"{username}@example.com" for username, email, _ in people)


def test_no_two_rows_of_managers_have_the_same_key() -> None:
    keys = Counter(
        (r["username"], r["department"], r["cs_stage"], r["region"], r["arr_range"])
        for r in rows("cs_managers")
    )

    assert max(keys.values()) == 1


def test_somebody_takes_no_more_somebody_left_and_somebody_serves_several_stages() -> None:
    managers = rows("cs_managers")
    stages = {
        username: {row["cs_stage"] for row in managers if row["username"] == username}
        for username in {row["username"] for row in managers}
    }

    assert {row["username"] for row in managers if row["lead_intake"] == "0"} == {"cs.bracken"}
    assert {row["username"] for row in managers if row["is_active"] == "false"} == {"cs.gorse"}
    assert {"cs.alder", "cs.yarrow"} <= {name for name, served in stages.items() if len(served) > 1}


def test_one_bucket_that_companies_reach_has_nobody() -> None:
    reached = [
        bucket
        for bucket in product(STAGES, REGIONS, ARR_RANGES)
        # A small company is no-touch before anything else, and only such a company is.
        if (bucket[0] == "cs_no_touch") == (bucket[2] == "1-2000") or bucket[0] == "cs_sbp"
    ]

    assert [bucket for bucket in reached if not takers(*bucket)] == [
        ("cs_onboarding", "APAC", "8001+")
    ]


def test_plans_belong_to_the_groups_of_the_specification() -> None:
    assert {row["plan_id"]: row["plan_group"] for row in rows("plan_groups")} == {
        "churn": "churn",
        "connecteam_free_small_business": "small_business",
        "trial": "sales",
        "demo": "sales",
        "free": "sales",
        "basic": "standard",
        "advanced": "standard",
        "expert": "standard",
        "enterprise": "standard",
    }


def test_every_country_has_one_region() -> None:
    regions = {row["country"]: row["region"] for row in rows("country_regions")}

    assert len(regions) == len(rows("country_regions")) == 249
    assert list(regions) == sorted(regions)
    assert all(len(country) == 2 and country.isupper() for country in regions)
    assert set(regions.values()) == {"AMER", "EMEA", "APAC"}
    assert "XK" not in regions


@pytest.mark.parametrize(
    ("region", "countries"),
    [
        ("AMER", "US CA MX BR AR CL CU GL GF PM PR FK"),
        ("EMEA", "GB IE DE FR TR RU IL SA IR EG MA NG ZA RE KZ GE"),
        ("APAC", "IN PK CN HK TW KR JP VN SG AU NZ FJ NC GU"),
    ],
)
def test_countries_are_where_they_are(region: str, countries: str) -> None:
    regions = {row["country"]: row["region"] for row in rows("country_regions")}

    assert {regions[country] for country in countries.split()} == {region}


def test_the_world_has_its_countries_in_the_regions_of_the_file() -> None:
    regions = {row["country"]: row["region"] for row in rows("country_regions")}

    assert all(regions[country.code] == country.region for country in COUNTRIES)
