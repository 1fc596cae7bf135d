with decisions as (

    select
        skip_reason,
        cs_stage,
        region,
        arr_range,
        customer_success_manager,
        count(*) as companies
    from {{ ref('int_journey__current_decisions') }}
    group by skip_reason, cs_stage, region, arr_range, customer_success_manager

),

changes as (

    select * from {{ ref('company_journey_changes') }}

),

members as (

    select *
    from {{ ref('int_journey__bucket_members') }}
    where department = 'customer_success'

),

-- Who may be given companies, and whoever holds one, be it by a lock or by a report.
managers as (

    select *
    from {{ ref('int_journey__managers') }}
    where is_in_customer_success

),

holdings as (

    select
        customer_success_manager as username,
        cast(sum(companies) as bigint) as companies
    from decisions
    where customer_success_manager is not null
    group by customer_success_manager

),

people as (

    select username from managers

    union

    select username from holdings

),

-- Who had the company after the run, and not before it; a company that came back to the same person
-- counts once.
assigned_companies as (

    select
        new_customer_success_manager as username,
        company_id,
        max(changed_at) as assigned_at
    from changes
    where
        (new_customer_success_manager is distinct from old_customer_success_manager)
        and changed_at > {{ dbt.dateadd('day', -30, as_of()) }}
    group by new_customer_success_manager, company_id

),

assignments as (

    select
        username,
        count(case when assigned_at > {{ dbt.dateadd('day', -7, as_of()) }} then 1 end) as assigned_7d,
        count(*) as assigned_30d
    from assigned_companies
    group by username

),

holdings_of_buckets as (

    select
        cs_stage,
        region,
        arr_range,
        customer_success_manager as username,
        sum(companies) as companies
    from decisions
    where skip_reason is null
    group by cs_stage, region, arr_range, customer_success_manager

),

buckets as (

    select
        cs_stage,
        region,
        arr_range,
        sum(companies) as companies
    from holdings_of_buckets
    group by cs_stage, region, arr_range

),

served as (

    select
        members.username,
        count(*) as bucket_count,
        sum(buckets.companies) as companies_in_buckets,
        sum(coalesce(holdings_of_buckets.companies, 0)) as companies_held_in_buckets
    from members
    left join buckets
        on
            members.cs_stage = buckets.cs_stage
            and members.region = buckets.region
            and members.arr_range = buckets.arr_range
    left join holdings_of_buckets
        on
            members.cs_stage = holdings_of_buckets.cs_stage
            and members.region = holdings_of_buckets.region
            and members.arr_range = holdings_of_buckets.arr_range
            and members.username = holdings_of_buckets.username
    group by members.username

)

select
    people.username,
    coalesce(managers.is_active, false) as is_active,
    coalesce(managers.lead_intake, 0) as lead_intake,
    coalesce(served.bucket_count, 0) as bucket_count,
    coalesce(holdings.companies, 0) as companies,
    coalesce(assignments.assigned_7d, 0) as assigned_7d,
    coalesce(assignments.assigned_30d, 0) as assigned_30d,
    cast(
        round(
            cast(served.companies_held_in_buckets as {{ decimal_type() }}) / nullif(served.companies_in_buckets, 0), 6
        ) as {{ decimal_type() }}
    ) as share_of_buckets
from people
left join managers on people.username = managers.username
left join holdings on people.username = holdings.username
left join assignments on people.username = assignments.username
left join served on people.username = served.username
