{{
    config(
        materialized='incremental' if target.type == 'postgres' else 'table',
        incremental_strategy='delete+insert',
        unique_key='company_id',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook=["{{ refuse_part_of_a_decision() }}", "{{ take_journey_lock() }}"],
    )
}}

-- Written after the log, under its lock, so that it holds nothing that the log does not say.

with due as (

    select * from {{ ref('int_journey__due_companies') }}

),

decisions as (

    select * from {{ ref('int_journey__decisions') }}

),

log as (

    select log.*
    from {{ ref('company_change_log') }} as log
    inner join due on log.company_id = due.company_id

),

logged as (

    select
        company_id,
        {{ last_logged_values() }}
    from log
    group by company_id

)

select
    due.company_id,
    case when decisions.company_id is null then 'unknown' else decisions.skip_reason end as skip_reason,
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
    due.events_fingerprint,
    due.rules_fingerprint,
    -- Only what the log holds is decided.
    case
        when
            decisions.skip_reason is null
            and (
                (decisions.cs_stage is distinct from logged.cs_stage)
                or (decisions.customer_success_manager is distinct from logged.customer_success_manager)
                or (decisions.account_manager is distinct from logged.account_manager)
                or (decisions.sales_account_manager is distinct from logged.sales_account_manager)
            )
            then cast({{ refuse(
                "'The decisions at hand are not those in company_change_log: company_journey stays "
                ~ "as it was. Run dbt build --select +company_journey.'"
            ) }} as {{ instant_type() }})
        else decisions.decided_at
    end as decided_at
from due
left join decisions on due.company_id = decisions.company_id
left join logged on due.company_id = logged.company_id
