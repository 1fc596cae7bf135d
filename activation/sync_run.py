"""One run of one sync, from its first line in the ledger to its last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import psycopg
from psycopg.rows import TupleRow

from activation.declaration import Declaration, Policy
from activation.drawing import Drawing
from activation.guards import objections
from activation.ledger import Ledger, RunStatus, Settled, Tally
from activation.plan import PlanCounts, PlannedRow, PlanSummary
from activation.plan_statement import Scope
from activation.result import SyncResult
from activation.writers.base import Repeating, Usage

_NAMED = 20
"""Keys of written rows that a message names."""


class SyncRun:
    """One run; making one records it. Whoever makes it holds the sync's lock.

    Args:
        connection: in autocommit mode.
        declaration: the sync.
        scope: what the run considers.
        plan_id: the kept plan that it carries out.
        reverts: the run that it takes back.
    """

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        declaration: Declaration,
        scope: Scope,
        *,
        plan_id: str | None = None,
        reverts: str | None = None,
    ) -> None:
        self.connection = connection
        self.declaration = declaration
        self.scope = scope
        self.tally = Tally()
        self.options_added: Mapping[str, tuple[str, ...]] = {}
        self.repeating = Repeating.READ_BACK
        """What the run's writer says of it."""
        self.drawing: Drawing | None = None
        self.used: Callable[[], Usage] = Usage
        """The requests that the run has made; none, where another run's carry its rows."""
        self.repeats = 0
        """Requests that were made again after a look at what became of them."""
        self.is_sending = False
        """Whether its rows have begun to go."""
        self._note: str | None = None
        self._ledger = Ledger(connection, declaration)
        self._counts = PlanCounts()
        self._status = RunStatus.RUNNING
        self._message: str | None = None
        self.run_id = self._ledger.begin(scope, plan_id=plan_id, reverts=reverts)

    @property
    def has_ended(self) -> bool:
        """Whether the run is closed in the ledger."""
        return self._status is not RunStatus.RUNNING

    @property
    def sends_all_or_nothing(self) -> bool:
        """Whether one bad row ends it."""
        return self.declaration.policy is Policy.ALL_OR_NOTHING

    def adopt(self, drawing: Drawing, *, yes: bool) -> bool:
        """Take a plan, record it, and judge it.

        Returns:
            Whether its rows are to be sent; the run has ended when not.
        """
        self.drawing = drawing
        plan = drawing.summary()
        self._counts, self._note = plan.counts, plan.note
        self._ledger.forget(drawing.left_out)
        self._ledger.note_plan(self.run_id, plan, drawing.table, self.tally)
        status, message = verdict(plan, self.declaration, yes=yes)
        if status is not RunStatus.DONE or not plan.counts.to_write:
            self.finish(status, message)
            return False
        return True

    def refuse(self, rows: Sequence[tuple[PlannedRow, str]]) -> None:
        """Leave rows out that do not fit the destination, each for a reason."""
        self._ledger.note_refused(self.run_id, rows, self.tally)
        if self.drawing is not None:
            self.drawing.rewrite(
                [row for row, _ in rows], dict.fromkeys((row.key for row, _ in rows), "refused")
            )

    def note_sending(self, rows: Sequence[PlannedRow]) -> None:
        """Record rows as under way, where nobody could find out afterwards."""
        if self.repeating is Repeating.ASK:
            self._ledger.note_sending(self.run_id, rows)

    def withdraw_sending(self, rows: Sequence[PlannedRow]) -> None:
        """Take `note_sending` back."""
        if self.repeating is Repeating.ASK:
            self._ledger.withdraw_sending(rows)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Record what became of some rows."""
        self._ledger.settle(
            self.run_id,
            settled,
            self.tally,
            park_after=None if self.sends_all_or_nothing else self.declaration.park_after,
            parks_unsure=self.repeating is Repeating.ASK,
            is_revert=self.scope is Scope.REVERT,
        )

    def is_carried_by(self, other: SyncRun) -> None:
        """Record that the other run's requests carry the rows of this one too."""
        self._ledger.carry(self.run_id, other.run_id)

    def count_usage(self) -> None:
        """Take note of the requests so far; they are recorded with whatever is recorded next."""
        usage = self.used()
        self.tally.usage = replace(usage, retries=usage.retries + self.repeats)

    def record_usage(self) -> None:
        """Record the requests of a run that has ended, and whose requests carried others' rows."""
        self._ledger.count(self.run_id, self.tally)

    def conclude(self) -> None:
        """Close a run that tried all its rows."""
        bad = self.tally.failed + self.tally.unsure
        if not bad:
            self.finish(RunStatus.DONE, None)
        elif self.scope is Scope.REVERT:
            self.finish(
                RunStatus.DONE_WITH_FAILURES,
                f"{bad} rows were not put back: `millrace sync revert` tries them again.",
            )
        else:
            self.finish(
                RunStatus.DONE_WITH_FAILURES,
                f"{bad} rows were not written; the next run tries them again, unless they are "
                "parked: `millrace sync status` names them.",
            )

    def finish(self, status: RunStatus, message: str | None) -> None:
        """Close the run in the ledger."""
        self.count_usage()
        if status is RunStatus.FAILED and self.is_sending and self.sends_all_or_nothing:
            message = in_sentences(message, self._how_far())
        self._status, self._message = status, in_sentences(message, self._note)
        self._ledger.finish(self.run_id, status, self._message, self.tally)

    def _how_far(self) -> str:
        """Which rows of a set that belongs together are written, and which are not."""
        tally, planned = self.tally, self._counts.to_write
        rest = planned - tally.written - tally.confirmed
        goes_on = (
            "`millrace sync revert` tries them again."
            if self.scope is Scope.REVERT
            else "the next run goes on with them (`millrace sync plan "
            f"{self.declaration.name}` shows them)."
        )
        if not tally.written:
            return f"None of the {planned} rows was written by this run: {goes_on}"
        keys = self._ledger.written_keys(self.run_id, _NAMED)
        more = tally.written - len(keys)
        listed = f" and {more} more (`millrace sync status --run {self.run_id}`)" if more else ""
        held = f"{tally.confirmed} held their values already, " if tally.confirmed else ""
        unsure = f", {tally.unsure} of them sent without an answer" if tally.unsure else ""
        return (
            f"{tally.written} of {planned} rows are written: {', '.join(keys)}{listed}; "
            f"{held}{rest} are not{unsure}, and {goes_on}"
        )

    def result(self) -> SyncResult:
        """The run as it stands."""
        tally = self.tally
        return SyncResult(
            sync=self.declaration.name,
            run_id=self.run_id,
            status=self._status,
            message=self._message,
            counts=self._counts,
            written=tally.written,
            confirmed=tally.confirmed,
            failed=tally.failed,
            unsure=tally.unsure,
            skipped=tally.skipped,
            usage=tally.usage,
            options_added=self.options_added,
        )


