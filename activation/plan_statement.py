"""The SQL statement behind a plan, put together from a sync's declaration.

Every row of the source that differs from what was acknowledged gets a standing: `insert` and
`update` are written, `skipped`, `held_back`, `parked`, `unsure` and `without_key` are not; `remove`
stands for a row of ours that the source of a mirror no longer has. A row on record as failed or
unsure differs in every field: what its record holds is not known, even where the same values were
acknowledged before (a full run sends those too).

A row that differs is doubtful, and planned with all its fields, where its record may hold what the
ledger does not know of: its answer never came, the run that may have sent it was killed and no
complete one came after that, or a backup was put back since the record was last heard of. After a
restore that also holds for rows which the ledger does not know at all, unless they were decided
later. A message in doubt is not sent: nobody could take it back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import LiteralString

from psycopg import sql

from activation.declaration import (
    SKIP_REASON,
    Declaration,
    FieldDeclaration,
    OnDrift,
    WhenNull,
)
from activation.writers.base import Mode

GONE = "gone"
"""Stands for the hash of what the model wants of a row that it no longer has."""
_TEXT_TYPES = {"text", "character varying"}
_SAME_AS_JSON = {"bigint", "integer", "smallint", "numeric", "boolean", "uuid"}
"""Types whose text is what JSON has of them, at a sixth of the cost."""
_NULL_AS_TEXT = _SAME_AS_JSON | {
    "date", "timestamp with time zone", "timestamp without time zone", "double precision", "real",
}  # fmt: skip
"""Types of which a value is null if and only if its text is; a null within JSON is one too."""


class Scope(StrEnum):
    """Which rows of the source a plan considers."""

    CHANGES = "changes"
    """Rows that differ from what was acknowledged or failed since, but for parked ones."""
    FULL = "full"
    """Every row with all its fields, whatever was acknowledged or parked; of modes that send a row
    once, as `CHANGES`."""
    DESTINATION = "destination"
    """As `FULL`, less what the destination is found to hold already."""
    RETRY = "retry"
    """Rows that failed, parked ones included."""
    REVERT = "revert"
    """The rows of an earlier run, back to what their records held before it."""

    @property
    def considers_everything(self) -> bool:
        """Whether it plans rows that were acknowledged, too."""
        return self in {Scope.FULL, Scope.DESTINATION, Scope.REVERT}


def drawn_table(sync: str) -> sql.Identifier:
    """The session's table that a sync's plan is drawn up in."""
    return sql.Identifier("pg_temp", f"drawn__{sync}")


def key_as_text(declaration: Declaration, columns: Mapping[str, str]) -> sql.Composable:
    """The key of a row of the source, named `relation`, as the plan has it."""
    return _as_text(declaration.key, columns)


def plan_statement(
    declaration: Declaration,
    columns: Mapping[str, str],
    scope: Scope,
    allowed: Collection[str] | None,
    left_out: Collection[str] = (),
) -> sql.Composed:
    """The statement that makes `drawn_table`, ready to be executed without parameters.

    Args:
        declaration: the sync.
        columns: name and type of every column of its source.
        scope: which rows count.
        allowed: the only keys that may be written; None allows all.
        left_out: properties that are planned, compared and hashed as if none were declared.
    """
    key = key_as_text(declaration, columns)
    name = key
    if declaration.reference is not None:
        prefix = sql.Literal(f"{declaration.reference}=")
        reference = _as_text(declaration.reference, columns)
        name = sql.SQL("coalesce({}, {} || {})").format(key, prefix, reference)
    fields = [
        _Field(each, number, declaration, scope)
        for number, each in enumerate(declaration.fields)
        if each.property not in left_out
    ]
    decided_at: sql.Composable = sql.SQL("null::timestamptz")
    if declaration.decided_at is not None:
        decided_at = sql.Identifier("relation", declaration.decided_at)
    sends_once = declaration.mode.sends_once
    holds_back = declaration.mode is Mode.MESSAGE and scope is not Scope.RETRY
    is_rewriting = declaration.on_drift is OnDrift.REWRITE
    return sql.SQL(_DRAW).format(
        drawn=drawn_table(declaration.name),
        sync=sql.Literal(declaration.name),
        allow=sql.Literal(None if allowed is None else sorted(allowed)),
        source=sql.Identifier(*declaration.source),
        key=key,
        name=name,
        skip_reason=sql.Identifier("relation", SKIP_REASON),
        decided_at=decided_at,
        wanted=_joined(",\n            ", [each.selected(columns) for each in fields]),
        is_changed=(
            sql.SQL("state.key is null")
            if sends_once
            else _joined("\n            or ", [each.is_changed() for each in fields])
        ),
        changes=_joined("\n                || ", [each.change() for each in fields]),
        desired=_joined(", ", [each.desired() for each in fields]),
        drifted=(
            sql.SQL(_DRIFTED).format(sync=sql.Literal(declaration.name))
            if is_rewriting
            else sql.SQL(_NOTHING_DRIFTED)
        ),
        stays_out=sql.SQL(_STAYS_OUT[_effective(scope, declaration)]),
        killed=sql.SQL("false" if declaration.mode is Mode.MESSAGE else "true"),
        doubt_holds_back=sql.SQL("true" if holds_back else "false"),
        removals=sql.SQL(_REMOVALS if _removes(declaration, scope) else "").format(
            sync=sql.Literal(declaration.name),
            allow=sql.Literal(None if allowed is None else sorted(allowed)),
            source=sql.Identifier(*declaration.source),
            key=key,
            gone=sql.Literal(GONE),
            left_out=sql.Literal(sorted(left_out)),
            stays_out=sql.SQL(_REMOVAL_STAYS_OUT[scope]).format(gone=sql.Literal(GONE)),
        ),
    )


def _effective(scope: Scope, declaration: Declaration) -> Scope:
    """What was sent once for good is not sent again because somebody wants everything."""
    everything = scope.considers_everything and declaration.mode.sends_once
    return Scope.CHANGES if everything else scope


def _removes(declaration: Declaration, scope: Scope) -> bool:
    return declaration.mode is Mode.MIRROR and scope is not Scope.REVERT


class _Field:
    """One field of a declaration, as the parts of the statement that it takes."""

    def __init__(
        self, declared: FieldDeclaration, number: int, declaration: Declaration, scope: Scope
    ) -> None:
        self._declared = declared
        self._column = f"value_{number}"
        self._scope = _effective(scope, declaration)
        self._sends_once = declaration.mode.sends_once
        self._is_personal = declared.property in declaration.personal
        self._is_null = sql.Identifier("source", f"is_null_{number}")
        self._was = sql.SQL("(state.payload ->> {})").format(sql.Literal(declared.property))

    def selected(self, columns: Mapping[str, str]) -> sql.Composable:
        """The column of the source, as text; and whether it is null, which costs less to ask."""
        text = _as_text(self._declared.column, columns)
        is_plain = columns[self._declared.column] in _NULL_AS_TEXT
        raw = sql.Identifier("relation", self._declared.column) if is_plain else text
        number = self._column.removeprefix("value_")
        return sql.SQL("{} as {}, {} is null as {}").format(
            text, sql.Identifier(self._column), raw, sql.Identifier(f"is_null_{number}")
        )

    def change(self) -> sql.Composable:
        """The property with its new value, or nothing."""
        return sql.SQL("case when {} then jsonb_build_object({}::text, {}) else '{{}}' end").format(
            self.is_changed(is_doubtful="sight.is_doubtful"),
            sql.Literal(self._declared.property),
            self._value(),
        )

    def desired(self) -> sql.Composable:
        """The property and what identifies the value that is wanted."""
        return sql.SQL("{}::text, {}").format(
            sql.Literal(self._declared.property), self._compared()
        )

    def is_changed(self, is_doubtful: LiteralString = "false") -> sql.Composable:
        """Whether the field is to be sent."""
        if self._sends_once:
            return sql.SQL("not {}").format(self._is_null)
        everything = (
            "true"
            if self._scope.considers_everything
            else f"({_IS_UNSETTLED} or {is_doubtful} or {_HAS_DRIFTED})"
        )
        # A null counts only where there is a value of ours to be emptied.
        clears = self._declared.when_null is WhenNull.CLEAR
        return sql.SQL(
            """(
                case
                    when {is_null} then {clears} and {was} is not null
                    else {everything} or {compared} is distinct from {was}
                end
            )"""
        ).format(
            is_null=self._is_null_test(),
            compared=self._compared(),
            was=self._was,
            clears=sql.SQL("true" if clears else "false"),
            everything=sql.SQL(everything).format(property=sql.Literal(self._declared.property)),
        )

    def _is_null_test(self) -> sql.Composable:
        if self._declared.when_null is WhenNull.KEEP:
            return sql.SQL("{} and {} is null").format(self._is_null, self._was)
        return self._is_null

    def _value(self) -> sql.Composable:
        value: sql.Composable = sql.Identifier("source", self._column)
        if self._declared.when_null is WhenNull.KEEP:
            value = sql.SQL("coalesce({}, {})").format(value, self._was)
        return value

    def _compared(self) -> sql.Composable:
        if not self._is_personal:
            return self._value()
        return sql.SQL("'sha256:' || encode(sha256(convert_to({}, 'UTF8')), 'hex')").format(
            self._value()
        )


def _joined(separator: LiteralString, parts: list[sql.Composable]) -> sql.Composable:
    return sql.SQL(separator).join(parts)


def _as_text(column: str, columns: Mapping[str, str]) -> sql.Composable:
    """A column of the source as the value that is compared, kept and sent."""
    place = sql.Identifier("relation", column)
    if columns[column] in _TEXT_TYPES:
        return sql.SQL("nullif({}, '')").format(place)
    if columns[column] in _SAME_AS_JSON:
        return sql.SQL("{}::text").format(place)
    return sql.SQL("(to_jsonb({}) #>> '{{}}')").format(place)


_IS_UNSETTLED: LiteralString = "coalesce(outstanding.status in ('failed', 'unsure'), false)"
_HAS_DRIFTED: LiteralString = "coalesce(drifted.properties ? {property}, false)"

_NOTHING_DRIFTED: LiteralString = "select null::text as key, null::jsonb as properties where false"
_DRIFTED: LiteralString = """
        select key, jsonb_object_agg(property, true) as properties
        from ops.sync_drift
        where sync = {sync} and resolved_at is null
        group by key"""

# What keeps a row that could be written out of the plan, by scope.
_STAYS_OUT: Mapping[Scope, LiteralString] = {
    Scope.CHANGES: """
                when
                    outstanding.parked_at is not null
                    and (outstanding.hash = wish.hash or outstanding.status = 'unsure')
                    then 'parked'""",
    Scope.FULL: "",
    Scope.DESTINATION: "",
    Scope.REVERT: "",
    Scope.RETRY: """
                when outstanding.status is null or outstanding.status = 'skipped'
                    then 'held_back'""",
}

# The same of a row that the source no longer has.
_REMOVAL_STAYS_OUT: Mapping[Scope, LiteralString] = {
    **_STAYS_OUT,
    Scope.CHANGES: """
            when outstanding.parked_at is not null and outstanding.hash = {gone} then 'parked'""",
}

_REMOVALS: LiteralString = """
    union all

    select
        state.key,
        state.key,
        null,
        outstanding.message,
        outstanding.status,
        {gone},
        coalesce(
            (
                select jsonb_object_agg(held.key, null::text)
                from jsonb_each_text(state.payload) as held
                where held.value is not null and held.key <> all ({left_out}::text[])
            ),
            '{{}}'
        ),
        state.payload,
        null,
        null,
        null,
        false,
        'remove',
        case
            when state.key <> all ({allow}::text[]) then 'held_back'
            {stays_out}
            else 'remove'
        end
    from ops.sync_state as state
    left join ops.sync_outstanding as outstanding
        on outstanding.sync = state.sync and outstanding.key = state.key
    where
        state.sync = {sync}
        and exists (select from {source})
        and not exists (select from {source} as relation where {key} = state.key)
