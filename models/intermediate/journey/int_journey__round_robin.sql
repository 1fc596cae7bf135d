with steps as (

    select * from {{ ref('int_journey__manager_steps') }}

),

states as (

    select * from {{ ref('int_journey__company_states') }}

),

log as (

    select * from {{ source('journey_state', 'company_change_log') }}

),

queue as (

    select
        company_id,
        cs_stage,
        region,
        arr_range,
        row_number() over (order by last_journey_event_at, {{ bytewise('company_id') }}) as place,
        row_number() over (
            partition by cs_stage, region, arr_range
            order by last_journey_event_at, {{ bytewise('company_id') }}
        ) as place_in_bucket
    from steps
    where assignment_reason = 'round_robin'

),

buckets as (

    select
        cs_stage,
        region,
        arr_range,
        count(*) as companies,
        row_number() over (order by cs_stage, region, arr_range) as bucket_number
    from queue
    group by cs_stage, region, arr_range

),

candidates as (

    select
        buckets.bucket_number,
        members.username,
        count(*) over (partition by members.username) > 1 as is_shared
    from {{ ref('int_journey__bucket_members') }} as members
    inner join buckets
        on
            members.cs_stage = buckets.cs_stage
            and members.region = buckets.region
            and members.arr_range = buckets.arr_range
    where members.lead_intake > 0

),

-- What everybody holds before the first company is given out: a company that is about to be given
-- out counts for nobody, a skipped one stays with whom it has.
holdings as (

    select
        company_id,
        customer_success_manager as username
    from steps

    union all

    select
        company_id,
        previous_cs_manager as username
    from states
    where skip_reason is not null

),

loads as (

    select
        username,
        count(*) as companies
    from holdings
    where username is not null
    group by username

),

assignments as (

    select
        new_value as username,
        changed_at as assigned_at
    from log
    where field = 'customer_success_manager' and changed_at < {{ as_of() }}

    union all

    -- What this run assigns before it comes to round-robin: reports, locks.
    select
        previous_cs_manager as username,
        decided_at as assigned_at
    from states
    where cs_report_id is not null

    union all

    select
        customer_success_manager as username,
        decided_at as assigned_at
    from steps
    where customer_success_manager is distinct from previous_cs_manager

),

last_assignments as (

    select
        username,
        max(assigned_at) as last_assigned_at
    from assignments
    where username is not null
    group by username

),

managers as (

    select
        candidate_names.username,
        row_number() over (order by {{ bytewise('candidate_names.username') }}) as manager_number,
        coalesce(loads.companies, 0) as load,
        last_assignments.last_assigned_at
    from (select distinct username from candidates) as candidate_names
    left join loads on candidate_names.username = loads.username
    left join last_assignments on candidate_names.username = last_assignments.username

),

-- A bucket all of whose managers serve no other bucket of this run needs no fold: the n-th company
-- takes the n-th of the managers' slots, sorted as they would be taken one after another.
own_buckets as (

    select bucket_number
    from candidates
    group by bucket_number
    having max(case when is_shared then 1 else 0 end) = 0

),

slots as (

    select
        candidates.bucket_number,
        candidates.username,
        row_number() over (
            partition by candidates.bucket_number
            order by
                managers.load + queue.place_in_bucket,
                case when queue.place_in_bucket = 1 and managers.last_assigned_at is null then 0 else 1 end,
                case when queue.place_in_bucket = 1 then managers.last_assigned_at else {{ as_of() }} end,
                managers.manager_number
        ) as place_in_bucket
    from own_buckets
    inner join buckets on own_buckets.bucket_number = buckets.bucket_number
    inner join candidates on own_buckets.bucket_number = candidates.bucket_number
    inner join managers on candidates.username = managers.username
    inner join queue
        on
            buckets.cs_stage = queue.cs_stage
            and buckets.region = queue.region
            and buckets.arr_range = queue.arr_range

),

shared_queue as (

    select
        queue.company_id,
        queue.place,
        dense_rank() over (order by buckets.bucket_number) as bucket_number,
        buckets.bucket_number as original_bucket_number
    from queue
    inner join buckets
        on
            queue.cs_stage = buckets.cs_stage
            and queue.region = buckets.region
            and queue.arr_range = buckets.arr_range
    left join own_buckets on buckets.bucket_number = own_buckets.bucket_number
    where own_buckets.bucket_number is null

),

shared_members as (

    select distinct
        managers.manager_number,
        shared_queue.bucket_number
    from shared_queue
    inner join candidates on shared_queue.original_bucket_number = candidates.bucket_number
    inner join managers on candidates.username = managers.username

),

handed_out as (

    {{ hand_out_in_turn('shared_queue', 'shared_members', 'managers') }}

),

from_slots as (

    select
        queue.company_id,
        slots.username
    from queue
    inner join buckets
        on
            queue.cs_stage = buckets.cs_stage
            and queue.region = buckets.region
            and queue.arr_range = buckets.arr_range
    inner join slots
        on
            buckets.bucket_number = slots.bucket_number
            and queue.place_in_bucket = slots.place_in_bucket

),

assigned as (

    select
        company_id,
        username
    from from_slots

    union all

    select
        company_id,
        username
    from handed_out

)

select
    queue.company_id,
    assigned.username as customer_success_manager
from queue
inner join assigned on queue.company_id = assigned.company_id
