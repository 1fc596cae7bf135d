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

-- Append-only state. The hook holds the journey's lock until this transaction ends, so what is read
-- here from the log cannot change any more before the rows are committed, all of them or none.
-- What was looked at is written before what was decided, so that no change is ever without it:
-- depends_on: {{ ref('decision_inputs') }}, {{ ref('assignment_candidates') }}
-- The run's record counts what is decided: depends_on: {{ ref('int_journey__decisions') }},
-- depends_on: {{ ref('int_journey__earlier_decisions') }}, {{ ref('int_journey__due_companies') }}

with entries as (

    select *
    from {{ ref('int_journey__log_entries') }}
    {% if not builds_all_inputs_of_the_log() %}
        where 1 = 0
    {% endif %}

),

log_head as (

    select
        coalesce(max(change_id), 0) as change_id,
        max(changed_at) as changed_at
    from {{ this }}

)

select
    log_head.change_id + row_number() over (
        order by {{ bytewise('entries.company_id') }}, entries.step, {{ bytewise('entries.field') }}
    ) as change_id,
    entries.company_id,
    entries.field,
    entries.old_value,
    entries.new_value,
    entries.decided_at as changed_at,
    entries.rule,
    entries.assignment_reason,
    entries.source_event_id,
    case
        when {{ another_run_built_inputs_of('model.millrace.company_change_log') }}
            then {{ refuse(
                "'Another build is at work on the company journey: nothing was written. "
                ~ "Build again when it has finished.'"
            ) }}
        when entries.log_head <> log_head.change_id
            then {{ refuse(
                "'Another run wrote to company_change_log after this one had begun to decide: "
                ~ "nothing was written. Build again.'"
            ) }}
        when entries.decided_at < log_head.changed_at
            then {{ refuse(
                "'company_change_log already holds later decisions: nothing was written. "
                ~ "Build with a later as_of.'"
            ) }}
        else '{{ invocation_id }}'
    end as run_id
from entries
cross join log_head
