with source as (

    select * from {{ source('raw_yobi', 'locations') }}

)

select
    location_id,
    tenant_id,
    name as location_name,
    archived as is_archived
from source
