{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

-- A company exists from its first company_created, company_updated or subscription_changed.
with profiles as (

    select * from {{ ref('int_core__company_profiles') }}
    where first_seen_at is not null

),

build as (

    select {{ built_as_of('int_core__company_profiles') }} as as_of

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
    12 * profiles.mrr as arr,
    coalesce(profiles.last_known_arr_range, '1-2000') as arr_range,
    profiles.last_known_arr_range is null as is_arr_range_defaulted,
    profiles.is_paying,
    profiles.paying_since,
    {{ whole_days_between('profiles.paying_since', 'build.as_of') }} as days_paying,
    profiles.hubspot_company_id,
    profiles.is_test,
    profiles.first_seen_at,
    profiles.last_event_at,
    profiles.last_journey_event_at,
    build.as_of as known_at
from profiles
cross join build
