"""The difference between what is wanted and what the destination holds, by asking it.

spec/activation.md, Engine: plan, approve and revert. A plan drawn up for `Scope.DESTINATION` has
all rows with all their fields; here each loses what its record holds already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from activation.drawing import Drawing
from activation.errors import PreflightError
from activation.personal import kept
from activation.plan import PlannedRow, Values
from activation.preflight import Described, require_fitting
from activation.read_back import is_acknowledged, is_same
from activation.writers.base import Repeating, Writer

HELD = "held"
"""Standing of a row whose record holds all that is wanted."""

OnRead = Callable[[int], None]
"""Called with the number of records that were read so far."""


def leave_out_what_is_held(
    drawing: Drawing, writer: Writer, on_read: OnRead = lambda _: None
) -> None:
    """Compare every drawn row with its record; what differs stays planned, with the old values.

    Args:
        drawing: drawn up for `Scope.DESTINATION`.
        writer: whom to ask.
        on_read: told after each request.

    Raises:
        PreflightError: when the destination cannot be asked, or a property is missing or misfits.
        DestinationError: when it refuses or cannot be used.
    """
    _require_readable(writer, drawing)
    properties, personal = drawing.properties(), drawing.declaration.personal
    described = writer.describe(properties)
    require_fitting(drawing.declaration, properties, described)
    read = 0
    for page in drawing.pages(drawing.declaration.batch_size):
        records = writer.read([row.key for row in page], properties)
        rows = []
        standing = {}
        for row in page:
            found = _difference(row, records.get(row.key), described, personal)
            if not found.changes:
                claimed = {n: v for n, v in row.changes.items() if _is_claimed(row, n, v)}
                wanted = kept(claimed, personal)
                is_known = all(row.acknowledged.get(n) == v for n, v in wanted.items())
                found = replace(found, changes={} if is_known else wanted)
                standing[row.key] = HELD
            rows.append(found)
        drawing.rewrite(rows, standing)
        read += len(page)
        on_read(read)


def note_what_is_held(drawing: Drawing, writer: Writer) -> None:
    """Put down what the destination holds of every planned property, for a plan that is kept.

    A destination that cannot be asked is not asked; its rows stay without old values.

    Raises:
        DestinationError: when it refuses or cannot be used.
    """
    if writer.repeating is not Repeating.READ_BACK:
        return
    properties = drawing.properties()
    for page in drawing.pages(drawing.declaration.batch_size):
        records = writer.read([row.key for row in page], properties)
        drawing.rewrite(
            [
                replace(row, before={name: records[row.key].get(name) for name in row.changes})
                for row in page
                if row.key in records
            ],
            {},
        )


def _require_readable(writer: Writer, drawing: Drawing) -> None:
    if writer.repeating is not Repeating.READ_BACK:
        raise PreflightError(
            f"{drawing.declaration.destination} cannot be asked what it holds: plan against what "
            "it acknowledged."
        )


def _difference(
    row: PlannedRow, record: Values | None, described: Described, personal: Collection[str]
) -> PlannedRow:
    if record is None:
        return row
    changes = {
        name: value
        for name, value in row.changes.items()
        if not is_same(described[name].kind, record.get(name), value)
        and (value is not None or _is_ours(row, name, record, described, personal))
    }
    return replace(row, changes=changes, before={name: record.get(name) for name in changes})


def _is_ours(
    row: PlannedRow, name: str, record: Values, described: Described, personal: Collection[str]
) -> bool:
    """Whether the record holds our value, which alone may be emptied."""
    held, ours, kind = record.get(name), row.acknowledged.get(name), described[name].kind
    return ours is not None and is_acknowledged(kind, held, ours, is_personal=name in personal)


def _is_claimed(row: PlannedRow, name: str, value: str | None) -> bool:
    return value is not None or name in row.acknowledged
