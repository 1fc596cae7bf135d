with source as (

    select * from {{ source('ops_state', 'sync_row') }}

)

select
    row_id,
    run_id,
    key,
    operation,
    outcome,
    message,
    request_id,
    recorded_at,
    decided_at
from source
