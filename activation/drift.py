"""What others changed at a destination after it had confirmed our values, and what did not stick.

spec/activation.md, Engine: verify. `note_drift` compares what the last ingestion landed with what
`ops.sync_state` says was acknowledged, and keeps `ops.sync_drift`: at most one open row per sync,
key and property. It asks nobody but the database.

What is landed counts only where it is news: read after the destination confirmed our values, and
after a drift that is on record was found. Whatever ingestion did not ask for is not compared, for
absent is not empty. Nor is a row whose record the ledger knows to be in doubt, since its answer
never came or the run that sent it was killed: the next run settles that by reading it back.

A record that was merged into another lives on under that one's id. Where several keys have become
one record so, the one that was acknowledged last speaks for it. A record that is archived or gone
drifts no more.

Personal values are compared as digests, within the database. Two digests that differ say nothing
where one value can be spelled in several ways, such as a number: such a pair is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row

from activation.declaration import Declaration
from activation.drift_statement import (
    COMPARE,
    COUNT_OPEN,
    GIVE_UP,
    OPEN,
    RECORD,
    RESOLVE_AGREEING,
    composed,
)
from activation.personal import digest, is_digest
from activation.read_back import has_spellings, is_same
from activation.writers import DESTINATIONS, Landed
from activation.writers.base import ValueKind

SETTLED_AFTER = timedelta(minutes=15)
"""How long after a change a load that begins is certain to see it. HubSpot's search shows changes
some minutes late, ingestion reckons with ten; the rest is for clocks that differ."""
_PAGE = 1_000
"""Differences that are judged and recorded at once, so that memory does not grow with them."""
_PROGRAMS = ["API", "AUTOMATION_PLATFORM", "INTEGRATION", "INTEGRATIONS_PLATFORM", "WORKFLOWS"]
"""Sources of a change that are programs; the label of any other may be somebody's name."""


class DriftKind(StrEnum):
    """How a destination came to hold something else, as in `ops.sync_drift.kind`."""

    CHANGED = "changed"
    """Somebody changed it there."""
    NOT_STUCK = "not_stuck"
    """It holds what it held before our last write, which it had confirmed."""


@dataclass(frozen=True, slots=True)
class DriftFound:
    """What `note_drift` found."""

    newly_found: int = 0
    resolved: int = 0
    """Drifts on record that are none any more."""
    open: int = 0
    """Drifts on record now, the new ones included."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift that is on record and not resolved. Personal values are digests."""

    key: str
    property: str
    kind: DriftKind
    acknowledged: str | None = field(repr=False)
    """What the destination had confirmed; None is empty."""
    acknowledged_at: datetime
    found: str | None = field(repr=False)
    """What it was found to hold instead; None is empty."""
    found_at: datetime
    """When the load that saw it began, by the destination's clock, or when a run read it."""
    changed_by: str | None
    """What the destination names as the source of the change: `CRM_UI`, never a person."""


@dataclass(frozen=True, slots=True)
class SeenDrift:
    """A value that a run found by reading a record: neither what was acknowledged nor wanted."""

    key: str
    property: str
    acknowledged: str | None = field(repr=False)
    found: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Compared:
    """An acknowledged value beside what is landed of it: they differ, or there is a drift."""

    key: str
    property: str
    acknowledged: str | None = field(repr=False)
    found: str | None = field(repr=False)
    drift_id: int | None
    """Of the open drift, if there is one."""

    def agrees(self, kind: ValueKind) -> bool | None:
        """Whether both mean the same; None where digests cannot tell."""
        if is_same(kind, self.found, self.acknowledged):
            return True
        are_hidden = is_digest(self.found) and is_digest(self.acknowledged)
        return None if are_hidden and has_spellings(kind) else False

    def as_seen(self) -> SeenDrift:
        """As it is recorded, where the two differ."""
        return SeenDrift(self.key, self.property, self.acknowledged, self.found)


