with scored as (

    select
        company_weeks.*,
        {{ engagement_score() }} as score
    from {{ ref('int_engagement__company_weeks') }} as company_weeks
    where is_ranked

),

ranked as (

    select
        scored.*,
        cast(row_number() over (partition by first_day order by {{ engagement_order() }}) as integer) as rank,
        cast(count(*) over (partition by first_day) as integer) as ranked_companies
    from scored

),

-- 30 of 100, rounded up: of ten companies three, of eleven four.
tiered as (

    select
        ranked.*,
        cast(ceil(ranked_companies * 30 / cast(100 as {{ decimal_type() }})) as integer) as companies_in_outer_tiers
    from ranked

)

select
    first_day,
    company_id,
    tenant_id,
    new_patient_appointments,
    total_appointments,
    tasks_created,
    total_calls,
    score,
    rank,
    ranked_companies,
    rank || ' out of ' || ranked_companies as rank_label,
    case
        when rank <= companies_in_outer_tiers then 'Top 30%'
        when rank > ranked_companies - companies_in_outer_tiers then 'Bottom 30%'
        else 'Middle 40%'
    end as tier
from tiered
