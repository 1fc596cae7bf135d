"""Journey rules that take a whole build to see (spec journey.md)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.dbt.conftest import Journey, company

HEADER = (
    "username,department,cs_stage,region,arr_range,lead_intake,is_active,email,hubspot_owner_id\n"
)


def _managers(*rows: str) -> str:
    """A file of managers without e-mail; a row may end with its owner in HubSpot, after `@`."""
    parted = (row.partition("@") for row in rows)
    return HEADER + "".join(f"{row},,{owner}\n" for row, _, owner in parted)


@pytest.mark.long
def test_a_thousand_companies_in_one_bucket_of_seven_are_shared_evenly(journey: Journey) -> None:
    journey.use_reference(
        cs_managers=_managers(
            *(f"cs.{n},customer_success,cs_onboarding,EMEA,2001-8000,1,true" for n in range(7))
        )
    )
    journey.land([event for number in range(1000) for event in company(f"c{number}")])
    assert journey.build().is_success
    loads = Counter(
        row["customer_success_manager"] for row in journey.rows("journey.company_journey")
    )
    assert len(loads) == 7
    assert sum(loads.values()) == 1000
    assert max(loads.values()) - min(loads.values()) <= 1


@pytest.mark.long
def test_buckets_that_share_managers_are_served_as_one_queue(journey: Journey) -> None:
    journey.use_reference(
        cs_managers=_managers(
            "cs.a,customer_success,*,EMEA,*,1,true",
            "cs.b,customer_success,cs_onboarding,EMEA,2001-8000,1,true",
            "cs.c,customer_success,cs_no_touch,*,*,1,true",
        )
    )
    events = []
    for number in range(30):
        first, second, third = company(f"c{number:02}")
        if number % 2:
            third["mrr"] = 50  # no touch
        third["at"] = f"2026-03-20T08:{number:02}:00Z"
        events += [first, second, third]
    journey.land(events)
    journey.build()

    loads = Counter({"cs.a": 0, "cs.b": 0, "cs.c": 0})
    last: dict[str, int] = {}
    for number in range(30):
        bucket = ["cs.a", "cs.c"] if number % 2 else ["cs.a", "cs.b"]
        chosen = min(bucket, key=lambda name: (loads[name], last.get(name, 0), name))
        loads[chosen] += 1
        last[chosen] = 1
        (row,) = [
            each
            for each in journey.rows("journey.company_journey")
            if each["company_id"] == f"c{number:02}"
        ]
        assert row["customer_success_manager"] == chosen


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("cs.a,customer_success,cs_sucess,EMEA,*,1,true", "line 3: cs_stage is 'cs_sucess'"),
        ("cs.a,customer_success,cs_sbp,EMEA,*,many,true", "line 3: lead_intake is 'many'"),
        ("cs.ok,customer_success,*,*,*,1,true", "line 3: the row repeats cs.ok"),
        (
            "cs.ok,customer_success,*,EMEA,*,1,true@42",
            "line 3: hubspot_owner_id is '42', but '41' in an earlier row of cs.ok",
        ),
    ],
)
def test_a_wrong_reference_row_stops_the_build_and_is_named(
    journey: Journey, row: str, sentence: str
) -> None:
    journey.use_reference(cs_managers=_managers("cs.ok,customer_success,*,*,*,1,true@41", row))
    result = journey.build(select=["cs_managers"])
    assert not result.is_success
    (failure,) = result.failures
    assert f"seeds/reference/cs_managers.csv is wrong in {sentence}" in failure.message


@pytest.mark.long
def test_a_manager_of_a_region_that_no_country_has_stops_the_build_and_is_named(
    journey: Journey,
) -> None:
    managers = _managers("cs.ok,customer_success,*,EMEA,*,1,true", "cs.a,sales,*,EMAE,*,1,true")
    journey.land(company("c1"))
    journey.use_reference(cs_managers=managers)
    (failure,) = journey.build().failures
    assert failure.message.startswith(
        "seeds/reference/cs_managers.csv is wrong in line 3: region is 'EMAE', neither that of a"
    )
    assert journey.rows("journey.company_change_log") == []

    journey.use_reference(
        cs_managers=managers, country_regions="country,region\nDE,EMAE\nFR,EMEA\n"
    )
    assert journey.build().is_success, "the region and its manager came in one commit"
