with stage_lock_events as (

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

-- The latest event alone decides: a replaced or released lock does not come back.
latest_stage_lock_event as (

    select
        stage_lock_events.*,
        row_number() over (
            partition by company_id
            order by occurred_at desc, {{ bytewise('event_id') }} desc
        ) as recency
    from stage_lock_events

),

latest_manager_lock_event as (

    select
        manager_lock_events.*,
        row_number() over (
            partition by company_id
            order by occurred_at desc, {{ bytewise('event_id') }} desc
        ) as recency
    from manager_lock_events

),

stage_locks as (

    select
        company_id,
        cs_stage,
        expires_at
    from latest_stage_lock_event
    where recency = 1 and is_set and expires_at > {{ as_of() }}

),

manager_locks as (

    select
        company_id,
        customer_success_manager,
        expires_at
    from latest_manager_lock_event
    where recency = 1 and is_set and expires_at > {{ as_of() }}

)

select
    coalesce(stage_locks.company_id, manager_locks.company_id) as company_id,
    stage_locks.company_id is not null as is_stage_locked,
    stage_locks.cs_stage as locked_stage,
    stage_locks.expires_at as stage_lock_expires_at,
    manager_locks.company_id is not null as is_manager_locked,
    manager_locks.customer_success_manager as locked_manager,
    manager_locks.expires_at as manager_lock_expires_at
from stage_locks
full outer join manager_locks on stage_locks.company_id = manager_locks.company_id
