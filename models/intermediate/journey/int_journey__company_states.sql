with due as (

    select company_id from {{ ref('int_journey__due_companies') }}

),

companies as (

    select companies.*
    from {{ ref('companies') }} as companies
    inner join due on companies.company_id = due.company_id

),

locks as (

    select * from {{ ref('int_journey__locks') }}

),

reports as (

    select reports.*
    from {{ ref('int_journey__manager_reports') }} as reports
    inner join due on reports.company_id = due.company_id

),

hubspot_companies as (

    select * from {{ ref('stg_hubspot__companies') }}
    where not is_archived

),

-- The log's state is read here alone, so that one statement, and so one snapshot, sees what the decision
-- is based on.
log_head as (

    select coalesce(max(change_id), 0) as change_id
    from {{ source('journey_state', 'company_change_log') }}

),

log as (

    select
        whole_log.change_id,
        whole_log.company_id,
        whole_log.field,
        whole_log.new_value,
        whole_log.changed_at,
        whole_log.source_event_id
    from {{ source('journey_state', 'company_change_log') }} as whole_log
    inner join due on whole_log.company_id = due.company_id

),

-- The log as it stood before `as_of`: what a run at this very instant wrote is not an input to its
-- repetition, which therefore decides the same.
logged as (

    select
        company_id,
        {{ last_logged_values() }}
    from log
    where changed_at < {{ as_of() }}
    group by company_id

),

-- What runs at this very instant have written, so that it is not written again. Mostly nothing.
logged_now as (

    select
        company_id,
        {% for field in logged_fields() %}
            max(case when field = '{{ field }}' then change_id end) is not null as has_{{ field }},
        {% endfor %}
        {{ last_logged_values() }}
    from log
    where changed_at >= {{ as_of() }}
    group by company_id

),

new_reports as (

    select
        reports.company_id,
        max(case when reports.field = 'customer_success_manager' then reports.event_id end) as cs_report_id,
        max(case when reports.field = 'customer_success_manager' then reports.manager end) as reported_cs_manager,
        max(case when reports.field = 'sales_account_manager' then reports.event_id end) as sales_report_id,
        max(case when reports.field = 'sales_account_manager' then reports.manager end) as reported_sales_manager,
        max(
            case when reports.field = 'customer_success_manager' and log.change_id is not null then 1 else 0 end
        ) = 1 as is_cs_report_logged,
        max(
            case when reports.field = 'sales_account_manager' and log.change_id is not null then 1 else 0 end
        ) = 1 as is_sales_report_logged
    from reports
    left join log
        on
            reports.company_id = log.company_id
            and reports.field = log.field
            and reports.event_id = log.source_event_id
    where log.change_id is null or log.changed_at >= {{ as_of() }}
    group by reports.company_id

)

select
    companies.company_id,
    companies.status,
    companies.plan_id,
    companies.plan_group,
    companies.arr,
    companies.arr_range,
    companies.is_arr_range_defaulted,
    companies.is_paying,
    companies.paying_since,
    companies.days_paying,
    companies.region,
    companies.region = 'UNKNOWN' as is_region_unknown,
    companies.hubspot_company_id,
    hubspot_companies.is_subjectively_onboarded,
    companies.last_journey_event_at,
    case
        when companies.status is null then 'no_status'
        when companies.status = 'LEAD' then 'lead'
        when companies.signup_timestamp is null then 'no_signup_timestamp'
        when companies.num_of_employees_range is null then 'no_employees_range'
        when companies.is_test then 'test_company'
    end as skip_reason,
    coalesce(locks.is_stage_locked, false) as is_stage_locked,
    locks.locked_stage,
    locks.stage_lock_expires_at,
    coalesce(locks.is_manager_locked, false) as is_manager_locked,
    locks.locked_manager,
    locks.manager_lock_expires_at,
    logged.cs_stage as previous_stage,
    case when logged_now.has_cs_stage then logged_now.cs_stage else logged.cs_stage end as logged_stage,
    case
        when logged_now.has_customer_success_manager then logged_now.customer_success_manager
        else logged.customer_success_manager
    end as logged_cs_manager,
    case
        when logged_now.has_sales_account_manager then logged_now.sales_account_manager
        else logged.sales_account_manager
    end as logged_sales_manager,
    case
        when logged_now.has_account_manager then logged_now.account_manager
        else logged.account_manager
    end as logged_account_manager,
    new_reports.cs_report_id,
    coalesce(new_reports.is_cs_report_logged, false) as is_cs_report_logged,
    case
        when new_reports.cs_report_id is not null then new_reports.reported_cs_manager
        else logged.customer_success_manager
    end as previous_cs_manager,
    new_reports.sales_report_id,
    coalesce(new_reports.is_sales_report_logged, false) as is_sales_report_logged,
    case
        when new_reports.sales_report_id is not null then new_reports.reported_sales_manager
        else logged.sales_account_manager
    end as sales_account_manager,
    logged.account_manager as previous_account_manager,
    log_head.change_id as log_head,
    companies.known_at as decided_at
from companies
cross join log_head
left join locks on companies.company_id = locks.company_id
left join logged on companies.company_id = logged.company_id
left join logged_now on companies.company_id = logged_now.company_id
left join new_reports on companies.company_id = new_reports.company_id
left join hubspot_companies on companies.hubspot_company_id = hubspot_companies.hubspot_company_id
