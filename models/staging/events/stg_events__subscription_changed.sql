with source as (

    select events.*
    {{ from_events(['subscription_changed']) }}

)

select
    event_id,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id,
    {{ json_text('data', 'plan_id') }} as plan_id,
    cast({{ json_text('data', 'mrr') }} as {{ decimal_type() }}) as mrr,
    {{ json_text('data', 'status') }} as status
from source
