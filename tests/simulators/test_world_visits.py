"""How the companies of a world came: every way, and every doubt, is there."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulators.world import CompanyKind, Delivery, World, build_world

Event = dict[str, Any]
CLICK_IDS = ("gclid", "wbraid", "gbraid", "fbclid", "msclkid", "li_fat_id")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def events(world: World) -> dict[str, list[Event]]:
    """What was sent, each event once, by type."""
    by_type: dict[str, list[Event]] = defaultdict(list)
    for line in world.events:
        if line.delivery is Delivery.FIRST:
            event = json.loads(line.line)
            by_type[event["event_type"]].append(event)
    return by_type


def test_a_visit_before_the_sign_up_leads_to_most_companies_that_have_signed_up(
    world: World, events: dict[str, list[Event]]
) -> None:
    visited = {event["data"]["client_id"]: event for event in events["session_started"]}
    signed_up = [c for c in world.companies if c.kind not in {CompanyKind.LEAD, "unfinished"}]
    led = [c for c in signed_up if c.client_id in visited]

    assert 0.6 < len(led) / len(signed_up) < 0.9
    for company in led:
        first = min(
            datetime.fromisoformat(event["occurred_at"])
            for event in events["session_started"]
            if event["data"]["client_id"] == company.client_id
        )
        assert first < company.first_seen_at or company.kind in {"no_touch", "mid_size", "large"}


def test_visits_come_from_every_kind_of_place(events: dict[str, list[Event]]) -> None:
    told: Counter[str] = Counter()
    for event in events["session_started"]:
        data = event["data"]
        in_url = parse_qs(urlsplit(data["landing_url"]).query)
        for name in (*CLICK_IDS, "utm_source", "utm_medium", "utm_campaign", "fbp"):
            told[name] += name in data
            told[f"{name} in the URL alone"] += name in in_url and name not in data
        told["referrer"] += "referrer" in data
        told["nothing"] += not in_url and not {"utm_source", "utm_medium", "referrer"} & data.keys()
    for name in (*CLICK_IDS, "utm_source", "utm_medium", "utm_campaign", "fbp"):
        assert told[name] > 0
        assert told[f"{name} in the URL alone"] > 0
    assert min(told["referrer"], told["nothing"]) > 50


def test_some_parameters_are_escaped_and_some_click_ids_are_no_ids(
    events: dict[str, list[Event]],
) -> None:
    urls = [event["data"]["landing_url"] for event in events["session_started"]]
    clicks = {event["data"].get("gclid") for event in events["session_started"]}

    assert any("+" in url for url in urls)
    assert any("%2B" in url for url in urls)
    assert any("%C3%BC" in url for url in urls)
    assert "{gclid}" in clicks


def test_some_sessions_are_known_by_their_hits_alone_and_some_started_twice(
    events: dict[str, list[Event]],
) -> None:
    started = Counter(event["data"]["session_id"] for event in events["session_started"])
    hit = {event["data"]["session_id"] for event in events["event_hit"]}

    assert len(hit - started.keys()) > 5
    assert len(started.keys() - hit) > 5
    assert max(started.values()) == 2


def test_many_visits_belong_to_nobody_that_anybody_knows(
    world: World, events: dict[str, list[Event]]
) -> None:
    tied: set[str | None] = {company.client_id for company in world.companies}
    for types in ("form_submitted", "call_tracked", "contact_created", "signup"):
        tied |= {event["data"].get("client_id") for event in events[types]}
    clients = {event["data"]["client_id"] for event in events["session_started"]}

    assert 100 < len(clients - tied) < 300


def test_several_companies_have_used_the_browser_of_a_kiosk(
    events: dict[str, list[Event]],
) -> None:
    users = {
        event["data"]["company_id"]
        for event in events["signup"]
        if event["data"].get("client_id") == "kiosk-3.1750000000"
    }

    assert len(users) > 2


def test_a_form_or_a_call_ties_what_no_sign_up_does(events: dict[str, list[Event]]) -> None:
    forms = events["form_submitted"]
    kinds = Counter(event["data"]["form_kind"] for event in forms)
    told = {event["data"].get("client_id") for event in events["signup"]}

    assert min(kinds["lead"], kinds["marketing_site"]) > 10
    assert sum(event["data"].get("client_id") not in told for event in forms) > 10
    assert any("client_id" not in event["data"] for event in forms)
    assert any("client_id" not in event["data"] for event in events["call_tracked"])


def test_a_sign_up_in_the_app_follows_what_the_phone_did_before(
    events: dict[str, list[Event]],
) -> None:
    first_hit: dict[str, str] = {}
    for event in sorted(events["mobile_event_hit"], key=lambda event: str(event["occurred_at"])):
        first_hit.setdefault(event["data"]["device_id"], event["occurred_at"])

    assert len(events["mobile_app_signup"]) > 10
    for event in events["mobile_app_signup"]:
        assert first_hit[event["data"]["device_id"]] < event["occurred_at"]


def test_leads_never_sign_up_and_a_few_companies_are_known_by_their_sign_up_alone(
    world: World, events: dict[str, list[Event]]
) -> None:
    signed_up = {
        event["data"]["company_id"]: event["data"]
        for event in (*events["signup"], *events["mobile_app_signup"])
    }
    for company in world.companies:
        is_lead = company.kind in {CompanyKind.LEAD, CompanyKind.UNFINISHED}
        assert (company.company_id in signed_up) != is_lead

    assert sum({"client_id", "email"}.isdisjoint(data) for data in signed_up.values()) > 10


def test_referred_companies_name_who_brought_them_one_of_them_over_two_steps(
    world: World, events: dict[str, list[Event]]
) -> None:
    known = {company.company_id: company.first_seen_at for company in world.companies}
    referred = {company.company_id: company for company in world.referred_companies}
    told = {
        event["data"]["company_id"]: event["data"]["referred_by_company_id"]
        for event in events["company_created"]
        if "referred_by_company_id" in event["data"]
    }

    assert told == {name: company.referred_by_company_id for name, company in referred.items()}
    assert len(referred) == 12
    assert referred.keys().isdisjoint(known)
    assert len(set(told.values()) & referred.keys()) == 1
    for company in referred.values():
        by = company.referred_by_company_id
        earlier = known[by] if by in known else referred[by].first_seen_at
        assert earlier + timedelta(hours=1) < company.first_seen_at


def test_contacts_of_the_crm_tell_more_or_less_of_whom_they_belong_to(
    world: World, events: dict[str, list[Event]]
) -> None:
    made = {contact.contact_id: contact for contact in world.hubspot_contacts}
    told = [event["data"] for event in events["contact_created"]]

    assert len({data["contact_id"] for data in told}) == len(told) == len(world.hubspot_companies)
    assert all(made[data["contact_id"]].properties["email"] == data["email"] for data in told)
    shares = Counter(("client_id" in data, "company_id" in data) for data in told)
    assert min(shares.values()) > 10
