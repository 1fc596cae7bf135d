{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with summaries as (

    select * from {{ ref('week_summaries') }}

)

select
    week || ':' || version as message_id,
    facts,
    scored_at as raised_at,
    case when not is_published then 'the week has not been published yet' end as skip_reason
from summaries
