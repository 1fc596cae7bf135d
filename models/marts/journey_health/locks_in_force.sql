with locks as (

    select * from {{ ref('int_journey__locks') }}

),

by_kind as (

    select
        company_id,
        'stage' as kind,
        locked_stage as locked_to,
        stage_lock_expires_at as expires_at
    from locks
    where is_stage_locked

    union all

    select
        company_id,
        'manager' as kind,
        locked_manager as locked_to,
        manager_lock_expires_at as expires_at
    from locks
    where is_manager_locked

)

select
    company_id,
    kind,
    locked_to,
    expires_at,
    expires_at <= {{ dbt.dateadd('day', 7, as_of()) }} as expires_within_7_days
from by_kind
