{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with decisions as (

    select *
    from {{ ref('int_journey__current_decisions') }}
    where skip_reason is null

),

-- Every run decides about every company; where nothing has changed since, as it was decided before.
build as (

    select {{ built_as_of('int_journey__current_decisions') }} as as_of

)

select
    decisions.company_id,
    decisions.cs_stage,
    decisions.cs_stage_rule,
    decisions.matching_rules,
    decisions.customer_success_manager,
    decisions.assignment_reason,
    decisions.account_manager,
    decisions.sales_account_manager,
    decisions.sales_assignment_reason,
    decisions.status,
    decisions.plan_id,
    decisions.plan_group,
    decisions.arr,
    decisions.arr_range,
    decisions.is_arr_range_defaulted,
    {{ whole_days_between('decisions.paying_since', 'build.as_of') }} as days_paying,
    decisions.paying_since,
    decisions.is_paying,
    decisions.region,
    decisions.is_region_unknown,
    decisions.hubspot_company_id,
    decisions.is_subjectively_onboarded,
    decisions.is_stage_locked,
    decisions.stage_lock_expires_at,
    decisions.is_manager_locked,
    decisions.manager_lock_expires_at,
    build.as_of as decided_at
from decisions
cross join build
