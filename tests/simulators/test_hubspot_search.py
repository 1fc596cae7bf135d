"""The search of the local HubSpot: what matches, how far it goes, how late it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState
from tests.simulators.conftest import Hubspot, Serve

Filter = dict[str, object]
NAMED: Filter = {"propertyName": "name", "operator": "HAS_PROPERTY"}


def one_group(*filters: Filter) -> list[dict[str, object]]:
    return [{"filters": list(filters)}]


def where(name: str, operator: str, **operand: object) -> list[dict[str, object]]:
    return one_group({"propertyName": name, "operator": operator, **operand})


@pytest.mark.parametrize(
    ("groups", "ids"),
    [
        (where("name", "EQ", value="tall pines"), ["1002"]),
        (where("name", "NEQ", value="Tall Pines"), ["1001", "1003"]),
        (where("domain", "NEQ", value="pines.example.com"), ["1001"]),
        (where("annualrevenue", "GT", value="900"), ["1002"]),
        (where("annualrevenue", "GTE", value="900"), ["1001", "1002"]),
        (where("annualrevenue", "LT", value="12000"), ["1001"]),
        (where("annualrevenue", "LTE", value="12e3"), ["1001", "1002"]),
        (where("annualrevenue", "BETWEEN", value="901", highValue="12000"), ["1002"]),
        (where("hs_object_id", "GT", value="1001"), ["1002", "1003"]),
        (where("name", "IN", values=["slow river", "tall pines"]), ["1002", "1003"]),
        (where("name", "IN", values=["Slow River"]), []),
        (where("name", "NOT_IN", values=["slow river"]), ["1001", "1002"]),
        (where("country", "HAS_PROPERTY"), ["1003"]),
        (where("country", "NOT_HAS_PROPERTY"), ["1001", "1002"]),
        (where("name", "CONTAINS_TOKEN", value="harbour"), ["1001"]),
        (where("name", "CONTAINS_TOKEN", value="harb"), []),
        (where("domain", "CONTAINS_TOKEN", value="*.example.com"), ["1001", "1002"]),
        (where("name", "NOT_CONTAINS_TOKEN", value="Harbour"), ["1002", "1003"]),
        (where("cs_stage", "EQ", value="cs_success"), ["1001"]),
        (where("cs_stage", "EQ", value="CS_SUCCESS"), []),
        (where("createdate", "GTE", value="2026-11-01T12:00:00Z"), ["1001", "1002", "1003"]),
        (where("createdate", "GT", value="1793534400000"), []),
        (where("createdate", "GT", value="1793534399999"), ["1001", "1002", "1003"]),
        (
            [*where("name", "EQ", value="tall pines"), *where("country", "HAS_PROPERTY")],
            ["1002", "1003"],
        ),
        (
            one_group(
                {"propertyName": "annualrevenue", "operator": "HAS_PROPERTY"},
                {"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "pines"},
            ),
            ["1002"],
        ),
    ],
)
def test_filters_find_what_they_say(
    hubspot: Hubspot, groups: list[dict[str, object]], ids: list[str]
) -> None:
    hubspot.state.write("companies", "1001", {"cs_stage": "cs_success"})

    assert hubspot.found(filterGroups=groups) == ids


def test_a_query_looks_into_name_domain_website_and_phone(hubspot: Hubspot) -> None:
    assert hubspot.found(query="PINES") == ["1002"]
    assert hubspot.found(query="Norway") == []


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ({"propertyName": "name"}, ["1001", "1003", "1002"]),
        ({"propertyName": "annualrevenue", "direction": "DESCENDING"}, ["1002", "1001", "1003"]),
        ("annualrevenue", ["1001", "1002", "1003"]),
        ("-hs_object_id", ["1003", "1002", "1001"]),
        ('{"propertyName": "name", "direction": "DESCENDING"}', ["1002", "1003", "1001"]),
    ],
)
def test_results_can_be_sorted_by_an_object_or_a_text(
    hubspot: Hubspot, sort: object, ids: list[str]
) -> None:
    assert hubspot.found(sorts=[sort]) == ids


def test_pages_follow_one_another_and_tell_the_total(hubspot: Hubspot) -> None:
    first = hubspot.search(limit=2).json()
    second = hubspot.search(limit=2, after=first["paging"]["next"]["after"]).json()

    assert [company["id"] for company in first["results"]] == ["1001", "1002"]
    assert [company["id"] for company in second["results"]] == ["1003"]
    assert (first["total"], second["total"]) == (3, 3)
    assert "paging" not in second


def test_paging_past_ten_thousand_results_is_refused_and_the_way_round_it_works(
    serve: Serve,
) -> None:
    state = HubspotState.with_companies({"name": str(number)} for number in range(10_450))
    hubspot = serve(HubspotSimulator(state))

    last_page = hubspot.search(limit=200, after="9800").json()
    too_far = hubspot.search(limit=200, after=last_page["paging"]["next"]["after"])
    rest = hubspot.search(
        filterGroups=where("hs_object_id", "GT", value=last_page["results"][-1]["id"]),
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
    ).json()

    assert last_page["total"] == 10_450
    assert too_far.status_code == 400
    assert rest["total"] == 450


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"limit": 201}, id="more than 200 a page"),
        pytest.param({"limit": 100, "after": "9901"}, id="a page that ends past 10,000"),
        pytest.param({"after": "next"}, id="an after that no page gave"),
        pytest.param({"filterGroups": where("name", "HAS_PROPERTY") * 6}, id="more than 5 groups"),
        pytest.param(
            {"filterGroups": one_group(*[NAMED] * 7)},
            id="more than 6 filters in a group",
        ),
        pytest.param(
            {"filterGroups": one_group(*[NAMED] * 5) * 4},
            id="more than 18 filters in all",
        ),
        pytest.param({"query": "x" * 3_000}, id="more than 3,000 characters"),
        pytest.param({"filterGroups": where("colour", "HAS_PROPERTY")}, id="an unknown property"),
        pytest.param({"filterGroups": where("name", "LIKE", value="x")}, id="an unknown operator"),
        pytest.param({"filterGroups": where("name", "EQ")}, id="a filter without value"),
        pytest.param({"filterGroups": where("name", "IN", value="x")}, id="IN without values"),
        pytest.param(
            {"filterGroups": where("annualrevenue", "GT", value="much")}, id="a number that is none"
        ),
        pytest.param({"filterGroups": where("createdate", "GT", value="now")}, id="a time, too"),
        pytest.param({"sorts": ["name", "domain"]}, id="two sorts"),
        pytest.param({"sorts": ["colour"]}, id="a sort by an unknown property"),
        pytest.param({"sorts": ["{"]}, id="a sort that cannot be read"),
    ],
)
def test_a_search_that_hubspot_refuses_is_refused(
    hubspot: Hubspot, body: dict[str, object]
) -> None:
    response = hubspot.search(**body)

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"


def test_a_page_may_end_at_ten_thousand_exactly(hubspot: Hubspot) -> None:
    assert hubspot.search(limit=100, after="9900").status_code == 200


def test_archived_records_are_never_found(hubspot: Hubspot) -> None:
    hubspot.state.archive("companies", "1002")

    assert hubspot.found() == ["1001", "1003"]


def test_a_search_sees_changes_late(serve: Serve, clock: StoppedClock) -> None:
    state = HubspotState.with_companies([{"name": "Quiet Harbour"}], clock=clock)
    hubspot = serve(HubspotSimulator(state, search_delay=timedelta(seconds=30)))
    loud = where("name", "EQ", value="loud harbour")

    assert hubspot.found() == []
    clock.advance(timedelta(seconds=30))
    assert hubspot.found() == ["1001"]

    state.write("companies", "1001", {"name": "Loud Harbour", "country": "Norway"})
    state.add("companies", {"name": "Loud Harbour"})
    clock.advance(timedelta(seconds=29))
    [stale] = hubspot.search(properties=["name", "country"]).json()["results"]
    assert stale["properties"]["name"] == "Quiet Harbour"
    assert "country" not in stale["properties"]
    assert stale["updatedAt"] == "2026-11-01T12:00:00.000Z"
    assert hubspot.found(filterGroups=loud) == []

    clock.advance(timedelta(seconds=1))
    assert hubspot.found(filterGroups=loud) == ["1001", "1002"]


def test_lists_and_batch_reads_are_not_late(serve: Serve, clock: StoppedClock) -> None:
    state = HubspotState.with_companies([{"name": "Quiet Harbour"}], clock=clock)
    hubspot = serve(HubspotSimulator(state, search_delay=timedelta(days=1)))

    assert len(hubspot.client.get("/crm/v3/objects/companies").json()["results"]) == 1
    assert hubspot.batch_read("1001").status_code == 200
