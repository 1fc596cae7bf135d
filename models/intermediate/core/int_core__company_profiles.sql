with changes as (

    select * from {{ ref('int_core__company_changes') }}

),

plan_groups as (

    select * from {{ ref('stg_reference__plan_groups') }}

),

country_regions as (

    select * from {{ ref('stg_reference__country_regions') }}

),

merged_companies as (

    select
        merged_hubspot_id,
        hubspot_id
    from {{ ref('stg_hubspot__merged_ids') }}
    where object_type = 'companies'

),

latest as (

    select
        company_id,
        max(case when is_last_name then name end) as name,
        max(case when is_last_country then country end) as country,
        max(case when is_last_status then status end) as status,
        max(case when is_last_plan_id then plan_id end) as plan_id,
        max(case when is_last_signup_timestamp then signup_timestamp end) as signup_timestamp,
        max(case when is_last_num_of_employees_range then num_of_employees_range end) as num_of_employees_range,
        max(case when is_last_hubspot_company_id then hubspot_company_id end) as hubspot_company_id,
        max(case when is_last_is_test and is_test then 1 else 0 end) = 1 as is_test,
        min(occurred_at) as first_seen_at
    from changes
    group by company_id

)

select
    latest.company_id,
    latest.name,
    latest.country,
    coalesce(country_regions.region, 'UNKNOWN') as region,
    latest.status,
    latest.plan_id,
    case
        when latest.status = 'CHURNED' then 'churn'
        else coalesce(plan_groups.plan_group, 'standard')
    end as plan_group,
    latest.signup_timestamp,
    latest.num_of_employees_range,
    coalesce(merged_companies.hubspot_id, latest.hubspot_company_id) as hubspot_company_id,
    latest.is_test,
    latest.first_seen_at
from latest
left join plan_groups on latest.plan_id = plan_groups.plan_id
left join country_regions on latest.country = country_regions.country
left join merged_companies on latest.hubspot_company_id = merged_companies.merged_hubspot_id