def verdict(
    plan: PlanSummary, declaration: Declaration, *, yes: bool
) -> tuple[RunStatus, str | None]:
    """How a run ends that sends nothing of this plan; done means that its rows may be sent."""
    if plan.blocked is not None:
        return RunStatus.FAILED, plan.blocked
    if plan.model_errors:
        return RunStatus.FAILED, " ".join(plan.model_errors)
    found = objections(plan, declaration.guards)
    if found and not yes:
        found.append("Look at the plan (`millrace sync plan`); --yes lets it through.")
        return RunStatus.STOPPED, " ".join(found)
    return RunStatus.DONE, _why_nothing(plan)


def in_sentences(*said: str | None) -> str | None:
    """What there is to say, in one message; None when there is nothing."""
    return " ".join(filter(None, said)) or None


def _why_nothing(plan: PlanSummary) -> str | None:
    """Why a plan has no rows, when that is more than that nothing changed."""
    if plan.counts.to_write:
        return None
    if plan.counts.source == 0 and plan.scope is not Scope.REVERT:
        return "The model has no rows: nothing is written, and nothing is cleared for that."
    if plan.counts.held_back and plan.scope is not Scope.RETRY:
        return f"{plan.counts.held_back} rows differ, but are not on the allowlist."
    if plan.counts.parked:
        return (
            f"{plan.counts.parked} rows are parked (refused too often, put back, or sent without "
            "an answer): `millrace sync retry` tries them again."
        )
    return None
