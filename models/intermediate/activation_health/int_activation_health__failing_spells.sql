-- A spell is what lies between two rows of one sync and key that did not fail.

with rows_tried as (

    select * from {{ ref('stg_ops__sync_rows') }}

),

runs as (

    select
        run_id,
        sync,
        -- When a run next looked at what the model wants.
        min(case when rows_source > 0 then started_at end) over (
            partition by sync
            order by started_at, run_id
            rows between 1 following and unbounded following
        ) as next_look_at
    from {{ ref('stg_ops__sync_runs') }}

),

outstanding as (

    select * from {{ ref('stg_ops__sync_outstanding') }}

),

numbered as (

    select
        runs.sync,
        runs.next_look_at,
        rows_tried.*,
        rows_tried.outcome in ('failed', 'unsure') as is_failing,
        sum(case when rows_tried.outcome in ('failed', 'unsure') then 0 else 1 end) over (
            partition by runs.sync, rows_tried.key
            order by rows_tried.row_id
            rows between unbounded preceding and current row
        ) as rows_that_did_not_fail
    from rows_tried
    inner join runs on rows_tried.run_id = runs.run_id

),

spells as (

    select
        sync,
        key,
        rows_that_did_not_fail,
        count(*) as attempts,
        min(recorded_at) as first_seen_at,
        max(recorded_at) as last_seen_at,
        max(row_id) as last_row_id
    from numbered
    where is_failing
    group by sync, key, rows_that_did_not_fail

)

select
    spells.sync,
    spells.key,
    spells.first_seen_at,
    spells.last_seen_at,
    spells.attempts,
    last_rows.outcome as last_outcome,
    last_rows.message as last_message,
    last_rows.request_id as last_request_id,
    case
        when ends.outcome is not null then ends.recorded_at
        when outstanding.key is null then coalesce(last_rows.next_look_at, spells.last_seen_at)
    end as resolved_at,
    case
        when ends.outcome in ('written', 'confirmed') then 'written'
        when ends.outcome is not null or outstanding.key is null then 'no_longer_wanted'
    end as resolution,
    ends.outcome is null and outstanding.parked_at is not null as is_parked
from spells
inner join numbered as last_rows on spells.last_row_id = last_rows.row_id
left join numbered as ends
    on
        spells.sync = ends.sync
        and spells.key = ends.key
        and spells.rows_that_did_not_fail + 1 = ends.rows_that_did_not_fail
        and not ends.is_failing
left join outstanding
    on
        spells.sync = outstanding.sync
        and spells.key = outstanding.key
        and outstanding.status in ('failed', 'unsure')
