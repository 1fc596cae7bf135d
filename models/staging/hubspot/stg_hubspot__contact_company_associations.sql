with source as (

    select * from {{ source('raw_hubspot', 'contact_company_associations') }}

),

merged_ids as (

    select * from {{ source('raw_hubspot', 'merged_ids') }}

),

living as (

    select
        coalesce(contacts.id, source.contact_id) as hubspot_contact_id,
        coalesce(companies.id, source.company_id) as hubspot_company_id,
        source.category,
        source.type_id
    from source
    left join merged_ids as contacts
        on source.contact_id = contacts.merged_id and contacts.object_type = 'contacts'
    left join merged_ids as companies
        on source.company_id = companies.merged_id and companies.object_type = 'companies'

)

select
    hubspot_contact_id,
    hubspot_company_id,
    max(case when category = 'HUBSPOT_DEFINED' and type_id = 1 then 1 else 0 end) = 1 as is_primary
from living
group by hubspot_contact_id, hubspot_company_id
