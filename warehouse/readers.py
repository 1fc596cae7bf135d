"""The role that reads for BI tools, and how a tool logs in as it on the embedded server.

The migrations give the role its rights. It cannot log in by itself: the embedded server's gets a
password at the first call of `reader_url`; on any other server the administrator grants it to
whoever may read.
"""

from __future__ import annotations

import os
import secrets

import psycopg
from psycopg.rows import TupleRow

from warehouse.database import Warehouse, WarehouseError, embedded_server
from warehouse.server import DATABASE
from warehouse.settings import Settings, render_url

READER = "millrace_reader"


def ensure_reader(connection: psycopg.Connection[TupleRow]) -> None:
    """Make the role where it is missing and we may; grants to it can then be restored."""
    found = connection.execute("select from pg_roles where rolname = %s", [READER]).fetchone()
    if found is not None:
        return
    try:
        with connection.transaction():
            connection.execute(f"create role {READER} nologin")
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateObject):
        return


def reader_url(settings: Settings) -> str:
    """libpq URL of the embedded database for the reading role, password included.

    The password is made once and kept in `MILLRACE_HOME`, readable by its owner alone.

    Raises:
        WarehouseError: when the server is not the embedded one; the message says what to grant.
        ServerError: when the embedded server was never started.
    """
    if settings.database_url is not None:
        raise WarehouseError(
            "The logins of the server of MILLRACE_DATABASE_URL are its administrator's: "
            f"let them run `grant {READER} to <login>`, and read with that login."
        )
    server = embedded_server(settings)
    owner = Warehouse(render_url(server.url()))
    password = _kept_password(settings)
    url = render_url(server.url(DATABASE).set(username=READER, password=password))
    with owner.connect(autocommit=True) as connection:
        found = connection.execute("select from pg_roles where rolname = %s", [READER]).fetchone()
        if found is None:
            raise WarehouseError(
                f"The database has no role {READER}: run `millrace db start`, which makes it."
            )
        if not _lets_in(url):
            # The server gets the hash alone: a statement may end up in its log.
            secret = connection.pgconn.encrypt_password(
                password.encode(), READER.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(f"alter role {READER} login password '{secret}'")
    return url


def _lets_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _kept_password(settings: Settings) -> str:
    path = settings.home / "reader.password"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    password = secrets.token_urlsafe(24)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{password}\n")
    return password
