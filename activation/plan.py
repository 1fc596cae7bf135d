"""What a sync would write, worked out in one SQL statement. Planning changes nothing.

The model `activation.sync_<name>` says what the destination should hold; `ops.sync_state` says what
it last confirmed. The difference, field by field, is the plan (spec/activation.md, Engine: plan).

Values are text from here on, as PostgreSQL writes them in JSON: numbers with their digits, instants
in ISO 8601 UTC, booleans `true` and `false`. Columns are compared as they stand; only rows that
change are hashed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import TupleRow, class_row

from activation.declaration import SKIP_REASON, Declaration
from activation.errors import SourceError, keys_named
from activation.plan_statement import Scope, plan_statement
from activation.writers.base import Operation
from warehouse.database import Warehouse


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record to be written."""

    key: str
    operation: Operation
    changes: Mapping[str, str | None] = field(repr=False)
    """Property and new value; None empties the property. Changed ones only, unless what the record
    holds is not known."""
    desired_hash: str = field(repr=False)
    """Hash of all the values that the model wants, to know the same wish again."""
    skipped_before_because: str | None = None
    """Why the last run that considered the row did not send it."""
    is_doubtful: bool = False
    """Whether its record may hold the values already: a run reads it back before it sends."""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that the model itself holds back, for a reason that is not on record yet."""

    key: str
    operation: Operation
    reason: str


@dataclass(frozen=True, slots=True)
class _Finding:
    """One row of the statement's result; `kind` says which of the columns mean anything."""

    kind: str
    key: str
    operation: str
    changes: Mapping[str, str | None]
    desired_hash: str
    note: str
    is_doubtful: bool
    quantity: int


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Rows of the source by what becomes of them; `source` is the sum of the others."""

    source: int = 0
    inserts: int = 0
    updates: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Held back by the model, each with its reason."""
    parked: int = 0
    """Refused too often; waiting for `millrace sync retry` or for other values."""
    held_back: int = 0
    """Would be sent, but are not on the allowlist or not up for retry."""
    without_key: int = 0
    """Have neither a key nor a reason to be skipped: an error of the model."""

    @property
    def to_write(self) -> int:
        """Rows that would be sent."""
        return self.inserts + self.updates


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do now. A value: it holds no connection and stays as it is."""

    sync: str
    scope: Scope
    counts: PlanCounts
    rows: tuple[PlannedRow, ...]
    """In bytewise order of the key."""
    newly_skipped: tuple[SkippedRow, ...]
    resolved_keys: tuple[str, ...]
    """Keys on record as outstanding that need nothing any more."""
    duplicate_keys: tuple[str, ...]
    """Keys that more than one row wants to write: an error of the model."""
    is_first: bool
    """Whether the destination has never confirmed anything to this sync."""
    model_errors: tuple[str, ...]
    """What the model must correct before anything is sent, as sentences; empty when nothing."""

    @property
    def doubtful(self) -> int:
        """How many of the rows a run reads back first, and sends only where values are missing."""
        return sum(row.is_doubtful for row in self.rows)


def plan_sync(
    warehouse: Warehouse,
    declaration: Declaration,
    *,
    allow: Collection[str] | None = None,
    full: bool = False,
) -> Plan:
    """What `run_sync` with the same arguments would write now.

    Args:
        warehouse: where the model and the ledger are.
        declaration: the sync.
        allow: only these keys; the declaration's own allowlist holds besides. None allows all.
        full: plan every row with all its fields.

    Raises:
        SourceError: when the model is missing or lacks a column.
    """
    scope = Scope.FULL if full else Scope.CHANGES
    with warehouse.connect(autocommit=True) as connection:
        return compute_plan(connection, declaration, scope=scope, allow=allow)


def compute_plan(
    connection: psycopg.Connection[TupleRow],
    declaration: Declaration,
    *,
    scope: Scope,
    allow: Collection[str] | None = None,
) -> Plan:
    """The plan as this connection sees the warehouse; arguments and errors as in `plan_sync`."""
    allowed = _narrowed(declaration.guards.allow, allow)
    statement = plan_statement(declaration, _columns(connection, declaration), scope, allowed)
    rows: list[PlannedRow] = []
    skipped: list[SkippedRow] = []
    named: dict[str, list[str]] = {"resolved": [], "duplicate": []}
    counted: dict[str, int] = {}
    with connection.cursor(row_factory=class_row(_Finding)) as cursor:
        for found in cursor.execute(statement):
            match found.kind:
                case "write":
                    rows.append(
                        PlannedRow(
                            key=found.key,
                            operation=Operation(found.operation),
                            changes=found.changes,
                            desired_hash=found.desired_hash,
                            skipped_before_because=found.note or None,
                            is_doubtful=found.is_doubtful,
                        )
                    )
                case "skip":
                    skipped.append(SkippedRow(found.key, Operation(found.operation), found.note))
                case "count":
                    counted[found.key] = found.quantity
                case kind:
                    named[kind].append(found.key)
    counts = _counts(counted)
    duplicate_keys = tuple(sorted(named["duplicate"]))
    return Plan(
        sync=declaration.name,
        scope=scope,
        counts=counts,
        rows=tuple(sorted(rows, key=lambda row: row.key)),
        newly_skipped=tuple(sorted(skipped, key=lambda row: row.key)),
        resolved_keys=tuple(sorted(named["resolved"])),
        duplicate_keys=duplicate_keys,
        is_first=not counted["acknowledged"],
        model_errors=tuple(_model_errors(declaration, duplicate_keys, counts.without_key)),
    )


def _model_errors(
    declaration: Declaration, duplicate_keys: Sequence[str], without_key: int
) -> Iterator[str]:
    table = ".".join(declaration.source)
    if duplicate_keys:
        yield (
            f"{table} has several rows for {declaration.key} {keys_named(duplicate_keys)}: "
            "correct the model so that each is there once."
        )
    if without_key:
        yield (
            f"{table} has {without_key} rows without {declaration.key} and without a "
            "skip_reason: correct the model."
        )


def _narrowed(
    declared: Collection[str] | None, asked: Collection[str] | None
) -> Collection[str] | None:
    if declared is None or asked is None:
        return asked if declared is None else declared
    return set(declared) & set(asked)


def _counts(counted: Mapping[str, int]) -> PlanCounts:
    apart = {
        "inserts": counted.get("insert", 0),
        "updates": counted.get("update", 0),
        "skipped": counted.get("skipped", 0),
        "parked": counted.get("parked", 0),
        "held_back": counted.get("held_back", 0),
        "without_key": counted.get("without_key", 0),
    }
    source = counted["source"]
    return PlanCounts(source=source, unchanged=source - sum(apart.values()), **apart)


def _columns(
    connection: psycopg.Connection[TupleRow], declaration: Declaration
) -> Mapping[str, str]:
    """Name and type of the source's columns, checked against the declaration."""
    schema, table = declaration.source
    found = connection.execute(
        """
        select attribute.attname, format_type(attribute.atttypid, null)
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = to_regclass(%s)
            and attribute.attnum > 0 and not attribute.attisdropped
        """,
        [f'"{schema}"."{table}"'],
    )
    columns: dict[str, str] = dict(found.fetchall())
    if not columns:
        raise SourceError(f"There is no {schema}.{table}: run `millrace build` first.")
    wanted = [declaration.key, SKIP_REASON, *(field.column for field in declaration.fields)]
    if declaration.reference is not None:
        wanted.append(declaration.reference)
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise SourceError(
            f"{schema}.{table} has no column {', '.join(missing)}: add it to the model, "
            f"or change {declaration.name}.yml."
        )
    return columns
