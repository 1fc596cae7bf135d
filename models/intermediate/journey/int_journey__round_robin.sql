with steps as (

    select *
    from {{ ref('int_journey__manager_steps') }}
    where assignment_reason = 'round_robin'

),

queue as (

    select
        company_id,
        department,
        cs_stage,
        region,
        arr_range,
        row_number() over (order by department, last_journey_event_at, {{ bytewise('company_id') }}) as place,
        row_number() over (
            partition by department, cs_stage, region, arr_range
            order by last_journey_event_at, {{ bytewise('company_id') }}
        ) as place_in_bucket
    from steps

),

buckets as (

    select
        department,
        cs_stage,
        region,
        arr_range,
        count(*) as companies,
        sum(count(*)) over (order by department, cs_stage, region, arr_range) - count(*) as companies_before,
        row_number() over (order by department, cs_stage, region, arr_range) as bucket_number
    from queue
    group by department, cs_stage, region, arr_range

),

numbered_queue as (

    select
        queue.company_id,
        queue.department,
        queue.place,
        queue.place_in_bucket,
        buckets.companies_before + queue.place_in_bucket as slot_number,
        buckets.bucket_number
    from queue
    inner join buckets
        on
            queue.department = buckets.department
            and queue.cs_stage = buckets.cs_stage
            and queue.region = buckets.region
            and queue.arr_range = buckets.arr_range

),

candidates as (

    select
        buckets.bucket_number,
        buckets.companies,
        buckets.companies_before,
        members.department,
        members.username,
        count(*) over (partition by members.department, members.username) > 1 as is_shared
    from {{ ref('int_journey__bucket_members') }} as members
    inner join buckets
        on
            members.department = buckets.department
            and members.cs_stage = buckets.cs_stage
            and members.region = buckets.region
            and members.arr_range = buckets.arr_range
    where members.lead_intake > 0

),

called_upon as (

    select distinct
        department,
        username
    from candidates

),

managers as (

    select
        loads.department,
        loads.username,
        row_number() over (order by loads.department, {{ bytewise('loads.username') }}) as manager_number,
        loads.companies as load,
        loads.last_assigned_at
    from {{ ref('int_journey__manager_loads') }} as loads
    inner join called_upon
        on
            loads.department = called_upon.department
            and loads.username = called_upon.username

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
        candidates.username,
        candidates.companies,
        candidates.companies_before,
        row_number() over (
            partition by candidates.bucket_number
            order by
                managers.load + queue.place_in_bucket,
                case when queue.place_in_bucket = 1 and managers.last_assigned_at is null then 0 else 1 end,
                case when queue.place_in_bucket = 1 then managers.last_assigned_at else {{ as_of() }} end,
                managers.manager_number
        ) as place_in_bucket
    from own_buckets
    inner join candidates on own_buckets.bucket_number = candidates.bucket_number
    inner join managers
        on
            candidates.department = managers.department
            and candidates.username = managers.username
    inner join numbered_queue as queue on own_buckets.bucket_number = queue.bucket_number

),

shared_queue as (

    select
        queue.place,
        dense_rank() over (order by queue.bucket_number) as bucket_number,
        queue.bucket_number as original_bucket_number
    from numbered_queue as queue
    left join own_buckets on queue.bucket_number = own_buckets.bucket_number
    where own_buckets.bucket_number is null

),

shared_buckets as (

    select distinct
        bucket_number,
        original_bucket_number
    from shared_queue

),

shared_members as (

    select
        managers.manager_number,
        shared_buckets.bucket_number
    from shared_buckets
    inner join candidates on shared_buckets.original_bucket_number = candidates.bucket_number
    inner join managers
        on
            candidates.department = managers.department
            and candidates.username = managers.username

),

handed_out as (

    {{ hand_out_in_turn('shared_queue', 'shared_members', 'managers') }}

),

assigned as (

    select
        queue.place,
        slots.username
    from numbered_queue as queue
    inner join slots on queue.slot_number = slots.companies_before + slots.place_in_bucket
    where slots.place_in_bucket <= slots.companies

    union all

    select
        place,
        username
    from handed_out

)

select
    queue.company_id,
    queue.department,
    queue.place as queue_place,
    assigned.username as manager
from numbered_queue as queue
inner join assigned on queue.place = assigned.place
