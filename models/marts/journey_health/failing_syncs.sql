with runs as (

    select
        sync,
        destination,
        started_at,
        finished_at,
        status,
        message,
        status in ('done', 'done_with_failures') as came_to_its_end,
        row_number() over (partition by sync order by started_at desc, run_id desc) as recency,
        sum(case when status in ('done', 'done_with_failures') then 1 else 0 end) over (
            partition by sync
            order by started_at desc, run_id desc
            rows between unbounded preceding and current row
        ) as ends_since
    from {{ ref('int_activation_health__runs') }}
    where status <> 'running'

)

select
    sync,
    destination,
    max(case when recency = 1 then status end) as last_status,
    max(case when recency = 1 then message end) as last_message,
    count(case when ends_since = 0 then 1 end) as failed_in_a_row,
    min(case when ends_since = 0 then started_at end) as failing_since,
    max(case when came_to_its_end then finished_at end) as last_ended_well_at
from runs
group by sync, destination
