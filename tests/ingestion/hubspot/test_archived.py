"""Records, owners and properties that HubSpot archives, restores or deletes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ingestion.hubspot.conftest import NOON, Account

COMPANIES = "companies"
BY_ID = "POST /crm/v3/objects/companies/batch/read"


def missing(account: Account) -> list[object]:
    query = "select id from raw_hubspot.companies where missing_since is not null order by id"
    return [id_ for (id_,) in account.rows(query)]


@pytest.mark.parametrize(("table", "record_id"), [("companies", "2"), ("contacts", "12")])
def test_a_record_is_archived_once_hubspot_has_archived_it(
    account: Account, table: str, record_id: str
) -> None:
    account.load()
    account.state.archive(table, record_id)

    summary = account.load_later()

    assert account.archived(table) == [record_id]
    assert account.rows(f"select archived_at from raw_hubspot.{table} where archived") == [(NOON,)]  # noqa: S608 - ours
    assert (summary.of(table).landed, account.load_later().of(table).landed) == (1, 0)


def test_a_record_that_was_archived_before_the_first_load_lands_as_such(account: Account) -> None:
    account.state.archive(COMPANIES, "2")

    account.load()

    assert account.archived() == ["2"]
    assert len(account.names()) == 3


@pytest.mark.parametrize("full", [False, True])
def test_a_restored_record_is_in_use_again_although_no_search_need_find_it(
    account: Account, full: bool
) -> None:
    account.state.archive(COMPANIES, "2")
    account.load()
    account.state.restore(COMPANIES, "2")

    account.load_later(full=full)

    assert account.archived() == []
    assert account.rows("select archived_at from raw_hubspot.companies where id = '2'") == [(None,)]
    assert account.asked().count(BY_ID) == (1 if full else 2)  # its history, and it itself


def test_a_record_that_is_restored_between_the_lists_is_not_taken_for_gone(
    account: Account,
) -> None:
    account.load()
    account.state.archive(COMPANIES, "2")

    def restore(_: int) -> None:
        account.state.restore(COMPANIES, "2")

    account.load_later(full=True, on_progress=restore)

    assert account.asked().count(BY_ID) == 2  # the others' histories, and it itself
    assert account.archived() == []


def test_an_archived_record_that_is_deleted_for_ever_stays_archived_and_is_asked_for_once(
    account: Account,
) -> None:
    account.state.archive(COMPANIES, "2")
    account.load()
    account.state.erase(COMPANIES, "2")

    assert account.load_later().of(COMPANIES).gone == 1
    assert BY_ID in account.asked()
    account.load_later()
    assert BY_ID not in account.asked()
    account.load_later(full=True)
    assert account.asked().count(BY_ID) == 1  # the others' histories
    assert (account.archived(), missing(account)) == (["2"], ["2"])


def test_a_record_that_vanished_counts_as_archived_after_a_full_load(account: Account) -> None:
    account.load()
    account.state.erase(COMPANIES, "2")
    account.load_later()
    assert account.archived() == []

    summary = account.load_later(full=True)

    assert (summary.of(COMPANIES).read, summary.of(COMPANIES).gone) == (2, 1)
    assert (account.archived(), missing(account)) == (["2"], ["2"])
    assert len(account.names()) == 3


def test_a_record_that_comes_back_is_no_longer_missing(account: Account) -> None:
    account.load()
    name = account.state.record(COMPANIES, "2").properties["name"]
    account.state.erase(COMPANIES, "2")
    account.load_later(full=True)
    account.state.add(COMPANIES, {"hs_object_id": "2", "name": name})

    account.load()

    assert (account.archived(), missing(account)) == ([], [])


def test_owners_land_with_those_who_have_left(account: Account) -> None:
    account.load()
    assert account.rows("select id, archived, owner ->> 'email' from raw_hubspot.owners") == [
        ("41", False, "ada@example.com"),
        ("42", True, "bo@example.com"),
    ]

    owner = account.state.owners["41"]
    account.state.owners["41"] = replace(owner, is_archived=True)
    account.load_later()
    assert account.archived("owners") == ["41", "42"]

    account.state.owners["41"] = owner
    del account.state.owners["42"]
    account.load_later()
    assert account.archived("owners") == ["42"]

    del account.state.owners["41"]
    assert account.load_later(allow_shrinking=True).of("owners").gone == 1
    assert account.archived("owners") == ["41", "42"]


def test_properties_land_with_their_options_and_are_archived_when_they_are_gone(
    account: Account,
) -> None:
    account.state.set_options(COMPANIES, "cs_stage", ["cs_sales"])
    account.load()
    found = account.rows(
        "select definition ->> 'type', definition ->> 'fieldType', "
        "definition -> 'options' -> 0 ->> 'value', archived "
        "from raw_hubspot.property_definitions "
        "where object_type = 'companies' and name = 'cs_stage'"
    )
    assert found == [("enumeration", "select", "cs_sales", False)]
    kinds = account.rows("select distinct object_type from raw_hubspot.property_definitions")
    assert sorted(kinds) == [("companies",), ("contacts",), ("deals",)]

    del account.state.tables[COMPANIES].definitions["cs_stage"]
    account.state.set_options(COMPANIES, "account_manager", ["cs.ash"])
    summary = account.load_later().of("property_definitions")

    assert (summary.landed, summary.gone) == (1, 1)
    assert account.rows(
        "select object_type, name from raw_hubspot.property_definitions where archived"
    ) == [("companies", "cs_stage")]
