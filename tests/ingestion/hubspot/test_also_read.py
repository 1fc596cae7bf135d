"""What syncs write is read back, beside what the models need."""

from __future__ import annotations

import pytest

from simulators.hubspot import HubspotState
from simulators.hubspot.properties import FieldType, PropertyDefinition, PropertyType
from tests.ingestion.hubspot.conftest import Account

ALSO = {"companies": ["phone"], "contacts": ["phone", "company"]}


def phones(account: Account, table: str = "companies") -> list[object]:
    """What is landed of `phone`, in the order of the ids."""
    query = f"select properties ->> 'phone' from raw_hubspot.{table} order by id"  # noqa: S608 - ours
    return [phone for (phone,) in account.rows(query)]


def test_further_properties_are_read_of_the_kinds_of_records_that_have_them(
    account: Account,
) -> None:
    account.state.write("companies", "1", {"phone": "1"})
    account.state.write("contacts", "11", {"phone": "11"})
    account.load()
    assert phones(account) == [None, None, None]
    account.load(also_read=ALSO)
    assert phones(account) == ["1", None, None]
    assert phones(account, "contacts") == ["11", None]


def test_all_records_are_read_once_for_a_further_property_and_changes_by_search_from_then_on(
    account: Account,
) -> None:
    account.load()
    account.state.write("companies", "1", {"phone": "1"})
    account.load_later(also_read=ALSO)
    assert account.simulator.calls.to("*/companies/search") == []
    assert len(account.simulator.calls.to("*/deals/search")) == 1
    account.load_later(also_read=ALSO)
    assert len(account.simulator.calls.to("*/companies/search")) == 1
    account.state.write("companies", "2", {"phone": "2"})
    account.load_later(also_read=ALSO)
    assert phones(account) == ["1", "2", None]


def test_what_was_asked_for_is_known_afterwards(account: Account) -> None:
    account.load(also_read=ALSO)
    assert account.rows(
        "select object_type, asked_for @> '{phone}' from raw_hubspot.read_until order by 1"
    ) == [("companies", True), ("contacts", True), ("deals", False)]


def test_a_property_that_the_account_does_not_have_is_passed_over(account: Account) -> None:
    also_read = {"companies": ["not_there", "name"]}
    account.load(also_read=also_read)
    account.state.write("companies", "1", {"name": "Another name"})
    account.load_later(also_read=also_read)
    assert account.names()["1"] == "Another name"
    account.state.tables["companies"].define(
        PropertyDefinition(
            "not_there", "Now there", PropertyType.STRING, FieldType.TEXT, "companyinformation"
        )
    )
    account.state.write("companies", "2", {"not_there": "filled"})
    account.load_later(also_read=also_read)
    assert account.rows(
        "select id from raw_hubspot.companies where properties ->> 'not_there' = 'filled'"
    ) == [("2",)]


def test_more_properties_than_a_search_has_room_for_are_read_from_the_list(
    account: Account, state: HubspotState
) -> None:
    also_read = {"companies": [f"a_property_with_a_long_name_{number}" for number in range(80)]}
    account.load(also_read=also_read)
    state.write("companies", "1", {"name": "Another name"})
    account.load_later(also_read=also_read)
    assert account.simulator.calls.to("*/companies/search") == []
    assert len(account.simulator.calls.to("*/contacts/search")) == 1
    assert account.names()["1"] == "Another name"


def test_a_kind_of_record_that_is_not_read_is_a_mistake(account: Account) -> None:
    with pytest.raises(ValueError, match="No tickets are read"):
        account.load(also_read={"tickets": ["subject"]})
