"""Taking a backup: everything that Millrace keeps in the database, as of one moment.

Loads and builds may go on meanwhile. What the dump shows is one snapshot, taken when every table
and view is locked against being replaced: a build that wants to swap a model waits until the dump
is complete. Where a build comes to a swap before `pg_dump` has locked the tables as well, the
attempt is given up at once and made again, so that it is never the build that has to give way.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from warehouse.backup_file import Manifest, new_backup
from warehouse.database import SCHEMAS, Warehouse
from warehouse.programs import Target, newest_server, target_of
from warehouse.server import programs_folder

OLDEST_SERVER = 14
_ATTEMPTS = 200  # with a quarter of a second between them: a minute in which builds leave no gap
_LOCK_WAIT = "500ms"
_CHUNK = 2**20

OnTable = Callable[[int, int], None]
"""Called with the number of tables that are done, and of all."""


class BackupError(Exception):
    """The backup was not taken; the message says why. No file is left that looks like one."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken."""

    path: Path
    size_bytes: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Relation:
    oid: int
    schema: str
    name: str
    is_table: bool


class _MovingError(Exception):
    """Tables came, went or were being replaced just now."""


def default_path(folder: Path) -> Path:
    """A dated name in a folder, which need not exist yet."""
    return folder / f"millrace-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.backup"


def take_backup(warehouse: Warehouse, path: Path, *, on_table: OnTable | None = None) -> Backup:
    """Write a backup of the warehouse to a new file.

    Args:
        warehouse: need not be migrated to the newest revision.
        path: the file; its folder is made when missing.
        on_table: told about the progress.

    Raises:
        BackupError: when it could not be taken.
        WarehouseError: when the database does not answer.
    """
    if path.exists():
        raise BackupError(f"{path} exists already: name another file, or remove it first.")
    retrying = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random(0.1, 0.4),
        retry=retry_if_exception_type(_MovingError),
        reraise=True,
    )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return retrying(_attempt, warehouse, path, on_table)
    except _MovingError:
        raise BackupError(
            "The tables were being replaced all the time: take the backup when the build, the "
            "migration or the restore that does so has ended."
        ) from None
    except OSError as error:
        raise BackupError(f"{path} cannot be written ({error.strerror}).") from None


def _attempt(warehouse: Warehouse, path: Path, on_table: OnTable | None) -> Backup:
    with warehouse.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        _refuse_unfit(connection)
        snapshot, manifest = _freeze(warehouse, connection)
        with new_backup(path, manifest) as file:
            _dump(target_of(warehouse), snapshot, manifest, file, on_table)
    return Backup(path, path.stat().st_size, manifest)


def _refuse_unfit(connection: psycopg.Connection[TupleRow]) -> None:
    server, newest = connection.info.server_version // 10_000, newest_server()
    if not OLDEST_SERVER <= server <= newest:
        raise BackupError(
            f"The server is PostgreSQL {server}, and this Millrace backs up versions "
            f"{OLDEST_SERVER} to {newest}: take the backup with a pg_dump of that version."
        )
    found = connection.execute("select to_regclass('ops.schema_version') is null").fetchone()
    connection.rollback()
    if found is None or found[0]:
        raise BackupError("The database holds no warehouse yet: there is nothing to back up.")


def _freeze(warehouse: Warehouse, connection: psycopg.Connection[TupleRow]) -> tuple[str, Manifest]:
    """Lock what there is, then take the snapshot, and see that it shows what is locked.

    A table that is replaced between the snapshot and its lock would be dumped empty. Waiting for a
    lock ends before PostgreSQL looks for deadlocks, which might end the build instead.
    """
    with warehouse.connect() as looking:
        relations = _relations(looking)
    try:
        connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
        connection.execute(
            sql.SQL("lock table {} in access share mode").format(
                sql.SQL(", ").join(sql.Identifier(each.schema, each.name) for each in relations)
            )
        )
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.DeadlockDetected,
    ) as error:
        connection.rollback()
        raise _MovingError from error
    if _relations(connection) != relations:
        connection.rollback()
        raise _MovingError
    found = connection.execute(
        """
        select
            pg_export_snapshot(), transaction_timestamp(), current_setting('server_version'),
            (select version_num from ops.schema_version),
            (select array_agg(nspname::text order by nspname) from pg_namespace
             where nspname = any(%s))
        """,
        [list(SCHEMAS)],
    ).fetchone()
    if found is None:
        raise _MovingError
    snapshot, taken_at, server_version, revision, schemas = found
    return snapshot, Manifest(
        millrace_version=version("millrace"),
        schema_revision=revision,
        taken_at=taken_at,
        server_version=server_version,
        schemas=schemas,
        tables=sum(each.is_table for each in relations),
    )


def _relations(connection: psycopg.Connection[TupleRow]) -> list[_Relation]:
    found = connection.execute(
        """
        select class.oid, nspname, relname, relkind in ('r', 'p')
        from pg_class as class
        inner join pg_namespace as namespace on class.relnamespace = namespace.oid
        where nspname = any(%s) and relkind in ('r', 'p', 'v')
        order by nspname, relname
        """,
        [list(SCHEMAS)],
    )
    return [_Relation(*row) for row in found]


def _dump(
    target: Target,
    snapshot: str,
    manifest: Manifest,
    file: IO[bytes],
    on_table: OnTable | None,
) -> None:
    command = [
        str(programs_folder() / "pg_dump"),
        "--format=custom",
        "--verbose",
        "--no-password",
        f"--lock-wait-timeout={_LOCK_WAIT}",
        f"--snapshot={snapshot}",
        *(f"--schema={schema}" for schema in manifest.schemas),
        f"--dbname={target.conninfo}",
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, env=dict(target.environment)
        )
        with process:
            try:
                for chunk in _chunks(process.stdout):
                    file.write(chunk)
                    if on_table is not None:
                        on_table(_tables_begun(said), manifest.tables)
            except BaseException:
                process.kill()
                raise
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    if process.returncode != 0:
        # The time limit is that of the locks alone: pg_dump lifts it when it has them.
        if any("due to statement timeout" in line for line in lines):
            raise _MovingError
        raise BackupError(f"pg_dump failed: {_reason(lines)}.")
    if on_table is not None:
        on_table(manifest.tables, manifest.tables)


def _chunks(stream: IO[bytes] | None) -> Iterator[bytes]:
    while stream is not None and (chunk := stream.read(_CHUNK)):
        yield chunk


def _tables_begun(said: IO[bytes]) -> int:
    # Read in place: moving in the file would move pg_dump, which writes to it, as well.
    return os.pread(said.fileno(), _CHUNK, 0).count(b"pg_dump: dumping contents of table")


def _reason(lines: Sequence[str]) -> str:
    """What pg_dump gave as its error; it names objects, never rows."""
    errors = [line.removeprefix("pg_dump: ") for line in lines if "error:" in line]
    return (errors or list(lines[-1:]) or ["no reason given"])[0].removeprefix("error: ").strip(".")
