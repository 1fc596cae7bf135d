"""A backup shows one moment of everything, and putting it back is all or nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from warehouse.backup import BackupError, take_backup
from warehouse.backup_file import NotABackupError, read_manifest
from warehouse.build_lock import BuildInProgressError, build_lock
from warehouse.database import SCHEMAS, Warehouse, ensure_database
from warehouse.locks import WarehouseLock
from warehouse.migrate import migrate
from warehouse.restore import DependentsError, RestoreError, restore_backup
from warehouse.server import EmbeddedServer
from warehouse.settings import Tool


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """A warehouse with rows that are hard to carry, a model, a view on it, and a log."""
    with warehouse.connect() as connection:
        connection.execute(
            r"""
            insert into ops.load_ledger (
                source, table_name, place, rows_read, rows_accepted, rows_rejected,
                rows_duplicate, started_at, finished_at
            )
            select
                'events', 'raw_events.events', e'line\nbreak\ttab\\.\n\\.\n', number, number, 0, 0,
                '2026-03-01T00:00:00.123456Z', now()
            from generate_series(1, 40) as number;
            insert into raw_events.events
            select 'e' || number, 'h', 'visit', now(), now(), 's', 'p', '{"a": "\\. \n €"}', null
            from generate_series(1, 3000) as number;
            create schema journey;
            create table journey.company_change_log (change_id bigint, field text);
            insert into journey.company_change_log
            values (1, null), (2, ''), (3, 'COPY x FROM stdin;');
            create view journey.latest as select max(change_id) as change_id
            from journey.company_change_log;
            """
        )
    return warehouse


def everything(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row of every table, as text, but for the record of restores."""
    found = {}
    with warehouse.connect() as connection:
        for schema, table in connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema = any(%s) and table_name <> 'restore' order by 1, 2",
            [list(SCHEMAS)],
        ).fetchall():
            rows = connection.execute(
                sql.SQL("select t::text from {} as t order by 1").format(
                    sql.Identifier(schema, table)
                )
            )
            found[f"{schema}.{table}"] = [text for (text,) in rows]
    return found


def spoil(warehouse: Warehouse) -> None:
    """Change, add and remove, as time does."""
    with warehouse.connect() as connection:
        connection.execute(
            """
            delete from raw_events.events where event_id like 'e1%';
            insert into journey.company_change_log values (4, 'later');
            create schema core;
            create table core.companies (company_id text);
            drop view journey.latest;
            alter table ops.load_ledger add column surplus text;
            """
        )


def test_what_was_backed_up_is_there_again_to_the_last_row(
    filled: Warehouse, tmp_path: Path
) -> None:
    before = everything(filled)
    told: list[tuple[int, int]] = []
    backup = take_backup(
        filled, tmp_path / "new" / "a.backup", on_table=lambda *done: told.append(done)
    )
    assert told[-1] == (backup.manifest.tables, backup.manifest.tables)
    assert len(before) == backup.manifest.tables + 1 - 1  # a view more, the table of restores less
    spoil(filled)
    assert everything(filled) != before
    put_back: list[tuple[int, int]] = []
    restored = restore_backup(filled, backup.path, on_table=lambda *done: put_back.append(done))
    assert everything(filled) == before
    assert (restored.removed, restored.roles_left_out) == ((), ())
    assert put_back[-1] == (backup.manifest.tables, backup.manifest.tables)
    with filled.connect() as connection:
        gone = connection.execute("select to_regnamespace('core')").fetchone()
        restores = connection.execute(
            "select taken_at, restored_at > taken_at, schema_revision from ops.restore"
        ).fetchall()
        next_id = connection.execute(
            "insert into ops.load_ledger (source, table_name, place, rows_read, rows_accepted, "
            "rows_rejected, rows_duplicate, started_at, finished_at) "
            "values ('s', 't', 'p', 0, 0, 0, 0, now(), now()) returning load_id"
        ).fetchone()
    assert gone == (None,)
    assert restores == [(backup.manifest.taken_at, True, backup.manifest.schema_revision)]
    assert next_id == (41,), "numbers go on where they stopped"


