{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
        pre_hook="{{ wait_for_the_journey_lock() }}",
        post_hook="{{ record_the_decision() }}",
    )
}}

{%- set fields = ['cs_stage', 'customer_success_manager', 'account_manager', 'sales_account_manager'] %}

-- Append-only state. The hook holds the journey's lock until this transaction ends, so what is read
-- here from the log cannot change any more before the rows are committed, all of them or none.

with decisions as (

    select *
    from {{ ref('int_journey__decisions') }}
    {% if not builds_all_inputs_of_the_log() %}
        where 1 = 0
    {% endif %}

),

log as (

    select * from {{ this }}

),

log_head as (

    select
        coalesce(max(change_id), 0) as change_id,
        max(changed_at) as changed_at
    from log

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
        reported_cs_manager as new_value,
        cs_report_id as source_event_id,
        decided_at,
        log_head
    from decisions
    where cs_report_id is not null

    union all

    select
        company_id,
        'sales_account_manager' as field,
        sales_account_manager as new_value,
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
            assignment_reason,
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

),

changes as (

    select
        company_id,
        field,
        old_value,
        new_value,
        decided_at,
        'reported' as rule,
        cast(null as {{ api.Column.translate_type('string') }}) as assignment_reason,
        source_event_id,
        log_head,
        1 as step
    from new_reports

    union all

    select
        company_id,
        field,
        old_value,
        new_value,
        decided_at,
        rule,
        assignment_reason,
        null as source_event_id,
        log_head,
        2 as step
    from new_decisions
    where new_value is distinct from old_value

)

select
    log_head.change_id + row_number() over (
        order by {{ bytewise('changes.company_id') }}, changes.step, {{ bytewise('changes.field') }}
    ) as change_id,
    changes.company_id,
    changes.field,
    changes.old_value,
    changes.new_value,
    changes.decided_at as changed_at,
    changes.rule,
    changes.assignment_reason,
    changes.source_event_id,
    case
        when {{ another_run_built_inputs_of('model.millrace.company_change_log') }}
            then {{ refuse(
                "'Another build is at work on the company journey: nothing was written. "
                ~ "Build again when it has finished.'"
            ) }}
        when changes.log_head <> log_head.change_id
            then {{ refuse(
                "'Another run wrote to company_change_log after this one had begun to decide: "
                ~ "nothing was written. Build again.'"
            ) }}
        when changes.decided_at < log_head.changed_at
            then {{ refuse(
                "'company_change_log already holds later decisions: nothing was written. "
                ~ "Build with a later as_of.'"
            ) }}
        else '{{ invocation_id }}'
    end as run_id
from changes
cross join log_head
