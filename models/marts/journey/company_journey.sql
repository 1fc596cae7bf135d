with decisions as (

    select *
    from {{ ref('int_journey__decisions') }}
    where skip_reason is null

),

log as (

    select * from {{ ref('company_change_log') }}

),

last_changes as (

    select
        company_id,
        field,
        max(change_id) as change_id
    from log
    group by company_id, field

),

logged as (

    select
        log.company_id,
        max(case when log.field = 'cs_stage' then log.new_value end) as cs_stage,
        max(case when log.field = 'customer_success_manager' then log.new_value end) as customer_success_manager,
        max(case when log.field = 'account_manager' then log.new_value end) as account_manager
    from log
    inner join last_changes on log.change_id = last_changes.change_id
    group by log.company_id

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
    decisions.days_paying,
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
    -- Only what the log holds is decided.
    case
        when
            (decisions.cs_stage is distinct from logged.cs_stage)
            or (decisions.customer_success_manager is distinct from logged.customer_success_manager)
            or (decisions.account_manager is distinct from logged.account_manager)
            then cast({{ refuse(
                "'The decisions at hand are not those in company_change_log: company_journey stays "
                ~ "as it was. Run dbt build --select +company_journey.'"
            ) }} as {{ instant_type() }})
        else decisions.decided_at
    end as decided_at
from decisions
left join logged on decisions.company_id = logged.company_id
