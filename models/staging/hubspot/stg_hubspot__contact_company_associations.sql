with source as (

    select * from {{ source('raw_hubspot', 'contact_company_associations') }}

)

select
    contact_id as hubspot_contact_id,
    company_id as hubspot_company_id,
    max(case when category = 'HUBSPOT_DEFINED' and type_id = 1 then 1 else 0 end) = 1 as is_primary
from source
group by contact_id, company_id
