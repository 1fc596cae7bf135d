with drift as (

    select * from {{ ref('stg_ops__sync_drift') }}

)

select
    drift_id,
    sync,
    {{ destination_of('sync') }} as destination,
    key,
    property,
    kind,
    acknowledged_at,
    found_at,
    changed_by,
    resolved_at,
    resolution,
    -- The ledger's clock may be ahead of an as_of that lies in the past.
    greatest({{ whole_days_between('found_at', 'coalesce(resolved_at, ' ~ as_of() ~ ')') }}, 0) as days_open
from drift
