{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with summaries as (

    select * from {{ ref('week_summaries') }}

),

recipients as (

    select * from {{ ref('int_engagement__recipients') }}

)

select
    summaries.week || ':' || summaries.version || ':' || {{ dbt.hash('recipients.recipient') }} as message_id,
    recipients.recipient,
    summaries.facts,
    summaries.scored_at as raised_at,
    case when not summaries.is_published then 'the week has not been published yet' end as skip_reason
from summaries
cross join recipients
