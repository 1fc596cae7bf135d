-- A row here is a company whose journey differs from the last word of the log: the log was changed by hand,
-- or company_journey by something else than a build. Build again; if it stays, compare the two by hand.

with last_changes as (

    select
        company_id,
        field,
        max(change_id) as change_id
    from {{ ref('company_change_log') }}
    group by company_id, field

),

logged as (

    select
        log.company_id,
        max(case when log.field = 'cs_stage' then log.new_value end) as cs_stage,
        max(case when log.field = 'customer_success_manager' then log.new_value end) as customer_success_manager,
        max(case when log.field = 'account_manager' then log.new_value end) as account_manager,
        max(case when log.field = 'sales_account_manager' then log.new_value end) as sales_account_manager
    from {{ ref('company_change_log') }} as log
    inner join last_changes on log.change_id = last_changes.change_id
    group by log.company_id

)

select journey.company_id
from {{ ref('company_journey') }} as journey
left join logged on journey.company_id = logged.company_id
where
    (journey.cs_stage is distinct from logged.cs_stage)
    or (journey.customer_success_manager is distinct from logged.customer_success_manager)
    or (journey.account_manager is distinct from logged.account_manager)
    or (journey.sales_account_manager is distinct from logged.sales_account_manager)
