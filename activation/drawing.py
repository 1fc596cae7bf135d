"""Drawing up a plan: the rows that differ, in a table of the session, however many they are.

A run works through that table page by page, so that its memory does not grow with the plan.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

from activation.declaration import SKIP_REASON, Declaration, Policy
from activation.errors import SourceError, keys_named
from activation.plan import Plan, PlanCounts, PlannedRow, PlanSummary
from activation.plan_statement import Scope, drawn_table, key_as_text, plan_statement
from activation.writers.base import Operation

PAGE = 1000
"""Rows that are in memory at a time, where nothing else sets a size."""
_NAMED = 11
"""Duplicate keys that are looked for by name."""
_TO_WRITE = sql.SQL("('insert', 'update', 'remove')")


@dataclass(frozen=True, slots=True)
class Drawing:
    """The plan of one sync, drawn up in its session's table. Gone when the connection closes."""

    connection: psycopg.Connection[TupleRow]
    declaration: Declaration
    scope: Scope
    source: int
    """Rows of the model."""
    is_first: bool
    """Whether the destination has never confirmed anything to this sync."""
    duplicate_keys: tuple[str, ...]
    """Keys that more than one row wants to write, the first ones."""
    left_out: tuple[str, ...] = ()
    """Optional properties that the destination lacks; drawn as if they were not declared."""

    @property
    def table(self) -> sql.Identifier:
        """Where its rows are."""
        return drawn_table(self.declaration.name)

    def summary(self) -> PlanSummary:
        """The plan without its rows, as the drawing stands now."""
        found = self._select(
            """
            select
                standing,
                count(*),
                count(*) filter (
                    where operation = 'remove' and standing in ('parked', 'held_back')
                )
            from {drawn}
            group by standing
            """
        )
        ((doubtful,),) = self._select(
            "select count(*) from {drawn} where is_doubtful and standing in {to_write}"
        )
        counts = _counts(
            {standing: count for standing, count, _ in found},
            gone=sum(gone for _, _, gone in found),
            source=self.source,
        )
        errors = _model_errors(self.declaration, self.duplicate_keys, counts.without_key)
        return PlanSummary(
            sync=self.declaration.name,
            scope=self.scope,
            counts=counts,
            is_first=self.is_first,
            duplicate_keys=self.duplicate_keys,
            model_errors=tuple(errors),
            doubtful=doubtful,
            left_out=self.left_out,
        )

    def plan(self, plan_id: str | None = None) -> Plan:
        """The plan with all its rows."""
        told = self.summary()
        return Plan(
            **{name: getattr(told, name) for name in PlanSummary.__dataclass_fields__},
            rows=tuple(row for page in self.pages(PAGE) for row in page),
            plan_id=plan_id,
        )

    def pages(self, size: int) -> Iterator[Sequence[PlannedRow]]:
        """The rows to be written, so many at a time, in bytewise order of the key."""
        for page in merged_pages([self], size):
            yield [rows[0] for rows in page.values()]

    def properties(self) -> list[str]:
        """The properties that are to be written: as declared, then those that were once."""
        found = {
            name
            for (name,) in self._select(
                "select distinct jsonb_object_keys(changes) from {drawn} "
                "where standing in {to_write}"
            )
        }
        declared = [name for name in self.declaration.properties if name in found]
        return declared + sorted(found.difference(declared))

    def needed_properties(self) -> list[str]:
        """What the destination must have: under all_or_nothing, all that is not optional."""
        planned = self.properties()
        if self.declaration.policy is Policy.ROW_BY_ROW or self.scope is Scope.REVERT:
            return planned
        more = self.declaration.optional.union(planned)
        return planned + [name for name in self.declaration.properties if name not in more]

    def rewrite(self, rows: Sequence[PlannedRow], standing: Mapping[str, str]) -> None:
        """Put down what is now known of some rows.

        Args:
            rows: rows with other changes, or with what their records held before.
            standing: key and new standing, of the rows that have one.
        """
        if not rows:
            return
        self.connection.execute(
            sql.SQL(
                """
                update {drawn} as drawn
                set changes = found.changes,
                    before = found.before,
                    standing = coalesce(found.standing, drawn.standing)
                from unnest(%s::text[], %s::jsonb[], %s::jsonb[], %s::text[])
                    as found (key, changes, before, standing)
                where drawn.key = found.key
                """
            ).format(drawn=self.table),
            [
                [row.key for row in rows],
                [Jsonb(row.changes) for row in rows],
                [None if row.before is None else Jsonb(row.before) for row in rows],
                [standing.get(row.key) for row in rows],
            ],
        )

    def _select(self, query: LiteralString) -> list[TupleRow]:
        composed = sql.SQL(query).format(drawn=self.table, to_write=_TO_WRITE)
        return self.connection.execute(composed).fetchall()