def test_a_backup_can_be_put_into_an_empty_database(
    filled: Warehouse, server: EmbeddedServer, tmp_path: Path
) -> None:
    backup = take_backup(filled, tmp_path / "a.backup")
    other = ensure_database(server, f"other_{os.getpid()}")
    restore_backup(other, backup.path)
    assert everything(other) == everything(filled)


def test_an_older_backup_comes_forward(server: EmbeddedServer, tmp_path: Path) -> None:
    old = ensure_database(server, f"old_{os.getpid()}")
    migrate(old.url_for(Tool.SQLALCHEMY), "0003")
    backup = take_backup(old, tmp_path / "a.backup")
    assert backup.manifest.schema_revision == "0003"
    restore_backup(old, backup.path)
    with old.connect() as connection:
        found = connection.execute(
            "select schema_revision, version_num > '0003' from ops.restore, ops.schema_version"
        ).fetchone()
    assert found == ("0003", True)


def test_grants_hold_where_the_role_exists(
    filled: Warehouse, server: EmbeddedServer, tmp_path: Path
) -> None:
    with ensure_database(server, "postgres").connect(autocommit=True) as admin:
        admin.execute("create role here_still")
        admin.execute("create role gone_since")
    with filled.connect() as connection:
        connection.execute(
            """
            grant usage on schema journey to here_still, gone_since;
            grant select on journey.company_change_log to here_still, gone_since;
            alter default privileges in schema journey grant select on tables to here_still;
            """
        )
    backup = take_backup(filled, tmp_path / "a.backup")
    with filled.connect() as connection:
        connection.execute("drop owned by gone_since")
        connection.execute("drop role gone_since")
    restored = restore_backup(filled, backup.path)
    assert restored.roles_left_out == ("gone_since",)
    with filled.connect() as connection:
        connection.execute("create table journey.made_later (number int)")
        rights = connection.execute(
            """
            select
                has_schema_privilege('here_still', 'journey', 'usage'),
                has_table_privilege('here_still', 'journey.company_change_log', 'select'),
                has_table_privilege('here_still', 'journey.company_change_log', 'insert'),
                has_table_privilege('here_still', 'journey.made_later', 'select')
            """
        ).fetchone()
    assert rights == (True, True, False, True)


def test_a_backup_is_its_owners_alone_and_never_written_over(
    filled: Warehouse, tmp_path: Path
) -> None:
    path = take_backup(filled, tmp_path / "a.backup").path
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupError, match="exists already"):
        take_backup(filled, path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_dump_is_one_that_pg_restore_reads(filled: Warehouse, tmp_path: Path) -> None:
    path = take_backup(filled, tmp_path / "a.backup").path
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["tables"] > 5
        assert archive.read("warehouse.dump").startswith(b"PGDMP")


def test_a_failed_backup_says_why_and_leaves_nothing(
    server: EmbeddedServer, warehouse: Warehouse, tmp_path: Path
) -> None:
    bare = ensure_database(server, f"bare_{os.getpid()}")
    with pytest.raises(BackupError, match="no warehouse yet"):
        take_backup(bare, tmp_path / "a.backup")
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match="cannot be written"):
        take_backup(warehouse, tmp_path / "file" / "a.backup")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("oldest", "newest"), [(14, 17), (19, 20)])
def test_a_server_that_pg_dump_cannot_read_is_refused(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    oldest: int,
    newest: int,
) -> None:
    monkeypatch.setattr("warehouse.backup.OLDEST_SERVER", oldest)
    monkeypatch.setattr("warehouse.backup.newest_server", lambda: newest)
    with pytest.raises(BackupError, match="The server is PostgreSQL 18"):
        take_backup(warehouse, tmp_path / "a.backup")


