"""The record of every run in `ops`, and the lock that lets one run of a sync work at a time.

Each write here is one transaction that is committed when the method returns: what the ledger says
survives the process (spec/activation.md, Engine: record).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from activation.declaration import Declaration
from activation.errors import ExitCode
from activation.ledger_statements import (
    ACKNOWLEDGE,
    ACKNOWLEDGE_HELD,
    FORGET_DRIFT,
    FORGET_EMPTY,
    FORGET_PROPERTIES,
    INSERT_ROW,
    LEAVE_OUTSTANDING,
    NOTE_IN_DOUBT,
    NOTE_SKIPPED,
    RESOLVE,
)
from activation.personal import kept
from activation.plan import PlannedRow, PlanSummary, Values
from activation.plan_statement import Scope
from activation.writers.base import Operation, Outcome, RowResult, Usage
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
    """Held back by the model, by preflight, or because somebody changed the record since."""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Settled:
    """One row that was sent or read back, and what became of it for good in this run."""

    row: PlannedRow
    result: RowResult
    sent: Values
    """What was sent, or found to be there already."""
    before: Values | None = None
    """What the record held of that right before; None where it cannot be read."""
    claimed: Values | None = None
    """What the destination now holds of ours; None stands for `sent`."""
    given_up: Sequence[str] = ()
    """Properties that are no longer ours to watch, since they hold what others put there."""


_HELD = {Outcome.WRITTEN, Outcome.CONFIRMED}


class Ledger:
    """The ledger of one sync, on one connection.

    Args:
        connection: in autocommit mode; the lock is its session's.
        declaration: the sync.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], declaration: Declaration) -> None:
        self._connection = connection
        self._sync = declaration.name
        self._personal = declaration.personal

    def lock(self) -> bool:
        """Take the sync's lock, until `unlock` or the connection's end.

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
                message = 'The process ended before the run did; the next run goes on. '
                    || '`millrace sync status --run ' || run_id || '` shows how far it came.'
            where sync = %s and status = 'running'
            """,
            [self._sync],
        )

    def begin(self, scope: Scope, *, plan_id: str | None = None, reverts: str | None = None) -> str:
        """Open a run.

        Args:
            scope: what it considers.
            plan_id: the kept plan that it carries out.
            reverts: the run that it takes back.

        Returns:
            Its id; ids of later runs sort after those of earlier ones.
        """
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self._connection.execute(
            """
            insert into ops.sync_run (
                run_id, sync, scope, status, started_at, plan_id, reverts
            )
            values (%s, %s, %s, 'running', clock_timestamp(), %s, %s)
            """,
            [run_id, self._sync, scope, plan_id, reverts],
        )
        return run_id

    def forget(self, properties: Sequence[str]) -> None:
        """Acknowledge nothing any more of properties that the destination does not have.

        Should they be there again, all their values are to be written. What was found of them is no
        drift either.
        """
        if not properties:
            return
        parameters = {"sync": self._sync, "properties": list(properties)}
        with self._connection.transaction():
            self._connection.execute(FORGET_PROPERTIES, parameters)
            self._connection.execute(FORGET_DRIFT, parameters)

    def note_plan(
        self, run_id: str, plan: PlanSummary, drawn: sql.Identifier, tally: Tally
    ) -> None:
        """Record the plan's counts, the rows that it newly skips, and what is settled by itself.

        Args:
            run_id: the run.
            plan: its plan.
            drawn: the table that the plan was drawn up in.
            tally: the run's counters; grows by the skipped rows.
        """
        counts = plan.counts
        tally.skipped += counts.skipped
        names: dict[str, sql.Composable] = {
            "drawn": drawn, "sync": sql.Literal(self._sync), "run_id": sql.Literal(run_id),
        }  # fmt: skip
        with self._connection.transaction():
            self._connection.execute(
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
            for statement in (NOTE_SKIPPED, NOTE_IN_DOUBT, ACKNOWLEDGE_HELD, FORGET_EMPTY):
                self._connection.execute(sql.SQL(statement).format(**names))
            # An empty source is a mishap, not a settlement; a revert considers its own rows alone.
            if counts.source and plan.scope is not Scope.REVERT:
                self._connection.execute(sql.SQL(RESOLVE).format(**names))

    def note_refused(
        self, run_id: str, refused: Sequence[tuple[PlannedRow, str]], tally: Tally
    ) -> None:
        """Record the rows that preflight held back, unless for the same reason as before.

        Args:
            run_id: the run.
            refused: rows, each with the reason; it names properties, never values.
            tally: the run's counters; grows by these rows.
        """
        tally.skipped += len(refused)
        news = [(row, reason) for row, reason in refused if row.skipped_before_because != reason]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                INSERT_ROW,
                [
                    _row_record(run_id, row, Outcome.SKIPPED, reason, decided_at=row.decided_at)
                    for row, reason in news
                ],
            )
            cursor.executemany(
                LEAVE_OUTSTANDING,
                [self._left(run_id, row, "skipped", reason, hash=None) for row, reason in news],
            )
            self._count(cursor, run_id, tally)

    def note_sending(self, run_id: str, rows: Sequence[PlannedRow]) -> None:
        """Record that rows are about to be sent to a destination that cannot be asked afterwards.

        Should nothing more be recorded of them, they wait for a person.
        """
        said = "It was being sent when the run ended: nobody knows whether it arrived."
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                LEAVE_OUTSTANDING,
                [self._left(run_id, row, "unsure", said, parks=True) for row in rows],
            )

    def withdraw_sending(self, rows: Sequence[PlannedRow]) -> None:
        """Take `note_sending` back: the rows were certainly not carried out."""
        self._connection.execute(
            """
            update ops.sync_outstanding
            set status = 'failed', parked_at = null, message = 'The destination was not available.'
            where sync = %s and key = any(%s)
            """,
            [self._sync, [row.key for row in rows]],
        )

    def settle(
        self,
        run_id: str,
        settled: Sequence[Settled],
        tally: Tally,
        *,
        park_after: int | None,
        parks_unsure: bool = False,
        is_revert: bool = False,
    ) -> None:
        """Record what became of the rows of one request, written or read back.

        Args:
            run_id: the run.
            settled: rows with a final outcome; none is `REJECTED`.
            tally: the run's counters; grows by these rows.
            park_after: refusals of the same values that park a row; None parks none.
            parks_unsure: whether a row whose answer never came waits for a person.
            is_revert: whether rows that were put back wait for other values or for a person.
        """
        counted = Counter(each.result.outcome for each in settled)
        tally.written += counted[Outcome.WRITTEN]
        tally.confirmed += counted[Outcome.CONFIRMED]
        tally.failed += counted[Outcome.FAILED]
        tally.unsure += counted[Outcome.UNSURE]
        tally.skipped += counted[Outcome.SKIPPED]
        held = [each for each in settled if each.result.outcome in _HELD]
        gone = [each.row.key for each in held if each.row.operation is Operation.REMOVE]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(INSERT_ROW, [self._record(run_id, each) for each in settled])
            cursor.executemany(
                ACKNOWLEDGE,
                [
                    {
                        "sync": self._sync,
                        "key": each.row.key,
                        "payload": Jsonb(
                            kept(
                                each.sent if each.claimed is None else each.claimed, self._personal
                            )
                        ),
                        "given_up": list(each.given_up),
                    }
                    for each in held
                    if each.row.operation is not Operation.REMOVE
                ],
            )
            cursor.execute(
                """
                delete from ops.sync_state
                where
                    sync = %s
                    and (key = any(%s) or (%s and key = any(%s) and payload = '{}'))
                """,
                [self._sync, gone, is_revert, [each.row.key for each in held]],
            )
            cursor.execute(
                "delete from ops.sync_outstanding where sync = %s and key = any(%s)",
                [self._sync, [each.row.key for each in held]],
            )
            cursor.execute(
                """
                update ops.sync_drift as drift
                set resolved_at = clock_timestamp(), resolution = 'rewritten'
                from unnest(%s::text[], %s::jsonb[]) as sent (key, changes)
                where
                    drift.sync = %s and drift.key = sent.key
                    and sent.changes ? drift.property and drift.resolved_at is null
                """,
                [
                    [each.row.key for each in held],
                    [Jsonb(dict.fromkeys(each.sent)) for each in held],
                    self._sync,
                ],
            )
            cursor.executemany(
                LEAVE_OUTSTANDING,
                [
                    left
                    for each in settled
                    if (
                        left := self._outstanding(run_id, each, park_after, parks_unsure, is_revert)
                    )
                ],
            )
            self._count(cursor, run_id, tally)

    def written_keys(self, run_id: str, limit: int) -> list[str]:
        """The first keys that a run wrote, in bytewise order."""
        found = self._connection.execute(
            """
            select key from (
                select distinct key collate "C" as key
                from ops.sync_row
                where run_id = %s and outcome = 'written'
            ) as written
            order by key
            limit %s
            """,
            [run_id, limit],
        )
        return [key for (key,) in found]

    def carry(self, run_id: str, carrier: str) -> None:
        """Record that another run's requests carry the rows of this one too."""
        self._connection.execute(
            "update ops.sync_run set carried_by = %s where run_id = %s", [carrier, run_id]
        )

    def count(self, run_id: str, tally: Tally) -> None:
        """Record the counters alone; a run that has ended may still carry the rows of others."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
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

    def _record(self, run_id: str, settled: Settled) -> dict[str, object]:
        row, result = settled.row, settled.result
        before = None
        if settled.before is not None:
            held = {name: settled.before[name] for name in settled.sent if name in settled.before}
            before = kept(held, self._personal)
        return _row_record(
            run_id,
            row,
            result.outcome,
            result.message,
            request_id=result.request_id,
            changes=Jsonb(kept(settled.sent, self._personal)),
            before=None if before is None else Jsonb(before),
            acknowledged=Jsonb(
                {name: row.acknowledged[name] for name in settled.sent if name in row.acknowledged}
            ),
            decided_at=row.decided_at,
        )

    def _outstanding(
        self,
        run_id: str,
        settled: Settled,
        park_after: int | None,
        parks_unsure: bool,
        is_revert: bool,
    ) -> dict[str, object] | None:
        """What a settled row leaves to be done; None when nothing."""
        outcome, row = settled.result.outcome, settled.row
        if is_revert:
            if outcome in {*_HELD, Outcome.UNSURE} and row.desired_hash is not None:
                said = "It was put back: it waits for other values, or for millrace sync retry."
                return self._left(run_id, row, "reverted", said, parks=True)
            return None
        if outcome is Outcome.FAILED:
            return self._left(
                run_id,
                row,
                "failed",
                settled.result.message,
                attempts=1,
                request_id=settled.result.request_id,
                park_after=park_after,
            )
        if outcome is Outcome.UNSURE:
            return self._left(
                run_id,
                row,
                "unsure",
                settled.result.message,
                request_id=settled.result.request_id,
                parks=parks_unsure,
            )
        return None

    def _left(
        self,
        run_id: str,
        row: PlannedRow,
        status: str,
        message: str | None,
        *,
        attempts: int = 0,
        request_id: str | None = None,
        park_after: int | None = None,
        parks: bool = False,
        **changed: object,
    ) -> dict[str, object]:
        return {
            "sync": self._sync,
            "key": row.key,
            "status": status,
            "hash": row.desired_hash,
            "attempts": attempts,
            "message": message,
            "request_id": request_id,
            "run_id": run_id,
            "park_after": 0 if parks else park_after,
            **changed,
        }

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


def _row_record(
    run_id: str, row: PlannedRow, outcome: Outcome, message: str | None, **more: object
) -> dict[str, object]:
    return {
        "run_id": run_id,
        "key": row.key,
        "operation": row.operation,
        "outcome": outcome,
        "message": message,
        **dict.fromkeys(("request_id", "changes", "before", "acknowledged", "decided_at")),
        **more,
    }


def lock_name(sync: str) -> str:
    """What is hashed to the advisory lock of a sync."""
    return f"millrace.sync.{sync}"
