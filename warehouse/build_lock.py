"""One build at a time: the lock that `millrace build` and Dagster hold while dbt runs.

dbt itself cannot hold it: the connection of its first hook ends before the first model. A plain
`dbt build` beside another build is therefore not held up here; `company_change_log` notices it and
refuses to decide from what two runs have built (macros/build_stamps.sql).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock

_RECORD_REFUSAL: LiteralString = """
    insert into ops.build_run (run_id, started_at, ended_at, outcome, message)
    select gen_random_uuid()::text, clock_timestamp(), clock_timestamp(), 'refused', %s
"""


class BuildInProgressError(Exception):
    """Another build is at work on this warehouse; the message says what to do."""


@contextmanager
def build_lock(warehouse: Warehouse, *, to_build: bool = True) -> Iterator[None]:
    """Hold the warehouse's build lock; the end of the block or of the process gives it back.

    The lock is the database session's: connect straight to PostgreSQL, or through a pooler in
    session mode.

    Args:
        warehouse: migrated, if it is to be built.
        to_build: whether the block builds the models; a refusal is then on record in
            `ops.build_run`.

    Raises:
        BuildInProgressError: when somebody else holds it.
        WarehouseError: when the database does not answer.
    """
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        found = connection.execute(
            "select pg_try_advisory_lock(%s)", [WarehouseLock.BUILD.value]
        ).fetchone()
        if found is None or not found[0]:
            refusal = BuildInProgressError(
                "Another build is at work on this warehouse: build again when it has ended."
            )
            if to_build:
                connection.execute(_RECORD_REFUSAL, [str(refusal)])
            raise refusal
        yield
