-- Steps and states are read where they are asked for: PostgreSQL would copy a CTE that is read more than once.

with members as (

    select distinct
        department,
        username
    from {{ ref('int_journey__bucket_members') }}

),

log as (

    select * from {{ source('journey_state', 'company_change_log') }}

),

-- What was decided before and is not decided again.
carried as (

    select earlier.*
    from {{ ref('int_journey__earlier_decisions') }} as earlier
    left join {{ ref('int_journey__due_companies') }} as due on earlier.company_id = due.company_id
    where due.company_id is null

),

-- A skipped company stays with whom it has; one that round-robin is about to give out counts for nobody.
holdings as (

    select
        department,
        manager as username
    from {{ ref('int_journey__manager_steps') }}
    {% for department in managed_departments() %}
        union all

        select
            '{{ department.name }}' as department,
            {{ department.current }} as username
        from {{ ref('int_journey__company_states') }}
        where skip_reason is not null

        union all

        select
            '{{ department.name }}' as department,
            {{ department.field }} as username
        from carried
    {% endfor %}

),

loads as (

    select
        department,
        username,
        count(*) as companies
    from holdings
    where username is not null
    group by department, username

),

assignments as (

    select
        case field when 'sales_account_manager' then 'sales' else 'customer_success' end as department,
        new_value as username,
        max(changed_at) as assigned_at
    from log
    where
        field in ('customer_success_manager', 'sales_account_manager')
        and changed_at < {{ as_of() }}
    group by field, new_value
    {% for department in managed_departments() %}
        -- What this run assigns before it comes to round-robin: reports, and then locks and history.
        union all

        select
            '{{ department.name }}' as department,
            {{ department.current }} as username,
            decided_at as assigned_at
        from {{ ref('int_journey__company_states') }}
        where {{ department.report }} is not null
    {% endfor %}

    union all

    select
        department,
        manager as username,
        decided_at as assigned_at
    from {{ ref('int_journey__manager_steps') }}
    where manager is distinct from current_manager

),

last_assignments as (

    select
        department,
        username,
        max(assigned_at) as last_assigned_at
    from assignments
    group by department, username

)

select
    members.department,
    members.username,
    coalesce(loads.companies, 0) as companies,
    last_assignments.last_assigned_at
from members
left join loads
    on
        members.department = loads.department
        and members.username = loads.username
left join last_assignments
    on
        members.department = last_assignments.department
        and members.username = last_assignments.username
