"""Records that were merged: under which id they live on, and that none counts twice."""

from __future__ import annotations

import pytest

from simulators.faults import Fault, Meanwhile
from tests.ingestion.hubspot.conftest import Account
from tests.ingestion.raw_tables import Rows

COMPANIES = "companies"


def crosswalk(account: Account) -> Rows:
    return account.rows(
        "select object_type, merged_id, id from raw_hubspot.merged_ids order by 1, 2"
    )


def asked_by_id(account: Account) -> int:
    return len(account.simulator.calls.to("/crm/v3/objects/companies/batch/read"))


@pytest.mark.parametrize("is_erased", [False, True], ids=["in the recycle bin", "on no list"])
def test_a_merged_record_is_archived_and_led_to_the_one_that_it_lives_on_as(
    account: Account, is_erased: bool
) -> None:
    account.load()
    account.state.merge(COMPANIES, winner="2", loser="1")
    if is_erased:
        account.state.erase(COMPANIES, "1")

    account.load_later()

    assert crosswalk(account) == [(COMPANIES, "1", "2")]
    assert account.archived() == ["1"]
    assert account.associations() == [
        ("11", "2", 1), ("11", "2", 279), ("12", "2", 1), ("12", "2", 279)
    ]  # fmt: skip
    summary = account.load_later()
    assert summary.records == 0
    assert sum(table.gone for table in summary.tables) == 0
    assert asked_by_id(account) == 0


@pytest.mark.parametrize("full", [False, True])
def test_a_record_that_was_merged_before_the_first_load_does_not_count(
    account: Account, full: bool
) -> None:
    account.state.merge(COMPANIES, winner="2", loser="1")
    account.load()

    account.load_later(full=full)

    assert crosswalk(account) == [(COMPANIES, "1", "2")]
    assert account.archived() == ["1"]


@pytest.mark.parametrize("names_all", [False, True], ids=["names its own", "names all"])
def test_a_chain_of_merges_leads_to_its_end(account: Account, names_all: bool) -> None:
    account.load()
    account.state.merge(COMPANIES, winner="2", loser="1")
    account.load_later()
    account.state.merge(COMPANIES, winner="3", loser="2")
    if names_all:
        account.state.record(COMPANIES, "3").properties["hs_merged_object_ids"] = "2;1"

    summary = account.load_later().of("merged_ids")

    assert crosswalk(account) == [(COMPANIES, "1", "3"), (COMPANIES, "2", "3")]
    assert (summary.read, summary.landed, summary.known) == (2, 2, 0)
    assert account.archived() == ["1", "2"]


def test_of_two_records_that_name_one_the_one_in_use_counts(account: Account) -> None:
    for company in ("2", "3"):
        account.state.record(COMPANIES, company).properties["hs_merged_object_ids"] = "1"
    account.state.archive(COMPANIES, "3")

    account.load()

    assert crosswalk(account) == [(COMPANIES, "1", "2")]


def test_records_that_name_each_other_are_no_endless_search(account: Account) -> None:
    account.state.record(COMPANIES, "2").properties["hs_merged_object_ids"] = "1;2;"
    account.state.record(COMPANIES, "1").properties["hs_merged_object_ids"] = "2"

    account.load()

    assert crosswalk(account) == []


def test_a_merged_record_that_was_archived_is_not_asked_for_in_every_load(
    account: Account,
) -> None:
    account.state.merge(COMPANIES, winner="2", loser="1")
    account.load()
    account.state.erase(COMPANIES, "1")

    account.load_later()
    assert asked_by_id(account) > 0
    account.load_later()

    assert asked_by_id(account) == 0
    assert account.archived() == ["1"]


def test_contacts_and_deals_are_merged_too(account: Account) -> None:
    for deal in ("61", "62"):
        account.state.add("deals", {"hs_object_id": deal})
    account.load()
    account.state.merge("contacts", winner="12", loser="11")
    account.state.merge("deals", winner="61", loser="62")

    account.load_later()

    assert crosswalk(account) == [("contacts", "11", "12"), ("deals", "62", "61")]
    assert (account.archived("contacts"), account.archived("deals")) == (["11"], ["62"])
    assert [contact for contact, *_ in account.associations()] == ["12", "12"]


@pytest.mark.parametrize("stream", ["companies", "companies/search", "contacts", "owners"])
def test_a_merge_in_the_middle_of_a_load_makes_no_record_count_twice(
    account: Account, stream: str
) -> None:
    account.load()
    account.simulator.faults.add(
        Fault(
            does=Meanwhile(happens=lambda: account.state.merge(COMPANIES, "2", "1")),
            path=f"*/{stream}",
            times=1,
        )
    )

    account.load_later(full=not stream.endswith("search"))
    account.load_later()

    assert crosswalk(account) == [(COMPANIES, "1", "2")]
    assert account.archived() == ["1"]
