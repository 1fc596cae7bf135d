{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with histories as (

    select
        company_id,
        stage_lock_expires_at > {{ as_of() }} as is_stage_locked,
        locked_stage,
        stage_lock_expires_at,
        manager_lock_expires_at > {{ as_of() }} as is_manager_locked,
        locked_manager,
        manager_lock_expires_at
    from {{ ref('int_core__company_histories') }}

)

select
    company_id,
    coalesce(is_stage_locked, false) as is_stage_locked,
    case when is_stage_locked then locked_stage end as locked_stage,
    case when is_stage_locked then stage_lock_expires_at end as stage_lock_expires_at,
    coalesce(is_manager_locked, false) as is_manager_locked,
    case when is_manager_locked then locked_manager end as locked_manager,
    case when is_manager_locked then manager_lock_expires_at end as manager_lock_expires_at
from histories
where is_stage_locked or is_manager_locked
