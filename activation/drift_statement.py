"""The SQL behind `activation.drift`: what differs, what is recorded, what is given up.

A value is as it is compared: null when it is empty, and its digest where the acknowledged one is a
digest or the property is personal, so that no personal value leaves the database.
"""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from activation.writers import Landed


def composed(statement: LiteralString, landed: Landed | None) -> sql.Composed:
    """A statement, made for the place where the destination's records land; None: nowhere."""
    if landed is None:
        return sql.SQL(statement).format(
            records=sql.SQL(_UNKNOWN_RECORDS), history=sql.SQL(_NO_HISTORY)
        )
    tables = {
        name: sql.Identifier(landed.schema, name) for name in ("merged_ids", "property_history")
    }
    records = sql.Identifier(landed.schema, landed.table)
    return sql.SQL(statement).format(
        landed=records,
        records=sql.SQL(_LANDED_RECORDS).format(landed=records, **tables),
        history=sql.SQL(_LANDED_HISTORY).format(**tables),
    )


# The record behind each acknowledged key. A key is current unless another one that has become the
# same record was acknowledged later.
_LANDED_RECORDS: LiteralString = """
    record as (
        select
            state.key,
            coalesce(merged.id, state.key) as id,
            coalesce(landed.archived, false) as is_gone,
            row_number() over (
                partition by coalesce(merged.id, state.key)
                order by state.acknowledged_at desc, state.key
            ) = 1 as is_current
        from ops.sync_state as state
        left join {merged_ids} as merged
            on merged.object_type = %(object_type)s and merged.merged_id = state.key
        left join {landed} as landed on landed.id = coalesce(merged.id, state.key)
        where state.sync = %(sync)s
    )
"""
_UNKNOWN_RECORDS: LiteralString = """
    record as (
        select key, key as id, false as is_gone, true as is_current
        from ops.sync_state
        where sync = %(sync)s
    )
"""

GIVE_UP: LiteralString = """
    with {records}

    update ops.sync_drift as drift
    set resolved_at = clock_timestamp(), resolution = 'no_longer_ours'
    where
        drift.sync = %(sync)s
        and drift.resolved_at is null
        and (
            drift.property <> all(%(properties)s::text[])
            or drift.key not in (select key from record where is_current and not is_gone)
            or not exists (
                select from ops.sync_state as state
                where
                    state.sync = %(sync)s
                    and state.key = drift.key
                    and state.payload ? drift.property
            )
        )
"""

COMPARE: LiteralString = """
    with {records},

    -- Until when a run that was killed may have written what the ledger does not know of.
    killed as (
        select coalesce(max(run.finished_at), '-infinity') as at
        from ops.sync_run as run
        where
            run.sync = %(sync)s
            and run.status = 'interrupted'
            and not exists (
                select from ops.sync_run as complete
                where
                    complete.sync = %(sync)s
                    and complete.started_at >= run.finished_at
                    and complete.status in ('done', 'done_with_failures')
                    and complete.rows_held_back = 0
            )
    )

    select
        state.key,
        value.property,
        value.acknowledged,
        value.found,
        drift.drift_id
    from record
    inner join ops.sync_state as state on state.sync = %(sync)s and state.key = record.key
    inner join {landed} as landed on landed.id = record.id
    cross join lateral (
        select
            property,
            case
                when is_hidden and sent.acknowledged !~ '^sha256:[0-9a-f]{{64}}$'
                    then 'sha256:' || encode(sha256(convert_to(sent.acknowledged, 'UTF8')), 'hex')
                else sent.acknowledged
            end as acknowledged,
            case
                when is_hidden
                    then 'sha256:' || encode(sha256(convert_to(sent.found, 'UTF8')), 'hex')
                else sent.found
            end as found
        from (
            select
                property,
                nullif(state.payload ->> property, '') as acknowledged,
                nullif(landed.properties ->> property, '') as found,
                property = any(%(personal)s::text[])
                or coalesce(state.payload ->> property ~ '^sha256:[0-9a-f]{{64}}$', false)
                    as is_hidden
            from unnest(%(properties)s::text[]) as property
            where state.payload ? property and property = any(%(asked_for)s::text[])
        ) as sent
    ) as value
    left join ops.sync_drift as drift
        on
            drift.sync = %(sync)s
            and drift.key = state.key
            and drift.property = value.property
            and drift.resolved_at is null
    left join ops.sync_outstanding as outstanding
        on outstanding.sync = %(sync)s and outstanding.key = state.key
    where
        record.is_current
        and not record.is_gone
        and outstanding.status is distinct from 'unsure'
        and state.acknowledged_at > (select at from killed)
        and (value.acknowledged is distinct from value.found or drift.drift_id is not null)
        -- It is news: later than the latest that is known of the value.
        and greatest(state.acknowledged_at, drift.found_at) < greatest(
            landed.updated_at, %(read_until)s::timestamptz - %(settled_after)s::interval
        )
"""

