{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set rules = [
    'churn_with_manager', 'churn_without_manager', 'stage_locked', 'small_business', 'sales', 'no_touch',
    'subjectively_onboarded', 'success', 'onboarding', 'error',
] %}
{%- set graduating_ranges = var('auto_success_ranges') %}

with latest as (

    select * from {{ ref('company_journey') }}

),

earlier as (

    select * from {{ ref('decision_inputs') }}

),

looked_at as (

    select
        company_id,
        cast(null as {{ api.Column.translate_type('string') }}) as run_id,
        decided_at,
        cs_stage_rule,
        matching_rules,
        plan_group,
        status,
        plan_id,
        customer_success_manager as manager_before,
        is_stage_locked,
        stage_lock_expires_at,
        arr_range,
        is_arr_range_defaulted,
        is_subjectively_onboarded,
        is_paying,
        days_paying
    from latest

    union all

    select
        company_id,
        run_id,
        decided_at,
        cs_stage_rule,
        matching_rules,
        plan_group,
        status,
        plan_id,
        previous_customer_success_manager as manager_before,
        is_stage_locked,
        stage_lock_expires_at,
        arr_range,
        is_arr_range_defaulted,
        is_subjectively_onboarded,
        is_paying,
        days_paying
    from earlier

),

rules as (
    {% for rule in rules %}
        select
            {{ loop.index }} as rule_number,
            '{{ rule }}' as rule
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- What was found to match is what the run found; here it is only put into words. Which ranges graduate is
-- known of now alone, and is asked only where what the run found leaves it open.
checked as (

    select
        looked_at.*,
        {% if graduating_ranges %}
            looked_at.arr_range in ('{{ graduating_ranges | join("', '") }}') as is_in_graduating_range,
        {% else %}
            false as is_in_graduating_range,
        {% endif %}
        rules.rule_number,
        rules.rule,
        case
            when rules.rule = 'error' then looked_at.matching_rules = ''
            else {{ dbt.position("', ' || rules.rule || ','", "', ' || looked_at.matching_rules || ','") }} > 0
        end as is_match,
        case
            when looked_at.status = 'CHURNED' then 'its status is CHURNED'
            when looked_at.plan_id is null then 'it has no plan (plan group ' || looked_at.plan_group || ')'
            else 'its plan ' || looked_at.plan_id || ' is of the group ' || looked_at.plan_group
        end as plan_in_words
    from looked_at
    cross join rules

),

worded as (

    select
        checked.*,
        plan_in_words
        || case
            when plan_group <> 'churn' then ''
            when manager_before is null then ', and nobody was its CS manager'
            else ', and ' || manager_before || ' was its CS manager'
        end as churn_in_words
    from checked

)

select
    company_id,
    run_id,
    decided_at,
    rule_number,
    rule,
    is_match,
    rule = cs_stage_rule as is_decisive,
    case rule
        when 'churn_with_manager' then churn_in_words
        when 'churn_without_manager' then churn_in_words
        when 'stage_locked'
            then case
                when is_stage_locked then 'a stage lock holds until ' || {{ utc_minute_text('stage_lock_expires_at') }}
                else 'no stage lock is in force'
            end
        when 'small_business' then plan_in_words
        when 'sales' then plan_in_words
        when 'no_touch'
            then
                'its ARR range is ' || arr_range
                || case when is_arr_range_defaulted then ', since none was ever known' else '' end
        when 'subjectively_onboarded'
            then case
                when is_subjectively_onboarded then 'HubSpot says that it is onboarded'
                when is_subjectively_onboarded is null then 'nobody has said in HubSpot that it is onboarded'
                else 'HubSpot says that it is not onboarded'
            end
        when 'success'
            then case
                when not is_paying then 'it does not pay'
                when not is_subjectively_onboarded then 'HubSpot says that it is not onboarded'
                when is_subjectively_onboarded then 'HubSpot has settled it already'
                when
                    is_match
                    and (days_paying <= 90{{ ' or not is_in_graduating_range' if var('sticky_success') }})
                    then 'it was cs_success and stays so beyond its range (sticky_success)'
                else
                    'it has paid for ' || days_paying || ' days in the range ' || arr_range
                    || case
                        when is_match then ''
                        when days_paying <= 90 and is_in_graduating_range then ', and more than 90 are asked for'
                        else ', which does not graduate by itself'
                    end
            end
        when 'onboarding'
            then case when is_paying then 'it has paid for ' || days_paying || ' days' else 'it does not pay' end
        when 'error'
            then case when matching_rules = '' then 'no other rule matches' else 'another rule matches' end
    end as why
from worded
