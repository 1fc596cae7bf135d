with source as (

    select events.*
    {{ from_events(['company_created']) }}

)

select
    event_id,
    occurred_at,
    received_at,
    {{ json_text('data', 'company_id') }} as company_id,
    {{ json_text('data', 'name') }} as name,
    upper({{ json_text('data', 'country') }}) as country,
    {{ json_text('data', 'email') }} as email,
    {{ json_text('data', 'client_id') }} as client_id,
    {{ json_text('data', 'referred_by_company_id') }} as referred_by_company_id
from source
