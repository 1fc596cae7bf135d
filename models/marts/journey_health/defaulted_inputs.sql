with journey as (

    select * from {{ ref('company_journey') }}

),

inputs as (

    select
        'arr_range' as input, -- noqa: RF04
        is_arr_range_defaulted as is_defaulted,
        -- Rules that come before look at no range.
        cs_stage_rule not in (
            'churn_with_manager', 'churn_without_manager', 'stage_locked', 'small_business', 'sales'
        ) as is_relied_on
    from journey

    union all

    select
        'region' as input, -- noqa: RF04
        is_region_unknown as is_defaulted,
        -- The steps that look into a bucket.
        assignment_reason in ('kept', 'history', 'round_robin', 'no_candidate') as is_relied_on
    from journey

),

counted as (

    select
        input,
        count(*) as decided_companies,
        count(case when is_defaulted then 1 end) as companies,
        count(case when is_relied_on then 1 end) as companies_relying,
        count(case when is_defaulted and is_relied_on then 1 end) as companies_relying_on_default
    from inputs
    group by input

)

select
    input,
    decided_companies,
    companies,
    round(cast(companies as {{ decimal_type() }}) / nullif(decided_companies, 0), 6) as share_of_companies,
    companies_relying,
    companies_relying_on_default,
    round(
        cast(companies_relying_on_default as {{ decimal_type() }}) / nullif(companies_relying, 0), 6
    ) as share_relying_on_default
from counted
