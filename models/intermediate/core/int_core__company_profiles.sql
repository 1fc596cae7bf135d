{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

-- A company exists from its first company_created, company_updated or subscription_changed.
with histories as (

    select *
    from {{ ref('int_core__company_histories') }}
    where first_seen_at is not null

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

)

select
    histories.company_id,
    histories.name,
    histories.country,
    coalesce(country_regions.region, 'UNKNOWN') as region,
    histories.status,
    histories.plan_id,
    case
        when histories.status = 'CHURNED' then 'churn'
        else coalesce(plan_groups.plan_group, 'standard')
    end as plan_group,
    histories.signup_timestamp,
    histories.num_of_employees_range,
    histories.mrr,
    histories.last_known_arr_range,
    histories.is_paying,
    histories.paying_since,
    coalesce(merged_companies.hubspot_id, histories.hubspot_company_id) as hubspot_company_id,
    histories.is_test,
    histories.first_seen_at,
    histories.last_event_at,
    histories.last_journey_event_at,
    histories.events_fingerprint
from histories
left join plan_groups on histories.plan_id = plan_groups.plan_id
left join country_regions on histories.country = country_regions.country
left join merged_companies on histories.hubspot_company_id = merged_companies.merged_hubspot_id
