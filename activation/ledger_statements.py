"""The SQL of `activation.ledger`: what a run writes into `ops`."""

from __future__ import annotations

from typing import LiteralString

INSERT_ROW = """
    insert into ops.sync_row (
        run_id, key, operation, outcome, message, request_id,
        changes, before, acknowledged, decided_at, recorded_at
    )
    values (
        %(run_id)s, %(key)s, %(operation)s, %(outcome)s, %(message)s, %(request_id)s,
        %(changes)s, %(before)s, %(acknowledged)s, %(decided_at)s, clock_timestamp()
    )
"""

# Fields that were not sent this time keep what was acknowledged of them before.
ACKNOWLEDGE = """
    insert into ops.sync_state as state (sync, key, hash, payload, acknowledged_at)
    values (
        %(sync)s, %(key)s, ops.payload_hash(%(payload)s), %(payload)s, clock_timestamp()
    )
    on conflict (sync, key) do update
    set payload = (state.payload - %(given_up)s::text[]) || excluded.payload,
        hash = ops.payload_hash((state.payload - %(given_up)s::text[]) || excluded.payload),
        acknowledged_at = excluded.acknowledged_at
"""

NOTE_SKIPPED: LiteralString = """
    with skipped as (
        select name, min(operation) as operation, min(note) as reason
        from {drawn}
        where standing = 'skipped' and name is not null
        group by name
        having
            (
                min(note) is distinct from min(reason_on_record)
                or min(status_on_record) is distinct from 'skipped'
            )
            -- Such a row waits for other values or for a person, skipped or not.
            and coalesce(min(status_on_record), '') not in ('unsure', 'reverted')
    ),

    noted as (
        insert into ops.sync_row (run_id, key, operation, outcome, message, recorded_at)
        select {run_id}, name, operation, 'skipped', reason, clock_timestamp()
        from skipped
    )

    insert into ops.sync_outstanding (
        sync, key, status, hash, attempts, message, run_id, first_seen_at, last_seen_at
    )
    select
        {sync}, name, 'skipped', null, 0, reason, {run_id}, clock_timestamp(), clock_timestamp()
    from skipped
    on conflict (sync, key) do update
    set status = excluded.status,
        hash = null,
        attempts = 0,
        message = excluded.message,
        request_id = null,
        run_id = excluded.run_id,
        last_seen_at = excluded.last_seen_at,
        parked_at = null
"""

# Rows that may have been sent before a backup was put back, to a destination that cannot be asked.
NOTE_IN_DOUBT: LiteralString = """
    insert into ops.sync_outstanding (
        sync, key, status, hash, attempts, message, run_id, first_seen_at, last_seen_at, parked_at
    )
    select
        {sync}, key, 'unsure', desired_hash, 0,
        'A backup was put back: nobody knows whether it was sent before.',
        {run_id}, clock_timestamp(), clock_timestamp(), clock_timestamp()
    from {drawn}
    where standing = 'unsure'
    on conflict (sync, key) do nothing
"""

# What the destination was found to hold already, although the ledger did not know. A null stands
# for a value of ours that is there no more.
ACKNOWLEDGE_HELD: LiteralString = """
    with held as (
        select
            key,
            operation,
            jsonb_strip_nulls(changes) as changes,
            array(select jsonb_object_keys(changes)) as names,
            decided_at
        from {drawn}
        where standing = 'held' and changes <> '{{}}'
    ),

    noted as (
        insert into ops.sync_row (
            run_id, key, operation, outcome, changes, before, decided_at, recorded_at
        )
        select {run_id}, key, operation, 'confirmed', changes, changes, decided_at,
            clock_timestamp()
        from held
    ),

    settled as (
        delete from ops.sync_outstanding
        where sync = {sync} and key in (select key from {drawn} where standing = 'held')
    )

    insert into ops.sync_state as state (sync, key, hash, payload, acknowledged_at)
    select
        {sync}, held.key, ops.payload_hash(now.payload), now.payload, clock_timestamp()
    from held
    left join ops.sync_state as known on known.sync = {sync} and known.key = held.key
    cross join lateral (
        select (coalesce(known.payload, '{{}}') - held.names) || held.changes as payload
    ) as now
    on conflict (sync, key) do update
    set payload = excluded.payload,
        hash = excluded.hash,
        acknowledged_at = excluded.acknowledged_at
"""

FORGET_EMPTY: LiteralString = """
    delete from ops.sync_state as state
    using {drawn} as drawn
    where
        state.sync = {sync}
        and drawn.key = state.key
        and drawn.standing = 'held'
        and (drawn.operation = 'remove' or state.payload = '{{}}')
"""

# Of properties that the destination does not have.
FORGET_PROPERTIES: LiteralString = """
    update ops.sync_state
    set payload = payload - %(properties)s::text[],
        hash = ops.payload_hash(payload - %(properties)s::text[])
    where sync = %(sync)s and payload ?| %(properties)s::text[]
"""
FORGET_DRIFT: LiteralString = """
    update ops.sync_drift
    set resolved_at = clock_timestamp(), resolution = 'no_longer_ours'
    where sync = %(sync)s and property = any(%(properties)s::text[]) and resolved_at is null
"""

RESOLVE: LiteralString = """
    delete from ops.sync_outstanding as outstanding
    where
        outstanding.sync = {sync}
        and not exists (select from {drawn} as drawn where drawn.name = outstanding.key)
"""

# Refusals are counted for the same values only; other values begin anew. A row whose fate is not
# known, or that was put back, stays so while preflight leaves it out.
LEAVE_OUTSTANDING = """
    insert into ops.sync_outstanding as outstanding (
        sync, key, status, hash, attempts, message, request_id, run_id,
        first_seen_at, last_seen_at, parked_at
    )
    values (
        %(sync)s, %(key)s, %(status)s, %(hash)s, %(attempts)s, %(message)s, %(request_id)s,
        %(run_id)s, clock_timestamp(), clock_timestamp(),
        case when %(attempts)s >= %(park_after)s::integer then clock_timestamp() end
    )
    on conflict (sync, key) do update
    set status = excluded.status,
        hash = excluded.hash,
        attempts = excluded.attempts
            + case when outstanding.hash = excluded.hash then outstanding.attempts else 0 end,
        message = excluded.message,
        request_id = excluded.request_id,
        run_id = excluded.run_id,
        last_seen_at = excluded.last_seen_at,
        parked_at = case
            when outstanding.hash = excluded.hash
                and outstanding.attempts + excluded.attempts >= %(park_after)s::integer
                then coalesce(outstanding.parked_at, excluded.last_seen_at)
            else excluded.parked_at
        end
    where excluded.status <> 'skipped' or outstanding.status not in ('unsure', 'reverted')
"""
