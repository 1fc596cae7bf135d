with source as (

    select * from {{ source('raw_hubspot', 'merged_ids') }}

)

select
    object_type,
    merged_id as merged_hubspot_id,
    id as hubspot_id
from source
