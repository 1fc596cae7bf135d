"""Putting a backup back: all of it or nothing, and never under a sync or a build that is at work.

Everything happens in one transaction: what is there goes, the backup's tables, rows and grants
come, newer migrations run on them, and `ops.restore` gets its row. Whatever ends it midway, the
database is as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from warehouse.backup import OnTable
from warehouse.backup_file import Manifest, NotABackupError, read_manifest
from warehouse.build_lock import build_lock
from warehouse.database import SCHEMAS, Warehouse
from warehouse.dump_script import carry_out, script_of
from warehouse.locks import WarehouseLock
from warehouse.migrate import known_revisions, upgrade
from warehouse.readers import ensure_reader
from warehouse.settings import Tool

_WAIT = "30s"  # for sessions that read just now, before giving up


class RestoreError(Exception):
    """The backup was not put back, and the database is as it was; the message says why."""


class DependentsError(RestoreError):
    """Objects of other people would be removed with the warehouse's tables.

    Attributes:
        objects: what they are, each with kind, schema and name.
    """

    def __init__(self, objects: tuple[str, ...]) -> None:
        super().__init__(
            f"Other people's objects stand on the warehouse's tables and would be removed: "
            f"{', '.join(objects)}. Remove them yourself and make them again afterwards, or let "
            "them go with --cascade."
        )
        self.objects = objects


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    removed: tuple[str, ...]
    """Other people's objects that went with the tables, each with kind, schema and name."""
    roles_left_out: tuple[str, ...]
    """Roles of the backup's grants that do not exist here, or to which we may not grant."""


def checked_manifest(path: Path) -> Manifest:
    """What the backup says of itself, when this version of Millrace can put it back.

    Raises:
        NotABackupError: when the file is no backup, or a later version's.
    """
    manifest = read_manifest(path)
    if manifest.schema_revision not in known_revisions():
        raise NotABackupError(
            f"{path} was made by Millrace {manifest.millrace_version} with schema revision "
            f"{manifest.schema_revision}, which this version does not know: update Millrace first."
        )
    return manifest


def restore_backup(
    warehouse: Warehouse, path: Path, *, cascade: bool = False, on_table: OnTable | None = None
) -> Restored:
    """Replace everything that Millrace keeps in the database by what a backup holds.

    The first thing that a sync does afterwards is to read back the records that it is to write
    (spec/activation.md, Engine: unsure): their destination may be ahead of the backup.

    Args:
        warehouse: any database, migrated or empty.
        path: a file that `take_backup` wrote.
        cascade: whether other people's objects that stand on our tables may be removed.
        on_table: told about the progress.

    Raises:
        NotABackupError: when the file is no backup, is damaged, or is a later version's.
        DependentsError: when such objects exist, and `cascade` is False.
        BuildInProgressError: when a build is at work.
        RestoreError: when a sync is at work, somebody else holds a table, or the database refuses.
        WarehouseError: when the database does not answer.
    """
    manifest = checked_manifest(path)
    with build_lock(warehouse, to_build=False), _destinations_alone(warehouse):
        engine = create_engine(warehouse.url_for(Tool.SQLALCHEMY))
        try:
            with engine.begin() as transaction:
                connection = transaction.connection.driver_connection
                if not isinstance(connection, psycopg.Connection):
                    raise TypeError(f"The driver is {type(connection)}, not psycopg.")
                # Who opens the warehouse meanwhile waits here, and then finds it restored.
                connection.execute(
                    "select pg_advisory_xact_lock(%s)", [WarehouseLock.MIGRATION.value]
                )
                removed = _clear(connection, manifest)
                if removed and not cascade:
                    raise DependentsError(removed)
                ensure_reader(connection)
                roles_left_out = _refill(connection, path, manifest, on_table)
                upgrade(transaction)
                _record(connection, manifest)
        except psycopg.errors.LockNotAvailable:
            raise RestoreError(
                f"Somebody else has used the warehouse's tables for more than {_WAIT}: end that "
                "session (the view pg_stat_activity names it), then restore again. The "
                "database is as it was."
            ) from None
        except psycopg.Error as error:
            raise RestoreError(
                f"The database did not take the backup ({_told(error)}), and is as it was."
            ) from error
        except DBAPIError as error:
            raise RestoreError(
                "The backup could not be brought to this version's schema "
                f"({type(error.orig).__name__}); the database is as it was."
            ) from error
        finally:
            engine.dispose()
    return Restored(manifest, removed, roles_left_out)


