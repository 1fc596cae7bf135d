"""The model behind the journey sync, made by hand: the table that dbt would build."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from activation import Declaration, find_declaration
from warehouse.database import Warehouse

JOURNEY = find_declaration("hubspot_company__journey")
_LEDGER = (
    "sync_plan_row", "sync_drift", "sync_row", "sync_outstanding", "sync_state", "sync_run",
    "sync_plan", "restore",
)  # fmt: skip
"""Tables, those that refer to others first."""


@dataclass(frozen=True)
class Row:
    """One row of activation.sync_hubspot_company__journey."""

    key: str | None
    sales: str | None = None
    success: str | None = "success_1"
    manager: str | None = "success_1"
    stage: str | None = "cs_onboarding"
    owner: str | None = "41"
    skip_reason: str | None = None
    company_id: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """Property and value of what is not null."""
        found = {
            "salesaccountmanager": self.sales,
            "customersuccessmanager": self.success,
            "account_manager": self.manager,
            "cs_stage": self.stage,
            "hubspot_owner_id": self.owner,
        }
        return {name: value for name, value in found.items() if value}


def rows(count: int, **values: str | None) -> list[Row]:
    """Rows with the keys 1001, 1002, ..."""
    return [Row(str(1000 + number), **values) for number in range(1, count + 1)]


def build(warehouse: Warehouse, content: Iterable[Row]) -> None:
    """Put these rows, and no others, into the model's table."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists activation")
        connection.execute(
            """
            create table if not exists activation.sync_hubspot_company__journey (
                hubspot_company_id text,
                sales_account_manager text,
                customer_success_manager text,
                account_manager text,
                cs_stage text,
                hubspot_owner_id text,
                skip_reason text,
                company_id text,
                decided_at timestamptz
            )
            """
        )
        connection.execute("truncate activation.sync_hubspot_company__journey")
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into activation.sync_hubspot_company__journey "
                "values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [astuple(row) for row in content],
            )


def declared(**changes: Any) -> Declaration:
    """The journey sync with other settings; `guards` and `fields` as in its file."""
    return Declaration.model_validate({**JOURNEY.model_dump(), **changes})


def ledger_rows(warehouse: Warehouse, query: str, *parameters: object) -> list[dict[str, Any]]:
    """What a query on the ledger finds, by column name."""
    with (
        warehouse.connect() as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        return cursor.execute(query, parameters).fetchall()


def forget(warehouse: Warehouse) -> None:
    """Empty the ledger and remove the model."""
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists activation cascade")
        # Of a few rows, faster than to truncate.
        for table in _LEDGER:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier("ops", table)))
