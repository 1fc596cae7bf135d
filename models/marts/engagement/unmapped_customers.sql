with email_domains as (

    select
        company_id,
        {{ dbt.listagg('email_domain', "', '", 'order by ' ~ bytewise('email_domain')) }} as email_domains
    from {{ ref('int_engagement__email_domains') }}
    group by company_id

)

select
    customers.company_id,
    customers.company_name,
    customers.domain,
    email_domains.email_domains
from {{ ref('int_engagement__customers') }} as customers
left join {{ ref('int_engagement__tenant_choices') }} as choices on customers.company_id = choices.company_id
left join email_domains on customers.company_id = email_domains.company_id
where choices.company_id is null
