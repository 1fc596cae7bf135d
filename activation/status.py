"""What the ledger says about the syncs, for people and machines. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from activation.declaration import Declaration
from activation.ledger import RunStatus, lock_name
from activation.plan_statement import Scope
from activation.reverting import find_run
from activation.writers.base import Operation, Outcome
from warehouse.database import Warehouse


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One row of `ops.sync_run`; times in UTC."""

    run_id: str
    scope: Scope
    status: RunStatus
    message: str | None
    started_at: datetime
    finished_at: datetime | None
    rows_source: int
    rows_planned: int
    rows_unchanged: int
    rows_written: int
    rows_confirmed: int
    rows_failed: int
    rows_unsure: int
    rows_skipped: int
    rows_parked: int
    rows_held_back: int
    calls: int
    write_calls: int
    retries: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", Scope(self.scope))
        object.__setattr__(self, "status", RunStatus(self.status))


@dataclass(frozen=True, slots=True)
class OutstandingRow:
    """A row that the destination should hold and does not; times in UTC."""

    key: str
    status: str
    """`failed`, `unsure`, `reverted` or `skipped`."""
    attempts: int
    """Refusals of the same values."""
    message: str | None
    request_id: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    parked_at: datetime | None
    """Since when it is no longer tried by itself."""


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """What became of one row in a run; of `ops.sync_row`, without values."""

    key: str
    operation: Operation
    outcome: Outcome
    message: str | None
    """Why it was not written, or how that became known."""
    request_id: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "operation", Operation(self.operation))
        object.__setattr__(self, "outcome", Outcome(self.outcome))


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Where one sync stands."""

    declaration: Declaration
    is_running: bool
    last_run: RunRecord | None
    """None when it never ran. A run whose process died reads `interrupted`."""
    acknowledged: int
    """Records that the destination has confirmed to this sync."""
    failed: int
    """Rows to be tried again; unsure ones included."""
    parked: int
    """Not tried again by themselves: refused too often, put back, or of unknown fate."""
    drifted: int
    """Values at the destination that somebody changed, or that did not stick; `ops.sync_drift`."""
    skipped: int
    """Rows held back by the model or by preflight when a run last considered them."""
    skipped_by_reason: Mapping[str, int]
    """The same rows by why they are held back; the most frequent reason first."""
    outstanding: tuple[OutstandingRow, ...]
    """The failed and parked rows, latest first, as many as asked for."""


def sync_status(
    warehouse: Warehouse, declarations: Iterable[Declaration], *, rows: int = 20
) -> tuple[SyncStatus, ...]:
    """Where each sync stands.

    Args:
        warehouse: where the ledger is.
        declarations: the syncs.
        rows: how many failed and parked rows to name at most, per sync.
    """
    with warehouse.connect(autocommit=True) as connection:
        return tuple(_status(connection, each, rows) for each in declarations)


def run_rows(warehouse: Warehouse, run_id: str) -> tuple[RecordedRow, ...]:
    """Every row that a run recorded, in bytewise order of the key.

    Those that it did not come to are not among them, nor those that it skipped for a reason which
    had not changed.

    Raises:
        RevertError: when there is no such run.
    """
    with (
        warehouse.connect(autocommit=True) as connection,
        connection.cursor(row_factory=class_row(RecordedRow)) as cursor,
    ):
        find_run(connection, run_id)
        cursor.execute(
            """
            select key, operation, outcome, message, request_id
            from ops.sync_row
            where run_id = %s
            order by key collate "C", row_id
            """,
            [run_id],
        )
        return tuple(cursor)


def unsure_keys(
    connection: Connection[TupleRow], declaration: Declaration, keys: Collection[str]
) -> list[str]:
    """Those of the keys whose rows were sent without an answer, in order."""
    found = connection.execute(
        """
        select key from ops.sync_outstanding
        where sync = %s and status = 'unsure' and key = any(%s)
        order by key collate "C"
        """,
        [declaration.name, list(keys)],
    )
    return [key for (key,) in found]


def _status(connection: Connection[TupleRow], declaration: Declaration, rows: int) -> SyncStatus:
    name = declaration.name
    acknowledged, failed, parked, skipped, drifted, is_running = connection.execute(
        """
        select
            (select count(*) from ops.sync_state where sync = %(sync)s),
            count(*) filter (where status <> 'skipped' and parked_at is null),
            count(*) filter (where parked_at is not null),
            count(*) filter (where status = 'skipped'),
            (
                select count(*) from ops.sync_drift
                where sync = %(sync)s and resolved_at is null
            ),
            exists (
                select from pg_locks
                where locktype = 'advisory' and granted
                    and database = (select oid from pg_database where datname = current_database())
                    and (classid::bigint << 32 | objid::bigint) = hashtextextended(%(lock)s, 0)
            )
        from ops.sync_outstanding
        where sync = %(sync)s
        """,
        {"sync": name, "lock": lock_name(name)},
    ).fetchone() or (0, 0, 0, 0, 0, False)
    skipped_by_reason: dict[str, int] = dict(
        connection.execute(
            """
            select message, count(*)
            from ops.sync_outstanding
            where sync = %s and status = 'skipped'
            group by message
            order by count(*) desc, message
            """,
            [name],
        ).fetchall()
    )
    with connection.cursor(row_factory=class_row(RunRecord)) as cursor:
        last_run = cursor.execute(
            """
            select
                run_id, scope,
                case when status = 'running' and not %s then 'interrupted' else status end
                    as status,
                message, started_at, finished_at,
                rows_source, rows_planned, rows_unchanged, rows_written,
                rows_confirmed, rows_failed, rows_unsure, rows_skipped, rows_parked, rows_held_back,
                calls, write_calls, retries
            from ops.sync_run
            where sync = %s
            order by started_at desc, run_id desc
            limit 1
            """,
            [is_running, name],
        ).fetchone()
    with connection.cursor(row_factory=class_row(OutstandingRow)) as cursor:
        outstanding = cursor.execute(
            """
            select
                key, status, attempts, message, request_id,
                first_seen_at, last_seen_at, parked_at
            from ops.sync_outstanding
            where sync = %s and status <> 'skipped'
            order by last_seen_at desc, key
            limit %s
            """,
            [name, rows],
        ).fetchall()
    return SyncStatus(
        declaration=declaration,
        is_running=is_running,
        last_run=last_run,
        acknowledged=acknowledged,
        failed=failed,
        parked=parked,
        drifted=drifted,
        skipped=skipped,
        skipped_by_reason=skipped_by_reason,
        outstanding=tuple(outstanding),
    )
