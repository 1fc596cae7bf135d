with source as (

    select * from {{ source('raw_pipedrive', 'pipelines') }}

)

select
    id as pipeline_id,
    {{ json_text('record', 'name') }} as name,
    cast({{ json_text('record', 'order_nr') }} as integer) as place,
    not archived as is_listed,
    coalesce({{ json_text('record', 'is_deleted') }} = 'true', false) as is_deleted
from source
