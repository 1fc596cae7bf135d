with runs as (

    select * from {{ ref('int_activation_health__runs') }}

)

select
    run_id,
    sync,
    destination,
    scope,
    status,
    message,
    started_at,
    finished_at,
    duration_seconds,
    rows_source,
    rows_planned,
    rows_unchanged,
    rows_written,
    rows_confirmed,
    rows_failed,
    rows_unsure,
    rows_skipped,
    rows_parked,
    rows_held_back,
    rows_tried,
    round(
        cast(rows_written + rows_confirmed as {{ decimal_type() }}) / nullif(rows_tried, 0), 6
    ) as success_rate,
    calls,
    write_calls,
    retries,
    round(
        cast(group_calls as {{ decimal_type() }}) / nullif(group_rows_written, 0), 6
    ) as calls_per_changed_row,
    plan_id,
    carried_by_run_id,
    reverts_run_id,
    reverts_run_id is not null as is_revert
from runs