def test_a_backup_under_a_build_shows_every_model_whole(filled: Warehouse, tmp_path: Path) -> None:
    """Models are swapped as dbt does: made aside, renamed over, the old one dropped."""
    stop = threading.Event()
    swaps = 0

    def build() -> None:
        nonlocal swaps
        with filled.connect(autocommit=True) as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute(
                        "create table journey.model_new as "
                        "select number from generate_series(1, 500) as number"
                    )
                    connection.execute("alter table if exists journey.model rename to model_old")
                    connection.execute("alter table journey.model_new rename to model")
                connection.execute("drop table if exists journey.model_old cascade")
                swaps += 1
                stop.wait(0.3)

    builder = threading.Thread(target=build)
    builder.start()
    try:
        while swaps < 3:
            time.sleep(0.01)
        backups = [take_backup(filled, tmp_path / f"{number}.backup").path for number in range(3)]
    finally:
        stop.set()
        builder.join()
    for path in backups:
        restore_backup(filled, path)
        with filled.connect() as connection:
            assert connection.execute("select count(*) from journey.model").fetchone() == (500,)


def test_a_table_that_is_held_is_waited_for_and_then_told(
    filled: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.backup._ATTEMPTS", 2)
    with filled.connect() as holder:
        holder.execute("lock table raw_events.events in access exclusive mode")
        with pytest.raises(BackupError, match="being replaced all the time"):
            take_backup(filled, tmp_path / "a.backup")
    assert list(tmp_path.iterdir()) == []


# What cannot be put back


def test_a_file_that_is_no_backup_is_refused(filled: Warehouse, tmp_path: Path) -> None:
    before = everything(filled)
    path = take_backup(filled, tmp_path / "a.backup").path
    torn, damaged, alien = (tmp_path / name for name in ("torn", "damaged", "alien"))
    content = path.read_bytes()
    torn.write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    damaged.write_bytes(content[:middle] + b"########" + content[middle + 8 :])
    with zipfile.ZipFile(alien, "w") as archive:
        archive.writestr("manifest.json", "{}")
    (tmp_path / "text").write_text("nothing of the kind")
    for name in ("torn", "damaged", "alien", "text", "missing"):
        with pytest.raises(NotABackupError, match=name):
            restore_backup(filled, tmp_path / name)
        assert everything(filled) == before


def test_a_backup_of_a_newer_version_is_refused(filled: Warehouse, tmp_path: Path) -> None:
    with filled.connect() as connection:
        connection.execute("update ops.schema_version set version_num = '9999'")
    path = take_backup(filled, tmp_path / "a.backup").path
    with pytest.raises(NotABackupError, match="schema revision 9999"):
        restore_backup(filled, path)


def test_what_others_built_on_our_tables_is_not_removed_unasked(
    filled: Warehouse, tmp_path: Path
) -> None:
    path = take_backup(filled, tmp_path / "a.backup").path
    with filled.connect() as connection:
        connection.execute(
            """
            create schema bi;
            create table bi.own (number int);
            create view bi.changes as select * from journey.company_change_log;
            create view bi.on_top as select count(*) from bi.changes;
            """
        )
    spoil(filled)
    before = everything(filled)
    with pytest.raises(DependentsError) as raised:
        restore_backup(filled, path)
    assert raised.value.objects == ("view bi.changes", "view bi.on_top")
    assert "bi.on_top" in str(raised.value)
    assert everything(filled) == before
    restored = restore_backup(filled, path, cascade=True)
    assert restored.removed == ("view bi.changes", "view bi.on_top")
    with filled.connect() as connection:
        assert connection.execute("select to_regclass('bi.own')::text").fetchone() == ("bi.own",)


def test_nothing_is_put_back_under_a_build_a_sync_or_a_reader(
    filled: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = take_backup(filled, tmp_path / "a.backup").path
    spoil(filled)
    before = everything(filled)
    with build_lock(filled), pytest.raises(BuildInProgressError):
        restore_backup(filled, path)
    with contextlib.closing(filled.connect(autocommit=True)) as syncing:
        syncing.execute("select pg_advisory_lock_shared(%s)", [WarehouseLock.DESTINATIONS.value])
        with pytest.raises(RestoreError, match="A sync is at work"):
            restore_backup(filled, path)
    monkeypatch.setattr("warehouse.restore._WAIT", "200ms")
    with filled.connect() as reading:
        reading.execute("select from raw_events.events")
        with pytest.raises(RestoreError, match="Somebody else has used"):
            restore_backup(filled, path)
    assert everything(filled) == before


def test_two_builds_do_not_run_at_once(warehouse: Warehouse) -> None:
    with build_lock(warehouse), pytest.raises(BuildInProgressError), build_lock(warehouse):
        pass
    with build_lock(warehouse):
        pass


# Killed

TAKE = "take_backup(Warehouse(sys.argv[1]), Path(sys.argv[2]))"
PUT_BACK = "restore_backup(Warehouse(sys.argv[1]), Path(sys.argv[2]))"
PROGRAM = """
import sys
from pathlib import Path
from warehouse.backup import take_backup
from warehouse.database import Warehouse
from warehouse.restore import restore_backup
"""


@contextlib.contextmanager
def held(warehouse: Warehouse, statement: str) -> Iterator[None]:
    """Something in the way, so that a program stands still for as long as the block lasts."""
    with warehouse.connect() as connection:
        connection.execute(statement)
        yield
        connection.rollback()


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def sessions(warehouse: Warehouse) -> int:
    """How many others are connected."""
    with contextlib.closing(psycopg.connect(warehouse.url)) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    return int(row[0]) if row else 0


def kill_midway(warehouse: Warehouse, what: str, path: Path, is_midway: Callable[[], bool]) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM + what, warehouse.url, str(path)])
    try:
        eventually(is_midway, "it was in the middle")
        children = psutil.Process(process.pid).children()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    psutil.wait_procs(children, timeout=60)
    assert not [child for child in children if child.is_running()], "its programs ended with it"
    eventually(lambda: sessions(warehouse) == 0, "the server noticed the death")


