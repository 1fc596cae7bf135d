with source as (

    select * from {{ source('raw_pipedrive', 'deals') }}

)

select
    id as deal_id,
    pipeline_id,
    stage_id,
    status,
    {{ json_text('record', 'title') }} as title,
    {{ json_text('record', 'owner_id') }} as owner_id,
    {{ json_text('record', 'org_id') }} as organization_id,
    cast({{ json_text('record', 'value') }} as {{ decimal_type() }}) as amount,
    {{ json_text('record', 'currency') }} as currency,
    is_archived,
    is_deleted,
    added_at,
    updated_at,
    closed_at
from source
