with source as (

    select events.*
    {{ from_events(['cs_stage_lock_released']) }}

)

select
    event_id,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id,
    {{ json_text('data', 'released_by') }} as released_by
from source
