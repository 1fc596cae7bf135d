"""Which records a load of HubSpot reads, and that none is lost."""

from __future__ import annotations

from datetime import timedelta

from ingestion.hubspot.landing import SEARCH_OVERLAP
from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState
from tests.ingestion.hubspot.conftest import NOON, Account, Serve

COMPANIES = "companies"
MINUTE = timedelta(minutes=1)


def test_the_first_load_reads_the_lists_and_the_next_ones_search(account: Account) -> None:
    account.load()
    assert account.asked() == [
        "GET /crm/v3/objects/companies",
        "GET /crm/v3/objects/contacts",
        "GET /crm/v3/objects/deals",
        "GET /crm/v3/objects/companies?archived",
        "GET /crm/v3/objects/contacts?archived",
        "GET /crm/v3/objects/deals?archived",
        "POST /crm/v3/objects/companies/batch/read",
        "POST /crm/v3/objects/contacts/batch/read",
        "POST /crm/v4/associations/contacts/companies/batch/read",
    ]

    account.load_later()
    assert account.asked() == [
        "POST /crm/v3/objects/companies/search",
        "POST /crm/v3/objects/contacts/search",
        "POST /crm/v3/objects/deals/search",
        "GET /crm/v3/objects/companies?archived",
        "GET /crm/v3/objects/contacts?archived",
        "GET /crm/v3/objects/deals?archived",
        "POST /crm/v4/associations/contacts/companies/batch/read",
    ]


def test_a_later_load_reads_what_is_new_and_what_has_changed_and_no_more(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.write(COMPANIES, "1", {"name": "Another name"})
    account.state.add(COMPANIES, {"hs_object_id": "4", "name": "New"})
    account.state.write("contacts", "11", {"firstname": "Ada"})

    summary = account.load()

    assert (summary.of(COMPANIES).read, summary.of(COMPANIES).landed) == (2, 2)
    assert (summary.of("contacts").read, summary.of("contacts").landed) == (1, 1)
    assert account.names() == {
        "1": "Another name", "2": "Company 2", "3": "Company 3", "4": "New"
    }  # fmt: skip
    account.load_later()
    assert account.load_later().of(COMPANIES).read == 0


def test_a_full_load_reads_everything_and_changes_nothing_that_is_known(account: Account) -> None:
    account.load()

    summary = account.load_later(full=True)

    assert (summary.of(COMPANIES).read, summary.of(COMPANIES).landed) == (3, 0)
    assert summary.of(COMPANIES).known == 3


def test_what_was_changed_while_a_load_read_on_is_found_by_the_next(
    serve: Serve, clock: StoppedClock
) -> None:
    state = HubspotState.with_companies(
        ({"name": f"Company {number}"} for number in range(250)), clock=clock
    )
    account = serve(HubspotSimulator(state))
    pages = 0

    def change_meanwhile(_: int) -> None:
        nonlocal pages
        pages += 1
        if pages == 1:  # the first company has been read, the last has not
            clock.advance(timedelta(hours=1))
            state.write(COMPANIES, "1001", {"name": "Changed behind the reader"})
            clock.advance(timedelta(hours=1))
            state.write(COMPANIES, "1250", {"name": "Changed before the reader"})

    account.load(on_progress=change_meanwhile)
    assert account.names()["1001"] == "Company 0"
    assert account.names()["1250"] == "Changed before the reader"

    account.load_later()
    assert account.names()["1001"] == "Changed behind the reader"


def test_a_change_that_shows_late_is_found_as_long_as_it_is_not_later_than_the_overlap(
    serve: Serve, state: HubspotState, clock: StoppedClock
) -> None:
    account = serve(HubspotSimulator(state, search_delay=SEARCH_OVERLAP - MINUTE))
    account.load()
    clock.advance(timedelta(hours=1))
    state.write(COMPANIES, "1", {"name": "Late"})
    clock.advance(MINUTE)

    account.load()
    assert account.names()["1"] == "Company 1"
    clock.advance(SEARCH_OVERLAP)
    account.load()
    assert account.names()["1"] == "Late"


def test_a_change_that_shows_later_than_that_is_found_by_a_wider_overlap_or_by_since(
    serve: Serve, state: HubspotState, clock: StoppedClock
) -> None:
    account = serve(HubspotSimulator(state, search_delay=timedelta(hours=2)))
    account.load()
    clock.advance(timedelta(hours=1))
    state.write(COMPANIES, "1", {"name": "Very late"})
    for _ in range(3):
        account.load_later()
    assert account.names()["1"] == "Company 1"

    account.load(overlap=timedelta(hours=2))
    assert account.names()["1"] == "Company 1"
    account.load(since=NOON)
    assert account.names()["1"] == "Very late"


def test_since_never_makes_a_load_read_less(account: Account) -> None:
    account.load()
    account.clock.advance(timedelta(hours=1))
    account.state.write(COMPANIES, "1", {"name": "Another name"})
    account.clock.advance(timedelta(hours=1))

    account.load(since=account.clock())

    assert account.names()["1"] == "Another name"


def test_an_older_version_from_the_search_does_not_replace_a_later_one_from_the_list(
    serve: Serve, state: HubspotState, clock: StoppedClock
) -> None:
    account = serve(HubspotSimulator(state, search_delay=4 * MINUTE))
    state.write(COMPANIES, "1", {"name": "Earlier"})
    clock.advance(MINUTE)
    state.write(COMPANIES, "1", {"name": "Later"})
    clock.advance(MINUTE)
    account.load()
    clock.advance(2 * MINUTE)

    summary = account.load()

    assert (summary.of(COMPANIES).read, summary.of(COMPANIES).known) == (1, 1)
    assert account.names()["1"] == "Later"


def test_more_changes_than_one_search_gives_all_arrive(serve: Serve, clock: StoppedClock) -> None:
    state = HubspotState.with_companies(
        ({"name": f"Company {number}"} for number in range(1_050)), clock=clock
    )
    account = serve(HubspotSimulator(state, search_cap=400))
    account.load()
    clock.advance(timedelta(hours=1))
    for number in range(1_050):
        state.write(COMPANIES, str(1001 + number), {"name": "Changed"})

    summary = account.load()

    assert (summary.of(COMPANIES).read, summary.of(COMPANIES).landed) == (1_050, 1_050)
    assert set(account.names().values()) == {"Changed"}
    searches = account.simulator.calls.to("/crm/v3/objects/companies/search")
    assert [call.status for call in searches] == [200] * 6


def test_a_database_goes_on_from_where_its_own_data_are(account: Account) -> None:
    account.load()
    account.load_later()
    with account.warehouse.connect() as connection:
        connection.execute("update raw_hubspot.read_until set instant = %s", [NOON])
    account.clock.advance(timedelta(hours=1))
    account.load()
    assert account.simulator.calls.to("*/companies/search") != []

    account.warehouse.reset()
    account.load_later()

    assert account.simulator.calls.to("*/companies/search") == []
    assert len(account.names()) == 3


def test_properties_that_came_to_the_list_are_filled_by_reading_all_records_again(
    account: Account,
) -> None:
    account.load()
    with account.warehouse.connect() as connection:
        connection.execute("update raw_hubspot.companies set properties = properties - 'name'")
        connection.execute(
            "update raw_hubspot.read_until set asked_for = array_remove(asked_for, 'name')"
        )

    account.load_later()

    assert account.names()["1"] == "Company 1"
    assert account.simulator.calls.to("*/companies/search") == []
    account.load_later()
    assert len(account.simulator.calls.to("*/search")) == 3
