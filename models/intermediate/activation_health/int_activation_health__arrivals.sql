with rows_tried as (

    select * from {{ ref('stg_ops__sync_rows') }}

),

runs as (

    select * from {{ ref('stg_ops__sync_runs') }}

),

held as (

    select
        runs.sync,
        runs.run_id,
        rows_tried.key,
        rows_tried.decided_at,
        rows_tried.recorded_at,
        row_number() over (
            partition by runs.sync, rows_tried.key, rows_tried.decided_at
            order by rows_tried.row_id
        ) as occurrence
    from rows_tried
    inner join runs on rows_tried.run_id = runs.run_id
    where
        rows_tried.outcome in ('written', 'confirmed')
        and rows_tried.decided_at is not null
        and runs.reverts_run_id is null

)

select
    sync,
    key,
    decided_at,
    run_id,
    recorded_at as arrived_at,
    {{ seconds_between('decided_at', 'recorded_at') }} as latency_seconds
from held
where occurrence = 1