RESOLVE_AGREEING: LiteralString = """
    update ops.sync_drift
    set resolved_at = clock_timestamp(), resolution = 'agrees'
    where drift_id = any(%s::bigint[])
"""

# Whose history is read: HubSpot's newest entry names the source, if it is about this very value.
_LANDED_HISTORY: LiteralString = """
    (
        select
            history.value,
            history.source_type
            || case
                when history.source_type = any(%(programs)s::text[])
                    then coalesce(' (' || history.source_label || ')', '')
                else ''
            end as source
        from {property_history} as history
        where
            history.object_type = %(object_type)s
            and history.record_id = coalesce(
                (
                    select merged.id from {merged_ids} as merged
                    where merged.object_type = %(object_type)s and merged.merged_id = seen.key
                ),
                seen.key
            )
            and history.property = seen.property
        order by history.changed_at desc
        limit 1
    )
"""
_NO_HISTORY: LiteralString = "(select null::text as value, null::text as source)"

RECORD: LiteralString = """
    insert into ops.sync_drift as drift (
        sync, key, property, kind, acknowledged, acknowledged_at, found, found_at, changed_by
    )
    select
        %(sync)s,
        seen.key,
        seen.property,
        case
            when
                written.before ? seen.property
                and nullif(written.before ->> seen.property, '') is not distinct from seen.found
                then 'not_stuck'
            else 'changed'
        end,
        seen.acknowledged,
        state.acknowledged_at,
        seen.found,
        coalesce(%(found_at)s::timestamptz, clock_timestamp()),
        case
            when
                seen.found in (
                    history.value,
                    'sha256:' || encode(sha256(convert_to(history.value, 'UTF8')), 'hex')
                )
                or (seen.found is null and history.value = '')
                then history.source
        end
    from unnest(
        %(keys)s::text[], %(names)s::text[], %(acknowledged)s::text[], %(found)s::text[]
    ) as seen (key, property, acknowledged, found)
    inner join ops.sync_state as state on state.sync = %(sync)s and state.key = seen.key
    left join lateral (
        select sent.before
        from ops.sync_row as sent
        inner join ops.sync_run as run on run.run_id = sent.run_id
        where
            run.sync = %(sync)s
            and sent.key = seen.key
            and sent.outcome = 'written'
            and sent.changes ? seen.property
        order by sent.row_id desc
        limit 1
    ) as written on true
    left join lateral {history} as history on true
    on conflict (sync, key, property) where resolved_at is null do update
    set
        kind = excluded.kind,
        acknowledged = excluded.acknowledged,
        acknowledged_at = excluded.acknowledged_at,
        found = excluded.found,
        found_at = excluded.found_at,
        changed_by = excluded.changed_by
    where drift.found is distinct from excluded.found
    returning drift.xmax = 0 as is_new
"""

COUNT_OPEN: LiteralString = """
    select count(*) from ops.sync_drift where sync = %(sync)s and resolved_at is null
"""

OPEN: LiteralString = """
    select key, property, kind, acknowledged, acknowledged_at, found, found_at, changed_by
    from ops.sync_drift
    where sync = %s and resolved_at is null
    order by key collate "C", property collate "C"
    limit %s
"""
