"""How plans and results of syncs are shown, to people and to machines.

Values are shown only when asked for, and personal ones never (spec/activation.md, Engine: guards).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from activation.declaration import Declaration
from activation.messages.composer import FactsError
from activation.plan import Plan, PlannedRow
from activation.result import SyncResult
from activation.status import RecordedRow, SyncStatus
from activation.writers.base import Usage
from cli.output import console
from warehouse.settings import get_settings

_PERSONAL = "(personal)"


def show_plan(found: Plan, declaration: Declaration, *, values: bool) -> None:
    """Print counts, keys and, when asked, old and new values of a plan.

    Where a sync composes its messages, they are shown as people will read them.
    """
    counts = found.counts
    removals = f"{counts.removals} to remove, " if counts.removals else ""
    console.print(
        f"{found.sync}: {counts.inserts} to insert, {counts.updates} to update, {removals}"
        f"{counts.unchanged} unchanged, {counts.skipped} skipped, {counts.parked} parked",
        markup=False,
    )
    if found.doubtful:
        console.print(
            f"  {found.doubtful} of them go with all their fields, and only where a value is "
            "missing: what their records hold is not known.",
            markup=False,
        )
    composer = declaration.message_composer
    composed_of = None if composer is None else composer.takes
    for row in found.rows:
        told = (
            ", ".join(
                f"{name}: {_shown(old)} -> {_shown(new)}"
                for name, old, new in _changes(row, declaration)
                if name != composed_of
            )
            if values
            else ", ".join(row.changes)
        )
        console.print(f"  {row.operation} {row.key}: {told}", markup=False)
        if values:
            for line in _composed(row, declaration):
                console.print(f"    {line}".rstrip(), markup=False, soft_wrap=True)
    if found.note is not None:
        console.print(f"  {found.note}", markup=False)
    for sentence in (*filter(None, [found.blocked]), *found.model_errors):
        console.print(f"  {sentence}", style="red", markup=False)
    if found.plan_id is not None:
        console.print(
            f"Kept as plan {found.plan_id}. To carry it out:\n"
            f"  millrace sync run {found.sync} --plan {found.plan_id}",
            markup=False,
        )


def plan_as_json(found: Plan, declaration: Declaration, *, values: bool) -> Mapping[str, object]:
    """A plan for a machine: counts, keys and errors, and the rows when values are asked for."""
    told: dict[str, object] = {
        "sync": found.sync,
        "plan_id": found.plan_id,
        "counts": found.counts,
        "keys": [row.key for row in found.rows],
        "errors": found.model_errors,
        "blocked": found.blocked,
        "left_out": found.left_out,
    }
    if values:
        told["rows"] = [
            {
                "key": row.key,
                "operation": row.operation,
                "changes": {
                    name: {"old": old, "new": new} for name, old, new in _changes(row, declaration)
                },
            }
            for row in found.rows
        ]
    return told


def show_result(result: SyncResult) -> None:
    """Print what a run did."""
    confirmed = f"{result.confirmed} confirmed, " if result.confirmed else ""
    unsure = f"{result.unsure} unsure, " if result.unsure else ""
    console.print(
        f"{result.sync}: {result.written} written, {confirmed}{result.failed} failed, {unsure}"
        f"{result.skipped} skipped, {result.counts.unchanged} unchanged; {_calls(result.usage)}",
        markup=False,
    )
    for name, options in result.options_added.items():
        console.print(f"  {len(options)} options added to {name}", markup=False)
    if result.message:
        console.print(f"  {result.message}", markup=False)
    if result.run_id is not None and result.written:
        console.print(
            f"  run {result.run_id} (millrace sync revert {result.run_id} takes it back)",
            markup=False,
        )


def result_as_json(result: SyncResult) -> Mapping[str, object]:
    """A result for a machine, without the values of a rehearsed plan."""
    told = {name: value for name, value in _fields(result) if name != "plan"}
    if result.plan is not None:
        told["keys"] = [row.key for row in result.plan.rows]
    return told


def show_rows(rows: Iterable[RecordedRow]) -> None:
    """Print what became of each row of a run."""
    for row in rows:
        why = "" if row.message is None else f": {row.message}"
        console.print(f"{row.outcome} {row.key} ({row.operation}){why}", markup=False)


def show_status(found: SyncStatus) -> None:
    """Print where a sync stands."""
    last = found.last_run
    drifted = f"{found.drifted} drifted, " if found.drifted else ""
    console.print(
        f"{found.declaration.name}: {found.acknowledged:,} acknowledged, {found.failed} failed, "
        f"{found.parked} parked, {drifted}{found.skipped} skipped; "
        + (
            "never ran"
            if last is None
            else f"last run {last.started_at:%Y-%m-%d %H:%M} {last.status} ({last.run_id})"
        ),
        markup=False,
    )
    for reason, rows in found.skipped_by_reason.items():
        console.print(f"  {rows:,} skipped: {reason}", markup=False)
    for row in found.outstanding:
        console.print(f"  {row.status} {row.key}: {row.message}", markup=False)


def _calls(usage: Usage) -> str:
    """`8 calls (3 describing, 4 reading, 1 writing)`."""
    counted = {
        "describing": usage.describe_calls,
        "reading": usage.read_calls,
        "writing": usage.write_calls,
    }
    told = ", ".join(f"{number} {purpose}" for purpose, number in counted.items() if number)
    return f"{usage.calls} calls ({told})" if told else f"{usage.calls} calls"


def _fields(result: SyncResult) -> Iterator[tuple[str, object]]:
    for name in SyncResult.__dataclass_fields__:
        yield name, getattr(result, name)


def _changes(
    row: PlannedRow, declaration: Declaration
) -> Iterator[tuple[str, str | None, str | None]]:
    """Property, old and new value."""
    replaced = row.replaced
    for name, new in row.changes.items():
        if name in declaration.personal:
            yield name, _PERSONAL, _PERSONAL
        else:
            yield name, replaced.get(name), new


def _composed(row: PlannedRow, declaration: Declaration) -> Iterator[str]:
    """The lines of the message that is composed of a row; none where the row is sent as it is."""
    composer = declaration.message_composer
    facts = None if composer is None else row.changes.get(composer.takes)
    if composer is None or facts is None or composer.takes in declaration.personal:
        return
    try:
        parts = composer.compose(facts, console_url=get_settings().console_url)
    except FactsError as error:
        yield f"It cannot be composed: {composer.takes}: {error}"
    else:
        yield from composer.preview(parts).splitlines()


def _shown(value: str | None) -> str:
    return "(empty)" if value is None or value == "" else value
