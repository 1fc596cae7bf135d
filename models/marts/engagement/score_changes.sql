{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set metrics = engagement_metrics() %}

-- From the last week to this one, one cause after another: first all other companies move, then the
-- company's own metrics, each in turn. What the rank moves by at a step is that cause's part of the change.

with ranked as (

    select * from {{ ref('customer_engagement') }}

),

pairs as (

    select
        ranked.week_start,
        ranked.first_day,
        ranked.company_id,
        ranked.company_name,
        {%- for metric in metrics %}
            ranked.{{ metric }},
            before.{{ metric }} as previous_{{ metric }},
        {%- endfor %}
        ranked.score,
        before.score as previous_score,
        ranked.rank,
        before.rank as previous_rank,
        ranked.ranked_companies,
        before.ranked_companies as previous_ranked_companies
    from ranked
    inner join ranked as before
        on
            ranked.company_id = before.company_id
            and before.first_day = {{ days_later('ranked.first_day', -7) }}
            and before.is_final

),

-- Where each company stands, and where it would stand with so many of its metrics as they are now.
points as (

    select
        first_day,
        company_id,
        {{ metrics | length }} as metrics_changed,
        1 as is_actual,
        {{ metrics | join(',\n        ') }}
    from ranked

    {% for changed in range(metrics | length) %}
        union all

        select
            first_day,
            company_id,
            {{ changed }} as metrics_changed,
            0 as is_actual,
            {%- for metric in metrics %}
                {{ metric if loop.index <= changed else 'previous_' ~ metric ~ ' as ' ~ metric }}{{ ',' if not loop.last }}
            {%- endfor %}
        from pairs
    {% endfor %}

),

scored as (

    select
        points.*,
        {{ engagement_score() }} as score
    from points

),

placed as (

    select
        first_day,
        company_id,
        metrics_changed,
        row_number() over (partition by first_day order by {{ engagement_order() }}, metrics_changed) as place,
        sum(is_actual) over (
            partition by first_day
            order by {{ engagement_order() }}, metrics_changed
            rows between unbounded preceding and current row
        ) as companies_up_to_here
    from scored

),

ranks as (

    select
        placed.first_day,
        placed.company_id,
        {% for changed in range(metrics | length) -%}
            max(
                case
                    when placed.metrics_changed = {{ changed }}
                        then placed.companies_up_to_here + case when actual.place < placed.place then 0 else 1 end
                end
            ) as rank_{{ changed }}{{ ',' if not loop.last }}
        {% endfor %}
    from placed
    inner join placed as actual
        on
            placed.first_day = actual.first_day
            and placed.company_id = actual.company_id
            and actual.metrics_changed = {{ metrics | length }}
    group by placed.first_day, placed.company_id

),

explained as (

    select
        pairs.*,
        {%- for changed in range(metrics | length) %}
            ranks.rank_{{ changed }},
        {%- endfor %}
        pairs.rank as rank_{{ metrics | length }}
    from pairs
    inner join ranks on pairs.first_day = ranks.first_day and pairs.company_id = ranks.company_id

),

causes as (

    select
        week_start,
        first_day,
        company_id,
        company_name,
        'others' as cause,
        cast(previous_ranked_companies as bigint) as previous_value,
        cast(ranked_companies as bigint) as value,
        -- What one of each counts may have been changed since.
        {{ engagement_score('previous_') }} - previous_score as score_contribution,
        previous_rank - rank_0 as rank_contribution
    from explained

    {% for metric in metrics %}
        union all

        select
            week_start,
            first_day,
            company_id,
            company_name,
            '{{ metric }}' as cause,
            previous_{{ metric }} as previous_value,
            {{ metric }} as value,
            {{ engagement_weight(metric) }} * ({{ metric }} - previous_{{ metric }}) as score_contribution,
            rank_{{ loop.index0 }} - rank_{{ loop.index }} as rank_contribution
        from explained
    {% endfor %}

)

select
    week_start,
    first_day,
    company_id,
    company_name,
    cause,
    previous_value,
    value,
    cast(score_contribution as bigint) as score_contribution,
    cast(rank_contribution as integer) as rank_contribution
from causes
