with source as (

    select * from {{ source('ops_state', 'sync_run') }}

)

select
    run_id,
    sync,
    scope,
    status,
    message,
    started_at,
    finished_at,
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
    calls,
    write_calls,
    retries,
    plan_id,
    carried_by as carried_by_run_id,
    reverts as reverts_run_id
from source
