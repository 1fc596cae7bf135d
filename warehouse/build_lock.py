"""One build at a time: the lock that whoever runs dbt on a warehouse holds meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from warehouse.database import Warehouse

BUILD_LOCK = 5_170_004
"""Key of the advisory lock; the number means nothing, but no other lock of Millrace has it."""


class BuildInProgressError(Exception):
    """Another build is at work on this warehouse; the message says what to do."""


@contextlib.contextmanager
def build_lock(warehouse: Warehouse, *, wait: bool = False) -> Iterator[None]:
    """Hold the warehouse's build lock; the death of this process gives it back.

    The lock is the database session's: connect straight to PostgreSQL, or through a pooler in
    session mode.

    Args:
        warehouse: migrated.
        wait: stand in line instead of giving up.

    Raises:
        BuildInProgressError: when another build holds it and `wait` is false.
    """
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        row = connection.execute(f"select {function}(%s)", [BUILD_LOCK]).fetchone()
        if not wait and row != (True,):
            raise BuildInProgressError(
                "Another build is at work on this warehouse: build again when it has ended."
            )
        yield
