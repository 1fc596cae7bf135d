"""Running syncs: lock, plan, guards, preflight, requests; each recorded before the next is sent.

spec/activation.md, Engine. A run may be killed at any moment. Whatever was recorded is not sent
again; of the one request whose outcome was not recorded, the next run reads the rows back first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import psycopg
from psycopg.rows import TupleRow

from activation.blockers import require_unblocked, why_blocked
from activation.declaration import Declaration, Policy, find_declaration
from activation.destination_diff import leave_out_what_is_held, note_what_is_held
from activation.drawing import Drawing, draw
from activation.drift import note_drift
from activation.errors import ActivationError, BlockedError, SyncBusyError
from activation.kept_plans import find, keep, require_unmoved
from activation.ledger import Ledger, RunStatus, Settled
from activation.opening import open_writer
from activation.optional_fields import may_be_missing, without_missing
from activation.plan import Plan, PlannedRow
from activation.plan_statement import Scope
from activation.preflight import Described
from activation.result import OnProgress, SyncResult
from activation.reverting import draw_revert, find_run
from activation.sending import send
from activation.status import unsure_keys
from activation.sync_run import SyncRun, in_sentences, verdict
from activation.writers.base import Operation, Outcome, RowResult, Usage, Writer
from warehouse.database import Warehouse
from warehouse.settings import SettingsError


def plan_sync(
    warehouse: Warehouse,
    declaration: Declaration,
    *,
    writer: Writer | None = None,
    allow: Collection[str] | None = None,
    full: bool = False,
    against_destination: bool = False,
    save: bool = False,
) -> Plan:
    """What `run_sync` with the same arguments would write now. Sends nothing.

    Nobody but the database is asked, unless the plan is made against the destination or kept, or
    has an optional property that the destination seems to lack.

    Args:
        warehouse: where the model and the ledger are.
        declaration: the sync.
        writer: who talks to the destination, if it has to be asked; opened from the settings when
            None and needed.
        allow: only these keys; the declaration's own allowlist holds besides. None allows all.
        full: plan every row with all its fields.
        against_destination: plan what the destination does not hold, as it is now.
        save: keep the plan, with what the destination holds, to be carried out later by its id.

    Raises:
        ActivationError: when the model is missing or lacks a column, the destination cannot be
            asked, or the plan is to be kept of a sync that must not run.
        SettingsError: when a credential is missing.
    """
    scope = _scope(full, against_destination)
    with _opened_when_needed(writer, declaration) as opened, _session(warehouse) as connection:
        blocked = why_blocked(connection, declaration)
        if blocked is not None and save:
            raise BlockedError(blocked)

        def draw_up(left_out: Sequence[str]) -> Drawing:
            return draw(connection, declaration, scope=scope, allow=allow, left_out=left_out)

        drawing = draw_up(())
        if blocked is not None:
            return replace(drawing.plan(), blocked=blocked)
        if save or against_destination or may_be_missing(drawing):
            drawing = without_missing(drawing, draw_up, opened.describe)
        if against_destination and drawing.summary().counts.to_write:
            leave_out_what_is_held(drawing, opened())
        if not save:
            return drawing.plan()
        if not against_destination and drawing.summary().counts.to_write:
            note_what_is_held(drawing, opened())
        return drawing.plan(keep(drawing, None if allow is None else sorted(allow)))


def run_sync(
    warehouse: Warehouse,
    declaration: Declaration,
    *,
    writer: Writer | None = None,
    dry_run: bool = False,
    allow: Collection[str] | None = None,
    full: bool = False,
    against_destination: bool = False,
    plan_id: str | None = None,
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
        against_destination: ask the destination what it holds, and send what differs.
        plan_id: carry out this kept plan, if neither the model nor the destination has moved since;
            what it considers is the plan's, and not `allow`, `full` or `against_destination`.
        yes: go on where a guard would stop.
        on_progress: called after each recorded request.

    Returns:
        The outcome. A run that could not go on is a result too (`status`, `message`).

    Raises:
        SyncBusyError: when another run of this sync is at work.
        ActivationError: for a dry run, when there can be no plan.
    """
    if dry_run:
        plan = plan_sync(
            warehouse,
            declaration,
            writer=writer,
            allow=allow,
            full=full,
            against_destination=against_destination,
        )
        return _rehearsed(plan, declaration, yes=yes)
    (result,) = _run(
        warehouse,
        [declaration],
        writer,
        scope=_scope(full, against_destination),
        allow=allow,
        plan_id=plan_id,
        yes=yes,
        on_progress=on_progress,
    )
    return result


