with source as (

    select * from {{ source('raw_hubspot', 'companies') }}

)

select
    id as hubspot_company_id,
    {{ json_text('properties', 'name') }} as name,
    {{ json_text('properties', 'domain') }} as domain,
    {{ json_text('properties', 'hubspot_owner_id') }} as hubspot_owner_id,
    case lower({{ json_text('properties', 'is_subjectively_onboarded_') }})
        when 'yes' then true
        when 'true' then true
        when 'no' then false
        when 'false' then false
    end as is_subjectively_onboarded,
    coalesce(lower({{ json_text('properties', 'is_internal_test') }}) = 'true', false) as is_internal_test,
    lower({{ json_text('properties', 'customer_status') }}) as customer_status,
    {{ json_text('properties', 'customer_engagement_rank') }} as customer_engagement_rank,
    archived as is_archived,
    created_at,
    updated_at
from source
