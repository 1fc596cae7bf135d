with source as (

    select events.*
    {{ from_events(['cs_stage_lock_set']) }}

)

select
    event_id,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id,
    {{ json_text('data', 'cs_stage') }} as cs_stage,
    cast({{ json_text('data', 'expires_at') }} as {{ instant_type() }}) as expires_at,
    {{ json_text('data', 'set_by') }} as set_by,
    {{ json_text('data', 'note') }} as note
from source
