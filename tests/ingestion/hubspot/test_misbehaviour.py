"""Whatever HubSpot does wrong: a load ends right or with one sentence, the next one ends right."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from ingestion.errors import IngestionError
from simulators.clock import StoppedClock
from simulators.faults import (
    ChangeRecord,
    Cut,
    DuplicatePage,
    ExpiredToken,
    Fault,
    HtmlPage,
    Meanwhile,
    MissingField,
    RateLimited,
    ServerError,
    Slow,
)
from simulators.hubspot import HubspotSimulator, HubspotState, Owner
from simulators.hubspot.associations import DEAL_COMPANIES, DEAL_CONTACTS
from tests.ingestion.hubspot.conftest import Account, Serve
from tests.ingestion.hubspot.truth import assert_all_has_landed

OBJECTS = "/crm/v3/objects"
ASSOCIATIONS = "/crm/v4/associations"


@pytest.fixture
def large_account(serve: Serve, clock: StoppedClock) -> Account:
    """120 contacts, each at one of 3 companies or at none; 60 deals, with companies and contacts.

    One company is archived, one contact was merged into another.
    """
    state = HubspotState(owners=[Owner("41", "ada@example.com")], clock=clock)
    for number in range(1, 5):
        state.add("companies", {"hs_object_id": str(number), "name": f"Company {number}"})
    for number in range(1, 121):
        contact = state.add("contacts", {"hs_object_id": str(100 + number)})
        if number % 4:  # company 4 has nobody
            state.associate(contact.id, str(number % 4), is_primary=True)
    for number in range(1, 61):
        deal = state.add("deals", {"hs_object_id": str(300 + number), "dealstage": "contractsent"})
        state.associate(deal.id, str(1 + number % 3), is_primary=True, kind=DEAL_COMPANIES)
        state.associate(deal.id, str(100 + number), kind=DEAL_CONTACTS)
    state.archive("companies", "4")
    state.merge("contacts", winner="101", loser="220")
    return account_of(serve, state)


def account_of(serve: Serve, state: HubspotState) -> Account:
    """The account behind pages so small that everything has several."""
    return serve(HubspotSimulator(state, association_page=1, search_cap=1_000))


CHANGE = ChangeRecord(table="contacts", record_id="102", values={"firstname": "Ada"})
MISBEHAVIOURS = {
    "busy": [Fault(does=RateLimited(retry_after=0), every=3)],
    "failing": [Fault(does=ServerError(status=500), every=3)],
    "failing after all": [Fault(does=ServerError(status=502, takes_effect=True), every=4)],
    "cutting off": [Fault(does=Cut(), every=3)],
    "slow": [Fault(does=Slow(seconds=0.01))],
    "busy all day": [Fault(does=RateLimited(policy="DAILY"), skip=7)],
    "an expired token": [Fault(does=ExpiredToken(), skip=9)],
    "a login wall": [Fault(does=HtmlPage(status=200), skip=8)],
    "a record without id": [Fault(does=MissingField(field="id"), path=f"{OBJECTS}/*", skip=2)],
    "no values": [Fault(does=MissingField(field="properties"), path=f"{OBJECTS}/contacts")],
    "no times": [Fault(does=MissingField(field="updatedAt"), path=f"{OBJECTS}/deals")],
    "no histories": [Fault(does=MissingField(field="propertiesWithHistory"), path="*/batch/read")],
    "associations of nobody": [Fault(does=MissingField(field="from"), path=f"{ASSOCIATIONS}/*")],
    "associations with nobody": [Fault(does=MissingField(field="to"), path=f"{ASSOCIATIONS}/*")],
    "owners without id": [Fault(does=MissingField(field="id"), path="*/owners")],
    "nameless properties": [Fault(does=MissingField(field="name"), path="*/properties/*")],
    "a page twice": [Fault(does=DuplicatePage(in_its_place=True), method="GET", times=6)],
    "rows that move": [Fault(does=DuplicatePage(), method="GET")],
    "a batch twice": [Fault(does=DuplicatePage(in_its_place=True), path=f"{ASSOCIATIONS}/*")],
    "a change": [Fault(does=CHANGE, path=f"{OBJECTS}/contacts", times=1)],
}


def load_once_more_or_less(account: Account) -> None:
    """Load while HubSpot misbehaves: all is well, or one sentence says what is not."""
    told = ["All is well."]
    try:
        account.load()
    except IngestionError as error:
        told.append(str(error))
    assert all(re.fullmatch(r"\S.*[^.]\.", sentence) for sentence in told)


MOST_TELLING = {
    "busy",
    "cutting off",
    "an expired token",
    "a login wall",
    "a record without id",
    "a page twice",
    "rows that move",
    "a change",
}
"""Those that `make test` has time for."""


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(faults, id=name, marks=() if name in MOST_TELLING else pytest.mark.long)
        for name, faults in MISBEHAVIOURS.items()
    ],
)
def test_after_any_misbehaviour_the_next_load_completes(
    large_account: Account, faults: list[Fault]
) -> None:
    large_account.simulator.faults.add(*faults)
    load_once_more_or_less(large_account)
    assert any(call.fault for call in large_account.simulator.calls)
    large_account.simulator.faults.clear()

    large_account.load_later()

    assert_all_has_landed(large_account.warehouse, large_account.state)


def archive(account: Account) -> None:
    account.state.archive("contacts", "199")


def add(account: Account) -> None:
    account.state.add("contacts", {"hs_object_id": "99", "email": "new@example.com"})


def merge(account: Account) -> None:
    account.state.merge("contacts", winner="150", loser="199")


def change(account: Account) -> None:
    account.clock.advance(timedelta(seconds=1))
    account.state.write("contacts", "101", {"lastname": "First of all"})
    account.state.write("contacts", "219", {"lastname": "Last of all"})


@pytest.mark.parametrize("happens", [archive, add, merge, change])
@pytest.mark.parametrize(
    "path", [pytest.param("contacts", marks=pytest.mark.long), "contacts/search"]
)
def test_what_happens_between_two_pages_is_known_after_the_next_load(
    large_account: Account,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Account], None],
    path: str,
) -> None:
    monkeypatch.setattr("ingestion.hubspot.paging.SEARCH_PAGE_SIZE", 50)
    if path.endswith("search"):
        large_account.load()
        for contact in range(101, 220):
            large_account.state.write("contacts", str(contact), {"firstname": "Changed"})
    fault = Meanwhile(happens=lambda: happens(large_account))
    large_account.simulator.faults.add(Fault(does=fault, path=f"{OBJECTS}/{path}", times=1))

    large_account.load()
    large_account.load_later()

    assert_all_has_landed(large_account.warehouse, large_account.state)
