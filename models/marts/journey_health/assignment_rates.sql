with assignments as (

    select * from {{ ref('stage_assignments') }}

),

-- What no_candidate leaves undone is written nowhere, so it counts as it stands, in every period.
counted as (

    {% for period, column in [('last_run', 'companies'), ('7_days', 'assigned_7d'), ('30_days', 'assigned_30d')] %}
        select
            '{{ period }}' as period,
            cs_stage,
            case when assignment_reason = 'history' then {{ column }} else 0 end as came_back,
            case when assignment_reason = 'round_robin' then {{ column }} else 0 end as newly_given,
            case when assignment_reason = 'no_candidate' then companies else 0 end as left_without
        from assignments
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

totals as (

    select
        period,
        cs_stage,
        sum(came_back) as came_back,
        sum(newly_given) as newly_given,
        sum(left_without) as left_without
    from counted
    group by period, cs_stage

    union all

    select
        period,
        'all' as cs_stage,
        sum(came_back) as came_back,
        sum(newly_given) as newly_given,
        sum(left_without) as left_without
    from counted
    group by period

)

select
    period,
    cs_stage,
    cast(came_back + newly_given + left_without as bigint) as needed_a_manager,
    cast(came_back as bigint) as came_back,
    cast(newly_given as bigint) as newly_given,
    cast(left_without as bigint) as left_without,
    round(
        cast(came_back as {{ decimal_type() }}) / nullif(came_back + newly_given + left_without, 0), 6
    ) as history_match_rate,
    round(
        cast(came_back + newly_given as {{ decimal_type() }})
        / nullif(came_back + newly_given + left_without, 0), 6
    ) as success_rate
from totals
