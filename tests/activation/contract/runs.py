"""Runs of a case's sync, and what the ledger says of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import sql

from activation import SyncResult, retry_failed, run_sync
from tests.activation.contract.case import Case, Row
from tests.activation.models import fill
from tests.activation.source import ledger_rows
from warehouse.database import Warehouse


class Sync:
    """A case's sync in one warehouse."""

    def __init__(self, warehouse: Warehouse, case: Case) -> None:
        self.warehouse = warehouse
        self.case = case

    def want(self, rows: Mapping[str, Row]) -> None:
        """Let the model have these rows, and no others."""
        fill(self.warehouse, self.case.declaration, rows)

    def run(self, **how: Any) -> SyncResult:
        """One run, with a writer of its own."""
        with self.case.writer() as writer:
            return run_sync(self.warehouse, self.case.declaration, writer=writer, yes=True, **how)

    def retry(self, allow: Collection[str] | None = None) -> SyncResult:
        """Send what failed before, as a person does who has looked."""
        with self.case.writer() as writer:
            return retry_failed(self.warehouse, self.case.declaration, writer=writer, allow=allow)

    def outstanding(self) -> dict[str, str]:
        """Status of each key that the ledger lists as not settled."""
        found = ledger_rows(self.warehouse, "select key, status from ops.sync_outstanding")
        return {row["key"]: row["status"] for row in found}

    def failures(self) -> list[dict[str, Any]]:
        """Every refusal on record, oldest first."""
        return ledger_rows(
            self.warehouse,
            "select key, message, request_id from ops.sync_row where outcome = 'failed' "
            "order by recorded_at",
        )

    def ledger(self) -> dict[str, list[str]]:
        """All that `ops` holds, as text, by table."""
        with self.warehouse.connect() as connection:
            tables = connection.execute(
                "select tablename from pg_catalog.pg_tables where schemaname = 'ops' order by 1"
            ).fetchall()
            return {
                name: [
                    text
                    for (text,) in connection.execute(
                        sql.SQL("select kept::text from {} as kept order by 1").format(
                            sql.Identifier("ops", name)
                        )
                    )
                ]
                for (name,) in tables
            }