def note_drift(connection: psycopg.Connection[TupleRow], declaration: Declaration) -> DriftFound:
    """Compare what has landed with what was acknowledged, and bring `ops.sync_drift` up to that.

    Nothing changes when it is called again without a new load or a new acknowledgement. Memory
    stays flat, however much differs.

    Args:
        connection: whose caller holds the sync's lock; everything happens in one transaction.
        declaration: the sync. Where ingestion lands nothing of its object, only drifts whose values
            are no longer this sync's are resolved.
    """
    landed = DESTINATIONS[declaration.destination].landed.get(declaration.object)
    parameters = _parameters(declaration, landed)
    newly_found = 0
    with connection.transaction():
        resolved = connection.execute(composed(GIVE_UP, landed), parameters).rowcount
        read_until = None if landed is None else _read_until(connection, landed)
        if landed is not None and read_until is not None:
            found_at, asked_for = read_until
            parameters |= {"read_until": found_at, "asked_for": asked_for, "found_at": found_at}
            kinds = {each.property: each.kind for each in declaration.fields}
            for page in _pages(connection, composed(COMPARE, landed), parameters):
                judged = [(each, each.agrees(kinds[each.property])) for each in page]
                agreeing = [each.drift_id for each, agrees in judged if agrees]
                differing = [each.as_seen() for each, agrees in judged if agrees is False]
                resolved += connection.execute(RESOLVE_AGREEING, [agreeing]).rowcount
                newly_found += _record(connection, landed, parameters, differing)
        (still_open,) = connection.execute(COUNT_OPEN, parameters)
    return DriftFound(newly_found, resolved, still_open[0])


def record_drift(
    connection: psycopg.Connection[TupleRow], declaration: Declaration, seen: Sequence[SeenDrift]
) -> int:
    """Record what a run found by its own reading, before it writes.

    One that is on record already is the same drift, with what was found now. A key that was never
    acknowledged to this sync has none.

    Args:
        connection: in the caller's transaction.
        declaration: the sync.
        seen: each key and property once. Personal values may be digests already.

    Returns:
        How many were not on record.
    """
    landed = DESTINATIONS[declaration.destination].landed.get(declaration.object)
    hidden = [
        replace(each, acknowledged=_hidden(each.acknowledged), found=_hidden(each.found))
        if each.property in declaration.personal
        else each
        for each in seen
    ]
    return _record(connection, landed, _parameters(declaration, landed), hidden)


def open_drift(
    connection: psycopg.Connection[TupleRow], declaration: Declaration, limit: int | None = None
) -> tuple[Drift, ...]:
    """The drifts of a sync that are not resolved, in order of key and property; at most `limit`."""
    with connection.cursor(row_factory=class_row(Drift)) as cursor:
        cursor.execute(OPEN, [declaration.name, limit])
        return tuple(replace(each, kind=DriftKind(each.kind)) for each in cursor)


def _parameters(declaration: Declaration, landed: Landed | None) -> dict[str, Any]:
    """What the statements below ask for by name, as far as it does not vary."""
    return {
        "sync": declaration.name,
        "object_type": landed.table if landed else None,
        "properties": list(declaration.properties),
        "personal": sorted(declaration.personal),
        "settled_after": SETTLED_AFTER,
        "programs": _PROGRAMS,
        "found_at": None,
    }


def _read_until(
    connection: psycopg.Connection[TupleRow], landed: Landed
) -> tuple[datetime, list[str]] | None:
    """When the last load of these records began, and the properties that all of them have."""
    found = connection.execute(
        sql.SQL("select instant, asked_for from {} where object_type = %s").format(
            sql.Identifier(landed.schema, "read_until")
        ),
        [landed.table],
    ).fetchone()
    return None if found is None else (found[0], found[1])


def _pages(
    connection: psycopg.Connection[TupleRow],
    statement: sql.Composed,
    parameters: Mapping[str, Any],
) -> Iterator[list[_Compared]]:
    with connection.cursor("drift", row_factory=class_row(_Compared)) as cursor:
        # All rows are wanted, and of tables that were filled just now the planner knows nothing.
        connection.execute("set local cursor_tuple_fraction = 1; set local enable_nestloop = off")
        cursor.execute(statement, parameters)
        connection.execute("set local enable_nestloop = on")
        while page := cursor.fetchmany(_PAGE):
            yield page


def _record(
    connection: psycopg.Connection[TupleRow],
    landed: Landed | None,
    parameters: Mapping[str, Any],
    seen: Sequence[SeenDrift],
) -> int:
    """Put differences on record; gives how many were not there."""
    columns = {
        "keys": [each.key for each in seen],
        "names": [each.property for each in seen],
        "acknowledged": [each.acknowledged or None for each in seen],
        "found": [each.found or None for each in seen],
    }
    recorded = connection.execute(composed(RECORD, landed), {**parameters, **columns})
    return sum(is_new for (is_new,) in recorded)


def _hidden(value: str | None) -> str | None:
    return value if not value or is_digest(value) else digest(value)
