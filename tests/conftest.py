"""A real PostgreSQL for every test that wants one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import NAME, copy_of
from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer

_TEMPLATE = "millrace_template"


@pytest.fixture(scope="session", autouse=True)
def _dbt_writes_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """dbt's artefacts of test runs stay out of the project."""
    folder = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """An embedded server of this test session's own, running, with no database of Millrace's."""
    server = EmbeddedServer(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _template(server: EmbeddedServer) -> str:
    """Name of a migrated database that nobody is connected to, so that it can be copied."""
    ensure_database(server, _TEMPLATE).migrate()
    return _TEMPLATE


@pytest.fixture
def warehouse(server: EmbeddedServer, _template: str) -> Iterator[Warehouse]:
    """A fresh warehouse: every table there, every table empty; gone after the test."""
    warehouse = copy_of(server, _template)
    yield warehouse
    drop_database(server, NAME)
