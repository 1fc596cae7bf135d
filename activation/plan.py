"""What a sync would write, worked out in one SQL statement. Planning changes nothing.

The model `activation.sync_<name>` says what the destination should hold; `ops.sync_state` says what
it last confirmed. The difference, field by field, is the plan (spec/activation.md, Engine: plan).

Values are text from here on, as PostgreSQL writes them in JSON: numbers with their digits, instants
in ISO 8601 UTC, booleans `true` and `false`. Columns are compared as they stand; only rows that
change are hashed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row

from activation.declaration import SKIP_REASON, Declaration, WhenNull
from activation.errors import SourceError
from warehouse.database import Warehouse

_TEXT_TYPES = {"text", "character varying"}


class Scope(StrEnum):
    """Which rows of the source a plan considers."""

    CHANGES = "changes"
    """Rows that differ from what was acknowledged, but for parked ones."""
    FULL = "full"
    """Every row with all its fields, whatever was acknowledged or parked."""
    RETRY = "retry"
    """Rows that failed, parked ones included."""


class Operation(StrEnum):
    """Whether the destination ever confirmed the row's key to this sync."""

    INSERT = "insert"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record to be written."""

    key: str
    operation: Operation
    changes: Mapping[str, str | None] = field(repr=False)
    """Property and new value, changed ones only; None empties the property."""
    desired_hash: str = field(repr=False)
    """Hash of all the values that the model wants, to know the same wish again."""
    skipped_before_because: str | None = None
    """Why the last run that considered the row did not send it."""


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
    statement = _statement(declaration, _columns(connection, declaration), scope, allowed)
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
                        )
                    )
                case "skip":
                    skipped.append(SkippedRow(found.key, Operation(found.operation), found.note))
                case "count":
                    counted[found.key] = found.quantity
                case kind:
                    named[kind].append(found.key)
    return Plan(
        sync=declaration.name,
        scope=scope,
        counts=_counts(counted),
        rows=tuple(sorted(rows, key=lambda row: row.key)),
        newly_skipped=tuple(sorted(skipped, key=lambda row: row.key)),
        resolved_keys=tuple(sorted(named["resolved"])),
        duplicate_keys=tuple(sorted(named["duplicate"])),
        is_first=not counted["acknowledged"],
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


def _statement(
    declaration: Declaration,
    columns: Mapping[str, str],
    scope: Scope,
    allowed: Collection[str] | None,
) -> sql.Composed:
    """The one statement. Its result is a list of findings, told apart by their `kind`."""
    key = _as_text(declaration.key, columns)
    name = key
    if declaration.reference is not None:
        prefix = sql.Literal(f"{declaration.reference}=")
        reference = _as_text(declaration.reference, columns)
        name = sql.SQL("coalesce({}, {} || {})").format(key, prefix, reference)
    wanted: list[sql.Composable] = []
    changed: list[sql.Composable] = []
    changes: list[sql.Composable] = []
    desired: list[sql.Composable] = []
    for number, each in enumerate(declaration.fields):
        value: sql.Composable = sql.Identifier("source", f"value_{number}")
        was = sql.SQL("state.payload ->> {}").format(sql.Literal(each.property))
        wanted.append(
            sql.SQL("{} as {}").format(
                _as_text(each.column, columns), sql.Identifier(f"value_{number}")
            )
        )
        if each.when_null is WhenNull.KEEP:
            value = sql.SQL("coalesce({}, {})").format(value, was)
        is_changed = _is_changed(value, was, each.when_null, scope)
        changed.append(is_changed)
        changes.append(
            sql.SQL("case when {} then jsonb_build_object({}::text, {}) else '{{}}' end").format(
                is_changed, sql.Literal(each.property), value
            )
        )
        desired.append(sql.SQL("{}::text, {}").format(sql.Literal(each.property), value))

    return sql.SQL(_PLAN).format(
        sync=sql.Literal(declaration.name),
        allow=sql.Literal(None if allowed is None else sorted(allowed)),
        source=sql.Identifier(*declaration.source),
        key=key,
        name=name,
        skip_reason=_as_text(SKIP_REASON, columns),
        wanted=sql.SQL(",\n            ").join(wanted),
        is_changed=sql.SQL("\n            or ").join(changed),
        changes=sql.SQL("\n            || ").join(changes),
        desired=sql.SQL(", ").join(desired),
        stays_out=sql.SQL(_STAYS_OUT[scope]),
    )


def _as_text(column: str, columns: Mapping[str, str]) -> sql.Composable:
    """A column of the source as the value that is compared, kept and sent."""
    place = sql.Identifier("relation", column)
    if columns[column] in _TEXT_TYPES:
        return sql.SQL("nullif({}, '')").format(place)
    return sql.SQL("to_jsonb({}) #>> '{{}}'").format(place)


def _is_changed(
    value: sql.Composable, was: sql.Composable, when_null: WhenNull, scope: Scope
) -> sql.Composable:
    if when_null is WhenNull.CLEAR:
        # A null counts only where there is a value of ours to be emptied.
        if scope is Scope.FULL:
            return sql.SQL("({} is not null or {} is not null)").format(value, was)
        return sql.SQL("{} is distinct from {}").format(value, was)
    if scope is Scope.FULL:
        return sql.SQL("{} is not null").format(value)
    return sql.SQL("({value} is not null and {value} is distinct from {was})").format(
        value=value, was=was
    )


# What keeps a row that could be written out of the plan, by scope.
_STAYS_OUT: Mapping[Scope, LiteralString] = {
    Scope.CHANGES: """
                when outstanding.parked_at is not null and outstanding.hash = wish.hash
                    then 'parked'""",
    Scope.FULL: "",
    Scope.RETRY: """
                when outstanding.status is null or outstanding.status = 'skipped'
                    then 'held_back'""",
}

_PLAN: LiteralString = """
    with source as not materialized (
        select
            {key} as key,
            {name} as name,
            {skip_reason} as skip_reason,
            {wanted}
        from {source} as relation
    ),

    differing as (
        select
            source.key,
            source.name,
            source.skip_reason,
            outstanding.message as reason_on_record,
            outstanding.status as status_on_record,
            wish.hash as desired_hash,
            wish.changes,
            case when state.key is null then 'insert' else 'update' end as operation,
            case
                when source.skip_reason is not null then 'skipped'
                when source.key is null then 'without_key'
                when source.key <> all ({allow}::text[]) then 'held_back'
                {stays_out}
                when state.key is null then 'insert'
                else 'update'
            end as standing
        from source
        left join ops.sync_state as state
            on state.sync = {sync} and state.key = source.key
        left join ops.sync_outstanding as outstanding
            on outstanding.sync = {sync} and outstanding.key = source.name
        cross join lateral (
            select
                ops.payload_hash(jsonb_build_object({desired})) as hash,
                {changes} as changes
        ) as wish
        where
            source.skip_reason is not null
            or source.key is null
            or {is_changed}
    ),

    planned as (
        select * from differing where standing in ('insert', 'update')
    ),

    skipped as (
        select name, min(operation) as operation, min(skip_reason) as reason
        from differing
        where standing = 'skipped' and name is not null
        group by name
        having
            min(skip_reason) is distinct from min(reason_on_record)
            or min(status_on_record) is distinct from 'skipped'
    )

    select
        'write' as kind,
        key,
        operation,
        changes,
        desired_hash,
        case when status_on_record = 'skipped' then reason_on_record end as note,
        null::bigint as quantity
    from planned
    union all
    select 'skip', name, operation, null, null, reason, null
    from skipped
    union all
    select 'resolved', outstanding.key, null, null, null, null, null
    from ops.sync_outstanding as outstanding
    where
        outstanding.sync = {sync}
        and not exists (select from differing where differing.name = outstanding.key)
    union all
    select 'duplicate', source.key, null, null, null, null, null
    from source
    where
        source.skip_reason is null
        and source.key in (select planned.key from planned)
    group by source.key
    having count(*) > 1
    union all
    select 'count', standing, null, null, null, null, count(*)
    from differing
    group by standing
    union all
    select 'count', 'source', null, null, null, null, count(*)
    from {source}
    union all
    select 'count', 'acknowledged', null, null, null, null, exists(
        select from ops.sync_state where sync = {sync}
    )::int
"""
