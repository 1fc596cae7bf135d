{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with decided as (

    select
        runs.*,
        row_number() over (order by as_of desc, started_at desc, run_id desc) as recency
    from {{ ref('int_journey_health__runs') }} as runs
    where outcome = 'decided'

)

select
    run_id,
    as_of,
    companies,
    cs_error_companies,
    cs_error_rate,
    recency = 1 as is_latest
from decided
