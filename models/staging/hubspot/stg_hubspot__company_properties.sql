with source as (

    select * from {{ source('raw_hubspot', 'companies') }}

)

select
    id as hubspot_company_id,
    properties
from source
