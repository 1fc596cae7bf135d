"""Running a sync: plan, guards, preflight, batches; each batch recorded before the next is sent.

spec/activation.md, Engine. A run may be killed at any moment. Whatever was recorded is not sent
again; of the one request whose outcome was not recorded, the next run reads the rows back first.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import psycopg
from psycopg.rows import TupleRow

from activation.declaration import Declaration, Guards, Policy
from activation.errors import (
    ActivationError,
    DestinationError,
    SyncBusyError,
)
from activation.guards import objections
from activation.ledger import Ledger, RunStatus, Settled, Tally
from activation.plan import Plan, PlanCounts, PlannedRow, compute_plan, plan_sync
from activation.plan_statement import Scope
from activation.preflight import Checked, check
from activation.read_back import holds
from activation.result import OnProgress, Progress, SyncResult
from activation.writers import DESTINATIONS
from activation.writers.base import Outcome, RowRequest, RowResult, Usage, Writer
from warehouse.database import Warehouse
from warehouse.settings import SettingsError


def run_sync(
    warehouse: Warehouse,
    declaration: Declaration,
    *,
    writer: Writer | None = None,
    dry_run: bool = False,
    allow: Collection[str] | None = None,
    full: bool = False,
    yes: bool = False,
    on_progress: OnProgress | None = None,
) -> SyncResult:
    """Bring the destination to what the model says, and record every step.

    When there is nothing to write, no request of any kind is made and no credential is needed.

    Args:
        warehouse: where the model and the ledger are.
        declaration: the sync.
        writer: who talks to the destination; opened from the settings when None and needed.
        dry_run: plan and judge, send nothing, record nothing. The result ends as the run would
            that finds the same: failed for an error of the model, stopped by a guard, else done.
        allow: only these keys; the declaration's own allowlist holds besides. None allows all.
        full: send every row with all its fields, whatever was acknowledged before.
        yes: go on where a guard would stop.
        on_progress: called after each recorded batch.

    Returns:
        The outcome. A run that could not go on is a result too (`status`, `message`).

    Raises:
        SyncBusyError: when another run of this sync is at work.
        SourceError: for a dry run, when the model is missing or lacks a column.
    """
    if dry_run:
        plan = plan_sync(warehouse, declaration, allow=allow, full=full)
        return _rehearsed(plan, declaration.guards, yes=yes)
    scope = Scope.FULL if full else Scope.CHANGES
    return _run(
        warehouse,
        declaration,
        writer,
        scope=scope,
        allow=allow,
        yes=yes,
        on_progress=on_progress,
    )


def retry_failed(
    warehouse: Warehouse,
    declaration: Declaration,
    *,
    writer: Writer | None = None,
    allow: Collection[str] | None = None,
    yes: bool = False,
    on_progress: OnProgress | None = None,
) -> SyncResult:
    """Send only the rows that failed before, parked ones included.

    Arguments, result and errors as in `run_sync`.
    """
    return _run(
        warehouse,
        declaration,
        writer,
        scope=Scope.RETRY,
        allow=allow,
        yes=yes,
        on_progress=on_progress,
    )


def _rehearsed(plan: Plan, guards: Guards, *, yes: bool) -> SyncResult:
    status, message = _verdict(plan, guards, yes=yes)
    return SyncResult(
        sync=plan.sync,
        run_id=None,
        status=status,
        message=message,
        counts=plan.counts,
        skipped=plan.counts.skipped,
        plan=plan,
    )


def _run(
    warehouse: Warehouse,
    declaration: Declaration,
    writer: Writer | None,
    *,
    scope: Scope,
    allow: Collection[str] | None,
    yes: bool,
    on_progress: OnProgress | None,
) -> SyncResult:
    # Closing the connection, or the death of this process, gives the lock back.
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        ledger = Ledger(connection, declaration.name)
        if not ledger.lock():
            raise SyncBusyError(
                f"Another run of {declaration.name} is at work, or a backup is being put back: "
                "wait until it has ended (`millrace sync status`)."
            )
        ledger.close_interrupted()
        run = _Run(connection, ledger, declaration, scope, on_progress)
        try:
            run.execute(writer, allow=allow, yes=yes)
        except (ActivationError, SettingsError) as error:
            run.finish(RunStatus.FAILED, str(error))
        except Exception as error:
            with contextlib.suppress(psycopg.Error):
                # The error's own text may quote rows; its traceback reaches the caller anyway.
                run.finish(RunStatus.FAILED, f"It broke off ({type(error).__name__}).")
            raise
        return run.result()


class _Run:
    """One run, from its first line in the ledger to its last; making one records it."""

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        ledger: Ledger,
        declaration: Declaration,
        scope: Scope,
        on_progress: OnProgress | None,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._declaration = declaration
        self._scope = scope
        self._on_progress = on_progress
        self._run_id = ledger.begin(scope)
        self._tally = Tally()
        self._counts = PlanCounts()
        self._options_added: Mapping[str, tuple[str, ...]] = {}
        self._status = RunStatus.RUNNING
        self._message: str | None = None

    def execute(self, writer: Writer | None, *, allow: Collection[str] | None, yes: bool) -> None:
        """Everything between the beginning and the end. Whoever calls this ends a run that raised.

        Raises:
            ActivationError: when the run cannot go on.
            SettingsError: when a credential is missing.
        """
        plan = compute_plan(self._connection, self._declaration, scope=self._scope, allow=allow)
        self._counts = plan.counts
        self._ledger.note_plan(self._run_id, plan, self._tally)
        status, message = _verdict(plan, self._declaration.guards, yes=yes)
        if status is not RunStatus.DONE or not plan.rows:
            self.finish(status, message)
            return
        with _opened(writer, self._declaration) as opened:
            before = opened.usage.copy()

            def used() -> Usage:
                return opened.usage.since(before)

            try:
                self._send(plan.rows, opened, used)
            finally:
                self._tally.usage = used()

    def finish(self, status: RunStatus, message: str | None) -> None:
        """Close the run in the ledger."""
        self._status, self._message = status, message
        self._ledger.finish(self._run_id, status, message, self._tally)

    def result(self) -> SyncResult:
        """The run as it stands."""
        return SyncResult(
            sync=self._declaration.name,
            run_id=self._run_id,
            status=self._status,
            message=self._message,
            counts=self._counts,
            written=self._tally.written,
            confirmed=self._tally.confirmed,
            failed=self._tally.failed,
            unsure=self._tally.unsure,
            skipped=self._tally.skipped,
            usage=self._tally.usage,
            options_added=self._options_added,
        )

    def _send(self, rows: Sequence[PlannedRow], writer: Writer, used: Callable[[], Usage]) -> None:
        all_or_nothing = self._declaration.policy is Policy.ALL_OR_NOTHING
        checked = check(rows, writer, self._declaration.policy)
        self._options_added = checked.options_added
        self._tally.usage = used()
        self._ledger.note_refused(self._run_id, checked.refused, self._tally)
        to_send = self._read_back(checked, writer, used)

        batches = deque(_batches(to_send, self._declaration.batch_size))
        while batches:
            batch = batches.popleft()
            try:
                answers = writer.write([RowRequest(row.key, row.changes) for row in batch])
            except DestinationError as error:
                self._tally.usage = used()
                if error.may_have_arrived:
                    self._settle(batch, _unsure(batch, error))
                raise
            self._tally.usage = used()
            undecided = [each for each in answers if each.outcome is Outcome.REJECTED]
            if all_or_nothing:
                self._settle(batch, [_blamed_with_its_batch(each) for each in answers])
            else:
                self._settle(batch, [each for each in answers if each not in undecided])
                # The bad row is found by halves, before any other batch goes.
                batches.extendleft(reversed(_halves(batch, undecided)))
            self._report(len(checked.ready))
            if all_or_nothing and (self._tally.failed or self._tally.unsure):
                self.finish(
                    RunStatus.FAILED,
                    f"Stopped at a refused row (policy all_or_nothing): {self._tally.written} of "
                    f"{len(to_send)} rows had been written.",
                )
                return
        self._conclude()

    def _read_back(
        self, checked: Checked, writer: Writer, used: Callable[[], Usage]
    ) -> Sequence[PlannedRow]:
        """Settle the doubtful rows whose records hold the values; the others are to be sent."""
        confirmed: set[str] = set()
        doubtful = [row for row in checked.ready if row.is_doubtful]
        for batch in _batches(doubtful, self._declaration.batch_size):
            properties = dict.fromkeys(name for row in batch for name in row.changes)
            records = writer.read([row.key for row in batch], list(properties))
            self._tally.usage = used()
            answers = [
                RowResult(row.key, Outcome.CONFIRMED)
                for row in batch
                if row.key in records and holds(records[row.key], row.changes, checked.described)
            ]
            self._settle(batch, answers)
            confirmed.update(answer.key for answer in answers)
            self._report(len(checked.ready))
        return [row for row in checked.ready if row.key not in confirmed]

    def _settle(self, batch: Sequence[PlannedRow], answers: Sequence[RowResult]) -> None:
        rows = {row.key: row for row in batch}
        by_row = self._declaration.policy is Policy.ROW_BY_ROW
        self._ledger.settle(
            self._run_id,
            [Settled(rows[answer.key], answer) for answer in answers],
            self._tally,
            park_after=self._declaration.park_after if by_row else None,
        )

    def _report(self, total: int) -> None:
        if self._on_progress is not None:
            tally = self._tally
            settled = tally.written + tally.confirmed + tally.failed + tally.unsure
            self._on_progress(
                Progress(settled, total, tally.written, tally.failed, tally.confirmed)
            )

    def _conclude(self) -> None:
        bad = self._tally.failed + self._tally.unsure
        if bad:
            self.finish(
                RunStatus.DONE_WITH_FAILURES,
                f"{bad} rows were not written; the next run tries them again, unless they are "
                "parked: `millrace sync status` names them.",
            )
        else:
            self.finish(RunStatus.DONE, None)


def _opened(writer: Writer | None, declaration: Declaration) -> AbstractContextManager[Writer]:
    if writer is not None:
        return contextlib.nullcontext(writer)
    return DESTINATIONS[declaration.destination].open_writer(declaration.object)


def _batches(rows: Sequence[PlannedRow], size: int) -> Iterator[Sequence[PlannedRow]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _halves(
    batch: Sequence[PlannedRow], undecided: Sequence[RowResult]
) -> list[Sequence[PlannedRow]]:
    """The undecided rows as the smaller batches to try next.

    A writer says of a row that was sent alone what became of it, so that this comes to an end.
    """
    keys = {each.key for each in undecided}
    rows = [row for row in batch if row.key in keys]
    middle = (len(rows) + 1) // 2
    return [half for half in (rows[:middle], rows[middle:]) if half]


def _unsure(batch: Sequence[PlannedRow], error: DestinationError) -> list[RowResult]:
    said = "It was sent, and no answer came back."
    return [RowResult(row.key, Outcome.UNSURE, said, error.request_id) for row in batch]


def _blamed_with_its_batch(answer: RowResult) -> RowResult:
    """Under all_or_nothing nobody looks for the bad row: that would write the good ones."""
    if answer.outcome is not Outcome.REJECTED:
        return answer
    said = f"Refused with its whole batch: {answer.message}"
    return RowResult(answer.key, Outcome.FAILED, said, answer.request_id)


def _verdict(plan: Plan, guards: Guards, *, yes: bool) -> tuple[RunStatus, str | None]:
    """How a run ends that sends nothing of this plan; done means that its rows may be sent."""
    if plan.model_errors:
        return RunStatus.FAILED, " ".join(plan.model_errors)
    found = objections(plan, guards)
    if found and not yes:
        found.append("Look at the plan (`millrace sync plan`); --yes lets it through.")
        return RunStatus.STOPPED, " ".join(found)
    return RunStatus.DONE, _why_nothing(plan)


def _why_nothing(plan: Plan) -> str | None:
    """Why a plan has no rows, when that is more than that nothing changed."""
    if plan.rows:
        return None
    if plan.counts.source == 0:
        return "The model has no rows: nothing is written, and nothing is cleared for that."
    if plan.counts.held_back and plan.scope is not Scope.RETRY:
        return f"{plan.counts.held_back} rows differ, but are not on the allowlist."
    if plan.counts.parked:
        return (
            f"{plan.counts.parked} rows are parked after repeated refusals: `millrace sync retry` "
            "tries them again."
        )
    return None
