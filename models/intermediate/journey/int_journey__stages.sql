{%- set auto_success_ranges = var('auto_success_ranges') -%}

with states as (

    select *
    from {{ ref('int_journey__company_states') }}
    where skip_reason is null

),

-- The first rule that matches (spec journey.md, CS stage).
ruled as (

    select
        states.*,
        case
            when plan_group = 'churn' and previous_cs_manager is not null then 'churn_with_manager'
            when plan_group = 'churn' then 'churn_without_manager'
            when is_stage_locked then 'stage_locked'
            when plan_group = 'small_business' then 'small_business'
            when plan_group = 'sales' then 'sales'
            when arr_range = '1-2000' then 'no_touch'
            when is_subjectively_onboarded then 'subjectively_onboarded'
            -- Someone said no: the company is not onboarded, however long it has paid.
            when
                is_subjectively_onboarded is null
                {% if auto_success_ranges %}
                    and arr_range in ('{{ auto_success_ranges | join("', '") }}')
                    and days_paying > 90
                {% else %}
                and false
                {% endif %}
                then 'success'
            {% if var('sticky_success') %}
            when is_subjectively_onboarded is null
                and is_paying
                and previous_stage = 'cs_success'
                then 'success'
            {% endif %}
            when is_paying then 'onboarding'
            else 'error'
        end as cs_stage_rule
    from states

)

-- A rule without a line here has no stage, which the test of cs_stage tells.
select
    company_id,
    cs_stage_rule,
    case cs_stage_rule
        when 'churn_with_manager' then coalesce(previous_stage, 'cs_error')
        when 'churn_without_manager' then coalesce(previous_stage, 'cs_error')
        when 'stage_locked' then locked_stage
        when 'small_business' then 'cs_sbp'
        when 'sales' then 'cs_sales'
        when 'no_touch' then 'cs_no_touch'
        when 'subjectively_onboarded' then 'cs_success'
        when 'success' then 'cs_success'
        when 'onboarding' then 'cs_onboarding'
        when 'error' then 'cs_error'
    end as cs_stage,
    region,
    arr_range,
    is_manager_locked,
    locked_manager,
    logged_cs_manager,
    previous_cs_manager,
    last_journey_event_at,
    log_head,
    decided_at
from ruled
