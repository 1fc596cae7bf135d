{{
    config(
        materialized='incremental' if target.type == 'postgres' else 'table',
        incremental_strategy='delete+insert',
        unique_key='company_id',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

{#- A first build reads them all; later ones those of the few companies that have other events now. -#}
{%- set of_the_changed -%}
    {%- if is_incremental() and not begins_anew() -%}
        where {{ is_one_of_few('company_id', 'company_id', 'changed') }}
    {%- endif -%}
{%- endset -%}
{%- set in_time = ['occurred_at', bytewise('event_id')] %}

-- What its events say of each company. A company is read anew where the events that count are not
-- those of its row: late ones, lost duplicates, another as_of, other code. Everything is read in this
-- one statement, and so in one snapshot: a row always is what the events of its fingerprint say.

with activity as (

    select
        company_id,
        max(occurred_at) as last_event_at,
        max(
            case
                when event_type not in ('payment_received', 'zoom_meeting_held', 'company_inactive')
                    then occurred_at
            end
        ) as last_journey_event_at,
        {{ fingerprint_of(['event_id', 'content_hash'], code_version()) }} as events_fingerprint
    from {{ ref('stg_events__company_activity') }}
    group by company_id

),

known as (

    {% if is_incremental() %}
        select
            company_id,
            {% if begins_anew() %}
                'none of these' as events_fingerprint
            {% else %}
                events_fingerprint
            {% endif %}
        from {{ this }}
    {% else %}
        select
            cast(null as {{ api.Column.translate_type('string') }}) as company_id,
            cast(null as {{ api.Column.translate_type('string') }}) as events_fingerprint
        where 1 = 0
    {% endif %}

),

changed as (

    select activity.*
    from activity
    left join known on activity.company_id = known.company_id
    where activity.events_fingerprint is distinct from known.events_fingerprint

),

-- A company of which no event is left keeps an empty row.
emptied as (

    select known.company_id
    from known
    left join activity on known.company_id = activity.company_id
    where activity.company_id is null and known.events_fingerprint is not null

),

companies as (

    select
        company_id,
        last_event_at,
        last_journey_event_at,
        events_fingerprint
    from changed

    union all

    select
        company_id,
        null as last_event_at,
        null as last_journey_event_at,
        null as events_fingerprint
    from emptied

),

created as (

    select *
    from {{ ref('stg_events__company_created') }}
    {{ of_the_changed }}

),

updated as (

    select *
    from {{ ref('stg_events__company_updated') }}
    {{ of_the_changed }}

),

subscribed as (

    select *
    from {{ ref('stg_events__subscription_changed') }}
    {{ of_the_changed }}

),

stage_lock_events as (

    select
        company_id,
        event_id,
        occurred_at,
        true as is_set,
        cs_stage,
        expires_at
    from {{ ref('stg_events__cs_stage_lock_set') }}

    union all

    select
        company_id,
        event_id,
        occurred_at,
        false as is_set,
        null as cs_stage,
        null as expires_at
    from {{ ref('stg_events__cs_stage_lock_released') }}

),

manager_lock_events as (

    select
        company_id,
        event_id,
        occurred_at,
        true as is_set,
        customer_success_manager,
        expires_at
    from {{ ref('stg_events__cs_manager_lock_set') }}

    union all

    select
        company_id,
        event_id,
        occurred_at,
        false as is_set,
        null as customer_success_manager,
        null as expires_at
    from {{ ref('stg_events__cs_manager_lock_released') }}

),

-- What each event says, with a flag where it says anything: null in `company_updated` clears a field,
-- null in `company_created` is the same as silence.
statements as (

    select
        company_id,
        event_id,
        occurred_at,
        name is not null as has_name,
        name,
        country is not null as has_country,
        country,
        false as has_plan_id,
        cast(null as {{ api.Column.translate_type('string') }}) as plan_id,
        false as has_status,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        false as has_signup_timestamp,
        cast(null as {{ instant_type() }}) as signup_timestamp,
        false as has_num_of_employees_range,
        cast(null as {{ api.Column.translate_type('string') }}) as num_of_employees_range,
        false as has_hubspot_company_id,
        cast(null as {{ api.Column.translate_type('string') }}) as hubspot_company_id,
        false as has_is_test,
        cast(null as boolean) as is_test,
        false as has_customer_success_manager,
        cast(null as {{ api.Column.translate_type('string') }}) as customer_success_manager,
        false as has_sales_account_manager,
        cast(null as {{ api.Column.translate_type('string') }}) as sales_account_manager
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
        has_plan_id,
        plan_id,
        has_status,
        status,
        has_signup_timestamp,
        signup_timestamp,
        has_num_of_employees_range,
        num_of_employees_range,
        has_hubspot_company_id,
        hubspot_company_id,
        has_is_test,
        is_test,
        has_customer_success_manager,
        customer_success_manager,
        has_sales_account_manager,
        sales_account_manager
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
        true as has_plan_id,
        plan_id,
        false as has_status,
        null as status,
        false as has_signup_timestamp,
        null as signup_timestamp,
        false as has_num_of_employees_range,
        null as num_of_employees_range,
        false as has_hubspot_company_id,
        null as hubspot_company_id,
        false as has_is_test,
        null as is_test,
        false as has_customer_success_manager,
        null as customer_success_manager,
        false as has_sales_account_manager,
        null as sales_account_manager
    from subscribed

),

last_words as (

    select
        company_id,
        min(occurred_at) as first_seen_at,
        {{ last_of('name', in_time, 'has_name') }} as name,
        {{ last_of('country', in_time, 'has_country') }} as country,
        {{ last_of('status', in_time, 'has_status') }} as status,
        {{ last_of('plan_id', in_time, 'has_plan_id') }} as plan_id,
        {{ last_of('signup_timestamp', in_time, 'has_signup_timestamp') }} as signup_timestamp,
        {{ last_of('num_of_employees_range', in_time, 'has_num_of_employees_range') }} as num_of_employees_range,
        {{ last_of('hubspot_company_id', in_time, 'has_hubspot_company_id') }} as hubspot_company_id,
        coalesce({{ last_of('is_test', in_time, 'has_is_test') }}, false) as is_test,
        {{ last_of('event_id', in_time, 'has_customer_success_manager') }} as cs_report_id,
        {{ last_of('occurred_at', in_time, 'has_customer_success_manager') }} as cs_reported_at,
        {{ last_of('customer_success_manager', in_time, 'has_customer_success_manager') }} as reported_cs_manager,
        {{ last_of('event_id', in_time, 'has_sales_account_manager') }} as sales_report_id,
        {{ last_of('occurred_at', in_time, 'has_sales_account_manager') }} as sales_reported_at,
        {{ last_of('sales_account_manager', in_time, 'has_sales_account_manager') }} as reported_sales_manager
    from statements
    group by company_id

),

subscriptions_in_order as (

    select
        company_id,
        occurred_at,
        mrr,
        status in ('active', 'past_due') and mrr > 0 as is_paying,
        row_number() over (
            partition by company_id
            order by occurred_at, {{ bytewise('event_id') }}
        ) as place
    from subscribed

),

-- The present spell begins after the last event that was not paying.
spells as (

    select
        subscriptions_in_order.*,
        max(place) over (partition by company_id) as last_place,
        max(case when mrr > 0 then place end) over (partition by company_id) as last_priced_place,
        coalesce(
            max(case when not is_paying then place end) over (partition by company_id), 0
        ) as last_unpaid_place
    from subscriptions_in_order

),

subscriptions as (

    select
        company_id,
        max(case when place = last_place then mrr end) as mrr,
        last_unpaid_place < last_place as is_paying,
        min(case when place > last_unpaid_place then occurred_at end) as paying_since,
        {{ arr_range('12 * max(case when place = last_priced_place then mrr end)') }} as last_known_arr_range
    from spells
    group by company_id, last_place, last_unpaid_place

),

-- The latest event alone decides: a replaced or released lock does not come back.
stage_locks as (

    select
        company_id,
        {{ last_of('cs_stage', in_time) }} as locked_stage,
        {{ last_of('expires_at', in_time) }} as stage_lock_expires_at
    from stage_lock_events
    group by company_id

),

manager_locks as (

    select
        company_id,
        {{ last_of('customer_success_manager', in_time) }} as locked_manager,
        {{ last_of('expires_at', in_time) }} as manager_lock_expires_at
    from manager_lock_events
    group by company_id

)

select
    companies.company_id,
    last_words.first_seen_at,
    companies.last_event_at,
    companies.last_journey_event_at,
    last_words.name,
    last_words.country,
    last_words.status,
    last_words.plan_id,
    last_words.signup_timestamp,
    last_words.num_of_employees_range,
    last_words.hubspot_company_id,
    coalesce(last_words.is_test, false) as is_test,
    subscriptions.mrr,
    coalesce(subscriptions.is_paying, false) as is_paying,
    subscriptions.paying_since,
    subscriptions.last_known_arr_range,
    stage_locks.locked_stage,
    stage_locks.stage_lock_expires_at,
    manager_locks.locked_manager,
    manager_locks.manager_lock_expires_at,
    last_words.cs_report_id,
    last_words.cs_reported_at,
    last_words.reported_cs_manager,
    last_words.sales_report_id,
    last_words.sales_reported_at,
    last_words.reported_sales_manager,
    companies.events_fingerprint
from companies
left join last_words on companies.company_id = last_words.company_id
left join subscriptions on companies.company_id = subscriptions.company_id
left join stage_locks on companies.company_id = stage_locks.company_id
left join manager_locks on companies.company_id = manager_locks.company_id
