with source as (

    select * from {{ source('raw_hubspot', 'deal_company_associations') }}

),

merged_ids as (

    select * from {{ source('raw_hubspot', 'merged_ids') }}

),

living as (

    select
        coalesce(deals.id, source.deal_id) as hubspot_deal_id,
        coalesce(companies.id, source.company_id) as hubspot_company_id,
        source.category,
        source.type_id
    from source
    left join merged_ids as deals
        on source.deal_id = deals.merged_id and deals.object_type = 'deals'
    left join merged_ids as companies
        on source.company_id = companies.merged_id and companies.object_type = 'companies'

)

select
    hubspot_deal_id,
    hubspot_company_id,
    max(case when category = 'HUBSPOT_DEFINED' and type_id = 5 then 1 else 0 end) = 1 as is_primary
from living
group by hubspot_deal_id, hubspot_company_id