def draw(
    connection: psycopg.Connection[TupleRow],
    declaration: Declaration,
    *,
    scope: Scope,
    allow: Collection[str] | None = None,
    left_out: Sequence[str] = (),
) -> Drawing:
    """Draw up the plan of a sync as this connection, in autocommit mode, sees the warehouse.

    Args:
        connection: the session that gets the table.
        declaration: the sync.
        scope: which rows count; for `DESTINATION` and `REVERT` what is drawn is the rows that may.
        allow: only these keys; the declaration's own allowlist holds besides. None allows all.
        left_out: optional properties that the destination lacks.

    Raises:
        SourceError: when the model is missing or lacks a column.
    """
    allowed = _narrowed(declaration.guards.allow, allow)
    columns = _columns(connection, declaration)
    names = {
        "drawn": drawn_table(declaration.name),
        "source": sql.Identifier(*declaration.source),
        "sync": sql.Literal(declaration.name),
        "key": key_as_text(declaration, columns),
        "skip_reason": sql.Identifier(SKIP_REASON),
        "to_write": _TO_WRITE,
        "named": sql.Literal(_NAMED),
    }
    with connection.transaction():
        # The source may be a view on what others are changing.
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(sql.SQL("drop table if exists {drawn}").format(**names))
        connection.execute(plan_statement(declaration, columns, scope, allowed, left_out))
        connection.execute(sql.SQL("create index on {drawn} (key)").format(**names))
        connection.execute(sql.SQL("analyze {drawn}").format(**names))
        source, is_first = connection.execute(
            sql.SQL(
                """
                select
                    (select count(*) from {source}),
                    (
                        select key from ops.sync_state where sync = {sync} order by key limit 1
                    ) is null
                """
            ).format(**names)
        ).fetchone() or (0, True)
        duplicates = connection.execute(sql.SQL(_DUPLICATES).format(**names)).fetchall()
    return Drawing(
        connection,
        declaration,
        scope,
        source=source,
        is_first=is_first,
        duplicate_keys=tuple(key for (key,) in duplicates),
        left_out=tuple(left_out),
    )


_DUPLICATES: LiteralString = """
    select {key} collate "C" as key
    from {source} as relation
    where
        (relation.{skip_reason} is null or relation.{skip_reason} = '')
        and {key} in (select key from {drawn} where standing in {to_write})
    group by {key}
    having count(*) > 1
    order by 1
    limit {named}
"""


def merged_pages(
    drawings: Sequence[Drawing], size: int
) -> Iterator[Mapping[str, Mapping[int, PlannedRow]]]:
    """The rows to be written of several syncs, those of one key together.

    Yields:
        So many keys at a time, in bytewise order: by key, and then by the place of the drawing in
        `drawings`.
    """
    rows = sql.SQL(" union all ").join(
        sql.SQL(
            """
            select
                {place} as place, key, operation, changes, desired_hash, acknowledged, before,
                reclaims,
                case when status_on_record = 'skipped' then reason_on_record end as note,
                is_doubtful, decided_at
            from {drawn}
            where standing in {to_write}
            """
        ).format(place=sql.Literal(place), drawn=each.table, to_write=_TO_WRITE)
        for place, each in enumerate(drawings)
    )
    query = sql.SQL('select * from ({}) as planned order by key collate "C", place').format(rows)
    # It holds its rows beyond the transaction, while each page's outcome is committed.
    name = f"planned_{secrets.token_hex(4)}"
    with drawings[0].connection.cursor(
        name, row_factory=class_row(_Found), withhold=True
    ) as cursor:
        cursor.itersize = PAGE
        page: dict[str, dict[int, PlannedRow]] = {}
        for found in cursor.execute(query):
            if len(page) == size and found.key not in page:
                yield page
                page = {}
            page.setdefault(found.key, {})[found.place] = found.row
        if page:
            yield page


@dataclass(frozen=True, slots=True)
class _Found:
    """One row of a page."""

    place: int
    key: str
    operation: str
    changes: dict[str, str | None]
    desired_hash: str | None
    acknowledged: dict[str, str | None] | None
    before: dict[str, str | None] | None
    reclaims: dict[str, str | None] | None
    note: str | None
    is_doubtful: bool
    decided_at: datetime | None

    @property
    def row(self) -> PlannedRow:
        return PlannedRow(
            key=self.key,
            operation=Operation(self.operation),
            changes=self.changes,
            desired_hash=self.desired_hash,
            acknowledged=self.acknowledged or {},
            before=self.before,
            reclaims=self.reclaims or {},
            skipped_before_because=self.note,
            is_doubtful=self.is_doubtful,
            decided_at=self.decided_at,
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


def _counts(counted: Mapping[str, int], *, gone: int, source: int) -> PlanCounts:
    """The counts; `gone` are the rows that wait and are no longer in the source."""
    apart = {
        "inserts": counted.get("insert", 0),
        "updates": counted.get("update", 0),
        "skipped": counted.get("skipped", 0),
        "parked": counted.get("parked", 0) + counted.get("unsure", 0),
        "held_back": counted.get("held_back", 0),
        "without_key": counted.get("without_key", 0),
    }
    return PlanCounts(
        source=source,
        unchanged=source - (sum(apart.values()) - gone),
        removals=counted.get("remove", 0),
        **apart,
    )


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
    wanted += [name for name in (declaration.reference, declaration.decided_at) if name is not None]
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise SourceError(
            f"{schema}.{table} has no column {', '.join(missing)}: add it to the model, "
            f"or change {declaration.name}.yml."
        )
    return columns
