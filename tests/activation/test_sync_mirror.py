"""Mode mirror: what disappears from the model is emptied where we put it, and nowhere else."""

from __future__ import annotations

from activation import ExitCode, RunStatus, plan_sync, retry_failed, revert_run, run_sync
from activation.writers.base import PropertyDescription, ValueKind
from tests.activation.memory import MemoryWriter
from tests.activation.models import FIRST, declare, fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse

MIRROR = declare(FIRST, ["a", "b"], mode="mirror")
PARKING = declare(FIRST, ["a", "b"], mode="mirror", park_after=1)


def writer(**more: object) -> MemoryWriter:
    properties = {name: PropertyDescription(name, ValueKind.TEXT) for name in "ab"}
    return MemoryWriter(properties=properties, **more)  # type: ignore[arg-type]


def written(warehouse: Warehouse, account: MemoryWriter, *keys: str) -> None:
    fill(warehouse, MIRROR, {key: {"a": f"a{key}"} for key in keys})
    assert run_sync(warehouse, MIRROR, writer=account, yes=True).exit_code is ExitCode.DONE


def test_a_row_that_disappears_has_its_values_emptied_and_is_forgotten(
    warehouse: Warehouse,
) -> None:
    account = writer(records={"2": {"a": None, "b": "theirs"}})
    written(warehouse, account, "1", "2", "3")
    fill(warehouse, MIRROR, {key: {"a": f"a{key}"} for key in ("1", "3")})
    plan = plan_sync(warehouse, MIRROR)
    assert (plan.counts.removals, plan.counts.unchanged, plan.counts.source) == (1, 2, 2)
    assert run_sync(warehouse, MIRROR, writer=account).written == 1
    assert account.records["2"] == {"a": None, "b": "theirs"}
    assert ledger_rows(warehouse, "select key from ops.sync_state order by key") == [
        {"key": "1"}, {"key": "3"},
    ]  # fmt: skip
    assert plan_sync(warehouse, MIRROR).counts.to_write == 0


def test_a_value_that_somebody_else_put_there_since_is_not_emptied(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2", "3")
    account.records["2"]["a"] = "theirs"
    fill(warehouse, MIRROR, {key: {"a": f"a{key}"} for key in ("1", "3")})
    assert run_sync(warehouse, MIRROR, writer=account).confirmed == 1
    assert account.records["2"]["a"] == "theirs"
    assert plan_sync(warehouse, MIRROR).counts.to_write == 0


def test_an_empty_model_empties_nothing(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2")
    fill(warehouse, MIRROR, {})
    result = run_sync(warehouse, MIRROR, writer=account, yes=True)
    assert (result.counts.removals, result.status) == (0, RunStatus.DONE)
    assert account.records["1"]["a"] == "a1"


def test_an_allowlist_keeps_what_is_not_on_it_from_being_emptied(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2", "3")
    fill(warehouse, MIRROR, {"1": {"a": "a1"}})
    run_sync(warehouse, MIRROR, writer=account, allow=["2"], yes=True)
    assert [account.records[key]["a"] for key in ("2", "3")] == [None, "a3"]


def test_a_removal_that_was_put_back_waits_to_be_retried(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2", "3")
    fill(warehouse, MIRROR, {key: {"a": f"a{key}"} for key in ("1", "3")})
    removal = run_sync(warehouse, MIRROR, writer=account)
    assert removal.run_id is not None
    back = revert_run(warehouse, removal.run_id, writer=account, declarations={MIRROR.name: MIRROR})
    assert (back.written, account.records["2"]["a"]) == (1, "a2")
    assert run_sync(warehouse, MIRROR, writer=account).written == 0
    assert account.records["2"]["a"] == "a2"
    assert retry_failed(warehouse, MIRROR, writer=account, yes=True).written == 1
    assert account.records["2"]["a"] is None


def test_rows_that_the_model_no_longer_has_are_not_counted_among_its_rows(
    warehouse: Warehouse,
) -> None:
    account = writer()
    written(warehouse, account, "1", "2", "3", "4")
    fill(warehouse, MIRROR, {"1": {"a": "a1"}})
    counts = plan_sync(warehouse, MIRROR, allow=["2"]).counts
    assert (counts.source, counts.unchanged, counts.removals, counts.held_back) == (1, 1, 1, 2)


def parked_removal(warehouse: Warehouse) -> MemoryWriter:
    account = writer()
    written(warehouse, account, "1", "2")
    fill(warehouse, PARKING, {"1": {"a": "a1"}})
    account.refused.add("2")
    assert run_sync(warehouse, PARKING, writer=account, yes=True).failed == 1
    account.refused.clear()
    counts = plan_sync(warehouse, PARKING).counts
    assert (counts.parked, counts.to_write, counts.unchanged) == (1, 0, 1)
    return account


def test_a_removal_that_was_refused_too_often_is_retried(warehouse: Warehouse) -> None:
    account = parked_removal(warehouse)
    assert retry_failed(warehouse, PARKING, writer=account, yes=True).written == 1
    assert account.records["2"]["a"] is None


def test_a_full_run_removes_what_was_parked(warehouse: Warehouse) -> None:
    account = parked_removal(warehouse)
    run_sync(warehouse, PARKING, writer=account, full=True, yes=True)
    assert account.records["2"]["a"] is None


def test_a_record_that_is_gone_needs_no_emptying(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2")
    del account.records["2"]
    account.refused.add("2")
    fill(warehouse, MIRROR, {"1": {"a": "a1"}})
    result = run_sync(warehouse, MIRROR, writer=account, yes=True)
    assert (result.confirmed, result.failed) == (1, 0)
    assert plan_sync(warehouse, MIRROR).counts.to_write == 0


def test_against_the_destination_what_is_empty_already_is_forgotten(warehouse: Warehouse) -> None:
    account = writer()
    written(warehouse, account, "1", "2")
    account.records["2"]["a"] = None
    fill(warehouse, MIRROR, {"1": {"a": "a1"}})
    run_sync(warehouse, MIRROR, writer=account, against_destination=True, yes=True)
    assert ledger_rows(warehouse, "select key from ops.sync_state") == [{"key": "1"}]
