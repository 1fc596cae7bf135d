{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set auto_success_ranges = var('auto_success_ranges') -%}

with states as (

    select
        *,
        {% if auto_success_ranges %}
            arr_range in ('{{ auto_success_ranges | join("', '") }}') as is_in_graduating_range
        {% else %}
            false as is_in_graduating_range
        {% endif %}
    from {{ ref('int_journey__company_states') }}
    where skip_reason is null

),

-- What each rule asks (spec journey.md, CS stage).
matched as (

    select
        states.*,
        plan_group = 'churn' and previous_cs_manager is not null as is_churn_with_manager,
        plan_group = 'churn' and previous_cs_manager is null as is_churn_without_manager,
        plan_group = 'small_business' as is_small_business,
        plan_group = 'sales' as is_sales,
        arr_range = '1-2000' as is_no_touch,
        coalesce(is_subjectively_onboarded, false) as is_onboarded_by_word,
        -- Someone said no: the company is not onboarded, however long it has paid.
        is_subjectively_onboarded is null
        and (
            (is_in_graduating_range and coalesce(days_paying, 0) > 90)
            {% if var('sticky_success') %}
                or (not is_in_graduating_range and is_paying and coalesce(previous_stage, '') = 'cs_success')
            {% endif %}
        ) as is_success
    from states

),

-- The first that matches decides; the others are kept for who asks why.
ruled as (

    select
        matched.*,
        case
            when is_churn_with_manager then 'churn_with_manager'
            when is_churn_without_manager then 'churn_without_manager'
            when is_stage_locked then 'stage_locked'
            when is_small_business then 'small_business'
            when is_sales then 'sales'
            when is_no_touch then 'no_touch'
            when is_onboarded_by_word then 'subjectively_onboarded'
            when is_success then 'success'
            when is_paying then 'onboarding'
            else 'error'
        end as cs_stage_rule,
        concat_ws(
            ', ',
            case when is_churn_with_manager then 'churn_with_manager' end,
            case when is_churn_without_manager then 'churn_without_manager' end,
            case when is_stage_locked then 'stage_locked' end,
            case when is_small_business then 'small_business' end,
            case when is_sales then 'sales' end,
            case when is_no_touch then 'no_touch' end,
            case when is_onboarded_by_word then 'subjectively_onboarded' end,
            case when is_success then 'success' end,
            case when is_paying then 'onboarding' end
        ) as matching_rules
    from matched

)

-- A rule without a line here has no stage, which the test of cs_stage tells.
select
    company_id,
    cs_stage_rule,
    matching_rules,
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
    previous_cs_manager,
    sales_account_manager,
    last_journey_event_at,
    log_head,
    decided_at
from ruled