"""

_DRAW: LiteralString = """
    create temporary table {drawn} as
    with source as not materialized (
        select
            {key} as key,
            {name} as name,
            {skip_reason} as skip_reason,
            {decided_at} as decided_at,
            {wanted}
        from {source} as relation
    ),

    drifted as not materialized ({drifted}
    ),

    -- Since when the destination may hold what the ledger does not know of.
    doubt as (
        select max(since) as since
        from (
            select max(restored_at) as since
            from ops.restore
            union all
            select max(killed.finished_at)
            from ops.sync_run as killed
            where
                {killed}
                and killed.sync = {sync}
                and killed.status = 'interrupted'
                and not exists (
                    select from ops.sync_run as complete
                    where
                        complete.sync = {sync}
                        and complete.started_at >= killed.finished_at
                        and complete.status in ('done', 'done_with_failures')
                        and complete.rows_held_back = 0
                )
        ) as causes
    )

    select
        source.key,
        source.name,
        nullif(source.skip_reason, '') as note,
        outstanding.message as reason_on_record,
        outstanding.status as status_on_record,
        wish.hash as desired_hash,
        wish.changes,
        state.payload as acknowledged,
        null::jsonb as before,
        null::jsonb as reclaims,
        source.decided_at,
        sight.is_doubtful,
        case when state.key is null then 'insert' else 'update' end as operation,
        case
            when source.skip_reason <> '' then 'skipped'
            when source.key is null then 'without_key'
            when source.key <> all ({allow}::text[]) then 'held_back'
            {stays_out}
            when {doubt_holds_back} and sight.is_doubtful then 'unsure'
            when state.key is null then 'insert'
            else 'update'
        end as standing
    from source
    left join ops.sync_state as state
        on state.sync = {sync} and state.key = source.key
    left join ops.sync_outstanding as outstanding
        on outstanding.sync = {sync} and outstanding.key = source.name
    left join drifted on source.key = drifted.key
    cross join doubt
    cross join lateral (
        select
            coalesce(outstanding.status = 'unsure', false)
            or coalesce(
                coalesce(
                    greatest(
                        state.acknowledged_at,
                        case
                            when outstanding.status = 'failed' then outstanding.last_seen_at
                        end,
                        case when state.key is null then source.decided_at end
                    ),
                    '-infinity'
                ) <= doubt.since,
                false
            ) as is_doubtful
    ) as sight
    cross join lateral (
        select
            ops.payload_hash(jsonb_build_object({desired})) as hash,
            {changes} as changes
    ) as wish
    where
        source.skip_reason <> ''
        or source.key is null
        or {is_changed}
    {removals}
"""
