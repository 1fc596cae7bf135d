with stages as (

    select * from {{ ref('int_journey__stages') }}

),

members as (

    select * from {{ ref('int_journey__bucket_members') }}

),

open_buckets as (

    select distinct
        cs_stage,
        region,
        arr_range
    from members
    where lead_intake > 0

),

-- The first step that applies (spec journey.md, CS manager).
stepped as (

    select
        stages.*,
        case
            when stages.cs_stage_rule in ('churn_with_manager', 'churn_without_manager') then 'churn_kept'
            when stages.is_manager_locked then 'locked'
            when stages.cs_stage = 'cs_sales' then 'left_to_sales'
            when stages.cs_stage = 'cs_error' then 'needs_review'
            when members.username is not null then 'kept'
            when open_buckets.cs_stage is not null then 'round_robin'
            else 'no_candidate'
        end as assignment_reason
    from stages
    left join members
        on
            stages.cs_stage = members.cs_stage
            and stages.region = members.region
            and stages.arr_range = members.arr_range
            and stages.previous_cs_manager = members.username
    left join open_buckets
        on
            stages.cs_stage = open_buckets.cs_stage
            and stages.region = open_buckets.region
            and stages.arr_range = open_buckets.arr_range

)

select
    company_id,
    cs_stage_rule,
    cs_stage,
    region,
    arr_range,
    assignment_reason,
    -- Null for round_robin until int_journey__round_robin has given it one.
    case assignment_reason
        when 'locked' then coalesce(locked_manager, previous_cs_manager)
        when 'round_robin' then null
        else previous_cs_manager
    end as customer_success_manager,
    logged_cs_manager,
    previous_cs_manager,
    last_journey_event_at,
    log_head,
    decided_at,
    run_id
from stepped
