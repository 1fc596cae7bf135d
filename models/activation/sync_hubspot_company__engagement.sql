with this_week as (

    select first_day from {{ ref('int_engagement__week') }}

),

engagement as (

    select * from {{ ref('customer_engagement') }}

)

-- A week that is not complete is nobody's to write: then there is no row.
select
    engagement.company_id,
    engagement.score as customer_engagement_score,
    engagement.rank_label as customer_engagement_rank,
    engagement.tier as customer_engagement_tier,
    {{ day_text('engagement.first_day') }} as customer_engagement_week,
    engagement.scored_at as decided_at,
    cast(null as {{ api.Column.translate_type('string') }}) as skip_reason
from engagement
inner join this_week on engagement.first_day = this_week.first_day
where engagement.is_final
