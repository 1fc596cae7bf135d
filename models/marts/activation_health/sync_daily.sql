with runs as (

    select
        runs.*,
        {{ utc_day('started_at') }} as day
    from {{ ref('int_activation_health__runs') }} as runs

),

arrivals as (

    select * from {{ ref('int_activation_health__arrivals') }}

),

totals as (

    select
        sync,
        destination,
        day,
        count(*) as runs,
        sum(case when status in ('failed', 'stopped', 'interrupted') then 1 else 0 end) as failed_runs,
        sum(rows_written) as rows_written,
        sum(rows_confirmed) as rows_confirmed,
        sum(rows_failed) as rows_failed,
        sum(rows_unsure) as rows_unsure,
        sum(rows_tried) as rows_tried,
        sum(group_calls) as group_calls,
        sum(group_rows_written) as group_rows_written
    from runs
    group by sync, destination, day

),

latencies as (

    select
        runs.sync,
        runs.day,
        count(*) as rows_timed,
        percentile_cont(0.5) within group (order by arrivals.latency_seconds) as median_seconds,
        percentile_cont(0.95) within group (order by arrivals.latency_seconds) as p95_seconds
    from arrivals
    inner join runs on arrivals.run_id = runs.run_id
    group by runs.sync, runs.day

)

select
    totals.sync,
    totals.destination,
    totals.day,
    totals.runs,
    totals.failed_runs,
    cast(totals.rows_written as bigint) as rows_written,
    cast(totals.rows_confirmed as bigint) as rows_confirmed,
    cast(totals.rows_failed as bigint) as rows_failed,
    cast(totals.rows_unsure as bigint) as rows_unsure,
    round(
        cast(totals.rows_written + totals.rows_confirmed as {{ decimal_type() }}) / nullif(totals.rows_tried, 0), 6
    ) as success_rate,
    round(
        cast(totals.group_calls as {{ decimal_type() }}) / nullif(totals.group_rows_written, 0), 6
    ) as calls_per_changed_row,
    coalesce(latencies.rows_timed, 0) as rows_timed,
    round(cast(latencies.median_seconds as {{ decimal_type() }}), 3) as latency_median_seconds,
    round(cast(latencies.p95_seconds as {{ decimal_type() }}), 3) as latency_p95_seconds
from totals
left join latencies
    on
        totals.sync = latencies.sync
        and totals.day = latencies.day
