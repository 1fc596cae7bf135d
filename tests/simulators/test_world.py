"""A world is always the same, believable, and arrives as real events do."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.events.contract import EVENT_TYPES, read_event
from ingestion.events.fields import ContractViolation
from simulators.world import (
    LAST_DAY_START,
    WORLD_END,
    CompanyKind,
    Defect,
    Delivery,
    World,
    build_world,
    last_day_stories,
    rule_stories,
    write_event_files,
)
from simulators.world.story import stories_of

LONG_AFTER = WORLD_END + timedelta(days=300)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


def digest(world: World) -> str:
    return hashlib.sha256(repr(world).encode()).hexdigest()


def events_of(world: World, event_type: str) -> list[dict[str, Any]]:
    events = (json.loads(line.line) for line in world.events if line.delivery is Delivery.FIRST)
    return [event for event in events if event["event_type"] == event_type]


# Always the same


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_order(world: World) -> None:
    script = (
        "import hashlib; from simulators.world import build_world;"
        "print(hashlib.sha256(repr(build_world()).encode()).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout.strip() == digest(world)


def test_another_seed_gives_other_companies_that_live_the_same_stories(world: World) -> None:
    other = build_world(seed=world.seed + 1)

    assert digest(other) != digest(world)
    assert {c.name for c in other.companies} != {c.name for c in world.companies}
    told = {
        story.name for module in (rule_stories, last_day_stories) for story in stories_of(module)
    }
    assert told <= {c.story for c in world.companies}
    assert told <= {c.story for c in other.companies}


@pytest.mark.parametrize("companies", [1, 30, 1_700])
def test_a_world_has_as_many_companies_as_asked_for(companies: int) -> None:
    world = build_world(companies=companies)

    assert len(world.companies) == companies
    assert len({company.company_id for company in world.companies}) == companies
    assert len({company.domain for company in world.companies}) == companies


def test_a_longer_world_ends_at_the_same_instant() -> None:
    world = build_world(companies=150, days=200)

    assert world.ended_at == WORLD_END
    assert world.started_at == WORLD_END - timedelta(days=200)
    assert world.companies[0].first_seen_at < WORLD_END - timedelta(days=120)


@pytest.mark.parametrize(("companies", "days"), [(0, 120), (300, 119)])
def test_a_world_that_is_too_small_is_refused(companies: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        build_world(companies=companies, days=days)


# Believable


def test_companies_of_every_kind_exist(world: World) -> None:
    kinds = Counter(company.kind for company in world.companies)

    assert sum(kinds.values()) == 300
    few = {CompanyKind.TEST, CompanyKind.UNFINISHED}
    assert all(kinds[kind] >= (3 if kind in few else 10) for kind in CompanyKind)
    assert kinds[CompanyKind.NO_TOUCH] == max(kinds.values())


def test_sign_ups_come_on_weekdays_and_in_bursts(world: World) -> None:
    days = Counter(company.first_seen_at.date() for company in world.companies)
    by_weekday = Counter(company.first_seen_at.weekday() for company in world.companies)

    assert (by_weekday[5] + by_weekday[6]) / 300 < 0.15
    assert max(days.values()) > 2 * 300 / 120
    assert world.started_at <= min(company.first_seen_at for company in world.companies)


def test_plans_have_prices_and_customers_move_between_them(world: World) -> None:
    steps = Counter[str]()
    last: dict[str, float] = {}
    for event in sorted(
        events_of(world, "subscription_changed"),
        key=lambda event: (datetime.fromisoformat(event["occurred_at"]), event["event_id"]),
    ):
        company_id, mrr = event["data"]["company_id"], event["data"]["mrr"]
        is_free = event["data"]["plan_id"] in {
            "trial", "demo", "free", "churn", "connecteam_free_small_business",
        }  # fmt: skip
        assert mrr == 0 if is_free else mrr < 6000
        if last.get(company_id) and mrr:
            steps["up" if mrr > last[company_id] else "down"] += mrr != last[company_id]
        last[company_id] = mrr
    assert steps["up"] > 20
    assert steps["down"] > 5


def test_every_type_of_event_of_the_contract_occurs(world: World) -> None:
    types = Counter(
        json.loads(line.line)["event_type"]
        for line in world.events
        if line.delivery is Delivery.FIRST
    )

    assert types.keys() == EVENT_TYPES.keys()


def test_the_default_world_stays_small(world: World) -> None:
    assert 6_000 < len(world.events) < 12_000


# How events arrive


def test_lines_come_in_order_of_arrival_and_end_with_the_world(world: World) -> None:
    arrivals = [line.arrived_at for line in world.events]

    assert arrivals == sorted(arrivals)
    assert arrivals[-1] <= WORLD_END
    assert all(line.arrived_at.tzinfo is UTC for line in world.events)


def test_lines_between_two_instants_are_those_after_the_first_and_up_to_the_second(
    world: World,
) -> None:
    border = world.events[1_000].arrived_at
    earlier, later = world.lines(None, border), world.lines(border, WORLD_END)

    assert earlier[-1] == world.events[1_000].line
    assert earlier + later == [line.line for line in world.events]


def test_every_line_that_is_not_broken_keeps_the_contract(world: World) -> None:
    for line in world.events:
        if line.delivery is not Delivery.BROKEN:
            event = read_event(line.line.encode(), LONG_AFTER)
            assert event.event_id == line.event_id
            assert event.notes is None
            assert set(json.loads(line.line)) - {"source"} == {
                "event_id", "event_type", "occurred_at", "data",
            }  # fmt: skip


def test_every_broken_line_breaks_the_contract_and_its_event_arrives_all_the_same(
    world: World,
) -> None:
    whole = {line.event_id for line in world.events if line.delivery is Delivery.FIRST}
    for line in world.events:
        if line.delivery is Delivery.BROKEN:
            assert line.event_id in whole
            with pytest.raises(ContractViolation):
                read_event(line.line.encode(), LONG_AFTER)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_about_half_a_percent_is_broken_in_every_way_also_on_the_last_day(seed: int) -> None:
    world = build_world(seed=seed)
    broken = [line for line in world.events if line.delivery is Delivery.BROKEN]

    assert {line.defect for line in broken} == set(Defect)
    assert 0.003 < len(broken) / len(world.events) < 0.007
    assert sum(line.arrived_at > LAST_DAY_START for line in broken) >= 2


@pytest.mark.parametrize(
    ("defect", "sentence"),
    [
        (Defect.NOT_JSON, "not JSON"),
        (Defect.NO_EVENT_ID, "event_id is missing"),
        (Defect.EVENT_ID_TOO_LONG, "event_id is longer"),
        (Defect.UNKNOWN_TYPE, "event_type is unknown"),
        (Defect.BAD_TIME, "occurred_at"),
        (Defect.TIME_WITHOUT_OFFSET, "occurred_at"),
        (Defect.FAR_FUTURE, "24 hours"),
        (Defect.DATA_NOT_AN_OBJECT, "data is not an object"),
        (Defect.REQUIRED_FIELD_MISSING, "_id is missing"),
        (Defect.REQUIRED_FIELD_NULL, "mrr is missing"),
        (Defect.REQUIRED_FIELD_OF_WRONG_TYPE, "mrr is not a number"),
        (Defect.SIGNUP_WITHOUT_OFFSET, "signup_timestamp"),
        (Defect.UNKNOWN_STAGE, "cs_stage is none of"),
    ],
)
def test_a_line_is_broken_in_the_way_that_it_says(
    world: World, defect: Defect, sentence: str
) -> None:
    broken = next(line for line in world.events if line.defect is defect)

    with pytest.raises(ContractViolation, match=sentence):
        read_event(broken.line.encode(), LONG_AFTER)


def test_some_lines_arrive_twice_within_the_hour_and_some_on_another_day(world: World) -> None:
    first = {line.event_id: line for line in world.events if line.delivery is Delivery.FIRST}
    repeats = [line for line in world.events if line.delivery is Delivery.REPEAT]

    assert 0.01 < len(repeats) / len(world.events) < 0.04
    assert all(line.line == first[line.event_id].line for line in repeats)
    gaps = [line.arrived_at - first[line.event_id].arrived_at for line in repeats]
    assert min(gaps) < timedelta(hours=1)
    assert max(gaps) > timedelta(days=1)


def test_a_few_ids_come_with_another_content(world: World) -> None:
    first = {line.event_id: line for line in world.events if line.delivery is Delivery.FIRST}
    conflicts = [line for line in world.events if line.delivery is Delivery.CONFLICT]

    assert 2 <= len(conflicts) <= 5
    for line in conflicts:
        one, other = (read_event(x.line.encode(), LONG_AFTER) for x in (line, first[line.event_id]))
        assert one.event_id == other.event_id
        assert one.content_hash != other.content_hash


def test_most_events_arrive_within_minutes_and_some_up_to_20_days_late(world: World) -> None:
    delays = [
        line.arrived_at - datetime.fromisoformat(json.loads(line.line)["occurred_at"])
        for line in world.events
        if line.delivery is Delivery.FIRST
    ]
    late = [delay for delay in delays if delay > timedelta(hours=1)]

    assert 0.02 < len(late) / len(delays) < 0.06
    assert timedelta(days=5) < max(late) <= timedelta(days=20)
    assert sum(delay <= timedelta(minutes=15) for delay in delays) == len(delays) - len(late)


def test_one_event_arrives_before_it_happens(world: World) -> None:
    ahead = [
        line
        for line in world.events
        if line.delivery is Delivery.FIRST
        and datetime.fromisoformat(json.loads(line.line)["occurred_at"]) > line.arrived_at
    ]

    assert len(ahead) == 1
    company = world.company_of("is_told_ahead_of_time")
    assert json.loads(ahead[0].line)["data"]["company_id"] == company.company_id


def test_some_events_say_more_than_the_contract_asks_for(world: World) -> None:
    extras = Counter(
        name
        for line in world.events
        if line.delivery is Delivery.FIRST
        for name in json.loads(line.line)["data"]
        if name in {"app_version", "trace", "tags"}
    )

    assert min(extras[name] for name in ("app_version", "trace", "tags")) > 5


# Files


def test_each_day_of_arrival_has_a_file_with_its_lines_in_order(
    world: World, tmp_path: Path
) -> None:
    paths = write_event_files(world, tmp_path / "events", WORLD_END)

    assert paths == sorted((tmp_path / "events").iterdir())
    assert paths[-1].name == "events-2026-03-31.jsonl"
    written = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    assert written == world.lines(None, WORLD_END)
    for path in paths:
        day = path.stem.removeprefix("events-")
        of_day = [line.line for line in world.events if line.arrived_at.date().isoformat() == day]
        assert path.read_text("utf-8") == "".join(f"{line}\n" for line in of_day)


def test_a_days_file_grows_and_writing_in_steps_leaves_the_same_bytes(
    world: World, tmp_path: Path
) -> None:
    write_event_files(world, tmp_path / "steps", LAST_DAY_START)
    growing = tmp_path / "steps" / "events-2026-03-30.jsonl"
    before = growing.read_text("utf-8")
    paths = write_event_files(world, tmp_path / "steps", WORLD_END, after=LAST_DAY_START)
    at_once = write_event_files(world, tmp_path / "at_once", WORLD_END)

    assert [path.name for path in paths] == ["events-2026-03-30.jsonl", "events-2026-03-31.jsonl"]
    assert growing.read_text("utf-8").startswith(before)
    assert growing.read_text("utf-8") != before
    in_steps = {path.name: path.read_bytes() for path in (tmp_path / "steps").iterdir()}
    assert in_steps == {path.name: path.read_bytes() for path in at_once}


def test_writing_again_with_nothing_new_writes_no_file(world: World, tmp_path: Path) -> None:
    assert write_event_files(world, tmp_path, WORLD_END, after=WORLD_END) == []


# HubSpot


def test_most_companies_are_in_hubspot_each_with_a_record_of_its_own(world: World) -> None:
    linked = [c.hubspot_company_id for c in world.companies if c.hubspot_company_id is not None]
    records = {record.hubspot_company_id: record for record in world.hubspot_companies}

    assert 0.8 < len(linked) / len(world.companies) < 0.9
    assert len(set(linked)) == len(linked)
    assert len(records) == len(world.hubspot_companies) > len(linked)
    for company in world.companies:
        if company.hubspot_company_id is not None:
            record = records[company.hubspot_company_id]
            assert record.properties["name"] == company.name
            assert record.properties["domain"] == company.domain
            assert record.properties["domain"].endswith(".example.com")
            assert ("country" in record.properties) == (company.country is not None)
            onboarded = record.properties.get("is_subjectively_onboarded_")
            assert onboarded == company.is_subjectively_onboarded


def test_events_link_companies_to_their_own_records_and_not_before_these_exist(
    world: World,
) -> None:
    made_at = {record.hubspot_company_id: record.created_at for record in world.hubspot_companies}
    own = {company.company_id: company.hubspot_company_id for company in world.companies}
    links = [e for e in events_of(world, "company_updated") if "hubspot_company_id" in e["data"]]

    assert len(links) > 200
    for event in links:
        hubspot_company_id = event["data"]["hubspot_company_id"]
        assert hubspot_company_id == own[event["data"]["company_id"]]
        assert datetime.fromisoformat(event["occurred_at"]) > made_at[hubspot_company_id]


def test_owners_are_the_people_of_the_reference_file_who_have_a_hubspot_user(world: World) -> None:
    assert len(world.hubspot_owners) == 13
    assert len({owner.owner_id for owner in world.hubspot_owners}) == 13
    assert all(owner.owner_id.isdigit() for owner in world.hubspot_owners)
    assert "cs.bramble@example.com" not in {owner.email for owner in world.hubspot_owners}


def test_every_company_record_has_contacts_of_its_own_domain(world: World) -> None:
    domains = {r.hubspot_company_id: r.properties["domain"] for r in world.hubspot_companies}
    contacts = world.hubspot_contacts

    assert {contact.company_ids[0] for contact in contacts} == domains.keys()
    assert len({contact.contact_id for contact in contacts}) == len(contacts)
    assert len({contact.properties["email"] for contact in contacts}) == len(contacts)
    for contact in contacts:
        assert contact.properties["email"].endswith(f"@{domains[contact.company_ids[0]]}")
        assert contact.contact_id.isdigit()
        assert domains.keys() >= set(contact.company_ids)
    assert 5 < sum(len(contact.company_ids) == 2 for contact in contacts) < 50


def test_deals_are_about_companies_and_people_that_hubspot_has(world: World) -> None:
    people = {contact.contact_id: contact.company_ids[0] for contact in world.hubspot_contacts}
    deals = world.hubspot_deals

    assert len({deal.deal_id for deal in deals}) == len(deals) > 20
    assert {deal.properties["dealstage"] for deal in deals} >= {
        "closedwon", "closedlost", "contractsent"
    }  # fmt: skip
    for deal in deals:
        assert deal.contact_ids
        assert {people[contact_id] for contact_id in deal.contact_ids} == {deal.company_id}
        assert Decimal(deal.properties["amount"]) > 0
        assert deal.created_at <= world.ended_at
        is_closed = deal.properties["dealstage"] in {"closedwon", "closedlost"}
        assert datetime.fromisoformat(deal.properties["closedate"]) <= world.ended_at or (
            not is_closed
        )


def test_contacts_of_paying_companies_are_customers(world: World) -> None:
    stages = {
        contact.company_ids[0]: contact.properties["lifecyclestage"]
        for contact in world.hubspot_contacts
    }
    for company in world.companies:
        if company.hubspot_company_id is not None:
            is_customer = stages[company.hubspot_company_id] == "customer"
            assert is_customer == (
                company.kind
                in {
                    CompanyKind.SMALL_BUSINESS,
                    CompanyKind.NO_TOUCH,
                    CompanyKind.MID_SIZE,
                    CompanyKind.LARGE,
                }
            )
