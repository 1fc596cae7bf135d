{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with inputs as (

    select * from {{ ref('decision_inputs') }}

),

candidates as (

    select * from {{ ref('assignment_candidates') }}

),

assigned as (

    select
        company_id,
        run_id,
        decided_at,
        'customer_success' as department,
        cs_stage,
        region,
        arr_range,
        customer_success_manager as manager,
        assignment_reason,
        queue_place
    from inputs
    where assignment_reason in ('history', 'round_robin')

    union all

    select
        company_id,
        run_id,
        decided_at,
        'sales' as department,
        cs_stage,
        region,
        arr_range,
        sales_account_manager as manager,
        sales_assignment_reason as assignment_reason,
        sales_queue_place as queue_place
    from inputs
    where sales_assignment_reason in ('history', 'round_robin')

),

-- At its turn a candidate holds what it held before the first one, and what it was given since. What came
-- back by history it holds from the start, and so before it was chosen for it.
at_its_turn as (

    select
        assigned.company_id,
        assigned.run_id,
        assigned.decided_at,
        assigned.department,
        assigned.assignment_reason,
        assigned.manager,
        candidates.username,
        candidates.lead_intake,
        candidates.companies_before,
        candidates.last_assigned_at,
        count(served_before.company_id) as given_before
    from assigned
    inner join candidates
        on
            assigned.run_id = candidates.run_id
            and assigned.department = candidates.department
            and assigned.cs_stage = candidates.cs_stage
            and assigned.region = candidates.region
            and assigned.arr_range = candidates.arr_range
    left join assigned as served_before
        on
            assigned.run_id = served_before.run_id
            and assigned.department = served_before.department
            and candidates.username = served_before.manager
            and assigned.queue_place > served_before.queue_place
    group by
        assigned.company_id,
        assigned.run_id,
        assigned.decided_at,
        assigned.department,
        assigned.assignment_reason,
        assigned.manager,
        candidates.username,
        candidates.lead_intake,
        candidates.companies_before,
        candidates.last_assigned_at

)

select
    company_id,
    run_id,
    decided_at,
    department,
    assignment_reason,
    username,
    lead_intake,
    companies_before
    + given_before
    - case when assignment_reason = 'history' and username = manager then 1 else 0 end as companies,
    case when given_before > 0 then decided_at else last_assigned_at end as last_assigned_at,
    username = manager as is_chosen
from at_its_turn
