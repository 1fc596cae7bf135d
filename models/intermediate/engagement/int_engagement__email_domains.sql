with customers as (

    select * from {{ ref('int_engagement__customers') }}

),

associations as (

    select * from {{ ref('stg_hubspot__contact_company_associations') }}

),

contacts as (

    select
        hubspot_contact_id,
        {{ email_domain('email') }} as email_domain
    from {{ ref('stg_hubspot__contacts') }}
    where lifecycle_stage = 'customer' and not is_archived

),

generic_domains as (

    select * from {{ ref('stg_reference__generic_email_domains') }}

)

select
    customers.company_id,
    contacts.email_domain,
    count(*) as contacts
from customers
inner join associations on customers.company_id = associations.hubspot_company_id
inner join contacts on associations.hubspot_contact_id = contacts.hubspot_contact_id
left join generic_domains on contacts.email_domain = generic_domains.domain
where contacts.email_domain is not null and generic_domains.domain is null
group by customers.company_id, contacts.email_domain
