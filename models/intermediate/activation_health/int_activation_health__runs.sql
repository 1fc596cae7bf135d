with runs as (

    select * from {{ ref('stg_ops__sync_runs') }}

)

select
    run_id,
    sync,
    {{ destination_of('sync') }} as destination,
    scope,
    status,
    message,
    started_at,
    finished_at,
    {{ seconds_between('started_at', 'finished_at') }} as duration_seconds,
    rows_source,
    rows_planned,
    rows_unchanged,
    rows_written,
    rows_confirmed,
    rows_failed,
    rows_unsure,
    rows_skipped,
    rows_parked,
    rows_held_back,
    rows_written + rows_confirmed + rows_failed + rows_unsure as rows_tried,
    calls,
    write_calls,
    retries,
    -- A run and those that it carried made their requests together.
    cast(sum(calls) over (partition by coalesce(carried_by_run_id, run_id)) as bigint) as group_calls,
    cast(sum(rows_written) over (partition by coalesce(carried_by_run_id, run_id)) as bigint) as group_rows_written,
    plan_id,
    carried_by_run_id,
    reverts_run_id
from runs
