"""One build at a time: two would decide from each other's half-built models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.database import Warehouse
from warehouse.locks import WarehouseLock


class BuildInProgressError(Exception):
    """Another build of this warehouse is at work; the message says what to do."""


@contextmanager
def build_lock(warehouse: Warehouse) -> Iterator[None]:
    """Hold the warehouse's build lock; the end of the block or of the process gives it back.

    Raises:
        BuildInProgressError: when somebody else holds it.
        WarehouseError: when the database does not answer.
    """
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        found = connection.execute(
            "select pg_try_advisory_lock(%s)", [WarehouseLock.BUILD.value]
        ).fetchone()
        if found is None or not found[0]:
            raise BuildInProgressError(
                "A build of this warehouse is at work: wait until it has ended."
            )
        yield