def run_syncs(
    warehouse: Warehouse,
    declarations: Iterable[Declaration],
    *,
    writer: Writer | None = None,
    full: bool = False,
    against_destination: bool = False,
    yes: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[SyncResult, ...]:
    """Run several syncs, those of the same records together: one record goes in one request.

    Syncs whose policy is all_or_nothing, or that send messages, run by themselves. Arguments,
    results and errors are as in `run_sync`; the results are in the order of the declarations, and
    the first run of those that share requests counts them.
    """
    wanted = list(declarations)
    results: dict[str, SyncResult] = {}
    for group in groups(wanted):
        done = _run(
            warehouse,
            group,
            writer,
            scope=_scope(full, against_destination),
            yes=yes,
            on_progress=on_progress,
        )
        results |= {each.sync: each for each in done}
    return tuple(results[each.name] for each in wanted)


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

    So go rows that a revert put back, and messages that nobody knows the fate of. Arguments,
    result and errors as in `run_sync`.
    """
    (result,) = _run(
        warehouse,
        [declaration],
        writer,
        scope=Scope.RETRY,
        allow=allow,
        yes=yes,
        on_progress=on_progress,
    )
    return result


def mark_arrived(
    warehouse: Warehouse, declaration: Declaration, keys: Collection[str]
) -> SyncResult:
    """Take a person's word that rows which were sent without an answer have arrived.

    Args:
        warehouse: where the ledger is.
        declaration: the sync.
        keys: rows that wait as `unsure`; others are left as they are.

    Returns:
        A run that confirmed them and sent nothing.

    Raises:
        SyncBusyError: when another run of this sync is at work.
    """
    with _session(warehouse) as connection, _locked(connection, [declaration]):
        run = SyncRun(connection, declaration, Scope.RETRY)
        with _ended([run]):
            run.settle(
                [
                    Settled(
                        PlannedRow(key, Operation.INSERT, changes={}, desired_hash=None),
                        RowResult(key, Outcome.CONFIRMED, "Somebody saw that it has arrived."),
                        sent={},
                    )
                    for key in unsure_keys(connection, declaration, keys)
                ]
            )
            run.finish(RunStatus.DONE, None)
        return run.result()


def revert_run(
    warehouse: Warehouse,
    run_id: str,
    *,
    writer: Writer | None = None,
    dry_run: bool = False,
    yes: bool = False,
    on_progress: OnProgress | None = None,
    declarations: Mapping[str, Declaration] | None = None,
) -> SyncResult:
    """Put the values back that records held before a run.

    A field that somebody has changed since is left alone. Rows that were put back wait: later runs
    leave them until the model wants other values, or somebody retries them.

    Args:
        warehouse: where the model and the ledger are.
        run_id: as in `ops.sync_run`.
        writer: who talks to the destination; opened from the settings when None and needed.
        dry_run: plan and judge, send nothing, record nothing.
        yes: go on where a guard would stop.
        on_progress: called after each recorded request.
        declarations: the syncs by name; the declared ones when None.

    Raises:
        RevertError: when there is no such run, or it cannot be taken back.
        UnknownSyncError: when its sync is no longer declared.
        SyncBusyError: when another run of the sync is at work.
    """
    with _session(warehouse) as connection:
        sync = find_run(connection, run_id).sync
        declaration = find_declaration(sync) if declarations is None else declarations[sync]
        drawing = draw_revert(connection, declaration, run_id)
        if dry_run:
            return _rehearsed(drawing.plan(), declaration, yes=yes)
    (result,) = _run(
        warehouse,
        [declaration],
        writer,
        scope=Scope.REVERT,
        reverts=run_id,
        yes=yes,
        on_progress=on_progress,
    )
    return result


def groups(declarations: Sequence[Declaration]) -> list[list[Declaration]]:
    """The syncs that can share requests, together; each in the order given."""
    found: dict[object, list[Declaration]] = {}
    for each in declarations:
        shares = each.policy is Policy.ROW_BY_ROW and not each.mode.sends_once
        place = (each.destination, each.object) if shares else each.name
        found.setdefault(place, []).append(each)
    return list(found.values())


def _scope(full: bool, against_destination: bool) -> Scope:
    if against_destination:
        return Scope.DESTINATION
    return Scope.FULL if full else Scope.CHANGES


def _rehearsed(plan: Plan, declaration: Declaration, *, yes: bool) -> SyncResult:
    status, message = verdict(plan, declaration, yes=yes)
    return SyncResult(
        sync=plan.sync,
        run_id=None,
        status=status,
        message=in_sentences(message, plan.note),
        counts=plan.counts,
        skipped=plan.counts.skipped,
        plan=plan,
    )


def _run(
    warehouse: Warehouse,
    declarations: Sequence[Declaration],
    writer: Writer | None,
    *,
    scope: Scope,
    allow: Collection[str] | None = None,
    plan_id: str | None = None,
    reverts: str | None = None,
    yes: bool,
    on_progress: OnProgress | None,
) -> Sequence[SyncResult]:
    with _session(warehouse) as connection, _locked(connection, declarations):
        kept = None if plan_id is None else find(connection, plan_id, declarations[0])
        if kept is not None:
            scope, allow = kept.scope, kept.allowed
        runs = [
            SyncRun(connection, each, scope, plan_id=plan_id, reverts=reverts)
            for each in declarations
        ]

        def drawn(run: SyncRun, opened: _Opening) -> Drawing:
            declaration = run.declaration

            def draw_up(left_out: Sequence[str]) -> Drawing:
                if reverts is not None:
                    return draw_revert(connection, declaration, reverts, left_out)
                return draw(connection, declaration, scope=scope, allow=allow, left_out=left_out)

            if reverts is None:
                require_unblocked(connection, declaration)
                note_drift(connection, declaration)
            drawing = without_missing(draw_up(()), draw_up, opened.describe)
            if scope is Scope.DESTINATION and drawing.summary().counts.to_write:
                leave_out_what_is_held(drawing, opened())
            if kept is not None:
                if scope is not Scope.DESTINATION and drawing.summary().counts.to_write:
                    note_what_is_held(drawing, opened())
                require_unmoved(kept, drawing)
            return drawing

        with _opened_when_needed(writer, declarations[0]) as opened, _ended(runs):
            # The first run counts the requests; of the others the ledger says who carried them.
            runs[0].used = opened.used
            ready = []
            for run in runs:
                with _ended([run]):
                    if run.adopt(drawn(run, opened), yes=yes):
                        ready.append(run)
            if ready:
                if ready[0] is not runs[0]:
                    counted = runs[0].tally.usage.copy()
                    ready[0].used = lambda: opened.used().since(counted)
                send(ready, opened(), on_progress)
        return [run.result() for run in runs]


@contextlib.contextmanager
def _session(warehouse: Warehouse) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection of the caller's own, for the tables of a plan and the lock."""
    with contextlib.closing(warehouse.connect(autocommit=True)) as connection:
        yield connection


@contextlib.contextmanager
def _locked(
    connection: psycopg.Connection[TupleRow], declarations: Sequence[Declaration]
) -> Iterator[None]:
    """Keep other runs of these syncs out.

    The death of this process gives the locks back too.
    """
    try:
        # Always in the same order, so that two groups cannot wait for each other.
        for declaration in sorted(declarations, key=lambda each: each.name):
            ledger = Ledger(connection, declaration)
            if not ledger.lock():
                raise SyncBusyError(
                    f"Another run of {declaration.name} is at work, or a backup is being put back: "
                    "wait until it has ended (`millrace sync status`)."
                )
            ledger.close_interrupted()
        yield
    finally:
        with contextlib.suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock_all()")


@contextlib.contextmanager
def _ended(runs: Sequence[SyncRun]) -> Iterator[None]:
    """See to it that runs which could not go on are closed, with the reason."""

    def end(message: str) -> None:
        for run in runs:
            if not run.has_ended:
                run.finish(RunStatus.FAILED, message)

    try:
        yield
    except (ActivationError, SettingsError) as error:
        end(str(error))
    except Exception as error:
        with contextlib.suppress(psycopg.Error):
            # The error's own text may quote rows; its traceback reaches the caller anyway.
            end(f"It broke off ({type(error).__name__}).")
        raise


class _Opening:
    """The given writer, or one that is opened when it is first asked for."""

    def __init__(
        self, writer: Writer | None, declaration: Declaration, stack: contextlib.ExitStack
    ) -> None:
        self._writer = writer
        self._declaration = declaration
        self._stack = stack
        self._before = Usage() if writer is None else writer.usage.copy()

    def __call__(self) -> Writer:
        """The writer.

        Raises:
            SettingsError: when a credential is missing.
        """
        if self._writer is None:
            self._writer = self._stack.enter_context(open_writer(self._declaration))
        return self._writer

    def describe(self, properties: Collection[str]) -> Described:
        """Those of the properties that the destination has.

        Raises:
            DestinationError: when it refuses or cannot be used.
            SettingsError: when a credential is missing.
        """
        return self().describe(properties)

    def used(self) -> Usage:
        """The requests that were made since."""
        return Usage() if self._writer is None else self._writer.usage.since(self._before)


@contextlib.contextmanager
def _opened_when_needed(writer: Writer | None, declaration: Declaration) -> Iterator[_Opening]:
    with contextlib.ExitStack() as stack:
        yield _Opening(writer, declaration, stack)
