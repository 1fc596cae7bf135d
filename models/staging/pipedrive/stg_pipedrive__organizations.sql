with source as (

    select * from {{ source('raw_pipedrive', 'organizations') }}

)

select
    id as organization_id,
    {{ json_text('record', 'name') }} as name,
    {{ json_text('record', 'website') }} as website,
    {{ json_text('record', 'owner_id') }} as owner_id,
    archived as is_deleted
from source
