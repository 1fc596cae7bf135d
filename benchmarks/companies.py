"""Invented companies for the activation benchmarks: what a model wants, and what was sent of it.

They lie in `activation.sync_hubspot_company__journey`, the table that dbt would build, with one
column more for tools that find changes by such a column: `changed_at`, an instant in UTC as text.
"""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from activation import find_declaration
from simulators.hubspot import Owner
from warehouse.database import Warehouse

SYNC = find_declaration("hubspot_company__journey")
"""Writes five properties, all of which change when a company does."""

BEFORE = "2026-01-01 00:00:00+00"
"""`changed_at` of companies that have not changed since everything was sent."""

_PEOPLE = range(20)

DROPDOWNS = {
    "salesaccountmanager": [f"sales_{number}" for number in _PEOPLE],
    "customersuccessmanager": [f"success_{number}" for number in _PEOPLE],
    "account_manager": [f"success_{number}" for number in _PEOPLE],
    "cs_stage": ["cs_sbp", "cs_sales", "cs_onboarding", "cs_success"],
}
"""Every value that a company can have, by the dropdown that has to offer it."""

OWNERS = [Owner(str(4100 + number), f"owner-{number}@example.com") for number in _PEOPLE]

_BUILD: LiteralString = """
    create table activation.sync_hubspot_company__journey as
    select
        (900000000 + n)::text as hubspot_company_id,
        'company ' || n as company_id,
        'sales_' || person as sales_account_manager,
        'success_' || person as customer_success_manager,
        'success_' || person as account_manager,
        (array['cs_sbp', 'cs_sales', 'cs_onboarding', 'cs_success'])[1 + person % 4] as cs_stage,
        (4100 + person)::text as hubspot_owner_id,
        null::text as skip_reason,
        {before}::timestamptz + times_changed * interval '1 day' as decided_at,
        ({before}::timestamptz + times_changed * interval '1 day')::text as changed_at
    from generate_series(1, {companies}) as n
    cross join lateral (
        select
            coalesce((n % nullif({every}, 0) = 0)::integer, 0)
            + (n = {once_more})::integer as times_changed
    ) as history
    cross join lateral (
        select (n + times_changed) % 20 as person
    ) as decision
"""

TEXT_ALONE = ("activation", "companies_in_text")
"""The model for tools whose queues take no instants."""

_WITHOUT_INSTANTS: LiteralString = """
    create view {} as
    select
        hubspot_company_id, sales_account_manager, customer_success_manager, account_manager,
        cs_stage, hubspot_owner_id, changed_at
    from activation.sync_hubspot_company__journey
"""

_ACKNOWLEDGE: LiteralString = """
    insert into ops.sync_state (sync, key, hash, payload, acknowledged_at)
    select {sync}, {key}, ops.payload_hash(payload), payload, clock_timestamp()
    from {source}
    cross join lateral (
        select jsonb_build_object({values}) as payload
    ) as sent
"""


def build_model(
    warehouse: Warehouse, companies: int, *, every: int = 0, once_more: int = 0
) -> None:
    """Put the model's table in the place of the one that is there.

    Args:
        warehouse: where it is built.
        companies: how many rows there are.
        every: every so manyth company has changed in all its fields; 0 is none.
        once_more: the number of one that has changed once more; 0 is none.
    """
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("create schema if not exists activation")
        connection.execute("drop table if exists activation.sync_hubspot_company__journey cascade")
        connection.execute(
            sql.SQL(_BUILD).format(
                before=sql.Literal(BEFORE),
                companies=sql.Literal(companies),
                every=sql.Literal(every),
                once_more=sql.Literal(once_more),
            )
        )
        connection.execute(sql.SQL(_WITHOUT_INSTANTS).format(sql.Identifier(*TEXT_ALONE)))
        connection.execute("vacuum analyze activation.sync_hubspot_company__journey")


def acknowledge_all(warehouse: Warehouse) -> None:
    """Leave in Millrace's ledger that HubSpot confirmed what the model wants now; nothing else."""
    values = [
        sql.SQL("{}, {}").format(sql.Literal(each.property), sql.Identifier(each.column))
        for each in SYNC.fields
    ]
    forget_all(warehouse)
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(
            sql.SQL(_ACKNOWLEDGE).format(
                sync=sql.Literal(SYNC.name),
                key=sql.Identifier(SYNC.key),
                source=sql.Identifier(*SYNC.source),
                values=sql.SQL(", ").join(values),
            )
        )
        connection.execute("vacuum analyze ops.sync_state")


def forget_all(warehouse: Warehouse) -> None:
    """Empty Millrace's ledger."""
    with warehouse.connect() as connection:
        connection.execute("truncate ops.sync_run, ops.sync_state, ops.sync_outstanding cascade")


def wanted(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Property and value of every company that the model has now, by its id in HubSpot."""
    columns = [SYNC.key, *(field.column for field in SYNC.fields)]
    statement = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(*SYNC.source)
    )
    with warehouse.connect() as connection:
        rows = connection.execute(statement).fetchall()
    return {key: dict(zip(SYNC.properties, values, strict=True)) for key, *values in rows}
