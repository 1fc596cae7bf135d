with changes as (

    select * from {{ ref('int_core__company_changes') }}

),

subscriptions as (

    select * from {{ ref('int_core__company_subscriptions') }}

),

activity as (

    select * from {{ ref('stg_events__company_activity') }}

),

plan_groups as (

    select * from {{ ref('stg_reference__plan_groups') }}

),

country_regions as (

    select * from {{ ref('stg_reference__country_regions') }}

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

),

last_activity as (

    select
        company_id,
        max(occurred_at) as last_event_at,
        max(
            case
                when event_type not in ('payment_received', 'zoom_meeting_held', 'company_inactive')
                    then occurred_at
            end
        ) as last_journey_event_at
    from activity
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
    subscriptions.mrr,
    12 * subscriptions.mrr as arr,
    coalesce(subscriptions.last_known_arr_range, '1-2000') as arr_range,
    subscriptions.last_known_arr_range is null as is_arr_range_defaulted,
    coalesce(subscriptions.is_paying, false) as is_paying,
    subscriptions.paying_since,
    {{ whole_days_between('subscriptions.paying_since', as_of()) }} as days_paying,
    latest.hubspot_company_id,
    latest.is_test,
    latest.first_seen_at,
    last_activity.last_event_at,
    last_activity.last_journey_event_at,
    {{ as_of() }} as known_at
from latest
inner join last_activity on latest.company_id = last_activity.company_id
left join subscriptions on latest.company_id = subscriptions.company_id
left join plan_groups on latest.plan_id = plan_groups.plan_id
left join country_regions on latest.country = country_regions.country
