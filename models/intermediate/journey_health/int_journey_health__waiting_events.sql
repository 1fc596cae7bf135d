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
    activity.event_id,
    activity.event_type,
    activity.company_id,
    greatest(activity.occurred_at, activity.received_at) as waiting_since
from activity
where
    activity.received_at > (select last_decision.started_at from last_decision)
    or activity.occurred_at > (select last_decision.as_of from last_decision)
