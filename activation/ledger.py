"""The record of every run in `ops`, and the lock that lets one run of a sync work at a time.

Each write here is one transaction that is committed when the method returns: what the ledger says
survives the process (spec/activation.md, Engine: record).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from activation.errors import ExitCode
from activation.plan import Plan, PlannedRow, SkippedRow
from activation.plan_statement import Scope
from activation.preflight import RefusedRow
from activation.writers.base import Outcome, RowResult, Usage
from warehouse.locks import WarehouseLock


class RunStatus(StrEnum):
    """Where a run is, as in `ops.sync_run.status`."""

    RUNNING = "running"
    DONE = "done"
    DONE_WITH_FAILURES = "done_with_failures"
    """Everything was tried; the destination refused some rows."""
    STOPPED = "stopped"
    """A guard stopped it; nothing was sent."""
    FAILED = "failed"
    """It could not go on; what was acknowledged until then holds."""
    INTERRUPTED = "interrupted"
    """Its process ended without a word; what was acknowledged until then holds."""

    @property
    def exit_code(self) -> ExitCode:
        """What a command that ran it ends with."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    RunStatus.RUNNING: ExitCode.DONE,
    RunStatus.DONE: ExitCode.DONE,
    RunStatus.DONE_WITH_FAILURES: ExitCode.FAILED_ROWS,
    RunStatus.STOPPED: ExitCode.STOPPED,
    RunStatus.FAILED: ExitCode.FAILED,
    RunStatus.INTERRUPTED: ExitCode.FAILED,
}


@dataclass(slots=True)
class Tally:
    """What a run has done so far; the counters of `ops.sync_run`."""

    written: int = 0
    confirmed: int = 0
    """Read back, and found to hold the values already."""
    failed: int = 0
    unsure: int = 0
    skipped: int = 0
    """Held back by the model or by preflight."""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Settled:
    """One row that was sent or read back, and what became of it for good in this run."""

    row: PlannedRow
    result: RowResult


