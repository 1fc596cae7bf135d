{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

-- It tells of the ledger as it is, also of runs after the build: the week that was built last is published
-- once a run that began afterwards has brought every row to HubSpot.

with runs as (

    select * from {{ ref('stg_ops__sync_runs') }}
    where sync = 'hubspot_company__engagement' and started_at > {{ built_at('customer_engagement_versions') }}

)

select
    'hubspot_company__engagement' as sync,
    count(*) as runs,
    coalesce(sum(calls), 0) as calls,
    coalesce(sum(write_calls), 0) as write_calls,
    coalesce(sum(retries), 0) as retries,
    max(
        case
            when status = 'done' and rows_source > 0 and rows_held_back = 0 and rows_skipped = 0 and scope <> 'revert'
                then finished_at
        end
    ) as published_at
from runs
