with profiles as (

    select * from {{ ref('int_core__company_profiles') }}

),

subscriptions as (

    select * from {{ ref('int_core__company_subscriptions') }}

),

activity as (

    select * from {{ ref('int_core__company_activity') }}

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
    subscriptions.mrr,
    12 * subscriptions.mrr as arr,
    coalesce(subscriptions.last_known_arr_range, '1-2000') as arr_range,
    subscriptions.last_known_arr_range is null as is_arr_range_defaulted,
    coalesce(subscriptions.is_paying, false) as is_paying,
    subscriptions.paying_since,
    {{ whole_days_between('subscriptions.paying_since', as_of()) }} as days_paying,
    profiles.hubspot_company_id,
    profiles.is_test,
    profiles.first_seen_at,
    activity.last_event_at,
    activity.last_journey_event_at,
    {{ as_of() }} as known_at
from profiles
inner join activity on profiles.company_id = activity.company_id
left join subscriptions on profiles.company_id = subscriptions.company_id
