{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

-- Append-only state, written before the log. Rows of a run that the log has not are of a run that was
-- stopped in between: nothing came of them.

with decisions as (

    select * from {{ ref('int_journey__decisions') }}

),

decided as (

    select distinct company_id
    from {{ ref('int_journey__log_entries') }}
    where
        rule <> 'reported'
        {% if not builds_all_inputs_of_the_log() %}
            and 1 = 0
        {% endif %}

)

select
    decisions.company_id,
    '{{ invocation_id }}' as run_id,
    decisions.decided_at,
    decisions.cs_stage,
    decisions.previous_stage as previous_cs_stage,
    decisions.cs_stage_rule,
    decisions.matching_rules,
    decisions.customer_success_manager,
    decisions.previous_cs_manager as previous_customer_success_manager,
    decisions.assignment_reason,
    cast(decisions.queue_place as bigint) as queue_place,
    decisions.sales_account_manager,
    decisions.previous_sales_manager as previous_sales_account_manager,
    decisions.sales_assignment_reason,
    cast(decisions.sales_queue_place as bigint) as sales_queue_place,
    decisions.account_manager,
    decisions.previous_account_manager,
    decisions.status,
    decisions.plan_id,
    decisions.plan_group,
    decisions.arr,
    decisions.arr_range,
    decisions.is_arr_range_defaulted,
    decisions.is_paying,
    decisions.paying_since,
    decisions.days_paying,
    decisions.region,
    decisions.is_region_unknown,
    decisions.hubspot_company_id,
    decisions.is_subjectively_onboarded,
    decisions.is_stage_locked,
    decisions.locked_stage,
    decisions.stage_lock_expires_at,
    decisions.is_manager_locked,
    decisions.locked_manager,
    decisions.manager_lock_expires_at
from decisions
inner join decided on decisions.company_id = decided.company_id
