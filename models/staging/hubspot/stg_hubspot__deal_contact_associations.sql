with source as (

    select * from {{ source('raw_hubspot', 'deal_contact_associations') }}

),

merged_ids as (

    select * from {{ source('raw_hubspot', 'merged_ids') }}

)

select distinct
    coalesce(deals.id, source.deal_id) as hubspot_deal_id,
    coalesce(contacts.id, source.contact_id) as hubspot_contact_id
from source
left join merged_ids as deals
    on source.deal_id = deals.merged_id and deals.object_type = 'deals'
left join merged_ids as contacts
    on source.contact_id = contacts.merged_id and contacts.object_type = 'contacts'
