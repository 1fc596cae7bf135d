{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with runs as (

    select
        runs.*,
        {{ utc_day('started_at') }} as day
    from {{ ref('int_journey_health__runs') }} as runs

)

select
    day,
    count(*) as runs,
    sum(case when outcome = 'decided' then 1 else 0 end) as decided,
    sum(case when outcome = 'refused' then 1 else 0 end) as refused,
    sum(case when outcome = 'failed' then 1 else 0 end) as failed,
    max(lock_wait_seconds) as longest_lock_wait_seconds,
    sum(lock_wait_seconds) as lock_wait_seconds,
    max(duration_seconds) as longest_duration_seconds
from runs
group by day
