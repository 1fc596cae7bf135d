r"""A dump as SQL, carried out on a connection of our own, in the transaction that is open there.

`psql` would do the same, but it cannot share a transaction with the migrations that follow, and it
commits what it has when whoever feeds it dies. `pg_restore` writes a script of three kinds of
lines: SQL; rows, between `COPY ... FROM stdin;` and `\.`; at the end grants, one statement a line.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg.rows import TupleRow

from warehouse.backup_file import NotABackupError, open_dump
from warehouse.server import programs_folder

_CHUNK = 2**20
_LINES_AT_ONCE = 2**16  # bytes
_COPY = re.compile(rb"COPY .* FROM stdin;\n")
_END_OF_ROWS = b"\\.\n"
_GRANTS_BEGIN = re.compile(rb"-- Name: .*; Type: (DEFAULT )?ACL; ")
_FOR_PSQL = (b"\\restrict ", b"\\unrestrict ")
_TRANSACTION_TIMEOUT = b"SET transaction_timeout ="  # unknown to servers before PostgreSQL 17
_GRANTEE = re.compile(rb" (?:TO|FROM) (\S+?)(?: WITH GRANT OPTION)?;$")


@contextmanager
def script_of(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a backup's dump as SQL; the end of the block has seen all of the file.

    Raises:
        NotABackupError: when the file is damaged.
    """
    command = [str(programs_folder() / "pg_restore"), "--file=-", "--no-owner"]
    with tempfile.TemporaryFile() as said, open_dump(path) as dump:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )
        feeder = _Feeder(dump, process.stdin)
        feeder.start()
        try:
            yield iter(process.stdout or ())
            is_damaged = process.wait() != 0
        finally:
            process.kill()
            process.wait()
            feeder.join()
            if process.stdout is not None:
                process.stdout.close()
    if is_damaged or feeder.is_damaged:
        raise NotABackupError(f"{path} is damaged: put another backup back.")


def carry_out(
    lines: Iterator[bytes],
    connection: psycopg.Connection[TupleRow],
    on_table: Callable[[], None],
) -> tuple[str, ...]:
    """Carry out a script.

    Args:
        lines: as `script_of` gives them.
        connection: in a transaction.
        on_table: called after the rows of each table.

    Returns:
        The roles whose grants were left out, since there is no such role or we may not grant to it.

    Raises:
        psycopg.Error: when the database refuses a statement.
    """
    is_before_17 = connection.info.server_version < 17_00_00
    statements: list[bytes] = []
    left_out: set[str] = set()
    are_grants = False
    for line in lines:
        if line.startswith(_FOR_PSQL) or (is_before_17 and line.startswith(_TRANSACTION_TIMEOUT)):
            continue
        if are_grants:
            statements.append(line)
            if line.endswith(b";\n"):
                left_out.update(_grant(b"".join(statements), connection))
                statements.clear()
        elif _COPY.fullmatch(line):
            connection.execute(b"".join(statements))
            statements.clear()
            _copy(line, lines, connection)
            on_table()
        else:
            are_grants = _GRANTS_BEGIN.match(line) is not None
            statements.append(line)
    connection.execute(b"".join(statements))
    return tuple(sorted(left_out))


def _copy(
    statement: bytes, lines: Iterator[bytes], connection: psycopg.Connection[TupleRow]
) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        rows, size = [], 0
        for line in lines:
            if line == _END_OF_ROWS:
                break
            rows.append(line)
            size += len(line)
            if size > _LINES_AT_ONCE:
                copy.write(b"".join(rows))
                rows, size = [], 0
        copy.write(b"".join(rows))


def _grant(statement: bytes, connection: psycopg.Connection[TupleRow]) -> Iterator[str]:
    """Grant, or say to whom it was not possible."""
    try:
        with connection.transaction():
            connection.execute(statement)
    except (psycopg.errors.UndefinedObject, psycopg.errors.InsufficientPrivilege):
        found = _GRANTEE.search(statement.strip())
        if found is not None:
            yield found[1].decode().strip('"')


class _Feeder(threading.Thread):
    """Carries a dump to pg_restore, and reads on to its end, where the checksum is known."""

    def __init__(self, dump: IO[bytes], program: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._dump = dump
        self._program = program
        self.is_damaged = False

    def run(self) -> None:
        try:
            is_read = self._program is not None
            while chunk := self._dump.read(_CHUNK):
                if is_read:
                    is_read = self._write(chunk)
        except (zipfile.BadZipFile, EOFError, OSError):
            self.is_damaged = True
        finally:
            self._close()

    def _write(self, chunk: bytes) -> bool:
        if self._program is None:
            return False
        try:
            self._program.write(chunk)
        except BrokenPipeError:
            return False
        return True

    def _close(self) -> None:
        if self._program is not None:
            try:
                self._program.close()
            except BrokenPipeError:
                return
