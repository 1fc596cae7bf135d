"""The role that reads: how a BI tool logs in on the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from warehouse.database import Warehouse, WarehouseError, ensure_database
from warehouse.readers import READER, ensure_reader, reader_url
from warehouse.server import DATABASE, EmbeddedServer
from warehouse.settings import Settings


@pytest.fixture
def settings(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of the embedded server, which has a database and the role."""
    monkeypatch.delenv("MILLRACE_DATABASE_URL", raising=False)
    with ensure_database(server, DATABASE).connect() as connection:
        ensure_reader(connection)
        ensure_reader(connection)  # again changes nothing
    yield Settings(MILLRACE_HOME=server.home)
    (server.home / "reader.password").unlink(missing_ok=True)


def logged_in(url: str) -> object:
    with Warehouse(url).connect() as connection:
        return connection.execute("select current_user").fetchone()


def test_the_url_lets_the_reader_in_and_stays_the_same(
    settings: Settings, server: EmbeddedServer
) -> None:
    url = reader_url(settings)
    assert logged_in(url) == (READER,)
    assert (server.home / "reader.password").stat().st_mode & 0o777 == 0o600
    assert reader_url(settings) == url


def test_a_password_that_was_lost_is_replaced(settings: Settings, server: EmbeddedServer) -> None:
    old = reader_url(settings)
    (server.home / "reader.password").unlink()
    new = reader_url(settings)
    assert logged_in(new) == (READER,)
    with pytest.raises(WarehouseError, match="password authentication failed"):
        logged_in(old)


def test_the_password_reaches_no_log_of_the_server(
    settings: Settings, server: EmbeddedServer
) -> None:
    with ensure_database(server, "postgres").connect(autocommit=True) as admin:
        admin.execute("alter system set log_statement = 'all'")
        admin.execute("select pg_reload_conf()")
        try:
            password = psycopg.conninfo.conninfo_to_dict(reader_url(settings))["password"]
        finally:
            admin.execute("alter system reset log_statement")
            admin.execute("select pg_reload_conf()")
    log = server.log_file.read_text(errors="replace")
    assert "alter role" in log
    assert str(password) not in log


def test_an_external_server_is_its_administrators(tmp_path: Path) -> None:
    external = Settings(
        MILLRACE_DATABASE_URL="postgresql://ann:p@db.example.com/gtm", MILLRACE_HOME=tmp_path
    )
    with pytest.raises(WarehouseError, match=f"grant {READER} to <login>"):
        reader_url(external)
