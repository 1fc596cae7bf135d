"""The warehouse as the rest of Millrace sees it: where it is, connections to it, and its schema.

`open_warehouse()` is the one way in: it starts the embedded server when that is the one in use,
brings the schema up to date, and writes dbt's profile.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from warehouse.migrate import migrate
from warehouse.profile import ensure_profile, write_profile
from warehouse.server import DATABASE, EmbeddedServer
from warehouse.settings import (
    Settings,
    Tool,
    get_settings,
    parse_database_url,
    read_settings,
    render_url,
    url_for,
)

# What Millrace makes in a database, and what `millrace db reset` therefore removes.
SCHEMAS = (
    "ops",
    "raw_events",
    "raw_hubspot",
    "raw_hubspot_staging",
    "raw_pipedrive",
    "raw_pipedrive_staging",
    "raw_yobi",
    "raw_yobi_staging",
    "reference",
    "staging",
    "intermediate",
    "core",
    "engagement",
    "journey",
    "journey_health",
    "activation",
    "activation_health",
    "history",
)


class WarehouseError(Exception):
    """The database cannot be reached or used; the message says what to do."""


@dataclass(frozen=True)
class Warehouse:
    """One PostgreSQL database that holds, or is about to hold, a warehouse."""

    url: str = field(repr=False)
    """libpq URL, password included."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What IPython and hypothesis show, who would look at every field."""
        printer.text(f"Warehouse({self.safe_url})")

    def url_for(self, tool: Tool) -> str:
        """The URL as `tool` wants it."""
        return url_for(tool, self.url)

    @property
    def safe_url(self) -> str:
        """The URL for people and logs, with the password hidden."""
        return parse_database_url(self.url).render_as_string(hide_password=True)

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection[TupleRow]:
        """A new psycopg 3 connection in UTC; the caller closes it.

        Raises:
            WarehouseError: when the server does not answer or refuses.
        """
        try:
            return psycopg.connect(
                self.url,
                autocommit=autocommit,
                application_name="millrace",
                options="-c timezone=UTC",
                connect_timeout=10,
            )
        except psycopg.ProgrammingError:
            # psycopg quotes the part that it could not read, which may be the password.
            raise WarehouseError(
                f"The database URL {self.safe_url} is not one that libpq can read: "
                "check MILLRACE_DATABASE_URL."
            ) from None
        except psycopg.OperationalError as error:
            raise WarehouseError(
                f"The database {self.safe_url} does not answer ({str(error).strip()}): "
                "run `millrace db start`, or check MILLRACE_DATABASE_URL."
            ) from None

    def migrate(self) -> None:
        """Bring `ops`, the landing tables and the functions up to date. Safe to repeat.

        Raises:
            WarehouseError: when the server does not answer or refuses.
        """
        self.connect().close()  # says in a sentence what Alembic would say in a page
        migrate(self.url_for(Tool.SQLALCHEMY))

    def reset(self) -> None:
        """Remove everything that Millrace keeps in the database, state included, and begin anew."""
        with self.connect() as connection:
            for schema in SCHEMAS:
                connection.execute(f"drop schema if exists {schema} cascade")
        self.migrate()


def embedded_server(settings: Settings | None = None) -> EmbeddedServer:
    """The embedded server of these settings' home, running or not."""
    return EmbeddedServer((settings or get_settings()).home)


def locate_warehouse(settings: Settings | None = None) -> Warehouse:
    """The warehouse that the settings name, as it is: nothing is started or changed.

    Raises:
        ServerError: when it is the embedded one and that was never started.
        SettingsError: when `MILLRACE_DATABASE_URL` is malformed.
    """
    settings = settings or get_settings()
    if settings.database_url is not None:
        return Warehouse(url_for(Tool.LIBPQ, settings.database_url.get_secret_value()))
    return Warehouse(render_url(embedded_server(settings).url()))


def start_warehouse(settings: Settings | None = None) -> Warehouse:
    """The warehouse that the settings name, started where it is ours to start, and not migrated.

    Raises:
        ServerError: when the embedded server does not start.
        WarehouseError: when the embedded database does not answer.
        SettingsError: when `MILLRACE_DATABASE_URL` is malformed.
    """
    settings = settings or get_settings()
    if settings.database_url is None:
        server = embedded_server(settings)
        if not server.status().is_running:
            server.start()
        ensure_database(server, DATABASE)
    return locate_warehouse(settings)


def open_warehouse(settings: Settings | None = None) -> Warehouse:
    """The warehouse that the settings name, ready for use: started, migrated, known to dbt.

    Raises:
        ServerError: when the embedded server does not start.
        WarehouseError: when the database does not answer.
        SettingsError: when `MILLRACE_DATABASE_URL` is malformed.
    """
    warehouse = start_warehouse(settings)
    warehouse.migrate()
    if os.environ.get("MILLRACE_DATABASE_URL"):
        ensure_profile(Path.cwd())
    else:  # dbt reads neither `.env` nor the embedded server's files
        write_profile(Path.cwd(), warehouse.url)
    return warehouse


def ensure_database(server: EmbeddedServer, name: str) -> Warehouse:
    """A database of that name on the embedded server, made when missing (and not migrated)."""
    with Warehouse(render_url(server.url("postgres"))).connect(autocommit=True) as connection:
        exists = connection.execute("select 1 from pg_database where datname = %s", [name])
        if exists.fetchone() is None:
            # Another process may have made it since.
            with contextlib.suppress(
                psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation
            ):
                connection.execute(f'create database "{name}"')
    return Warehouse(render_url(server.url(name)))


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Remove a database of the embedded server, whoever is connected to it."""
    with Warehouse(render_url(server.url("postgres"))).connect(autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')


def child_environment(warehouse: Warehouse) -> dict[str, str]:
    """The environment for a program (dbt, Dagster) that is to use `warehouse`.

    It has what the models read of the settings, wherever these stand.
    """
    return {**os.environ, **read_settings().of_the_models, "MILLRACE_DATABASE_URL": warehouse.url}
