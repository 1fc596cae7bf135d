{{
    config(
        materialized='incremental' if target.type == 'postgres' else 'table',
        incremental_strategy='delete+insert',
        unique_key='company_id',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

{%- set grouped = ['region', 'plan_group', 'hubspot_company_id', 'events_fingerprint'] %}

-- What its events say of a company, with what the reference files and HubSpot's merges make of it. Rows
-- are replaced where one of these is another.

with histories as (

    select * from {{ ref('int_core__company_histories') }}

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

profiles as (

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
        histories.events_fingerprint || ' {{ code_version() }}' as events_fingerprint
    from histories
    left join plan_groups on histories.plan_id = plan_groups.plan_id
    left join country_regions on histories.country = country_regions.country
    left join merged_companies on histories.hubspot_company_id = merged_companies.merged_hubspot_id

)

select
    profiles.company_id,
    profiles.name,
    profiles.country,
    profiles.region,
    profiles.status,
    profiles.plan_id,
    profiles.plan_group,
    profiles.signup_timestamp,
    profiles.num_of_employees_range,
    profiles.mrr,
    profiles.last_known_arr_range,
    profiles.is_paying,
    profiles.paying_since,
    profiles.hubspot_company_id,
    profiles.is_test,
    profiles.first_seen_at,
    profiles.last_event_at,
    profiles.last_journey_event_at,
    profiles.events_fingerprint
from profiles
{% if is_incremental() and not begins_anew() %}
    left join {{ this }} as known on profiles.company_id = known.company_id
    where
        known.company_id is null
        {% for column in grouped %}
            or (profiles.{{ column }} is distinct from known.{{ column }})
        {% endfor %}
{% endif %}
