{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with runs as (

    select * from {{ ref('stg_ops__build_runs') }}

)

select
    run_id,
    as_of,
    started_at,
    ended_at,
    outcome,
    message,
    companies,
    cs_error_companies,
    round(
        cast(cs_error_companies as {{ decimal_type() }}) / nullif(companies, 0), 6
    ) as cs_error_rate,
    log_rows,
    lock_wait_seconds,
    {{ seconds_between('started_at', 'ended_at') }} as duration_seconds,
    journey_seconds,
    round(
        1000 * cast(journey_seconds as {{ decimal_type() }}) / nullif(companies, 0), 6
    ) as seconds_per_1000_companies
from runs
