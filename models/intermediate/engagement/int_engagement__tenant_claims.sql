{{ config(pre_hook="{{ refuse_unknown_tenants() }}") }}

with customers as (

    select * from {{ ref('int_engagement__customers') }}

),

tenants as (

    select * from {{ ref('int_engagement__tenants') }}

),

tenant_domains as (

    select
        tenant_id,
        domain
    from tenants
    where domain is not null

    union distinct

    select
        tenant_id,
        website_domain as domain
    from tenants
    where website_domain is not null

),

overrides as (

    select * from {{ ref('stg_reference__tenant_overrides') }}

),

overridden as (

    select
        customers.company_id,
        overrides.*
    from customers
    inner join overrides on overrides.key_type = 'company_id' and customers.company_id = overrides.key_value

    union all

    select
        customers.company_id,
        overrides.*
    from customers
    inner join overrides on overrides.key_type = 'domain' and customers.domain = overrides.key_value

),

-- An id says it more exactly than a domain, and the environment goes before the file.
ordered_overrides as (

    select
        company_id,
        tenant_id,
        company_key,
        origin,
        row_number() over (
            partition by company_id
            order by
                case key_type when 'company_id' then 1 else 2 end,
                case origin when 'environment' then 1 else 2 end,
                {{ bytewise('company_key') }}
        ) as place
    from overridden

),

claims as (

    select
        company_id,
        tenant_id,
        1 as strength,
        company_key || ' (' || origin || ')' as evidence
    from ordered_overrides
    where place = 1

    union all

    select
        customers.company_id,
        tenant_domains.tenant_id,
        2 as strength,
        customers.domain as evidence
    from customers
    inner join tenant_domains on customers.domain = tenant_domains.domain

    union all

    select
        customers.company_id,
        tenant_domains.tenant_id,
        3 as strength,
        min({{ bytewise('email_domains.email_domain') }}) as evidence
    from customers
    inner join {{ ref('int_engagement__email_domains') }} as email_domains
        on customers.company_id = email_domains.company_id
    inner join tenant_domains on email_domains.email_domain = tenant_domains.domain
    where customers.domain is null
    group by customers.company_id, tenant_domains.tenant_id

    union all

    select
        customers.company_id,
        tenants.tenant_id,
        4 as strength,
        customers.normal_name as evidence
    from customers
    inner join tenants on customers.normal_name = tenants.normal_name

),

-- The first method that finds any tenant decides.
strongest as (

    select
        company_id,
        min(strength) as strength
    from claims
    group by company_id

)

select
    claims.company_id,
    claims.tenant_id,
    claims.strength,
    case claims.strength
        when 1 then 'override'
        when 2 then 'domain'
        when 3 then 'email_domain'
        else 'name'
    end as method,
    claims.evidence
from claims
inner join strongest on claims.company_id = strongest.company_id and claims.strength = strongest.strength