class Ledger:
    """The ledger of one sync, on one connection.

    Args:
        connection: in autocommit mode and used for nothing else; the lock is its session's.
        sync: name of the sync.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], sync: str) -> None:
        self._connection = connection
        self._sync = sync

    def lock(self) -> bool:
        """Take the sync's lock until the connection closes, however it does.

        Returns:
            False when somebody else holds it, or a backup is being put back.
        """
        found = self._connection.execute(
            """
            select
                pg_try_advisory_lock(hashtextextended(%s, 0))
                and pg_try_advisory_lock_shared(%s)
            """,
            [lock_name(self._sync), WarehouseLock.DESTINATIONS.value],
        ).fetchone()
        return found is not None and bool(found[0])

    def close_interrupted(self) -> None:
        """Mark runs that say they are running: under the lock, they cannot be."""
        self._connection.execute(
            """
            update ops.sync_run
            set status = 'interrupted',
                finished_at = clock_timestamp(),
                message = 'The process ended before the run did; the next run goes on.'
            where sync = %s and status = 'running'
            """,
            [self._sync],
        )

    def begin(self, scope: Scope) -> str:
        """Open a run.

        Returns:
            Its id; ids of later runs sort after those of earlier ones.
        """
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self._connection.execute(
            """
            insert into ops.sync_run (run_id, sync, scope, status, started_at)
            values (%s, %s, %s, 'running', clock_timestamp())
            """,
            [run_id, self._sync, scope],
        )
        return run_id

    def note_plan(self, run_id: str, plan: Plan, tally: Tally) -> None:
        """Record the plan's counts, the rows that it newly skips, and what is settled by itself."""
        counts = plan.counts
        tally.skipped += counts.skipped
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(
                """
                update ops.sync_run
                set rows_source = %s, rows_planned = %s, rows_unchanged = %s, rows_skipped = %s,
                    rows_parked = %s, rows_held_back = %s
                where run_id = %s
                """,
                [
                    counts.source, counts.to_write, counts.unchanged, tally.skipped,
                    counts.parked, counts.held_back, run_id,
                ],
            )  # fmt: skip
            self._skip(cursor, run_id, plan.newly_skipped)
            if counts.source:  # an empty source is a mishap, not a settlement
                cursor.execute(
                    "delete from ops.sync_outstanding where sync = %s and key = any(%s)",
                    [self._sync, list(plan.resolved_keys)],
                )

    def note_refused(self, run_id: str, refused: Sequence[RefusedRow], tally: Tally) -> None:
        """Record the rows that preflight held back, unless for the same reason as before."""
        tally.skipped += len(refused)
        news = [
            SkippedRow(each.row.key, each.row.operation, each.reason)
            for each in refused
            if each.row.skipped_before_because != each.reason
        ]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._skip(cursor, run_id, news)
            self._count(cursor, run_id, tally)

    def settle(
        self, run_id: str, settled: Sequence[Settled], tally: Tally, park_after: int | None
    ) -> None:
        """Record what became of the rows of one request, written or read back.

        Args:
            run_id: the run.
            settled: rows with a final outcome; none is `REJECTED`.
            tally: the run's counters; grows by these rows.
            park_after: refusals of the same values that park a row; None parks none.
        """
        by_outcome: dict[Outcome, list[Settled]] = {outcome: [] for outcome in Outcome}
        for each in settled:
            by_outcome[each.result.outcome].append(each)
        written, confirmed = by_outcome[Outcome.WRITTEN], by_outcome[Outcome.CONFIRMED]
        held = [*written, *confirmed]
        tally.written += len(written)
        tally.confirmed += len(confirmed)
        tally.failed += len(by_outcome[Outcome.FAILED])
        tally.unsure += len(by_outcome[Outcome.UNSURE])
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                _INSERT_ROW,
                [
                    (run_id, each.row.key, each.row.operation, each.result.outcome,
                     each.result.message, each.result.request_id)
                    for each in settled
                ],
            )  # fmt: skip
            cursor.executemany(
                _ACKNOWLEDGE,
                [
                    {"sync": self._sync, "key": each.row.key, "payload": Jsonb(each.row.changes)}
                    for each in held
                ],
            )
            cursor.execute(
                "delete from ops.sync_outstanding where sync = %s and key = any(%s)",
                [self._sync, [each.row.key for each in held]],
            )
            cursor.executemany(
                _LEAVE_OUTSTANDING,
                [
                    {
                        "sync": self._sync,
                        "key": each.row.key,
                        "status": each.result.outcome,
                        "hash": each.row.desired_hash,
                        "attempts": int(each.result.outcome is Outcome.FAILED),
                        "message": each.result.message,
                        "request_id": each.result.request_id,
                        "run_id": run_id,
                        "park_after": park_after,
                    }
                    for each in settled
                    if each.result.outcome not in {Outcome.WRITTEN, Outcome.CONFIRMED}
                ],
            )
            self._count(cursor, run_id, tally)

    def finish(self, run_id: str, status: RunStatus, message: str | None, tally: Tally) -> None:
        """Close a run."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._count(cursor, run_id, tally)
            cursor.execute(
                """
                update ops.sync_run
                set status = %s, message = %s, finished_at = clock_timestamp()
                where run_id = %s
                """,
                [status, message, run_id],
            )

    def _skip(
        self, cursor: psycopg.Cursor[TupleRow], run_id: str, skipped: Sequence[SkippedRow]
    ) -> None:
        cursor.executemany(
            _INSERT_ROW,
            [(run_id, row.key, row.operation, "skipped", row.reason, None) for row in skipped],
        )
        cursor.executemany(
            _LEAVE_OUTSTANDING,
            [
                {
                    "sync": self._sync,
                    "key": row.key,
                    "status": "skipped",
                    "hash": None,
                    "attempts": 0,
                    "message": row.reason,
                    "request_id": None,
                    "run_id": run_id,
                    "park_after": None,
                }
                for row in skipped
            ],
        )

    def _count(self, cursor: psycopg.Cursor[TupleRow], run_id: str, tally: Tally) -> None:
        cursor.execute(
            """
            update ops.sync_run
            set rows_written = %s, rows_confirmed = %s, rows_failed = %s, rows_unsure = %s,
                rows_skipped = %s, calls = %s, write_calls = %s, retries = %s
            where run_id = %s
            """,
            [
                tally.written, tally.confirmed, tally.failed, tally.unsure, tally.skipped,
                tally.usage.calls, tally.usage.write_calls, tally.usage.retries, run_id,
            ],
        )  # fmt: skip


def lock_name(sync: str) -> str:
    """What is hashed to the advisory lock of a sync."""
    return f"millrace.sync.{sync}"


_INSERT_ROW = """
    insert into ops.sync_row (
        run_id, key, operation, outcome, message, request_id, recorded_at
    )
    values (%s, %s, %s, %s, %s, %s, clock_timestamp())
"""

# Fields that were not sent this time keep what was acknowledged of them before.
_ACKNOWLEDGE = """
    insert into ops.sync_state as state (sync, key, hash, payload, acknowledged_at)
    values (
        %(sync)s, %(key)s, ops.payload_hash(%(payload)s), %(payload)s, clock_timestamp()
    )
    on conflict (sync, key) do update
    set payload = state.payload || excluded.payload,
        hash = ops.payload_hash(state.payload || excluded.payload),
        acknowledged_at = excluded.acknowledged_at
"""

# Refusals are counted for the same values only; other values begin anew.
_LEAVE_OUTSTANDING = """
    insert into ops.sync_outstanding as outstanding (
        sync, key, status, hash, attempts, message, request_id, run_id,
        first_seen_at, last_seen_at, parked_at
    )
    values (
        %(sync)s, %(key)s, %(status)s, %(hash)s, %(attempts)s, %(message)s, %(request_id)s,
        %(run_id)s, clock_timestamp(), clock_timestamp(),
        case when %(attempts)s >= %(park_after)s::integer then clock_timestamp() end
    )
    on conflict (sync, key) do update
    set status = excluded.status,
        hash = excluded.hash,
        attempts = excluded.attempts
            + case when outstanding.hash = excluded.hash then outstanding.attempts else 0 end,
        message = excluded.message,
        request_id = excluded.request_id,
        run_id = excluded.run_id,
        last_seen_at = excluded.last_seen_at,
        parked_at = case
            when outstanding.hash = excluded.hash
                and outstanding.attempts + excluded.attempts >= %(park_after)s::integer
                then coalesce(outstanding.parked_at, excluded.last_seen_at)
            else excluded.parked_at
        end
"""
