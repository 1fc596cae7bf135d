"""Which contacts belong to which companies."""

from __future__ import annotations

from simulators.clock import StoppedClock
from simulators.faults import Fault, Refuse
from simulators.hubspot import HubspotSimulator, HubspotState
from tests.ingestion.hubspot.conftest import Account, Serve

TABLE = "contact_company_associations"
PATH = "/crm/v4/associations/contacts/companies/batch/read"


def test_associations_land_with_every_type_that_they_have(account: Account) -> None:
    account.state.associate("11", "2")

    summary = account.load().of(TABLE)

    assert account.associations() == [
        ("11", "1", 1), ("11", "1", 279), ("11", "2", 279), ("12", "1", 1), ("12", "1", 279)
    ]  # fmt: skip
    assert (summary.read, summary.landed, summary.known) == (5, 5, 0)
    assert account.rows(f"select distinct category, label from raw_hubspot.{TABLE} order by 2") == [  # noqa: S608 - ours
        ("HUBSPOT_DEFINED", "Primary"),
        ("HUBSPOT_DEFINED", None),
    ]


def test_associations_made_and_ended_later_are_seen_although_no_record_has_changed(
    account: Account,
) -> None:
    account.load()
    account.state.associate("11", "3", is_primary=True)
    account.state.dissociate("11", "1")

    summary = account.load_later()

    assert account.associations() == [
        ("11", "3", 1), ("11", "3", 279), ("12", "1", 1), ("12", "1", 279)
    ]  # fmt: skip
    assert (summary.of("contacts").read, summary.of(TABLE).landed, summary.of(TABLE).gone) == (
        0, 2, 2
    )  # fmt: skip


def test_a_contact_that_is_left_without_a_company_loses_the_last_one(account: Account) -> None:
    account.load()
    account.state.dissociate("11", "1")

    account.load_later()

    assert [call.status for call in account.simulator.calls.to(PATH)] == [207]
    assert account.associations() == [("12", "1", 1), ("12", "1", 279)]


def test_a_contact_for_which_hubspot_does_not_answer_keeps_what_it_had(account: Account) -> None:
    account.load()
    account.state.dissociate("11", "1")
    account.state.dissociate("12", "1")
    account.simulator.faults.add(Fault(does=Refuse(record_id="11"), times=1))

    account.load_later()
    assert account.associations() == [("11", "1", 1), ("11", "1", 279)]

    account.load_later(allow_shrinking=True)
    assert account.associations() == []


def test_a_contact_with_many_companies_is_read_page_by_page(
    serve: Serve, state: HubspotState
) -> None:
    for number in range(101, 106):
        state.add("companies", {"hs_object_id": str(number)})
        state.associate("11", str(number))
    account = serve(HubspotSimulator(state, association_page=2))

    account.load()

    assert [company for contact, company, _ in account.associations() if contact == "11"] == [
        "1", "1", "101", "102", "103", "104", "105"
    ]  # fmt: skip
    assert [call.inputs for call in account.simulator.calls.to(PATH)] == [2, 1, 1]


def test_a_contact_whose_pages_break_off_keeps_what_it_had(
    serve: Serve, state: HubspotState
) -> None:
    state.associate("11", "2")
    account = serve(HubspotSimulator(state, association_page=2))
    account.load()
    before = account.associations()
    state.dissociate("11", "1")
    state.associate("11", "3")
    state.add("companies", {"hs_object_id": "4"})
    state.associate("11", "4")
    account.simulator.faults.add(Fault(does=Refuse(record_id="11"), skip=1, times=1))

    summary = account.load_later().of(TABLE)

    assert account.associations() == before
    assert (summary.read, summary.known, summary.incomplete) == (4, 2, 2)
    account.load_later()
    assert [company for contact, company, _ in account.associations() if contact == "11"] == [
        "2", "3", "4"
    ]  # fmt: skip


def test_a_thousand_contacts_are_asked_for_at_once(serve: Serve, clock: StoppedClock) -> None:
    state = HubspotState(clock=clock)
    for _ in range(1_001):
        state.add("contacts", {})
    account = serve(HubspotSimulator(state))

    account.load()

    assert [call.inputs for call in account.simulator.calls.to(PATH)] == [1_000, 1]


def test_archived_contacts_are_not_asked_for_and_restored_ones_are(account: Account) -> None:
    account.state.archive("contacts", "12")
    account.load()
    assert [call.inputs for call in account.simulator.calls.to(PATH)] == [1]
    assert [contact for contact, *_ in account.associations()] == ["11", "11"]

    account.state.restore("contacts", "12")
    account.load_later()
    assert [contact for contact, *_ in account.associations()] == ["11", "11", "12", "12"]


def test_a_contact_that_is_deleted_for_ever_has_no_associations(account: Account) -> None:
    account.load()
    account.state.erase("contacts", "12")

    account.load_later(full=True)

    assert [contact for contact, *_ in account.associations()] == ["11", "11"]
