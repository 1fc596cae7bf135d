"""What `millrace doctor` finds out about the installation and the database. Nothing is changed."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from warehouse.backup import OLDEST_SERVER
from warehouse.database import Warehouse, WarehouseError, embedded_server, locate_warehouse
from warehouse.locks import WarehouseLock
from warehouse.migrate import known_revisions
from warehouse.profile import ProfileStanding, profile_standing
from warehouse.readers import READER
from warehouse.server import ServerError
from warehouse.settings import Settings, SettingsError

PYTHON = (3, 11)
CLOCK_TOLERANCE = timedelta(seconds=5)
LEAST_SPACE = 1 * 2**30
"""Bytes; with less a build may not end."""
AMPLE_SPACE = 5 * 2**30

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """Work goes on, and somebody should look at it."""
    FAILED = "failed"
    """Something will not work before it is put right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check, and one sentence: what is so, or what to do."""

    check: str
    verdict: Verdict
    sentence: str
    """Without secrets and values of settings."""


def diagnose_installation(project: Path) -> Iterator[Finding]:
    """Python and the installed packages, against what the project asks for.

    Args:
        project: folder of `requirements.lock`.
    """
    running = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] == PYTHON:
        yield Finding("python", Verdict.OK, f"Python {running}.")
    else:
        yield Finding(
            "python",
            Verdict.FAILED,
            f"Python {running} runs, and Millrace needs {PYTHON[0]}.{PYTHON[1]}: remove .venv and "
            f"run `make setup PYTHON=python{PYTHON[0]}.{PYTHON[1]}`.",
        )
    yield _packages(project / "requirements.lock")


def _packages(lock: Path) -> Finding:
    if not lock.exists():
        return Finding(
            "packages",
            Verdict.WARNING,
            f"There is no {lock.name} in {lock.parent}: run doctor in the project's root.",
        )
    pins = dict(_PIN.findall(lock.read_text(encoding="utf-8")))
    wrong = []
    for name, wanted in pins.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "missing"
        if installed != wanted:
            wrong.append(f"{name} {wanted} ({installed})")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        return Finding(
            "packages",
            Verdict.FAILED,
            f"{len(wrong)} packages are not those of {lock.name}: {', '.join(wrong[:5])}{more}; "
            "run `make setup`.",
        )
    return Finding("packages", Verdict.OK, f"All {len(pins)} packages are those of {lock.name}.")


def diagnose_warehouse(settings: Settings, project: Path) -> Iterator[Finding]:
    """Disk, and the database with everything that is known inside it.

    Args:
        settings: valid ones; the database need not be there.
        project: folder of dbt's `profiles.yml`.
    """
    yield from _disk(settings)
    if settings.database_url is None and not embedded_server(settings).status().is_running:
        yield Finding(
            "database",
            Verdict.FAILED,
            "The embedded database is not running: run `millrace db start`.",
        )
        return
    try:
        warehouse = locate_warehouse(settings)
        connection = warehouse.connect()
    except (ServerError, SettingsError, WarehouseError) as error:
        yield Finding("database", Verdict.FAILED, str(error))
        return
    with contextlib.closing(connection):
        connection.read_only = True
        yield _version(connection, warehouse)
        schema = _schema(connection)
        yield schema
        yield _profile(project, warehouse)
        yield _clock(connection)
        yield _locks(connection)
        yield _reader(connection)
        if schema.verdict is Verdict.OK:
            yield _loads(connection)


def clock_finding(check: str, other: datetime, before: datetime, after: datetime) -> Finding:
    """Whether another clock agrees with this machine's.

    Args:
        check: the finding's name.
        other: what the other clock said.
        before: this clock when it was asked.
        after: this clock when it had answered.
    """
    apart = max(before - other, other - after, timedelta())
    if apart > CLOCK_TOLERANCE:
        return Finding(
            check,
            Verdict.FAILED,
            f"The clocks are {apart.total_seconds():.0f} seconds apart: set this machine's, or the "
            "other one, by a time server.",
        )
    return Finding(check, Verdict.OK, "The clocks agree.")


def _disk(settings: Settings) -> Iterator[Finding]:
    folders = {"disk, home": settings.home}
    if settings.database_url is None:
        folders["disk, database"] = embedded_server(settings).data_directory
    for check, folder in folders.items():
        present = next(each for each in (folder, *folder.parents) if each.exists())
        free = shutil.disk_usage(present).free
        told = f"{free / 2**30:,.1f} GB are free in {folder}"
        if free < LEAST_SPACE:
            yield Finding(check, Verdict.FAILED, f"{told}: make room before the next build.")
        elif free < AMPLE_SPACE:
            yield Finding(check, Verdict.WARNING, f"{told}: make room soon.")
        else:
            yield Finding(check, Verdict.OK, f"{told}.")


def _version(connection: psycopg.Connection[TupleRow], warehouse: Warehouse) -> Finding:
    number = connection.info.server_version
    told = f"PostgreSQL {number // 10_000} answers at {warehouse.safe_url}"
    if number // 10_000 < OLDEST_SERVER:
        return Finding(
            "database",
            Verdict.FAILED,
            f"{told}, and Millrace needs {OLDEST_SERVER} or later: name a newer server in "
            "MILLRACE_DATABASE_URL.",
        )
    return Finding("database", Verdict.OK, f"{told}.")


def _schema(connection: psycopg.Connection[TupleRow]) -> Finding:
    known = known_revisions()
    present = None
    if _one(connection, "select to_regclass('ops.schema_version') is not null"):
        present = _one(connection, "select version_num from ops.schema_version")
    if present == known[-1]:
        return Finding("schema", Verdict.OK, f"The schema is at revision {present}.")
    if present is None or present in known:
        return Finding(
            "schema",
            Verdict.FAILED,
            f"The schema is at revision {present or 'none'}, and this version makes {known[-1]}: "
            "run `millrace db start`, which brings it forward.",
        )
    return Finding(
        "schema",
        Verdict.FAILED,
        f"The schema is at revision {present}, which this version does not know: update Millrace.",
    )


def _profile(project: Path, warehouse: Warehouse) -> Finding:
    match profile_standing(project, warehouse.url):
        case ProfileStanding.SAME:
            return Finding("profile", Verdict.OK, "profiles.yml names the same database.")
        case ProfileStanding.OWN:
            return Finding(
                "profile",
                Verdict.WARNING,
                "profiles.yml is your own: see that it names the database of `millrace db url`.",
            )
        case _:
            return Finding(
                "profile",
                Verdict.FAILED,
                "profiles.yml is missing or names another database, so that `dbt build` would not "
                "build this one: run `millrace db start`.",
            )


def _clock(connection: psycopg.Connection[TupleRow]) -> Finding:
    before = datetime.now(UTC)
    said = _one(connection, "select clock_timestamp()")
    after = datetime.now(UTC)
    if not isinstance(said, datetime):
        raise TypeError(f"clock_timestamp() is {said!r}")
    return clock_finding("clock, database", said, before, after)


def _reader(connection: psycopg.Connection[TupleRow]) -> Finding:
    found = connection.execute("select from pg_roles where rolname = %s", [READER]).fetchone()
    if found is not None:
        return Finding("reader", Verdict.OK, f"BI tools may read as {READER}.")
    return Finding(
        "reader",
        Verdict.WARNING,
        f"There is no role {READER} for BI tools to read as: let an administrator run `create role "
        f"{READER} nologin`; the next build grants it the marts.",
    )


def _locks(connection: psycopg.Connection[TupleRow]) -> Finding:
    found = connection.execute(
        """
        select locks.classid::bigint << 32 | locks.objid::bigint, locks.mode, min(state_change)
        from pg_locks as locks
        left join pg_stat_activity as activity on activity.pid = locks.pid
        where locks.locktype = 'advisory' and locks.granted
            and locks.database = (select oid from pg_database where datname = current_database())
        group by 1, 2
        order by 1, 2
        """
    ).fetchall()
    held = [
        f"{_work(key, mode)} (since {since:%Y-%m-%d %H:%M} UTC)" if since else _work(key, mode)
        for key, mode, since in found
        if key in set(WarehouseLock)
    ]
    sentence = f"At work: {', '.join(held)}." if held else "Nothing is at work."
    return Finding("locks", Verdict.OK, sentence)


def _work(key: int, mode: str) -> str:
    lock = WarehouseLock(key)
    if lock is WarehouseLock.DESTINATIONS:
        return "a sync" if mode == "ShareLock" else "a restore"
    return _WORK[lock]


_WORK = {
    WarehouseLock.MIGRATION: "a migration",
    WarehouseLock.JOURNEY: "the journey's log or a history",
    WarehouseLock.BUILD: "a build, or what keeps builds out",
    WarehouseLock.LANDING: "a landing of events",
    WarehouseLock.HUBSPOT_LOAD: "a load of HubSpot",
}


def _loads(connection: psycopg.Connection[TupleRow]) -> Finding:
    found = connection.execute(
        "select source, max(finished_at) from ops.load_ledger group by source order by source"
    ).fetchall()
    if not found:
        return Finding(
            "loads", Verdict.WARNING, "Nothing has landed yet: run `millrace ingest all`."
        )
    told = ", ".join(f"{source} {at:%Y-%m-%d %H:%M}" for source, at in found)
    return Finding("loads", Verdict.OK, f"Last landed (UTC): {told}.")


def _one(connection: psycopg.Connection[TupleRow], query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]
