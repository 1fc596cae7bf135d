{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set never = "cast('0001-01-01T00:00:00Z' as " ~ instant_type() ~ ")" -%}

with activity as (

    select * from {{ ref('stg_events__company_activity') }}

),

-- As this run found it: what a run at this very instant decided does not count, as in the log.
last_decision as (

    select
        coalesce(max(as_of), {{ never }}) as as_of,
        coalesce(max(started_at), {{ never }}) as started_at
    from {{ ref('stg_ops__build_runs') }}
    where outcome = 'decided' and as_of < {{ as_of() }}

)

select
    event_id,
    event_type,
    company_id,
    greatest(occurred_at, received_at) as waiting_since
from activity
where
    received_at > (select started_at from last_decision)
    or occurred_at > (select as_of from last_decision)
