"""One database for all tests of the activation, emptied before each."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import pytest

from tests.activation.landed import Ledger
from tests.activation.source import forget
from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer


@pytest.fixture(scope="session")
def _activation_warehouse(server: EmbeddedServer) -> Iterator[Warehouse]:
    name = f"millrace_activation_{secrets.token_hex(4)}"
    found = ensure_database(server, name)
    found.migrate()
    with found.connect() as connection:
        # Nobody pulls the plug on a test, so no commit need wait for the disk.
        connection.execute(f'alter database "{name}" set synchronous_commit = off')
    yield found
    drop_database(server, name)


@pytest.fixture
def warehouse(_activation_warehouse: Warehouse) -> Warehouse:
    """A migrated database with an empty ledger and no model: copying one per test takes longer."""
    forget(_activation_warehouse)
    return _activation_warehouse


@pytest.fixture
def ledger(warehouse: Warehouse) -> Iterator[Ledger]:
    """What is compared to find drift, empty."""
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        found = Ledger(connection)
        found.forget()
        yield found
        found.forget()
