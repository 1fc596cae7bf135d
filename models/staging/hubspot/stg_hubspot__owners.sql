with source as (

    select * from {{ source('raw_hubspot', 'owners') }}

)

select
    id as hubspot_owner_id,
    lower({{ json_text('owner', 'email') }}) as email,
    {{ json_text('owner', 'firstName') }} as first_name,
    {{ json_text('owner', 'lastName') }} as last_name,
    {{ json_text('owner', 'type') }} as owner_type,
    {{ json_text('owner', 'userIdIncludingInactive') }} as hubspot_user_id,
    archived as is_archived,
    created_at,
    updated_at
from source
