"""Databases of tests, which are built under one name: dbt parses the project anew for another."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from warehouse.database import Warehouse, drop_database, ensure_database
from warehouse.server import EmbeddedServer

NAME = "millrace_test"


def copy_of(server: EmbeddedServer, template: str) -> Warehouse:
    """A database like `template`, under the one name; what had that name is gone."""
    drop_database(server, NAME)
    _on(server, "create database {} template {}", NAME, template)
    return ensure_database(server, NAME)


def put_aside(server: EmbeddedServer, name: str) -> Warehouse:
    """The database of the one name, which is called `name` from now on."""
    drop_database(server, name)
    _on(server, "alter database {} rename to {}", NAME, name)
    return ensure_database(server, name)


def _on(server: EmbeddedServer, statement: LiteralString, *names: str) -> None:
    with ensure_database(server, "postgres").connect(autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
