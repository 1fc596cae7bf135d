{%- set fields = ['cs_stage', 'customer_success_manager', 'account_manager', 'sales_account_manager'] %}

with decisions as (

    select * from {{ ref('int_journey__decisions') }}

),

log as (

    select * from {{ source('journey_state', 'company_change_log') }}

),

last_changes as (

    select
        company_id,
        field,
        max(change_id) as change_id
    from log
    group by company_id, field

),

logged as (

    select
        log.company_id,
        log.field,
        log.new_value
    from log
    inner join last_changes on log.change_id = last_changes.change_id

),

reports as (

    select
        company_id,
        'customer_success_manager' as field,
        previous_cs_manager as new_value,
        cs_report_id as source_event_id,
        decided_at,
        log_head
    from decisions
    where cs_report_id is not null

    union all

    select
        company_id,
        'sales_account_manager' as field,
        previous_sales_manager as new_value,
        sales_report_id as source_event_id,
        decided_at,
        log_head
    from decisions
    where sales_report_id is not null

),

-- A report is applied once, known by its event.
new_reports as (

    select
        reports.*,
        logged.new_value as old_value
    from reports
    left join logged
        on
            reports.company_id = logged.company_id
            and reports.field = logged.field
    left join log
        on
            reports.company_id = log.company_id
            and reports.field = log.field
            and reports.source_event_id = log.source_event_id
    where log.change_id is null

),

decided as (
    {% for field in fields %}
        select
            company_id,
            '{{ field }}' as field,
            {{ field }} as new_value,
            cs_stage_rule as rule,
            {% if field == 'sales_account_manager' %}
                sales_assignment_reason as assignment_reason,
            {% else %}
                assignment_reason,
            {% endif %}
            decided_at,
            log_head
        from decisions
        where skip_reason is null
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

new_decisions as (

    select
        decided.*,
        case
            when new_reports.company_id is not null then new_reports.new_value
            else logged.new_value
        end as old_value
    from decided
    left join logged
        on
            decided.company_id = logged.company_id
            and decided.field = logged.field
    left join new_reports
        on
            decided.company_id = new_reports.company_id
            and decided.field = new_reports.field

)

select
    company_id,
    1 as step,
    field,
    old_value,
    new_value,
    'reported' as rule,
    cast(null as {{ api.Column.translate_type('string') }}) as assignment_reason,
    source_event_id,
    log_head,
    decided_at
from new_reports

union all

select
    company_id,
    2 as step,
    field,
    old_value,
    new_value,
    rule,
    assignment_reason,
    null as source_event_id,
    log_head,
    decided_at
from new_decisions
where new_value is distinct from old_value
