"""Running the migrations: Alembic, with its version table in `ops`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from warehouse.locks import WarehouseLock


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade the database to `revision`, in one transaction, one process at a time.

    Args:
        url: SQLAlchemy URL.
        revision: an Alembic revision; the newest by default.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            upgrade(connection, revision)
    finally:
        engine.dispose()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade within the transaction that is open; waits for a migration that is under way."""
    connection.execute(
        text("select pg_advisory_xact_lock(:key)"), {"key": WarehouseLock.MIGRATION.value}
    )
    connection.execute(text("create schema if not exists ops"))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def known_revisions() -> tuple[str, ...]:
    """The revisions that this version of Millrace can make, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(reversed([script.revision for script in scripts]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