@contextmanager
def _destinations_alone(warehouse: Warehouse) -> Iterator[None]:
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        found = connection.execute(
            "select pg_try_advisory_lock(%s)", [WarehouseLock.DESTINATIONS.value]
        ).fetchone()
        if found is None or not found[0]:
            raise RestoreError(
                "A sync is at work, or another restore: wait until it has ended "
                "(`millrace sync status`)."
            )
        yield


def _clear(connection: psycopg.Connection[TupleRow], manifest: Manifest) -> tuple[str, ...]:
    """Drop the warehouse's schemas; what else went with them is the answer."""
    schemas = sorted({*SCHEMAS, *manifest.schemas})
    connection.execute(
        sql.SQL("set local lock_timeout = {}; set local client_min_messages = error").format(
            sql.Literal(_WAIT)
        )
    )
    before = _elsewhere(connection, schemas)
    for schema in schemas:
        connection.execute(
            sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema))
        )
    return tuple(sorted(before - _elsewhere(connection, schemas)))


def _elsewhere(connection: psycopg.Connection[TupleRow], schemas: list[str]) -> set[str]:
    """Whatever outside of the schemas could stand on something within them."""
    found = connection.execute(
        """
        select format('%%s %%s', type, identity)
        from (
            select 'pg_class'::regclass as catalog, oid as object, relnamespace as namespace
            from pg_class where relkind in ('r', 'p', 'v', 'm', 'f')
            union all
            select 'pg_proc'::regclass, oid, pronamespace from pg_proc
            union all
            select 'pg_type'::regclass, oid, typnamespace from pg_type where typtype = 'd'
            union all
            select 'pg_constraint'::regclass, oid, connamespace from pg_constraint
            where conrelid <> 0
            union all
            select 'pg_trigger'::regclass, pg_trigger.oid, relnamespace
            from pg_trigger inner join pg_class on tgrelid = pg_class.oid
            where not tgisinternal
            union all
            select 'pg_attrdef'::regclass, pg_attrdef.oid, relnamespace
            from pg_attrdef inner join pg_class on adrelid = pg_class.oid
        ) as objects
        inner join pg_namespace on objects.namespace = pg_namespace.oid
        cross join lateral pg_identify_object(catalog, object, 0)
        where nspname <> all(%s) and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        """,
        [schemas],
    )
    return {name for (name,) in found}


def _refill(
    connection: psycopg.Connection[TupleRow],
    path: Path,
    manifest: Manifest,
    on_table: OnTable | None,
) -> tuple[str, ...]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if on_table is not None:
            on_table(done, manifest.tables)

    with script_of(path) as lines:
        roles_left_out = carry_out(lines, connection, count)
    # The script sets its session up for itself: an empty search_path, other time limits.
    connection.execute("reset all")
    return roles_left_out


def _record(connection: psycopg.Connection[TupleRow], manifest: Manifest) -> None:
    """Note the restore, never before the moment that the backup shows, whatever this clock says."""
    connection.execute(
        """
        insert into ops.restore (restored_at, taken_at, millrace_version, schema_revision)
        values (greatest(clock_timestamp(), %(taken_at)s), %(taken_at)s, %(version)s, %(revision)s)
        """,
        {
            "taken_at": manifest.taken_at,
            "version": manifest.millrace_version,
            "revision": manifest.schema_revision,
        },
    )


def _told(error: psycopg.Error) -> str:
    """The database's words, unless they could quote a row."""
    is_about_data = (error.sqlstate or "").startswith(("22", "23"))
    return type(error).__name__ if is_about_data else error.diag.message_primary or str(error)
