with source as (

    select * from {{ source('ops_state', 'sync_outstanding') }}

)

select
    sync,
    key,
    status,
    attempts,
    message,
    request_id,
    run_id,
    first_seen_at,
    last_seen_at,
    parked_at
from source
