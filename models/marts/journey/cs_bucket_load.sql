with decisions as (

    select * from {{ ref('int_journey__current_decisions') }}

),

members as (

    select *
    from {{ ref('int_journey__bucket_members') }}
    where department = 'customer_success'

),

managers as (

    select * from {{ ref('cs_manager_load') }}

),

standing as (

    select
        cs_stage,
        region,
        arr_range,
        count(*) as companies
    from decisions
    where skip_reason is null
    group by cs_stage, region, arr_range

),

-- Balance is between those to whom round-robin gives companies, and over all that they hold.
serving as (

    select
        members.cs_stage,
        members.region,
        members.arr_range,
        count(*) as managers,
        count(case when members.lead_intake > 0 then 1 end) as managers_with_intake,
        cast(sum(case when members.lead_intake > 0 then managers.companies end) as bigint) as companies_held,
        min(case when members.lead_intake > 0 then managers.companies end) as lowest,
        max(case when members.lead_intake > 0 then managers.companies end) as highest
    from members
    inner join managers on members.username = managers.username
    group by members.cs_stage, members.region, members.arr_range

)

select
    coalesce(serving.cs_stage, standing.cs_stage) as cs_stage,
    coalesce(serving.region, standing.region) as region,
    coalesce(serving.arr_range, standing.arr_range) as arr_range,
    coalesce(serving.managers, 0) as managers,
    coalesce(serving.managers_with_intake, 0) as managers_with_intake,
    coalesce(standing.companies, 0) as companies,
    serving.companies_held,
    serving.lowest as min, -- noqa: RF04
    serving.highest as max, -- noqa: RF04
    serving.highest - serving.lowest as imbalance
from serving
full outer join standing
    on
        serving.cs_stage = standing.cs_stage
        and serving.region = standing.region
        and serving.arr_range = standing.arr_range
