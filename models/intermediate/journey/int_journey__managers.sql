with reference as (

    select * from {{ ref('stg_reference__cs_managers') }}

)

select
    username,
    max(case when department = 'customer_success' then 1 else 0 end) = 1 as is_in_customer_success,
    max(case when department = 'customer_success' and is_active then 1 else 0 end) = 1 as is_active,
    max(case when department = 'customer_success' and is_active then lead_intake else 0 end) as lead_intake,
    max(hubspot_owner_id) as hubspot_owner_id
from reference
group by username
