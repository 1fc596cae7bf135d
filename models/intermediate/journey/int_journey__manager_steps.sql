with stages as (

    select * from {{ ref('int_journey__stages') }}

),

members as (

    select * from {{ ref('int_journey__bucket_members') }}

),

-- Each company wants one manager of each department that assigns. A lock names the manager of customer
-- success; cs_sales is the stage of the sales team itself.
wanted as (
    {% for department in managed_departments() %}
        select
            company_id,
            '{{ department.name }}' as department,
            '{{ department.field }}' as field,
            cs_stage_rule,
            matching_rules,
            cs_stage,
            region,
            arr_range,
            {% if department.name == 'customer_success' %}
                is_manager_locked,
                locked_manager,
                cs_stage = 'cs_sales' as is_left_to_sales,
            {% else %}
                false as is_manager_locked,
                null as locked_manager,
                false as is_left_to_sales,
            {% endif %}
            {{ department.current }} as current_manager,
            last_journey_event_at,
            log_head,
            decided_at
        from stages
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

open_buckets as (

    select distinct
        department,
        cs_stage,
        region,
        arr_range
    from members
    where lead_intake > 0

),

-- The steps that look at the company as it stands (spec journey.md, CS manager).
standing as (

    select
        wanted.*,
        case
            when wanted.cs_stage_rule in ('churn_with_manager', 'churn_without_manager') then 'churn_kept'
            when wanted.is_manager_locked then 'locked'
            when wanted.is_left_to_sales then 'left_to_sales'
            when wanted.cs_stage = 'cs_error' then 'needs_review'
            when members.username is not null then 'kept'
        end as standing_reason
    from wanted
    left join members
        on
            wanted.department = members.department
            and wanted.cs_stage = members.cs_stage
            and wanted.region = members.region
            and wanted.arr_range = members.arr_range
            and wanted.current_manager = members.username

),

in_need as (

    select * from standing
    where standing_reason is null

),

-- Who looked after the company before and would be given it again, the most recent first. Rows of the
-- log never change, so those up to the noted head are the state that this decision started from.
former_managers as (

    select
        in_need.company_id,
        in_need.department,
        log.new_value as username,
        row_number() over (
            partition by in_need.company_id, in_need.department
            order by log.change_id desc
        ) as recency
    from in_need
    inner join {{ source('journey_state', 'company_change_log') }} as log
        on
            in_need.company_id = log.company_id
            and in_need.field = log.field
            and log.changed_at < {{ as_of() }}
            and in_need.log_head >= log.change_id
    inner join members
        on
            in_need.department = members.department
            and in_need.cs_stage = members.cs_stage
            and in_need.region = members.region
            and in_need.arr_range = members.arr_range
            and log.new_value = members.username
    where members.lead_intake > 0

),

stepped as (

    select
        standing.*,
        former_managers.username as former_manager,
        case
            when standing.standing_reason is not null then standing.standing_reason
            when former_managers.username is not null then 'history'
            when open_buckets.cs_stage is not null then 'round_robin'
            else 'no_candidate'
        end as assignment_reason
    from standing
    left join former_managers
        on
            standing.company_id = former_managers.company_id
            and standing.department = former_managers.department
            and former_managers.recency = 1
    left join open_buckets
        on
            standing.department = open_buckets.department
            and standing.cs_stage = open_buckets.cs_stage
            and standing.region = open_buckets.region
            and standing.arr_range = open_buckets.arr_range

)

select
    company_id,
    department,
    cs_stage_rule,
    matching_rules,
    cs_stage,
    region,
    arr_range,
    assignment_reason,
    -- Null for round_robin until int_journey__round_robin has given it one.
    case assignment_reason
        when 'locked' then coalesce(locked_manager, current_manager)
        when 'history' then former_manager
        when 'round_robin' then null
        else current_manager
    end as manager,
    current_manager,
    last_journey_event_at,
    decided_at
from stepped
