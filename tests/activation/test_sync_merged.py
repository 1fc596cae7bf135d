"""Syncs of the same records share their requests (spec/activation.md, Declared, not coded)."""

from __future__ import annotations

from activation import Declaration, ExitCode, RunStatus, run_sync, run_syncs
from activation.engine import groups
from activation.errors import DestinationUnavailableError
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import FIRST, SECOND, declare, fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse

ONE = declare(FIRST, ["a", "b"])
TWO = declare(SECOND, ["c"])


def writer(**more: object) -> MemoryWriter:
    properties = {name: PropertyDescription(name, ValueKind.TEXT) for name in "abc"}
    return MemoryWriter(properties=properties, **more)  # type: ignore[arg-type]


def keys(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


def test_a_record_that_two_syncs_changed_goes_in_one_request(warehouse: Warehouse) -> None:
    fill(warehouse, ONE, {key: {"a": f"a{key}", "b": None} for key in keys(1, 2, 3)})
    fill(warehouse, TWO, {key: {"c": f"c{key}"} for key in keys(2, 3, 4)})
    account = writer()
    first, second = run_syncs(warehouse, [ONE, TWO], writer=account, yes=True)
    assert account.requests == [keys(1, 2, 3, 4)]
    assert account.records["2"] == {"a": "a2", "c": "c2"}
    assert (first.written, second.written) == (3, 3)
    assert run_syncs(warehouse, [ONE, TWO], writer=account)[1].counts.to_write == 0
    assert len(account.requests) == 1


def test_the_calls_are_counted_once_and_the_ledger_says_who_carried_whom(
    warehouse: Warehouse,
) -> None:
    for sync in (ONE, TWO):
        fill(warehouse, sync, {"1": {"a": "x", "c": "y"}})
    account = writer()
    run_syncs(warehouse, [ONE, TWO], writer=account, yes=True)
    one, two = ledger_rows(
        warehouse, "select run_id, sync, calls, carried_by from ops.sync_run order by sync"
    )
    assert one["calls"] + two["calls"] == account.usage.calls
    assert (one["carried_by"], two["carried_by"]) == (None, one["run_id"])


def test_each_record_of_a_batch_counts_once_towards_its_size(warehouse: Warehouse) -> None:
    small, large = declare(FIRST, ["a"], batch_size=2), declare(SECOND, ["c"], batch_size=5)
    fill(warehouse, small, {key: {"a": "x"} for key in keys(1, 2, 3, 4)})
    fill(warehouse, large, {key: {"c": "y"} for key in keys(2, 3, 4, 5)})
    account = writer()
    run_syncs(warehouse, [small, large], writer=account, yes=True)
    assert account.requests == [keys(1, 2), keys(3, 4), keys(5)]


def test_a_value_that_is_refused_does_not_stop_that_of_the_other_sync(
    warehouse: Warehouse,
) -> None:
    fill(warehouse, ONE, {key: {"a": "bad" if key == "2" else "good"} for key in keys(1, 2, 3)})
    fill(warehouse, TWO, {key: {"c": "fine"} for key in keys(1, 2, 3)})
    for refusal in ("refused_values", "poisonous_values"):
        account = writer(**{refusal: {"bad"}})
        with warehouse.connect() as connection:
            connection.execute("truncate ops.sync_run, ops.sync_row, ops.sync_state cascade")
        first, second = run_syncs(warehouse, [ONE, TWO], writer=account, yes=True)
        assert (first.written, first.failed, first.exit_code) == (2, 1, ExitCode.FAILED_ROWS)
        assert (second.written, second.failed, second.exit_code) == (3, 0, ExitCode.DONE)
        assert account.records["2"] == {"c": "fine"}


def test_a_sync_that_cannot_go_does_not_stop_the_other(warehouse: Warehouse) -> None:
    stopped = declare(FIRST, ["a"], guards={"max_changed_rows": 1})
    fill(warehouse, stopped, {key: {"a": "x"} for key in keys(1, 2)})
    fill(warehouse, TWO, {"1": {"c": "y"}})
    account = writer()
    first, second = run_syncs(warehouse, [stopped, TWO], writer=account)
    assert (first.status, second.status) == (RunStatus.STOPPED, RunStatus.DONE)
    assert account.records == {"1": {"c": "y"}}

    lacking = declare(FIRST, ["nowhere"])
    fill(warehouse, lacking, {"1": {"nowhere": "x"}})
    fill(warehouse, TWO, {"1": {"c": "z"}})
    first, second = run_syncs(warehouse, [lacking, TWO], writer=account)
    assert (first.status, second.status) == (RunStatus.FAILED, RunStatus.DONE)
    assert account.records == {"1": {"c": "z"}}


def test_what_ends_the_requests_ends_every_run_that_they_carry(warehouse: Warehouse) -> None:
    fill(warehouse, ONE, {"1": {"a": "x"}})
    fill(warehouse, TWO, {"1": {"c": "y"}})
    gone = DestinationUnavailableError("It is gone.")
    account = writer(failures={1: gone})
    results = run_syncs(warehouse, [ONE, TWO], writer=account, yes=True)
    assert [(each.status, each.message) for each in results] == [
        (RunStatus.FAILED, "It is gone.")
    ] * 2


def test_syncs_share_requests_where_record_and_policy_allow() -> None:
    strict = declare("hubspot_company__strict", ["d"], policy="all_or_nothing")
    contact = declare("hubspot_contact__other", ["e"], object="contact")

    def names(found: list[list[Declaration]]) -> list[list[str]]:
        return [[each.name for each in group] for group in found]

    assert names(groups([ONE, strict, contact, TWO])) == [
        [FIRST, SECOND],
        ["hubspot_company__strict"],
        ["hubspot_contact__other"],
    ]


def test_a_sync_run_alone_leaves_the_properties_of_another_alone(warehouse: Warehouse) -> None:
    fill(warehouse, ONE, {"1": {"a": "x"}})
    fill(warehouse, TWO, {"1": {"c": "y"}})
    account = writer()
    run_sync(warehouse, TWO, writer=account, yes=True)
    assert account.records == {"1": {"c": "y"}}


def test_the_calls_are_on_record_though_the_run_that_counts_them_ended_early(
    warehouse: Warehouse,
) -> None:
    for sync in (ONE, TWO):
        fill(warehouse, sync, {"1": {"a": "x", "c": "y"}})
    account = writer()
    del account.properties["a"]
    first, second = run_syncs(warehouse, [ONE, TWO], writer=account, yes=True)
    assert (first.status, second.written) == (RunStatus.FAILED, 1)
    assert [
        row["calls"]
        for row in ledger_rows(warehouse, "select calls from ops.sync_run order by sync")
    ] == [account.usage.calls, 0]
