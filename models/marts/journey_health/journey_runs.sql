{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

select
    run_id,
    as_of,
    started_at,
    ended_at,
    duration_seconds,
    outcome,
    message,
    companies,
    log_rows,
    journey_seconds,
    seconds_per_1000_companies,
    lock_wait_seconds
from {{ ref('int_journey_health__runs') }}
