"""The SQL statement behind a plan, put together from a sync's declaration.

Every row of the source that differs from what was acknowledged gets a standing: `insert` and
`update` are written, `skipped`, `held_back`, `parked` and `without_key` are not. A row on record as
failed or unsure differs in every field: what its record holds is not known, even where the same
values were acknowledged before (a full run sends those too).

A row that differs is doubtful, and planned with all its fields, where its record may hold what the
ledger does not know of: its answer never came, the run that may have sent it was killed and no
complete one came after that, or a backup was put back since the record was last heard of. After a
restore that also holds for rows which the ledger does not know at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import LiteralString

from psycopg import sql

from activation.declaration import SKIP_REASON, Declaration, WhenNull

_TEXT_TYPES = {"text", "character varying"}


class Scope(StrEnum):
    """Which rows of the source a plan considers."""

    CHANGES = "changes"
    """Rows that differ from what was acknowledged or failed since, but for parked ones."""
    FULL = "full"
    """Every row with all its fields, whatever was acknowledged or parked."""
    RETRY = "retry"
    """Rows that failed, parked ones included."""


def plan_statement(
    declaration: Declaration,
    columns: Mapping[str, str],
    scope: Scope,
    allowed: Collection[str] | None,
) -> sql.Composed:
    """The statement, ready to be executed without parameters.

    Args:
        declaration: the sync.
        columns: name and type of every column of its source.
        scope: which rows count.
        allowed: the only keys that may be written; None allows all.

    Returns:
        A select of findings, told apart by `kind`: `write` (a row to be written), `skip` (a row
        that the model holds back, with its reason as `note`, unless that is on record), `resolved`
        and `duplicate` (keys), `count` (of the rows of the standing named as `key`).
    """
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
                _is_changed(value, was, each.when_null, scope, is_doubtful=_IS_DOUBTFUL),
                sql.Literal(each.property),
                value,
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
    return sql.SQL("(to_jsonb({}) #>> '{{}}')").format(place)


def _is_changed(
    value: sql.Composable,
    was: sql.Composable,
    when_null: WhenNull,
    scope: Scope,
    is_doubtful: LiteralString = "false",
) -> sql.Composable:
    everything = sql.SQL("true" if scope is Scope.FULL else f"({_IS_UNSETTLED} or {is_doubtful})")
    # A null counts only where there is a value of ours to be emptied.
    null_counts = sql.SQL("true" if when_null is WhenNull.CLEAR else "false")
    return sql.SQL(
        """(
                case
                    when {value} is null then {null_counts} and {was} is not null
                    else {everything} or {value} is distinct from {was}
                end
            )"""
    ).format(value=value, was=was, everything=everything, null_counts=null_counts)


_IS_UNSETTLED: LiteralString = "coalesce(outstanding.status in ('failed', 'unsure'), false)"
_IS_DOUBTFUL: LiteralString = "sight.is_doubtful"


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
                killed.sync = {sync}
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
            sight.is_doubtful,
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
                            end
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
        is_doubtful,
        null::bigint as quantity
    from planned
    union all
    select 'skip', name, operation, null, null, reason, null, null
    from skipped
    union all
    select 'resolved', outstanding.key, null, null, null, null, null, null
    from ops.sync_outstanding as outstanding
    where
        outstanding.sync = {sync}
        and not exists (select from differing where differing.name = outstanding.key)
    union all
    select 'duplicate', source.key, null, null, null, null, null, null
    from source
    where
        source.skip_reason is null
        and source.key in (select planned.key from planned)
    group by source.key
    having count(*) > 1
    union all
    select 'count', standing, null, null, null, null, null, count(*)
    from differing
    group by standing
    union all
    select 'count', 'source', null, null, null, null, null, count(*)
    from {source}
    union all
    select 'count', 'acknowledged', null, null, null, null, null, exists(
        select from ops.sync_state where sync = {sync}
    )::int
"""
