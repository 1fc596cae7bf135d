with source as (

    select * from {{ source('ops_state', 'sync_drift') }}

)

select
    drift_id,
    sync,
    key,
    property,
    kind,
    acknowledged_at,
    found_at,
    changed_by,
    resolved_at,
    resolution
from source
