{%- set graduating_ranges = var('auto_success_ranges') -%}

-- State: `since` is carried over from this table's own previous content, which no rebuild removes
-- (macros/materializations/standing_table.sql).

with build as (

    select {{ built_as_of('int_journey__current_decisions') }} as as_of

),

decisions as (

    select * from {{ ref('int_journey__current_decisions') }}
    where
        skip_reason is null
        and (
            cs_stage = 'cs_error'
            or assignment_reason = 'no_candidate'
            or sales_assignment_reason = 'no_candidate'
            or (cs_stage_rule = 'onboarding' and arr_range = '8001+')
        )

),

listed_before as (

    {% if this is string or has_earlier_rows() %}
        select
            company_id,
            topic,
            since
        from {{ this }}
    {% else %}
        select
            cast(null as {{ api.Column.translate_type('string') }}) as company_id,
            cast(null as {{ api.Column.translate_type('string') }}) as topic,
            cast(null as {{ instant_type() }}) as since
        where 1 = 0
    {% endif %}

),

-- Paying, above every range that graduates by itself, and nobody has said whether it is onboarded.
above as (

    select
        decisions.company_id,
        {{ whole_days_between('decisions.paying_since', 'build.as_of') }} as days_paying
    from decisions
    cross join build
    where
        decisions.cs_stage_rule = 'onboarding'
        and decisions.is_subjectively_onboarded is null
        and decisions.arr_range = '8001+'
        {% if graduating_ranges %}
            and decisions.arr_range not in ('{{ graduating_ranges | join("', '") }}')
        {% endif %}

),

-- By which rule it was last in a stage other than cs_onboarding; what a lock held it in, it never came to.
former_rules as (

    select
        log.company_id,
        {{ last_of('log.rule', ['log.change_id'], "log.rule not in ('onboarding', 'stage_locked')") }} as former_rule
    from {{ ref('company_change_log') }} as log
    inner join above on log.company_id = above.company_id
    where log.field = 'cs_stage'
    group by log.company_id

),

stuck as (

    select
        above.company_id,
        above.days_paying,
        coalesce(former_rules.former_rule, '') = 'success' as was_success
    from above
    left join former_rules on above.company_id = former_rules.company_id

),

entries as (

    select
        company_id,
        'cs_error' as topic,
        case cs_stage_rule
            when 'stage_locked' then 'A lock sets the stage cs_error.'
            when 'churn_with_manager' then 'It was lost before it had a stage; its manager keeps it.'
            else 'No rule matches: plan group ' || plan_group || ', ARR range ' || arr_range || ', not paying.'
        end as details
    from decisions
    where cs_stage = 'cs_error' and cs_stage_rule <> 'churn_without_manager'

    union all

    select
        company_id,
        'no_candidate' as topic,
        'Nobody with lead intake serves ' || cs_stage || ', ' || region || ', ' || arr_range || '; '
        || coalesce('it stays with ' || customer_success_manager || '.', 'it has no manager.') as details
    from decisions
    where assignment_reason = 'no_candidate'

    union all

    select
        company_id,
        'no_sales_candidate' as topic,
        'Nobody of sales with lead intake serves ' || cs_stage || ', ' || region || ', ' || arr_range || '; '
        || coalesce('it stays with ' || sales_account_manager || '.', 'it has no sales manager.') as details
    from decisions
    where sales_assignment_reason = 'no_candidate'

    union all

    select
        company_id,
        case when was_success then 'success_outgrown' else 'never_graduates' end as topic,
        case
            when was_success
                then 'It was cs_success and has grown past 8,000 USD a year, so it is cs_onboarding again.'
            else 'Above 8,000 USD a year no time makes it cs_success; it has paid for ' || days_paying || ' days.'
        end as details
    from stuck
    where was_success or days_paying > 90

)

select
    entries.company_id,
    entries.topic,
    entries.details,
    coalesce(listed_before.since, build.as_of) as since
from entries
cross join build
left join listed_before
    on
        entries.company_id = listed_before.company_id
        and entries.topic = listed_before.topic
