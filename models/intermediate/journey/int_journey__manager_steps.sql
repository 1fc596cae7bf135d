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

-- Who looked after the company before and would be given it again, the most recent first. Rows of the
-- log never change, so those up to the noted head are the state that this decision started from.
former_managers as (

    select
        stages.company_id,
        log.new_value as username,
        row_number() over (
            partition by stages.company_id
            order by log.change_id desc
        ) as recency
    from stages
    inner join {{ source('journey_state', 'company_change_log') }} as log
        on
            stages.company_id = log.company_id
            and log.field = 'customer_success_manager'
            and log.changed_at < {{ as_of() }}
            and stages.log_head >= log.change_id
    inner join members
        on
            stages.cs_stage = members.cs_stage
            and stages.region = members.region
            and stages.arr_range = members.arr_range
            and log.new_value = members.username
    where members.lead_intake > 0

),

-- The first step that applies (spec journey.md, CS manager).
stepped as (

    select
        stages.*,
        former_managers.username as former_manager,
        case
            when stages.cs_stage_rule in ('churn_with_manager', 'churn_without_manager') then 'churn_kept'
            when stages.is_manager_locked then 'locked'
            when stages.cs_stage = 'cs_sales' then 'left_to_sales'
            when stages.cs_stage = 'cs_error' then 'needs_review'
            when members.username is not null then 'kept'
            when former_managers.username is not null then 'history'
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
    left join former_managers
        on
            stages.company_id = former_managers.company_id
            and former_managers.recency = 1
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
        when 'history' then former_manager
        when 'round_robin' then null
        else previous_cs_manager
    end as customer_success_manager,
    logged_cs_manager,
    previous_cs_manager,
    last_journey_event_at,
    log_head,
    decided_at
from stepped
