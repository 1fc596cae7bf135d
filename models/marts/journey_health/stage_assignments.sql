with standing as (

    select
        cs_stage,
        assignment_reason,
        count(*) as companies
    from {{ ref('company_journey') }}
    group by cs_stage, assignment_reason

),

-- Who became whose, by the stage in which the run left the company.
handovers as (

    select
        company_id,
        run_id,
        changed_at,
        new_cs_stage as cs_stage
    from {{ ref('company_journey_changes') }}
    where
        changed_at > {{ dbt.dateadd('day', -30, as_of()) }}
        and new_customer_success_manager is not null
        and (new_customer_success_manager is distinct from old_customer_success_manager)

),

decided_changes as (

    select
        company_id,
        run_id,
        assignment_reason
    from {{ ref('company_change_log') }}
    where
        changed_at > {{ dbt.dateadd('day', -30, as_of()) }}
        and field = 'customer_success_manager'
        and rule <> 'reported'

),

recent as (

    select
        handovers.cs_stage,
        coalesce(decided_changes.assignment_reason, 'reported') as assignment_reason,
        count(case when handovers.changed_at > {{ dbt.dateadd('day', -7, as_of()) }} then 1 end) as assigned_7d,
        count(*) as assigned_30d
    from handovers
    left join decided_changes
        on
            handovers.company_id = decided_changes.company_id
            and handovers.run_id = decided_changes.run_id
    -- A company that is not decided, whose manager somebody reported, may have no stage.
    where handovers.cs_stage is not null
    group by handovers.cs_stage, coalesce(decided_changes.assignment_reason, 'reported')

)

select
    coalesce(standing.cs_stage, recent.cs_stage) as cs_stage,
    coalesce(standing.assignment_reason, recent.assignment_reason) as assignment_reason,
    coalesce(standing.companies, 0) as companies,
    coalesce(recent.assigned_7d, 0) as assigned_7d,
    coalesce(recent.assigned_30d, 0) as assigned_30d
from standing
full outer join recent
    on
        standing.cs_stage = recent.cs_stage
        and standing.assignment_reason = recent.assignment_reason
