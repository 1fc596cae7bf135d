with source as (

    select * from {{ source('ops_state', 'build_run') }}

)

select
    run_id,
    as_of,
    started_at,
    ended_at,
    outcome,
    message,
    companies,
    cs_error_companies,
    log_rows,
    lock_wait_seconds,
    journey_seconds
from source
