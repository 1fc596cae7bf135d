with tenants as (

    select * from {{ ref('stg_yobi__tenants') }}
    where not is_archived

)

select
    tenant_id,
    tenant_name,
    {{ normal_name('tenant_name') }} as normal_name,
    {{ normal_domain('domain') }} as domain,
    {{ normal_domain('website') }} as website_domain
from tenants
