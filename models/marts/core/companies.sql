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
    company_id,
    name,
    country,
    region,
    status,
    plan_id,
    plan_group,
    signup_timestamp,
    num_of_employees_range,
    mrr,
    12 * mrr as arr,
    coalesce(last_known_arr_range, '1-2000') as arr_range,
    last_known_arr_range is null as is_arr_range_defaulted,
    is_paying,
    paying_since,
    {{ whole_days_between('paying_since', 'build.as_of') }} as days_paying,
    hubspot_company_id,
    is_test,
    first_seen_at,
    last_event_at,
    last_journey_event_at,
    build.as_of as known_at
from profiles
cross join build
