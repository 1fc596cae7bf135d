"""What properties have been, and since when."""

from __future__ import annotations

from datetime import timedelta

from ingestion.hubspot.objects import DEALS
from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState
from tests.ingestion.hubspot.conftest import NOON, Account, Serve
from tests.ingestion.raw_tables import Rows

TABLE = "property_history"
HOUR = timedelta(hours=1)


def stages(account: Account) -> Rows:
    """The landed stages of all deals."""
    return account.rows(
        "select record_id, changed_at, value from raw_hubspot.property_history "
        "where object_type = 'deals' and property = 'dealstage' order by 1, 2"
    )


def test_every_value_lands_with_the_instant_since_when_it_held(account: Account) -> None:
    account.state.add("deals", {"hs_object_id": "61", "dealstage": "qualifiedtobuy"})
    account.clock.advance(HOUR)
    account.state.write("deals", "61", {"dealstage": "closedwon"})
    account.clock.advance(HOUR)
    account.state.write("deals", "61", {"dealstage": ""})

    account.load()

    assert stages(account) == [
        ("61", NOON, "qualifiedtobuy"),
        ("61", NOON + HOUR, "closedwon"),
        ("61", NOON + 2 * HOUR, ""),
    ]
    assert account.rows("select distinct source_type from raw_hubspot.property_history") == [
        ("INTEGRATION",)
    ]


def test_later_loads_read_the_histories_of_changed_records_alone_and_repeat_nothing(
    account: Account,
) -> None:
    for deal in ("61", "62"):
        account.state.add("deals", {"hs_object_id": deal, "dealstage": "qualifiedtobuy"})
    account.clock.advance(HOUR)
    account.load()
    account.clock.advance(HOUR)
    account.state.write("deals", "62", {"dealstage": "closedlost"})

    summary = account.load().of(TABLE)

    assert [call.inputs for call in account.simulator.calls.to("*/deals/batch/read")] == [1]
    assert (summary.read, summary.landed, summary.known) == (2, 1, 1)
    assert [(deal, value) for deal, _, value in stages(account)] == [
        ("61", "qualifiedtobuy"), ("62", "qualifiedtobuy"), ("62", "closedlost")
    ]  # fmt: skip
    assert account.load_later(full=True).of(TABLE).landed == 0


def test_no_history_is_lost_between_the_batches_nor_behind_a_record_that_has_none(
    serve: Serve, clock: StoppedClock
) -> None:
    state = HubspotState(clock=clock)
    for number in range(120):
        state.add("deals", {} if number % 3 else {"dealstage": f"stage {number}"})
    account = serve(HubspotSimulator(state))

    account.load()

    assert [value for _, _, value in stages(account)] == [
        f"stage {number}" for number in range(0, 120, 3)
    ]
    assert [call.inputs for call in account.simulator.calls.to("*/deals/batch/read")] == [
        50,
        50,
        20,
    ]


def test_what_happened_right_before_a_record_was_archived_is_not_lost(account: Account) -> None:
    account.state.add("deals", {"hs_object_id": "61", "dealstage": "qualifiedtobuy"})
    account.load()
    account.clock.advance(HOUR)
    account.state.write("deals", "61", {"dealstage": "closedlost"})
    account.state.archive("deals", "61")

    account.load_later()

    assert [value for _, _, value in stages(account)] == ["qualifiedtobuy", "closedlost"]
    account.load_later()
    assert account.simulator.calls.to("*/deals/batch/read") == []


def test_what_hubspot_has_forgotten_stays(account: Account) -> None:
    account.state.add("deals", {"hs_object_id": "61", "dealstage": "qualifiedtobuy"})
    account.load()
    account.clock.advance(HOUR)
    account.state.write("deals", "61", {"dealstage": "closedlost"})
    deal = account.state.record("deals", "61")
    deal.created_at = account.clock()
    deal.revisions.clear()

    account.load()

    assert [value for _, _, value in stages(account)] == ["qualifiedtobuy", "closedlost"]


def test_every_property_with_history_is_also_read_as_it_is() -> None:
    assert set(DEALS.with_history) <= set(DEALS.properties)
