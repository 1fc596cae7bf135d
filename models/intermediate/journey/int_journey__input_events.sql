{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set updated_fields = {
    'name': 'name',
    'country': 'country',
    'status': 'status',
    'plan_id': 'plan_id',
    'num_of_employees_range': 'num_of_employees_range',
    'hubspot_company_id': 'hubspot_company_id',
    'customer_success_manager': 'customer_success_manager',
    'sales_account_manager': 'sales_account_manager',
    'signup_timestamp': utc_minute_text('signup_timestamp'),
    'is_test': "case when is_test then 'true' else 'false' end",
} %}

with created as (

    select * from {{ ref('stg_events__company_created') }}

),

updated as (

    select * from {{ ref('stg_events__company_updated') }}

),

subscriptions as (

    select * from {{ ref('stg_events__subscription_changed') }}

),

stage_locks as (

    select * from {{ ref('stg_events__cs_stage_lock_set') }}

),

stage_releases as (

    select * from {{ ref('stg_events__cs_stage_lock_released') }}

),

manager_locks as (

    select * from {{ ref('stg_events__cs_manager_lock_set') }}

),

manager_releases as (

    select * from {{ ref('stg_events__cs_manager_lock_released') }}

),

-- Null clears a field in an update, and says nothing when the company is created.
said as (
    {% for field in ['name', 'country'] %}
        select
            company_id,
            event_id,
            'company_created' as event_type,
            occurred_at,
            received_at,
            '{{ field }}' as field,
            {{ field }} as said
        from created
        where {{ field }} is not null

        union all
    {% endfor %}
    {% for field, text in updated_fields.items() %}
        select
            company_id,
            event_id,
            'company_updated' as event_type,
            occurred_at,
            received_at,
            '{{ field }}' as field,
            {{ text }} as said
        from updated
        where has_{{ field }}

        union all
    {% endfor %}
    select
        company_id,
        event_id,
        'subscription_changed' as event_type,
        occurred_at,
        received_at,
        'plan_id' as field,
        plan_id as said
    from subscriptions

    union all

    select
        company_id,
        event_id,
        'subscription_changed' as event_type,
        occurred_at,
        received_at,
        'subscription' as field,
        {{ decimal_text('mrr') }} || ' USD a month, ' || status as said
    from subscriptions

    union all

    select
        company_id,
        event_id,
        'cs_stage_lock_set' as event_type,
        occurred_at,
        received_at,
        'stage_lock' as field,
        cs_stage || ' until ' || {{ utc_minute_text('expires_at') }}
        || coalesce(', set by ' || set_by, '') || coalesce(': ' || note, '') as said
    from stage_locks

    union all

    select
        company_id,
        event_id,
        'cs_stage_lock_released' as event_type,
        occurred_at,
        received_at,
        'stage_lock' as field,
        'released' || coalesce(' by ' || released_by, '') as said
    from stage_releases

    union all

    select
        company_id,
        event_id,
        'cs_manager_lock_set' as event_type,
        occurred_at,
        received_at,
        'manager_lock' as field,
        coalesce(customer_success_manager, 'the current manager') || ' until ' || {{ utc_minute_text('expires_at') }}
        || coalesce(', set by ' || set_by, '') || coalesce(': ' || note, '') as said
    from manager_locks

    union all

    select
        company_id,
        event_id,
        'cs_manager_lock_released' as event_type,
        occurred_at,
        received_at,
        'manager_lock' as field,
        'released' || coalesce(' by ' || released_by, '') as said
    from manager_releases

)

select
    company_id,
    event_id,
    event_type,
    occurred_at,
    received_at,
    field,
    said as value
from said
