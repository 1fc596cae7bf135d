"""Runs of the journey's sync against a writer in memory, and what the ledger says of them."""

from __future__ import annotations

from activation import (
    SyncResult,
    run_sync,
)
from tests.activation.memory import MemoryWriter
from tests.activation.source import declared, ledger_rows, rows
from warehouse.database import Warehouse


def run(warehouse: Warehouse, writer: MemoryWriter, batch_size: int = 100) -> SyncResult:
    return run_sync(warehouse, declared(batch_size=batch_size), writer=writer, yes=True)


def keys(count: int) -> set[str]:
    return {str(row.key) for row in rows(count)}


def outcomes(warehouse: Warehouse, result: SyncResult) -> dict[str, str]:
    found = ledger_rows(
        warehouse, "select key, outcome from ops.sync_row where run_id = %s", result.run_id
    )
    return {row["key"]: row["outcome"] for row in found}


def recorded(warehouse: Warehouse, result: SyncResult) -> dict[str, object]:
    (row,) = ledger_rows(warehouse, "select * from ops.sync_run where run_id = %s", result.run_id)
    return row
