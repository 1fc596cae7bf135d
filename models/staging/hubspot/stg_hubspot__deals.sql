with source as (

    select * from {{ source('raw_hubspot', 'deals') }}

)

select
    id as hubspot_deal_id,
    {{ json_text('properties', 'dealname') }} as name,
    {{ json_text('properties', 'dealtype') }} as deal_type,
    {{ json_text('properties', 'pipeline') }} as pipeline_id,
    {{ json_text('properties', 'dealstage') }} as stage_id,
    cast(nullif({{ json_text('properties', 'hs_is_closed') }}, '') as boolean) as is_closed,
    cast(nullif({{ json_text('properties', 'hs_is_closed_won') }}, '') as boolean) as is_won,
    cast(nullif({{ json_text('properties', 'closedate') }}, '') as {{ instant_type() }}) as closed_at,
    cast(nullif({{ json_text('properties', 'amount') }}, '') as {{ decimal_type() }}) as amount,
    {{ json_text('properties', 'deal_currency_code') }} as currency,
    {{ json_text('properties', 'hubspot_owner_id') }} as hubspot_owner_id,
    archived as is_archived,
    created_at,
    updated_at
from source
