{%- set departments = managed_departments() | map(attribute='name') | list -%}

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
        steps.department,
        steps.cs_stage,
        steps.cs_stage_rule,
        steps.matching_rules,
        steps.assignment_reason,
        case
            when steps.assignment_reason = 'round_robin' then round_robin.manager
            else steps.manager
        end as manager,
        round_robin.queue_place
    from steps
    left join round_robin
        on
            steps.company_id = round_robin.company_id
            and steps.department = round_robin.department

),

managed as (

    select
        states.company_id,
        states.skip_reason,
        customer_success.cs_stage,
        customer_success.cs_stage_rule,
        customer_success.matching_rules,
        case
            when states.skip_reason is null then customer_success.manager
            when states.cs_report_id is not null and not states.is_cs_report_logged then states.previous_cs_manager
            else states.logged_cs_manager
        end as customer_success_manager,
        customer_success.assignment_reason,
        customer_success.queue_place,
        {% if 'sales' in departments %}
            case
                when states.skip_reason is null then sales.manager
                when states.sales_report_id is not null and not states.is_sales_report_logged
                    then states.sales_account_manager
                else states.logged_sales_manager
            end as sales_account_manager,
            sales.assignment_reason as sales_assignment_reason,
            sales.queue_place as sales_queue_place,
        {% else %}
            states.sales_account_manager,
            cast(null as {{ api.Column.translate_type('string') }}) as sales_assignment_reason,
            cast(null as bigint) as sales_queue_place,
        {% endif %}
        states.status,
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
        states.locked_stage,
        states.stage_lock_expires_at,
        states.is_manager_locked,
        states.locked_manager,
        states.manager_lock_expires_at,
        states.previous_stage,
        states.previous_cs_manager,
        states.sales_account_manager as previous_sales_manager,
        states.previous_account_manager,
        states.logged_stage,
        states.logged_cs_manager,
        states.logged_sales_manager,
        states.logged_account_manager,
        states.cs_report_id,
        states.is_cs_report_logged,
        states.sales_report_id,
        states.is_sales_report_logged,
        states.log_head,
        states.decided_at
    from states
    left join assigned as customer_success
        on
            states.company_id = customer_success.company_id
            and customer_success.department = 'customer_success'
    {% if 'sales' in departments %}
        left join assigned as sales
            on
                states.company_id = sales.company_id
                and sales.department = 'sales'
    {% endif %}

)

select
    company_id,
    skip_reason,
    cs_stage,
    cs_stage_rule,
    matching_rules,
    customer_success_manager,
    assignment_reason,
    queue_place,
    case
        when skip_reason is not null then logged_account_manager
        when
            status = 'PAID'
            or plan_id is null
            or plan_id not in ('trial', 'demo', 'free', 'connecteam_free_small_business')
            then customer_success_manager
        else sales_account_manager
    end as account_manager,
    sales_account_manager,
    sales_assignment_reason,
    sales_queue_place,
    status,
    plan_id,
    plan_group,
    arr,
    arr_range,
    is_arr_range_defaulted,
    days_paying,
    paying_since,
    is_paying,
    region,
    is_region_unknown,
    hubspot_company_id,
    is_subjectively_onboarded,
    is_stage_locked,
    locked_stage,
    stage_lock_expires_at,
    is_manager_locked,
    locked_manager,
    manager_lock_expires_at,
    previous_stage,
    previous_cs_manager,
    previous_sales_manager,
    previous_account_manager,
    logged_stage,
    logged_cs_manager,
    logged_sales_manager,
    logged_account_manager,
    cs_report_id,
    is_cs_report_logged,
    sales_report_id,
    is_sales_report_logged,
    log_head,
    decided_at
from managed