def make_large(warehouse: Warehouse) -> None:
    """More rows than go through a pipe at once."""
    with warehouse.connect() as connection:
        connection.execute(
            """
            insert into raw_events.rejected_events
            select
                number, now(), 'place', 'reason',
                (
                    select string_agg(md5(number || ' ' || part), '')
                    from generate_series(1, 20) as part
                )
            from generate_series(1, 40000) as number
            """
        )


def test_a_killed_backup_leaves_nothing_that_looks_done(filled: Warehouse, tmp_path: Path) -> None:
    make_large(filled)
    path = tmp_path / "a.backup"
    kill_midway(
        filled,
        TAKE,
        path,
        lambda: any(draft.stat().st_size > 2**19 for draft in tmp_path.glob("*.draft")),
    )
    assert not path.exists()
    for draft in tmp_path.iterdir():
        with pytest.raises(NotABackupError):
            read_manifest(draft)
    take_backup(filled, path)


def test_a_killed_restore_leaves_the_database_as_it_was(filled: Warehouse, tmp_path: Path) -> None:
    make_large(filled)
    path = take_backup(filled, tmp_path / "a.backup").path
    spoil(filled)
    before = everything(filled)

    def is_copying() -> bool:
        with contextlib.closing(psycopg.connect(filled.url)) as connection:
            row = connection.execute(
                "select count(*) from pg_stat_progress_copy "
                "where datname = current_database() and tuples_processed > 10000"
            ).fetchone()
        return row is not None and row[0] > 0

    kill_midway(filled, PUT_BACK, path, is_copying)
    assert everything(filled) == before
    restore_backup(filled, path)
    assert everything(filled) != before
