"""Sending the rows of one or several syncs of the same records, each record in one request.

spec/activation.md, Engine: write, record, unsure. A run may be killed at any moment. Each request's
outcome is recorded before the next one goes, and a record is read before it is written: it may hold
the values already, and what it held is what a revert puts back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from activation.drawing import PAGE, Drawing, merged_pages
from activation.drift import SeenDrift, record_drift
from activation.errors import DestinationError, NoAnswerError, PreflightError, keys_named
from activation.ledger import RunStatus, Settled
from activation.personal import without
from activation.plan import PlannedRow, Values
from activation.plan_statement import Scope
from activation.preflight import (
    Described,
    MissingOptions,
    as_declared,
    misfits,
    require_fitting,
)
from activation.read_back import is_acknowledged, is_same
from activation.result import OnProgress, Progress
from activation.sync_run import SyncRun
from activation.writers.base import (
    Operation,
    Outcome,
    Repeating,
    RowRequest,
    RowResult,
    Writer,
)

_BAD = {Outcome.FAILED, Outcome.UNSURE}
_ATTEMPTS = 3
"""Times that a row is sent whose answer does not come, each time after a look."""


def send(runs: Sequence[SyncRun], writer: Writer, on_progress: OnProgress | None) -> None:
    """Send what the runs have planned, and end them.

    Args:
        runs: runs of syncs that write different properties of the same kind of record; one alone
            where its policy is all_or_nothing.
        writer: who talks to the destination.
        on_progress: called after each recorded request.

    Raises:
        ActivationError: when nothing more can be sent; whoever calls this ends the runs that it
            leaves open.
    """
    for run in runs:
        run.repeating = writer.repeating
        if run is not runs[0]:
            run.is_carried_by(runs[0])
    _Sending(runs, writer, on_progress).work()


@dataclass(slots=True)
class _Part:
    """What one sync wants of a record."""

    run: SyncRun
    row: PlannedRow
    sent: dict[str, str | None]
    """What is to be sent, or was found to be there."""
    before: Values | None = None
    claimed: Values | None = None
    given_up: tuple[str, ...] = ()

    def settled(self, result: RowResult) -> Settled:
        return Settled(self.row, result, self.sent, self.before, self.claimed, self.given_up)


@dataclass(slots=True)
class _Record:
    """One record, and what is wanted of it."""

    key: str
    parts: list[_Part]

    @property
    def request(self) -> RowRequest:
        operations = {part.row.operation for part in self.parts}
        return RowRequest(
            self.key,
            {name: value for part in self.parts for name, value in part.sent.items()},
            operations.pop() if len(operations) == 1 else Operation.UPDATE,
        )

    @property
    def personal_values(self) -> set[str]:
        """What nobody is to find in the ledger."""
        return {
            value
            for part in self.parts
            for name, value in part.sent.items()
            if value and name in part.run.declaration.personal
        }


@dataclass(slots=True)
class _Batch:
    """Records that go in one request."""

    records: list[_Record]
    attempt: int = 1

    def halves(self, keys: set[str]) -> list[_Batch]:
        """The records of these keys as two smaller batches.

        A writer says of a record that was sent alone what became of it, so that this ends.
        """
        found = [record for record in self.records if record.key in keys]
        middle = (len(found) + 1) // 2
        return [_Batch(half) for half in (found[:middle], found[middle:]) if half]


class _Sending:
    """The work of `send`."""

    def __init__(
        self, runs: Sequence[SyncRun], writer: Writer, on_progress: OnProgress | None
    ) -> None:
        self._runs = list(runs)
        self._carrier = runs[0]  # it counts the requests
        self._writer = writer
        self._on_progress = on_progress
        self._described: Described = {}
        self._total = 0
        self._size = min(run.declaration.batch_size for run in runs)

    def work(self) -> None:
        """Check everything, send everything, end every run."""
        try:
            self._require_properties()
            if self._runs:
                self._check_rows()
            if self._runs:
                self._send_all()
        finally:
            self._carrier.count_usage()
            if self._carrier.has_ended:
                self._carrier.record_usage()
        for run in self._runs:
            if not run.has_ended:
                run.conclude()

    # -- before the first row

    def _require_properties(self) -> None:
        wanted = {run.run_id: _drawn(run).needed_properties() for run in self._runs}
        described = self._writer.describe(
            list(dict.fromkeys(name for names in wanted.values() for name in names))
        )
        self._described = as_declared(described, [run.declaration for run in self._runs])
        self._carrier.count_usage()
        for run in list(self._runs):
            try:
                require_fitting(run.declaration, wanted[run.run_id], self._described)
            except PreflightError as error:
                self._drop(run, str(error))

    def _check_rows(self) -> None:
        """Leave out what does not fit, and make the options that the rest needs."""
        options = MissingOptions(self._described)
        for page in merged_pages([_drawn(run) for run in self._runs], PAGE):
            refused: dict[int, list[tuple[PlannedRow, str]]] = {}
            for key, rows in page.items():
                whole = RowRequest(
                    key,
                    {name: value for row in rows.values() for name, value in row.changes.items()},
                )
                of_all = self._writer.misfit(whole)
                for place, row in rows.items():
                    reason = misfits(row.changes, self._described) or of_all
                    if reason is None:
                        options.note([row.changes])
                    else:
                        refused.setdefault(place, []).append((row, reason))
            for place, found in refused.items():
                self._refuse(self._runs[place], found)
            self._total += sum(len(rows) for rows in page.values()) - sum(
                map(len, refused.values())
            )
        self._runs = [run for run in self._runs if not run.has_ended]
        if not self._runs:
            return
        added = options.add_to(self._writer)
        self._carrier.count_usage()
        for run in self._runs:
            ours = set(run.declaration.properties)
            run.options_added = {name: new for name, new in added.items() if name in ours}

    def _refuse(self, run: SyncRun, refused: Sequence[tuple[PlannedRow, str]]) -> None:
        if not run.sends_all_or_nothing:
            run.refuse(refused)
        elif not run.has_ended:
            keys = keys_named([row.key for row, _ in refused])
            run.finish(
                RunStatus.FAILED,
                f"{len(refused)} rows or more do not fit the destination, so none was sent (policy "
                f"all_or_nothing): {keys}. The first: {refused[0][1]}.",
            )

    def _drop(self, run: SyncRun, message: str) -> None:
        run.finish(RunStatus.FAILED, message)
        self._runs.remove(run)

    # -- the rows

    def _send_all(self) -> None:
        for run in self._runs:
            run.is_sending = True
        for page in merged_pages([_drawn(run) for run in self._runs], self._size):
            records = [
                _Record(
                    key,
                    [
                        _Part(self._runs[place], row, dict(row.changes))
                        for place, row in rows.items()
                    ],
                )
                for key, rows in page.items()
            ]
            self._send_batches(deque([_Batch(self._looked_up(records))]))
            if all(run.has_ended for run in self._runs):
                return

    def _send_batches(self, batches: deque[_Batch]) -> None:
        while batches:
            batch = batches.popleft()
            if not batch.records:
                continue
            self._note_sending(batch)
            try:
                answers = self._writer.write([record.request for record in batch.records])
            except NoAnswerError as error:
                self._carrier.count_usage()
                batches.appendleft(self._unanswered(batch, error))
                continue
            except DestinationError as error:
                self._carrier.count_usage()
                if error.may_have_arrived:
                    self._settle(batch.records, _unsure(batch, error))
                else:
                    self._withdraw_sending(batch)
                raise
            except Exception:
                self._settle(batch.records, _unsure(batch))
                raise
            self._carrier.count_usage()
            batches.extendleft(reversed(self._answered(batch, answers)))
            self._report()
            if all(run.has_ended for run in self._runs):
                return

    def _answered(self, batch: _Batch, answers: Sequence[RowResult]) -> list[_Batch]:
        """Record the answers; what is left to be tried in smaller parts."""
        if self._carrier.sends_all_or_nothing:
            answers = [_blamed_with_its_batch(each) for each in answers]
            self._settle(batch.records, answers)
            self._stop_at(sorted(each.key for each in answers if each.outcome in _BAD))
            return []
        undecided = {each.key for each in answers if each.outcome is Outcome.REJECTED}
        refused = {each.key for each in answers if each.outcome is Outcome.FAILED}
        # Of a record that several syncs write, one sync's value must not stop the other's.
        shared = {r.key for r in batch.records if r.key in refused and len(r.parts) > 1}
        self._settle(batch.records, [e for e in answers if e.key not in undecided | shared])
        # The bad row is found by halves, before any other batch goes.
        return [*self._one_by_one(batch, shared), *batch.halves(undecided)]

    def _one_by_one(self, batch: _Batch, keys: set[str]) -> list[_Batch]:
        apart: dict[str, list[_Record]] = {}
        for record in batch.records:
            if record.key in keys:
                for part in record.parts:
                    apart.setdefault(part.run.run_id, []).append(_Record(record.key, [part]))
        return [_Batch(records) for records in apart.values()]

    def _stop_at(self, refused: Sequence[str]) -> None:
        if refused:
            self._carrier.finish(
                RunStatus.FAILED,
                f"Stopped as the destination did not take {keys_named(refused)} (policy "
                "all_or_nothing; `millrace sync status` says why).",
            )

    def _unanswered(self, batch: _Batch, error: NoAnswerError) -> _Batch:
        """What has to be sent again of a batch whose answer did not come.

        Raises:
            NoAnswerError: when that was tried often enough, or nobody could find out.
        """
        remaining = batch.records
        repeating = self._writer.repeating
        if repeating is Repeating.READ_BACK:
            try:
                there = self._arrived(batch)
            except DestinationError:
                self._settle(batch.records, _unsure(batch, error))
                raise
            said = "Its answer never came; read back, the record holds the values."
            self._settle(
                batch.records,
                [RowResult(key, Outcome.WRITTEN, said, error.request_id) for key in there],
            )
            self._report()
            remaining = [record for record in batch.records if record.key not in there]
        if remaining and (repeating is Repeating.ASK or batch.attempt == _ATTEMPTS):
            left = _Batch(remaining)
            self._settle(remaining, _unsure(left, error))
            self._report()
            raise error
        self._carrier.repeats += bool(remaining)
        return _Batch(remaining, batch.attempt + 1)

    def _arrived(self, batch: _Batch) -> set[str]:
        records = self._read(batch.records)
        return {
            record.key
            for record in batch.records
            if record.key in records
            and all(
                self._is_same(name, records[record.key].get(name), value)
                for name, value in record.request.values.items()
            )
        }

    def _note_sending(self, batch: _Batch) -> None:
        for run, rows in _by_run(batch.records):
            run.note_sending(rows)

    def _withdraw_sending(self, batch: _Batch) -> None:
        for run, rows in _by_run(batch.records):
            run.withdraw_sending(rows)

    # -- what records hold before they are written

    def _looked_up(self, records: Sequence[_Record]) -> list[_Record]:
        """Settle what needs no request; the records that are to be sent, with what they hold."""
        if self._writer.repeating is not Repeating.READ_BACK:
            return list(records)
        found = self._read(records)
        drifts: dict[str, list[SeenDrift]] = {}
        settled: dict[str, list[Settled]] = {}
        left = []
        for record in records:
            parts = []
            for part in record.parts:
                if record.key in found:
                    drifts.setdefault(part.run.run_id, []).extend(
                        self._look_at(part, found[record.key])
                    )
                    result = self._settled_already(part, found[record.key])
                else:
                    result = _settled_without_record(part)
                if result is None:
                    parts.append(part)
                else:
                    settled.setdefault(part.run.run_id, []).append(part.settled(result))
            if parts:
                left.append(_Record(record.key, parts))
        with self._carrier.connection.transaction():
            for run in self._runs:
                record_drift(run.connection, run.declaration, drifts.get(run.run_id, []))
                if run.run_id in settled:
                    run.settle(settled[run.run_id])
        if settled:
            self._report()
        return left

    def _look_at(self, part: _Part, held: Values) -> Iterator[SeenDrift]:
        """Note what the record holds; leave alone what is not ours to empty or to put back."""
        row, run = part.row, part.run
        part.before = {name: held.get(name) for name in row.changes}
        drifted = [
            SeenDrift(row.key, name, ours, part.before[name])
            for name, ours in row.acknowledged.items()
            if name in row.changes
            and not self._is_ours(run, name, held.get(name), ours)
            and not self._is_same(name, held.get(name), row.changes[name])
        ]
        if run.scope is Scope.REVERT:
            kept_back = {each.property for each in drifted}
        else:
            kept_back = {
                name
                for name, value in row.changes.items()
                if value is None
                and held.get(name)
                and not self._is_ours(run, name, held.get(name), row.acknowledged.get(name))
            }
            yield from drifted
        for name in kept_back:
            del part.sent[name]
        part.given_up = tuple(kept_back)
        if run.scope is Scope.REVERT:
            part.claimed = _reclaimed(part, self._described)
            part.given_up = tuple(name for name in part.sent if name not in part.claimed)

    def _settled_already(self, part: _Part, held: Values) -> RowResult | None:
        """What became of a row that needs no request; None when it needs one."""
        run, row = part.run, part.row
        if run.scope is Scope.REVERT and not part.sent:
            said = "somebody has changed the record since"
            return RowResult(row.key, Outcome.SKIPPED, said)
        if run.scope is Scope.FULL and not row.is_doubtful and part.sent:
            return None
        if all(self._is_same(name, held.get(name), value) for name, value in part.sent.items()):
            return RowResult(row.key, Outcome.CONFIRMED)
        return None

    def _read(self, records: Sequence[_Record]) -> Mapping[str, Values]:
        names = {name for record in records for part in record.parts for name in part.row.changes}
        found = self._writer.read([record.key for record in records], sorted(names))
        self._carrier.count_usage()
        return found

    def _is_same(self, name: str, held: str | None, wanted: str | None) -> bool:
        return is_same(self._described[name].kind, held, wanted)

    def _is_ours(self, run: SyncRun, name: str, held: str | None, ours: str | None) -> bool:
        is_personal = name in run.declaration.personal
        return is_acknowledged(self._described[name].kind, held, ours, is_personal=is_personal)

    # -- the record

    def _settle(self, records: Sequence[_Record], answers: Sequence[RowResult]) -> None:
        personal = {value for record in records for value in record.personal_values}
        by_key = {answer.key: _unquoted(answer, personal) for answer in answers}
        with self._carrier.connection.transaction():
            for run in self._runs:
                settled = [
                    part.settled(by_key[record.key])
                    for record in records
                    if record.key in by_key
                    for part in record.parts
                    if part.run is run
                ]
                if settled:
                    run.settle(settled)

    def _report(self) -> None:
        if self._on_progress is not None:
            tallies = [run.tally for run in self._runs]
            written = sum(each.written for each in tallies)
            confirmed = sum(each.confirmed for each in tallies)
            failed = sum(each.failed for each in tallies)
            settled = written + confirmed + failed + sum(each.unsure for each in tallies)
            self._on_progress(Progress(settled, self._total, written, failed, confirmed))


def _drawn(run: SyncRun) -> Drawing:
    if run.drawing is None:
        raise RuntimeError(f"{run.run_id} has no plan")
    return run.drawing


def _by_run(records: Sequence[_Record]) -> Iterator[tuple[SyncRun, list[PlannedRow]]]:
    runs = {part.run.run_id: part.run for record in records for part in record.parts}
    for run in runs.values():
        yield run, [part.row for record in records for part in record.parts if part.run is run]


def _reclaimed(part: _Part, described: Described) -> Values:
    """What is ours again of a row that is put back: what had been acknowledged before its run."""
    return {
        name: value
        for name, value in part.row.reclaims.items()
        if name in part.sent and is_same(described[name].kind, part.sent[name], value)
    }


def _settled_without_record(part: _Part) -> RowResult | None:
    """What became of a row whose record is not there; None when the destination is to say."""
    if part.row.operation is Operation.REMOVE:
        return RowResult(part.row.key, Outcome.CONFIRMED, "the record is no longer there")
    if part.run.scope is Scope.REVERT:
        return RowResult(part.row.key, Outcome.SKIPPED, "the record is no longer there")
    return None


def _unsure(batch: _Batch, error: DestinationError | None = None) -> list[RowResult]:
    said = "It was sent, and no answer came back that tells what became of it."
    request_id = None if error is None else error.request_id
    return [RowResult(each.key, Outcome.UNSURE, said, request_id) for each in batch.records]


def _unquoted(answer: RowResult, personal: Collection[str]) -> RowResult:
    """The answer, when the destination's words may quote what they are about."""
    if answer.message is None or not personal:
        return answer
    return replace(answer, message=without(answer.message, personal))


def _blamed_with_its_batch(answer: RowResult) -> RowResult:
    """Under all_or_nothing nobody looks for the bad row: that would write the good ones."""
    if answer.outcome is not Outcome.REJECTED:
        return answer
    said = f"Refused with its whole batch: {answer.message}"
    return RowResult(answer.key, Outcome.FAILED, said, answer.request_id)
