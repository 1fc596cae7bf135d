with companies as (

    select * from {{ ref('stg_hubspot__companies') }}

),

properties as (

    select * from {{ ref('stg_hubspot__company_properties') }}

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

associations as (

    select * from {{ ref('stg_hubspot__contact_company_associations') }}

),

-- A company with several such contacts is one customer.
of_customer_contacts as (

    select distinct associations.hubspot_company_id
    from associations
    inner join contacts on associations.hubspot_contact_id = contacts.hubspot_contact_id
    where contacts.lifecycle_stage = 'customer' and not contacts.is_archived

)

select
    companies.hubspot_company_id as company_id,
    companies.name as company_name,
    {{ normal_domain('companies.domain') }} as domain,
    {{ normal_name('companies.name') }} as normal_name,
    companies.customer_engagement_rank as hubspot_rank
from companies
inner join of_customer_contacts on companies.hubspot_company_id = of_customer_contacts.hubspot_company_id
inner join properties on companies.hubspot_company_id = properties.hubspot_company_id
where
    not companies.is_archived
    and not companies.is_internal_test
    and coalesce(companies.customer_status, '') <> 'churned'
    and not {{ is_filtered_out('properties.properties') }}
