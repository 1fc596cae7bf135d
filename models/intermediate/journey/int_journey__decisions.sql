with states as (

    select * from {{ ref('int_journey__company_states') }}

),

steps as (

    select * from {{ ref('int_journey__manager_steps') }}

),

round_robin as (

    select * from {{ ref('int_journey__round_robin') }}

),

assigned as (

    select
        steps.company_id,
        steps.cs_stage_rule,
        steps.cs_stage,
        steps.assignment_reason,
        case
            when steps.assignment_reason = 'round_robin' then round_robin.customer_success_manager
            else steps.customer_success_manager
        end as customer_success_manager
    from steps
    left join round_robin on steps.company_id = round_robin.company_id

)

select
    states.company_id,
    states.skip_reason,
    assigned.cs_stage,
    assigned.cs_stage_rule,
    case
        when states.skip_reason is null then assigned.customer_success_manager
        else states.previous_cs_manager
    end as customer_success_manager,
    assigned.assignment_reason,
    case
        when
            states.status = 'PAID'
            or states.plan_id is null
            or states.plan_id not in ('trial', 'demo', 'free', 'connecteam_free_small_business')
            then assigned.customer_success_manager
        else states.sales_account_manager
    end as account_manager,
    states.sales_account_manager,
    states.plan_id,
    states.plan_group,
    states.arr,
    states.arr_range,
    states.is_arr_range_defaulted,
    states.days_paying,
    states.paying_since,
    states.is_paying,
    states.region,
    states.is_region_unknown,
    states.hubspot_company_id,
    states.is_subjectively_onboarded,
    states.is_stage_locked,
    states.stage_lock_expires_at,
    states.is_manager_locked,
    states.manager_lock_expires_at,
    states.cs_report_id,
    case when states.cs_report_id is not null then states.previous_cs_manager end as reported_cs_manager,
    states.sales_report_id,
    states.log_head,
    states.decided_at
from states
left join assigned on states.company_id = assigned.company_id
