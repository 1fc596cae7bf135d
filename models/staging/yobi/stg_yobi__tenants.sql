with source as (

    select * from {{ source('raw_yobi', 'tenants') }}

)

select
    tenant_id,
    name as tenant_name,
    domain,
    website,
    archived as is_archived
from source
