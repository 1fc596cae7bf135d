with source as (

    select * from {{ source('raw_hubspot', 'contacts') }}

)

select
    id as hubspot_contact_id,
    lower({{ json_text('properties', 'email') }}) as email,
    lower({{ json_text('properties', 'hs_additional_emails') }}) as additional_emails,
    {{ json_text('properties', 'firstname') }} as first_name,
    {{ json_text('properties', 'lastname') }} as last_name,
    {{ json_text('properties', 'lifecyclestage') }} as lifecycle_stage,
    {{ json_text('properties', 'associatedcompanyid') }} as primary_hubspot_company_id,
    {{ json_text('properties', 'hubspot_owner_id') }} as hubspot_owner_id,
    archived as is_archived,
    created_at,
    updated_at
from source
