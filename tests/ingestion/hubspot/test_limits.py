"""How many requests a load makes in how long: HubSpot never has to turn one away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pyrate_limiter import Rate

from ingestion.hubspot import limits
from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState, RateLimits
from tests.ingestion.hubspot.conftest import Account, Serve

REAL_RATES = (limits.GENERAL_RATE, limits.SEARCH_RATE)
"""Taken before any test makes them others."""
KINDS = ("companies", "contacts", "deals")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, _impatient: None) -> None:
    """Here one waits as long as in life."""
    for name, rate in zip(("GENERAL_RATE", "SEARCH_RATE"), REAL_RATES, strict=True):
        monkeypatch.setattr(limits, name, rate)


def limited(serve: Serve, clock: StoppedClock, *, general: int = 100) -> Account:
    """An empty account that turns away what goes beyond its limits, and that has been loaded."""
    account = serve(HubspotSimulator(HubspotState(clock=clock), limits=RateLimits(general=general)))
    account.load()
    clock.advance(timedelta(days=1))
    return account


def test_the_rates_are_hubspots() -> None:
    general, search = REAL_RATES
    assert (general.limit, search.limit) == (100, 5)
    assert 1_000 < search.interval < 1_200
    assert 10_000 < general.interval < 10_200


@pytest.mark.usefixtures("patient")
def test_the_searches_for_all_kinds_of_records_keep_to_one_limit_together(
    serve: Serve, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.hubspot.paging.SEARCH_PAGE_SIZE", 2)
    account = limited(serve, clock)
    for kind in KINDS:
        for _ in range(7):
            account.state.add(kind, {})

    account.load()

    assert len(account.simulator.calls.to("*/search")) == 4 * len(KINDS)
    assert {call.status for call in account.simulator.calls} <= {200, 207}


@pytest.mark.long
def test_lists_batches_and_searches_keep_to_the_general_limit_together(
    serve: Serve, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GENERAL_RATE", Rate(20, 10_100))
    account = limited(serve, clock, general=20)
    for kind in KINDS:
        account.state.add(kind, {})

    account.load()

    assert len(account.simulator.calls) > 10
    assert {call.status for call in account.simulator.calls} <= {200, 207}


@pytest.mark.long
@pytest.mark.usefixtures("patient")
def test_25_000_contacts_that_changed_since_yesterday_all_arrive_once_and_within_the_limits(
    serve: Serve, clock: StoppedClock
) -> None:
    account = limited(serve, clock)
    for number in range(25_000):
        account.state.add("contacts", {"email": f"c{number}@example.com"})

    summary = account.load()

    assert (summary.of("contacts").read, summary.of("contacts").landed) == (25_000, 25_000)
    emails = "select properties ->> 'email' from raw_hubspot.contacts order by id::bigint"
    assert account.rows(emails) == [(f"c{number}@example.com",) for number in range(25_000)]
    calls = account.simulator.calls
    assert {call.status for call in calls} <= {200, 207}
    assert len(calls.to("*/contacts/search")) == 25_000 / 200
    assert len(calls.to("/crm/v3/objects/contacts/batch/read")) == 25_000 / 50
    assert len(calls.to("*/contacts/companies/batch/read")) == 25_000 / 1_000
    assert len(calls) < 675
