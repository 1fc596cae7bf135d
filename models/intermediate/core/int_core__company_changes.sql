with created as (

    select * from {{ ref('stg_events__company_created') }}

),

updated as (

    select * from {{ ref('stg_events__company_updated') }}

),

subscriptions as (

    select * from {{ ref('stg_events__subscription_changed') }}

),

-- What each event says, with a flag where it says anything: null in `company_updated` clears a field,
-- null in `company_created` is the same as silence.
changes as (

    select
        company_id,
        event_id,
        occurred_at,
        name is not null as has_name,
        name,
        country is not null as has_country,
        country,
        false as has_status,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        false as has_plan_id,
        cast(null as {{ api.Column.translate_type('string') }}) as plan_id,
        false as has_signup_timestamp,
        cast(null as {{ instant_type() }}) as signup_timestamp,
        false as has_num_of_employees_range,
        cast(null as {{ api.Column.translate_type('string') }}) as num_of_employees_range,
        false as has_hubspot_company_id,
        cast(null as {{ api.Column.translate_type('string') }}) as hubspot_company_id,
        false as has_is_test,
        cast(null as boolean) as is_test
    from created

    union all

    select
        company_id,
        event_id,
        occurred_at,
        has_name,
        name,
        has_country,
        country,
        has_status,
        status,
        has_plan_id,
        plan_id,
        has_signup_timestamp,
        signup_timestamp,
        has_num_of_employees_range,
        num_of_employees_range,
        has_hubspot_company_id,
        hubspot_company_id,
        has_is_test,
        is_test
    from updated

    union all

    select
        company_id,
        event_id,
        occurred_at,
        false as has_name,
        null as name,
        false as has_country,
        null as country,
        false as has_status,
        null as status,
        true as has_plan_id,
        plan_id,
        false as has_signup_timestamp,
        null as signup_timestamp,
        false as has_num_of_employees_range,
        null as num_of_employees_range,
        false as has_hubspot_company_id,
        null as hubspot_company_id,
        false as has_is_test,
        null as is_test
    from subscriptions

),

in_order as (

    select
        changes.*,
        row_number() over (
            partition by company_id
            order by occurred_at, {{ bytewise('event_id') }}
        ) as place
    from changes

)

select
    company_id,
    event_id,
    occurred_at,
    place,
    name,
    max(case when has_name then place end) over company = place as is_last_name,
    country,
    max(case when has_country then place end) over company = place as is_last_country,
    status,
    max(case when has_status then place end) over company = place as is_last_status,
    plan_id,
    max(case when has_plan_id then place end) over company = place as is_last_plan_id,
    signup_timestamp,
    max(case when has_signup_timestamp then place end) over company = place as is_last_signup_timestamp,
    num_of_employees_range,
    max(case when has_num_of_employees_range then place end) over company = place as is_last_num_of_employees_range,
    hubspot_company_id,
    max(case when has_hubspot_company_id then place end) over company = place as is_last_hubspot_company_id,
    is_test,
    max(case when has_is_test then place end) over company = place as is_last_is_test
from in_order
window company as (partition by company_id)
