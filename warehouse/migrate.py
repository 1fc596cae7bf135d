"""Running the migrations: Alembic, with its version table in `ops`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

_LOCK = 5_170_001  # one migration at a time per database; the number means nothing


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade the database to `revision`, in one transaction, one process at a time.

    Args:
        url: SQLAlchemy URL.
        revision: an Alembic revision; the newest by default.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text("create schema if not exists ops"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()
